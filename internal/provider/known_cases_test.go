// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// rotation is the configuration of the guides: an account with a role, and a key
// whose create_before_destroy Terraform passes on to the account.
func rotation() []block {
	return []block{
		{address: "account", kind: accountKind, attributes: `"name": "ci", "roles": ["signoz-viewer"]`},
		{address: "key", kind: keyKind, parent: "account", attributes: `"name_prefix": "deploy-", "valid_for": "90d", "rotate_before": "14d", "destroy_grace_period": "1h"`, createBeforeDestroy: true},
	}
}

// onClock is a working directory whose provider goes by the server's clock.
func onClock(t *testing.T, on target) *workingDir {
	t.Helper()
	return newWorkingDir(t, on, 10, provider.WithRetryWait(time.Microsecond), provider.WithNow(on.Clock().Now))
}

// An account that can't be completed under create_before_destroy is no dead end:
// the next apply makes it.
func TestAccount_halfMadeUnderCreateBeforeDestroy(t *testing.T) {
	for name, fault := range map[string]signoztest.Fault{
		"403": {Answer: signoztest.Status(http.StatusForbidden)},
		"503": {Answer: signoztest.Status(http.StatusServiceUnavailable)},
	} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t, stoppedClock())
			there := bystanders(on)
			w := onClock(t, on)
			fault.Method, fault.Path = http.MethodPost, "/api/v1/service_account_roles"
			on.Inject(fault)
			if failed := w.apply(t.Context(), rotation(), conditions{}); len(failed) == 0 {
				t.Fatal("the role can't have been given")
			}
			on.ClearFaults()
			succeeded(t, w.apply(t.Context(), rotation(), conditions{}))
			for _, difference := range w.differences(there) {
				t.Error(difference)
			}
			w.emptyPlan(rotation(), conditions{})
		})
	}
}

// The same for a role whose answer was lost.
func TestRole_lostAnswerUnderCreateBeforeDestroy(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host := on.CreateAccount("host")
	w := onClock(t, on)
	blocks := []block{{address: "role", kind: roleKind, accountID: host.ID, attributes: `"role": "signoz-viewer"`, createBeforeDestroy: true}}
	on.Inject(signoztest.Fault{CarriedOut: true, Answer: signoztest.Reset, Method: http.MethodPost, Path: "/api/v1/service_account_roles"})
	failed := w.apply(t.Context(), blocks, conditions{})
	t.Logf("with the answer lost: %v", failed)
	on.ClearFaults()
	succeeded(t, w.apply(t.Context(), blocks, conditions{}))
	w.emptyPlan(blocks, conditions{})
	succeeded(t, w.apply(t.Context(), nil, conditions{}))
}

// An account that is to be replaced can't be made first: names are unique. The
// error says that, and what to do.
func TestAccount_replacedUnderCreateBeforeDestroy(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	w := onClock(t, on)
	succeeded(t, w.apply(t.Context(), rotation(), conditions{}))
	failed := w.apply(t.Context(), rotation(), conditions{replace: []string{"account"}})
	if len(failed) != 1 || !strings.Contains(failed[0].detail, "create_before_destroy") {
		t.Errorf("the error should name create_before_destroy: %v", failed)
	}
	w.emptyPlan(rotation(), conditions{})
}

// An expiry that was removed elsewhere, and whose configured time has passed
// since, is a warning and no obstacle, neither to -replace nor to -destroy.
func TestKey_expiryRemovedElsewhereAndPast(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host := on.CreateAccount("host")
	w := onClock(t, on)
	expiresAt := on.Clock().Now().Add(25 * time.Second)
	blocks := []block{{address: "key", kind: keyKind, accountID: host.ID, attributes: `"name": "deploy", "expires_at": ` + quote(rfc3339(expiresAt))}}
	succeeded(t, w.apply(t.Context(), blocks, conditions{}))
	on.UpdateKey(host.ID, w.state["key"].text("id"), "deploy", noExpiry)
	on.Clock().Advance(time.Minute)
	_, failed := w.changes(t.Context(), blocks, conditions{})
	succeeded(t, failed)
	if !w.warnings.warns("") {
		t.Error("the plan should warn")
	}
	_, failed = w.changes(t.Context(), blocks, conditions{destroyAll: true})
	succeeded(t, failed)
	for _, f := range w.apply(t.Context(), blocks, conditions{replace: []string{"key"}}) {
		if f.refused() {
			t.Error(f)
		}
	}
}

