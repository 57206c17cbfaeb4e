// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// stateWithout fails when the state, whole, holds one of the secrets.
type stateWithout struct {
	t       *testing.T
	secrets func() []string
}

func (c stateWithout) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	state, err := json.Marshal(req.State)
	if err != nil {
		resp.Error = err
		return
	}
	secrets := c.secrets()
	if len(secrets) == 0 {
		resp.Error = errors.New("no ephemeral key was ever used")
	}
	for _, secret := range secrets {
		if strings.Contains(string(state), secret) {
			resp.Error = errors.New("the state holds the value of an ephemeral key")
		}
	}
}

// An ephemeral key signs a second provider in; afterwards the server holds no
// key of it, and the state not its value.
func TestAccEphemeralKey_signsIn(t *testing.T) {
	on := oneTarget(t)
	client := on.client(t)
	name := letters("ephemeral")
	accountID, err := client.CreateServiceAccount(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.DeleteServiceAccount(context.Background(), accountID) }) //nolint:usetesting // t.Context() is over then
	checks := []statecheck.StateCheck{
		statecheck.ExpectKnownValue("data.signoz_me.ci", tfjsonpath.New("name"), knownvalue.StringExact(name)),
	}
	if on.Server != nil {
		checks = append(checks, stateWithout{t, on.otherKeysSeen})
	}
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_10_0)},
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{{
			Config: on.provider() + fmt.Sprintf(`
ephemeral "signoz_service_account_key" "ci" {
  service_account_id = %q
  valid_for          = "10m"
}

provider "consumer" {
  endpoint = %q
  api_key  = ephemeral.signoz_service_account_key.ci.key
}

data "signoz_me" "ci" {
  provider = consumer
}
`, accountID, on.endpoint),
			ConfigStateChecks: checks,
		}},
	})
	keys, err := on.client(t).Keys(t.Context(), accountID)
	if err != nil || len(keys) != 0 {
		t.Errorf("the server holds %d keys (%v), want none", len(keys), err)
	}
}

// otherKeysSeen are the values that requests were signed with, but for Terraform's own.
func (on target) otherKeysSeen() []string {
	var seen []string
	for _, r := range on.Requests() {
		if key := r.Header.Get("SIGNOZ-API-KEY"); key != "" && key != on.apiKey {
			seen = append(seen, key)
		}
	}
	return seen
}

func TestEphemeralKey_isMadeAndRevoked(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	config := func(more string) string { return `{"service_account_id": ` + quote(account.ID) + more + `}` }

	on.ResetRequests()
	opened := p.open(keyKind, config(""))
	equal(t, "requests of Open", len(on.Requests()), 1)
	held := on.Keys(account.ID)
	if len(held) != 1 || held[0].Value != opened.text("key") || !strings.HasPrefix(held[0].Name, "terraform-") || opened.text("name") != held[0].Name {
		t.Fatalf("opened %s, the server holds %+v", opened.json(), held)
	}
	if in := held[0].ExpiresAt.Sub(on.Clock().Now()).Round(time.Minute); in != 15*time.Minute || opened.text("expires_at") != rfc3339(held[0].ExpiresAt) {
		t.Errorf("it expires in %s, at %s; told %s", in, held[0].ExpiresAt, opened.text("expires_at"))
	}
	if opened.text("valid_for") != "15m" || opened.text("name_prefix") != "terraform-" {
		t.Errorf("defaults: %s", opened.json())
	}
	p.close(opened)
	if n := len(on.Keys(account.ID)); n != 0 {
		t.Errorf("%d keys are left", n)
	}

	opened = p.open(keyKind, config(`, "name_prefix": "ci-run-", "valid_for": "5m"`))
	if held = on.Keys(account.ID); !strings.HasPrefix(held[0].Name, "ci-run-") || held[0].ExpiresAt.Sub(on.Clock().Now()) > 5*time.Minute {
		t.Errorf("the server holds %+v", held)
	}
	// Revoked by somebody else meanwhile: nothing to complain about.
	on.RevokeKey(account.ID, held[0].ID)
	if d := p.close(opened); len(d) != 0 {
		t.Errorf("close: %s", d.text())
	}

	// That it can't be revoked is a warning, which says when it ends by itself.
	opened = p.open(keyKind, config(""))
	on.Inject(signoztest.Fault{Method: http.MethodDelete, Answer: signoztest.Status(http.StatusForbidden)})
	if d := p.close(opened); !d.warns("wasn't revoked", opened.text("expires_at"), account.ID) || d.fails() || strings.Contains(d.text(), opened.text("key")) {
		t.Errorf("close: %s", d.text())
	}

	p.refused("name_prefix", "lowercase").open(keyKind, config(`, "name_prefix": "CI"`))
	p.refused("valid_for", "at least 10s").open(keyKind, config(`, "valid_for": "9s"`))
	p.refused("service_account_id", "UUID").open(keyKind, `{"service_account_id": "ci"}`)
	p.refused("Can't create an ephemeral key", "doesn't exist").open(keyKind, `{"service_account_id": "01a20456-0000-7000-8000-000000000000"}`)
}

