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

func TestEphemeralKey(t *testing.T) {
	t.Parallel()
	const kind = "signoz_service_account_key"
	on := embedded(t)
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	config := func(more string) string { return `{"service_account_id": ` + quote(account.ID) + more + `}` }

	opened := p.open(kind, config(""))
	held := on.Keys(account.ID)
	if len(held) != 1 || held[0].Value != opened.text("key") || !strings.HasPrefix(held[0].Name, "terraform-") || opened.text("name") != held[0].Name {
		t.Fatalf("opened %s, the server holds %+v", opened.json(), held)
	}
	if in := held[0].ExpiresAt.Sub(on.Clock().Now()).Round(time.Minute); in != time.Hour || opened.text("expires_at") != held[0].ExpiresAt.UTC().Format(time.RFC3339) {
		t.Errorf("it expires in %s, at %s; told %s", in, held[0].ExpiresAt, opened.text("expires_at"))
	}
	if opened.text("valid_for") != "1h" || opened.text("name_prefix") != "terraform-" {
		t.Errorf("defaults: %s", opened.json())
	}
	p.close(opened)
	if n := len(on.Keys(account.ID)); n != 0 {
		t.Errorf("%d keys are left", n)
	}

	opened = p.open(kind, config(`, "name_prefix": "ci-run-", "valid_for": "5m"`))
	if held = on.Keys(account.ID); !strings.HasPrefix(held[0].Name, "ci-run-") || held[0].ExpiresAt.Sub(on.Clock().Now()) > 5*time.Minute {
		t.Errorf("the server holds %+v", held)
	}
	// Revoked by somebody else meanwhile: nothing to complain about.
	on.RevokeKey(account.ID, held[0].ID)
	if d := p.close(opened); len(d) != 0 {
		t.Errorf("close: %s", d.text())
	}

	// That it can't be revoked is a warning, which says when it ends by itself.
	opened = p.open(kind, config(""))
	on.Inject(signoztest.Fault{Method: http.MethodDelete, Answer: signoztest.Status(http.StatusForbidden)})
	if d := p.close(opened); !d.warns("wasn't revoked", opened.text("expires_at"), account.ID) || d.fails() || strings.Contains(d.text(), opened.text("key")) {
		t.Errorf("close: %s", d.text())
	}

	p.refused("name_prefix", "lowercase").open(kind, config(`, "name_prefix": "CI"`))
	p.refused("valid_for", "too short").open(kind, config(`, "valid_for": "0s"`))
	p.refused("service_account_id", "UUID").open(kind, `{"service_account_id": "ci"}`)
	p.refused("Can't create an ephemeral key", "doesn't exist").open(kind, `{"service_account_id": "01a20456-0000-7000-8000-000000000000"}`)
}