// A lifetime that is known in the apply only isn't changed: a key that is due rotates, with
// the lifetime that it turns out to be, and the old value works for its grace period.
func TestKey_dueWithUnknownLifetime(t *testing.T) {
	for name, lifetime := range map[string]string{"the same": "90d", "the same in another notation": "2160h", "another": "120d"} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t, stoppedClock())
			host := on.CreateAccount("host")
			w := onClock(t, on)
			config := func(lifetime string) []block {
				return []block{{address: "key", kind: keyKind, accountID: host.ID, attributes: `"name_prefix": "deploy-", "rotate_before": "14d", "destroy_grace_period": "1d", "valid_for": ` + quote(lifetime), createBeforeDestroy: true}}
			}
			succeeded(t, w.apply(t.Context(), config("90d"), conditions{}))
			value := w.state["key"].text("key")
			on.Clock().Advance(80 * 24 * time.Hour)
			succeeded(t, w.apply(t.Context(), config("${later '"+lifetime+"'}"), conditions{}))
			equal(t, "the value is another one", w.state["key"].text("key") != value, true)
			equal(t, "the old value works", on.KeyWorks(value), true)
			equal(t, "the keys of the account", len(on.Keys(host.ID)), 2)
		})
	}
}

// A role that somebody else gives a new account before it is read back is drift,
// for the next plan to remove.
func TestAccount_roleGrantedDuringCreate(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	w := onClock(t, on)
	blocks := []block{{address: "account", kind: accountKind, attributes: `"name": "ci", "roles": ["signoz-viewer"]`}}
	granted := false
	on.Inject(signoztest.Fault{Answer: signoztest.Reset, Method: http.MethodGet, Path: "/api/v1/service_accounts/*", Match: func(*http.Request) bool {
		if account, made := on.AccountByName("ci"); made && !granted {
			granted = true
			on.GrantRole(account.ID, "signoz-editor")
		}
		return false
	}})
	succeeded(t, w.apply(t.Context(), blocks, conditions{}))
	if !granted {
		account, _ := on.AccountByName("ci")
		on.GrantRole(account.ID, "signoz-editor")
	}
	if w.state["account"].tainted {
		t.Error("the account is tainted")
	}
	actions, failed := w.changes(t.Context(), blocks, conditions{})
	succeeded(t, failed)
	equal(t, "the plan for the drift", actions["account"], "update")
	succeeded(t, w.apply(t.Context(), blocks, conditions{}))
	w.emptyPlan(blocks, conditions{})
}

// An account whose id is merely unknown in the plan ends no key and no role: they
// stay as they are when it comes out the same, and move when it doesn't.
func TestKey_unknownAccount(t *testing.T) {
	for name, moves := range map[string]bool{"the same": false, "another": true} {
		for _, grace := range []string{"", `, "destroy_grace_period": "1h"`} {
			t.Run(name+grace, func(t *testing.T) {
				on := embeddedOnly(t, stoppedClock())
				host, other := on.CreateAccount("host"), on.CreateAccount("other")
				w := onClock(t, on)
				config := func(id string) []block {
					return []block{
						{address: "key", kind: keyKind, accountID: id, attributes: `"name": "deploy"` + grace},
						{address: "role", kind: roleKind, accountID: id, attributes: `"role": "signoz-viewer"`},
					}
				}
				succeeded(t, w.apply(t.Context(), config(host.ID), conditions{}))
				before := w.state["key"]
				turnsOut := host.ID
				if moves {
					turnsOut = other.ID
				}
				succeeded(t, w.apply(t.Context(), config("${later '"+turnsOut+"'}"), conditions{}))
				after := w.state["key"]
				equal(t, "the account", after.text("service_account_id"), turnsOut)
				if moved := after.text("key") != before.text("key"); moved != moves || (after.text("id") != before.text("id")) != moves {
					t.Errorf("the key %s became %s", before.text("id"), after.text("id"))
				}
				equal(t, "the new value works", on.KeyWorks(after.text("key")), true)
				equal(t, "the old value works", on.KeyWorks(before.text("key")), !moves || grace != "")
				for account, holds := range map[string]bool{host.ID: !moves, other.ID: moves} {
					now, _ := on.Account(account)
					equal(t, "the account holds the role", len(now.Roles) == 1, holds)
				}
				w.emptyPlan(config(turnsOut), conditions{})
			})
		}
	}
}

// The same by a data source that waits for something that changes, as the guides show it.
func TestKey_accountLookedUpAfterAChange(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host := on.CreateAccount("host")
	w := onClock(t, on)
	config := func(name string) []block {
		return []block{
			{address: "account", kind: accountKind, attributes: `"name": ` + quote(name)},
			{address: "host", kind: "data." + accountKind, attributes: `"name": "host"`, dependsOn: []string{"account"}},
			{address: "key", kind: keyKind, parent: "host", attributes: `"name": "deploy"`},
		}
	}
	succeeded(t, w.apply(t.Context(), config("ci"), conditions{}))
	value := w.state["key"].text("key")
	succeeded(t, w.apply(t.Context(), config("renamed"), conditions{}))
	equal(t, "the account", w.state["key"].text("service_account_id"), host.ID)
	equal(t, "the same value", w.state["key"].text("key") == value && on.KeyWorks(value), true)
}