// leased opens an ephemeral key on a clock that stands still until it is moved.
func leased(t *testing.T, validFor string) (on target, p *protocol, o opened, held func() signoztest.Key) {
	t.Helper()
	on = embedded(t, stoppedClock())
	p = talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	on.CreateKey(account.ID, "somebody-elses", noExpiry)
	o = p.open(keyKind, `{"service_account_id": `+quote(account.ID)+`, "valid_for": `+quote(validFor)+`}`)
	return on, p, o, func() signoztest.Key {
		t.Helper()
		key, ok := on.KeyByName(account.ID, o.text("name"))
		if !ok {
			t.Fatalf("the server has no key %q", o.text("name"))
		}
		return key
	}
}

// A run of two hours uses one value from beginning to end, and nothing but the
// expiry of that key changes.
func TestEphemeralKey_isRenewedInPlace(t *testing.T) {
	t.Parallel()
	on, p, o, held := leased(t, "15m")
	first := held()
	others := on.AllKeys()
	renewals := 0
	current := o
	for end := on.Clock().Now().Add(2 * time.Hour); on.Clock().Now().Before(end); renewals++ {
		equal(t, "time until the renewal", current.renewAt.Sub(on.Clock().Now()), 5*time.Minute)
		on.Clock().Set(current.renewAt)
		if !on.KeyWorks(o.text("key")) {
			t.Fatalf("the key doesn't work after %d renewals", renewals)
		}
		on.ResetRequests()
		current = p.renew(current)
		equal(t, "requests of a renewal", len(on.Requests()), 1)
		equal(t, "the expiry", held().ExpiresAt, on.Clock().Now().Add(15*time.Minute))
	}
	equal(t, "renewals", renewals, 24)
	if last := held(); last.ID != first.ID || last.Value != first.Value || last.Name != first.Name {
		t.Errorf("the key is %+v, was %+v", last, first)
	}
	if d := p.close(o); len(d) != 0 {
		t.Errorf("close: %s", d.text())
	}
	for _, other := range others {
		if now, ok := on.KeyByName(other.AccountID, other.Name); other.ID != first.ID && (!ok || !now.ExpiresAt.Equal(other.ExpiresAt)) {
			t.Errorf("the key %q was touched", other.Name)
		}
	}
	equal(t, "keys left", len(on.AllKeys()), len(others)-1)
}

// A server that fails for a while is asked again in time; nobody needs to hear of it.
func TestEphemeralKey_outlastsFailedRenewals(t *testing.T) {
	t.Parallel()
	on, p, o, held := leased(t, "15m")
	failing := on.Inject(signoztest.Fault{Method: http.MethodPut, Answer: signoztest.Status(http.StatusServiceUnavailable)})
	current := o
	tries := 0
	for ; tries < 7; tries++ { // 5 minutes until the first, 75 seconds to each next one
		on.Clock().Set(current.renewAt)
		current = p.renew(current)
		if len(current.said) != 0 {
			t.Errorf("renew: %s", current.said.text()) // Terraform would end the renewals, or show it once more at the end
		}
	}
	equal(t, "time passed", on.Clock().Now().Sub(held().CreatedAt), 5*time.Minute+6*75*time.Second)
	failing.Remove()
	on.Clock().Set(current.renewAt)
	if !on.KeyWorks(o.text("key")) {
		t.Error("the key has expired before the last try")
	}
	current = p.renew(current)
	equal(t, "the expiry", held().ExpiresAt, on.Clock().Now().Add(15*time.Minute))
	equal(t, "time until the next renewal", current.renewAt.Sub(on.Clock().Now()), 5*time.Minute)
	if d := p.close(o); len(d) != 0 {
		t.Errorf("close: %s", d.text())
	}
}

// Close says when renewals were refused, and whether that mattered.
func TestEphemeralKey_closeReportsRefusedRenewals(t *testing.T) {
	t.Parallel()
	forbidden := signoztest.Fault{Method: http.MethodPut, Answer: signoztest.Status(http.StatusForbidden)}

	t.Run("the run ends before the lease", func(t *testing.T) {
		t.Parallel()
		on, p, o, _ := leased(t, "15m")
		on.Inject(forbidden)
		on.Clock().Set(o.renewAt)
		p.renew(o)
		if d := p.close(o); !d.warns("couldn't be renewed", o.text("name"), "worked to the end", "2026-11-25T06:15:00Z", "signoz-admin") || d.fails() {
			t.Errorf("close: %s", d.text())
		}
		equal(t, "keys left", len(on.Keys(o.text("service_account_id"))), 1)
		if d := p.close(o); len(d) != 0 { // reported once
			t.Errorf("a second close: %s", d.text())
		}
	})
	t.Run("the lease ends before the run", func(t *testing.T) {
		t.Parallel()
		on, p, o, _ := leased(t, "15m")
		on.Inject(forbidden)
		on.Clock().Set(o.renewAt)
		p.renew(o)
		on.Clock().Advance(time.Hour)
		if d := p.close(o); !d.warns("couldn't be renewed", "stopped working at 2026-11-25T06:15:00Z", "401") || d.fails() {
			t.Errorf("close: %s", d.text())
		}
	})
	t.Run("a late renewal makes an expired key work again", func(t *testing.T) {
		t.Parallel()
		on, p, o, held := leased(t, "15m")
		refusing := on.Inject(forbidden)
		on.Clock().Set(o.renewAt)
		current := p.renew(o)
		on.Clock().Advance(time.Hour)
		current = p.renew(current)
		refusing.Remove()
		p.renew(current)
		if !on.KeyWorks(o.text("key")) {
			t.Errorf("the key doesn't work: it expires at %s", held().ExpiresAt)
		}
		if d := p.close(o); !d.warns("couldn't be renewed", "stopped working at 2026-11-25T06:15:00Z", "signoz-admin") {
			t.Errorf("close: %s", d.text())
		}
	})
	t.Run("Terraform slept", func(t *testing.T) {
		t.Parallel()
		on, p, o, _ := leased(t, "15m")
		on.Clock().Advance(time.Hour)
		p.renew(o)
		if !on.KeyWorks(o.text("key")) {
			t.Error("the key doesn't work")
		}
		if d := p.close(o); !d.warns("stopped working at 2026-11-25T06:15:00Z", "slept", "07:00:00Z") {
			t.Errorf("close: %s", d.text())
		}
	})
	t.Run("revoked meanwhile", func(t *testing.T) {
		t.Parallel()
		on, p, o, held := leased(t, "15m")
		on.RevokeKey(o.text("service_account_id"), held().ID)
		on.Clock().Set(o.renewAt)
		if current := p.renew(o); !current.renewAt.IsZero() {
			t.Error("the renewals should end")
		}
		if d := p.close(o); !d.warns("couldn't be renewed", "revoked in SigNoz") {
			t.Errorf("close: %s", d.text())
		}
	})
}

// An answer that is lost may have moved the expiry: where the key can't be revoked
// either, the warning says how long it works at the latest.
func TestEphemeralKey_warnsOfTheLatestExpiry(t *testing.T) {
	t.Parallel()
	on, p, o, held := leased(t, "15m")
	on.Clock().Set(o.renewAt)
	on.Inject(signoztest.Fault{Method: http.MethodPut, CarriedOut: true, Answer: signoztest.Status(http.StatusServiceUnavailable)})
	p.renew(o)
	equal(t, "the expiry", rfc3339(held().ExpiresAt), "2026-11-25T06:20:00Z")
	on.Inject(signoztest.Fault{Method: http.MethodDelete, Answer: signoztest.Status(http.StatusForbidden)})
	if d := p.close(o); !d.warns("wasn't revoked", "2026-11-25T06:20:00Z") {
		t.Errorf("close: %s", d.text())
	}
}

// Two keys that one run has open at once are told apart.
func TestEphemeralKey_leasesAreTheirOwn(t *testing.T) {
	t.Parallel()
	on, p, o, _ := leased(t, "15m")
	other := p.open(keyKind, `{"service_account_id": `+quote(o.text("service_account_id"))+`}`)
	on.Inject(signoztest.Fault{Method: http.MethodPut, Answer: signoztest.Status(http.StatusForbidden), Times: 1})
	on.Clock().Set(o.renewAt)
	p.renew(o)
	p.renew(other)
	if d := p.close(other); len(d) != 0 {
		t.Errorf("closing the renewed one: %s", d.text())
	}
	if d := p.close(o); !d.warns("couldn't be renewed") {
		t.Errorf("closing the other: %s", d.text())
	}
}