// On a server that is rebuilt with the same organisation everything is made anew,
// and a destroy has nothing to do.
func TestServer_rebuiltWithTheSameOrganisation(t *testing.T) {
	t.Parallel()
	for _, destroys := range []bool{false, true} {
		on := embedded(t, stoppedClock())
		w := onClock(t, on)
		blocks := append(rotation(),
			block{address: "other", kind: accountKind, attributes: `"name": "other"`},
			block{address: "role", kind: roleKind, parent: "other", attributes: `"role": "signoz-editor"`})
		succeeded(t, w.apply(t.Context(), blocks, conditions{}))
		on.LoseAccounts()
		if destroys {
			succeeded(t, w.apply(t.Context(), blocks, conditions{destroyAll: true}))
			equal(t, "objects in the state", len(w.state), 0)
			continue
		}
		actions, failed := w.changes(t.Context(), blocks, conditions{})
		succeeded(t, failed)
		for _, b := range blocks {
			equal(t, b.address, actions[b.address], "create")
		}
		succeeded(t, w.apply(t.Context(), blocks, conditions{}))
		w.emptyPlan(blocks, conditions{})
	}
}

// An account whose roles could neither be given nor read back is one without
// roles in the state, not one whose roles aren't managed.
func TestAccount_rolesUnknownAfterADoubleFailure(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	w := onClock(t, on)
	blocks := []block{{address: "account", kind: accountKind, attributes: `"name": "ci", "roles": ["signoz-viewer"]`}}
	for _, f := range []signoztest.Fault{
		{Method: http.MethodPost, Path: "/api/v1/service_account_roles"}, {Method: http.MethodGet, Path: "/api/v1/service_accounts/*"}, {Method: http.MethodDelete},
	} {
		f.Answer = signoztest.Status(http.StatusServiceUnavailable)
		on.Inject(f)
	}
	if failed := w.apply(t.Context(), blocks, conditions{}); len(failed) == 0 {
		t.Fatal("the role can't have been given")
	}
	equal(t, "the roles in the state", w.state["account"].at("roles"), "[]")
}

// A key that is due isn't replaced in the run that changes its grace period: the
// next one does it, with the new one.
func TestKey_dueWithANewGracePeriod(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host := on.CreateAccount("host")
	w := onClock(t, on)
	config := func(grace string) []block {
		return []block{{address: "key", kind: keyKind, accountID: host.ID, attributes: `"name_prefix": "deploy-", "valid_for": "90d", "rotate_before": "14d"` + grace, createBeforeDestroy: true}}
	}
	succeeded(t, w.apply(t.Context(), config(`, "destroy_grace_period": "48h"`), conditions{}))
	value := w.state["key"].text("key")
	on.Clock().Advance(80 * 24 * time.Hour)
	succeeded(t, w.apply(t.Context(), config(`, "destroy_grace_period": "0s"`), conditions{}))
	equal(t, "the value is the same", w.state["key"].text("key") == value, true)
	succeeded(t, w.apply(t.Context(), config(`, "destroy_grace_period": "0s"`), conditions{}))
	equal(t, "the value is another one", w.state["key"].text("key") != value, true)
	equal(t, "the old value works", on.KeyWorks(value), false)
}

// A key that is replaced and has a configured expiry keeps it in the plan.
func TestKey_replacedWithAnExpiry(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host, other := on.CreateAccount("host"), on.CreateAccount("other")
	w := onClock(t, on)
	config := func(account, prefix string) []block {
		return []block{{address: "key", kind: keyKind, accountID: account, attributes: `"name_prefix": ` + quote(prefix) + `, "expires_at": "2090-01-01T00:00:00Z"`}}
	}
	for _, blocks := range [][]block{config(host.ID, "deploy-"), config(host.ID, "ship-"), config(other.ID, "ship-")} {
		succeeded(t, w.apply(t.Context(), blocks, conditions{}))
		w.emptyPlan(blocks, conditions{})
	}
}

// Of an account made elsewhere, the organization is known of a role, which is given to an
// account that was read, but not of a key that was made without reading anything. Its
// error names the way out.
func TestServer_rebuiltWithAnAccountMadeElsewhere(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	host := on.CreateAccount("host")
	ofRole, ofKey := onClock(t, on), onClock(t, on)
	succeeded(t, ofRole.apply(t.Context(), []block{{address: "role", kind: roleKind, accountID: host.ID, attributes: `"role": "signoz-viewer"`}}, conditions{}))
	succeeded(t, ofKey.apply(t.Context(), []block{{address: "key", kind: keyKind, accountID: host.ID, attributes: `"name": "deploy"`}}, conditions{}))
	on.LoseAccounts()
	succeeded(t, ofRole.apply(t.Context(), nil, conditions{}))
	equal(t, "roles in the state", len(ofRole.state), 0)
	failed := ofKey.apply(t.Context(), nil, conditions{})
	if len(failed) != 1 || !strings.Contains(failed[0].detail, "doesn't know its service account") || !strings.Contains(failed[0].detail, "terraform state rm") {
		t.Fatalf("the key's error should name the way out: %v", failed)
	}
}