// A lease is as long as it should be by the server's clock, which decides,
// whatever this machine's clock says.
func TestEphemeralKey_countsByTheServersClock(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{ // the server's clock, of this machine's
		"equal": 0, "seconds": 3 * time.Second, "seconds behind": -3 * time.Second,
		"nearly the lease": 14 * time.Minute, "more than the lease": 16 * time.Minute, "behind": -16 * time.Minute,
		"time zones": 13 * time.Hour, "time zones behind": -13 * time.Hour, "years behind": -2 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := embedded(t, stoppedClock())
			here := func() time.Time { return on.Clock().Now().Add(-ahead) }
			p := talk(t, on, provider.WithNow(here))
			account := on.CreateAccount("ci")
			lease := func() time.Duration { return on.Keys(account.ID)[0].ExpiresAt.Sub(on.Clock().Now()) }

			on.ResetRequests()
			o := p.open(keyKind, `{"service_account_id": `+quote(account.ID)+`}`)
			if off := (lease() - 15*time.Minute).Abs(); off > 3*time.Minute || ahead.Abs() > 3*time.Minute && off != 0 {
				t.Errorf("the key is valid for %s", lease())
			}
			equal(t, "time until the renewal", o.renewAt.Sub(here()), 5*time.Minute)
			if n := len(on.Requests()); n > 3 || ahead.Abs() < 3*time.Minute && n > 1 {
				t.Errorf("it took %d requests", n)
			}
			equal(t, "keys", len(on.Keys(account.ID)), 1)
			on.Clock().Advance(5 * time.Minute)
			p.renew(o)
			equal(t, "the renewed lease", lease(), 15*time.Minute)
			if d := p.close(o); len(d) != 0 {
				t.Errorf("close: %s", d.text())
			}
		})
	}
}

// A clock that is behind by days is told, and no key is left.
func TestEphemeralKey_clockBehindByDays(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on, provider.WithNow(func() time.Time { return on.Clock().Now().Add(-72 * time.Hour) }))
	account := on.CreateAccount("ci")
	p.refused("Can't create an ephemeral key", "this machine's clock").open(keyKind, `{"service_account_id": `+quote(account.ID)+`}`)
	equal(t, "keys", len(on.Keys(account.ID)), 0)
}

// Where the expiry can't be set right, the key that has the wrong one is revoked.
func TestEphemeralKey_wrongExpiryIsNotKept(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on, provider.WithNow(func() time.Time { return on.Clock().Now().Add(10 * time.Hour) }))
	account := on.CreateAccount("ci")
	on.Inject(signoztest.Fault{Method: http.MethodPut, Answer: signoztest.Status(http.StatusForbidden)})
	refused := p.refused("Can't create an ephemeral key", "signoz-admin")
	refused.open(keyKind, `{"service_account_id": `+quote(account.ID)+`}`)
	equal(t, "keys", len(on.Keys(account.ID)), 0)

	on.Inject(signoztest.Fault{Method: http.MethodDelete, Answer: signoztest.Status(http.StatusForbidden)})
	o := refused.open(keyKind, `{"service_account_id": `+quote(account.ID)+`}`)
	if left := on.Keys(account.ID); len(left) != 1 || !o.said.warns("wasn't revoked", left[0].Name, rfc3339(left[0].ExpiresAt)) {
		t.Errorf("%d keys are left; said:\n%s", len(left), o.said.text())
	}
}

// slept is a clock that jumps when it is asked for the time at the nth time.
func slept(clock *signoztest.Clock, nth int64, d time.Duration) func() time.Time {
	var asked atomic.Int64
	return func() time.Time {
		if asked.Add(1) == nth {
			clock.Advance(d)
		}
		return clock.Now()
	}
}

// An answer that took most of the lease leaves a whole lease all the same.
func TestEphemeralKey_slowAnswer(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(slept(on.Clock(), 2, 50*time.Second)))
	account := on.CreateAccount("ci")
	o := p.open(keyKind, `{"service_account_id": `+quote(account.ID)+`, "valid_for": "1m"}`)
	equal(t, "the lease", on.Keys(account.ID)[0].ExpiresAt.Sub(on.Clock().Now()), time.Minute)
	equal(t, "expires_at", o.text("expires_at"), rfc3339(on.Keys(account.ID)[0].ExpiresAt))
	p.close(o)
}
