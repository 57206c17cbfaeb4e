// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const day = 24 * time.Hour

// keyOf is the configuration of one key of an account that Terraform doesn't manage.
func keyOf(accountID, attributes string) []block {
	return []block{{address: "key", kind: keyKind, accountID: accountID, attributes: attributes}}
}

// accountElsewhere makes an account that Terraform doesn't manage.
func (on target) accountElsewhere(t *testing.T) string {
	t.Helper()
	client := on.client(t)
	id, err := client.CreateServiceAccount(t.Context(), letters("keys"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.DeleteServiceAccount(context.Background(), id); err != nil { //nolint:usetesting // t.Context() is over then
			t.Error(err)
		}
	})
	return id
}

// workingKeys are the keys of the account that are let in now.
func (on target) workingKeys(accountID string) []signoztest.Key {
	var working []signoztest.Key
	for _, k := range on.Keys(accountID) {
		if on.KeyWorks(k.Value) {
			working = append(working, k)
		}
	}
	return working
}

// Rotation: nothing before the window, a replacement in it, the old key working through its
// grace period and refused after it, and again.
func TestKey_rotates(t *testing.T) {
	t.Parallel()
	const window = 76 * day // 90 days less 14
	for name, test := range map[string]struct {
		attributes          string
		createBeforeDestroy bool
		graceful            bool
	}{
		"create before destroy": {`"name_prefix": "deploy-", "destroy_grace_period": "24h"`, true, true},
		"destroy before create": {`"name": "deploy", "destroy_grace_period": "24h"`, false, true},
		"revoked at once":       {`"name": "deploy"`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t, stoppedClock())
			account, w := on.CreateAccount("keys"), onClock(t, on)
			blocks := keyOf(account.ID, test.attributes+`, "valid_for": "90d", "rotate_before": "14d"`)
			blocks[0].createBeforeDestroy = test.createBeforeDestroy
			rotates := func() {
				t.Helper()
				old := w.state["key"].text("key")
				w.applies(blocks, "key: replace")
				fresh := w.state["key"]
				equal(t, "the value stayed", fresh.text("key") == old, false)
				equal(t, "the new key works", on.KeyWorks(fresh.text("key")), true)
				equal(t, "the old key works", on.KeyWorks(old), test.graceful)
				equal(t, "ready_for_rotation", fresh.at("ready_for_rotation"), "false")
			}

			w.applies(blocks, "key: create")
			equal(t, "ready_for_rotation", w.state["key"].at("ready_for_rotation"), "false")
			on.Clock().Advance(window - time.Hour)
			w.emptyPlan(blocks, conditions{})
			on.Clock().Advance(2 * time.Hour)
			rotates()
			on.Clock().Advance(25 * time.Hour) // the grace period ends by itself, and without Terraform
			equal(t, "keys that work after the grace period", len(on.workingKeys(account.ID)), 1)
			w.emptyPlan(blocks, conditions{})
			on.Clock().Advance(window)
			rotates()
			w.applies(nil, "key: delete")
			on.Clock().Advance(25 * time.Hour)
			equal(t, "keys that work after the destroy and its grace period", len(on.workingKeys(account.ID)), 0)
		})
	}
}

// Changing what rotation goes by never replaces the key: the new values take effect with the
// next plan.
func TestKey_lifetimeChangesInPlace(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	account, w := on.CreateAccount("keys"), onClock(t, on)
	made := on.Clock().Now()
	key := func(validFor, rotateBefore, grace string) []block {
		return keyOf(account.ID, fmt.Sprintf(`"name": "deploy", "valid_for": %q, "rotate_before": %q, "destroy_grace_period": %q`, validFor, rotateBefore, grace))
	}
	expiresAfter := func(want time.Duration) {
		t.Helper()
		held, _ := on.KeyByName(account.ID, "deploy")
		equal(t, "the key expires after", held.ExpiresAt.Sub(made), want)
	}

	w.applies(key("90d", "14d", "1h"), "key: create")
	value := w.state["key"].text("key")
	expiresAfter(90 * day)
	w.emptyPlan(key("2160h", "336h", "60m"), conditions{})
	on.Clock().Advance(10 * day)
	w.applies(key("120d", "14d", "1h"), "key: update")
	expiresAfter(120 * day)
	w.applies(key("120d", "30d", "2h"), "key: update")
	w.refuses(key("5d", "1d", "2h"), "The key would have expired already")

	// 10 of 120 days have passed; with 115 days of warning the key is due, but not in this plan.
	due := key("120d", "115d", "2h")
	actions, failed := w.changes(t.Context(), due, conditions{})
	succeeded(t, failed)
	equal(t, "the plan that makes the key due", actions["key"], "update")
	succeeded(t, w.apply(t.Context(), due, conditions{}))
	actions, failed = w.changes(t.Context(), due, conditions{})
	succeeded(t, failed)
	equal(t, "the plan after it", actions["key"], "replace")
	w.applies(key("120d", "14d", "2h"), "key: update")

	// An expiry moved elsewhere is moved back, although the configuration has no time in it.
	on.UpdateKey(account.ID, w.state["key"].text("id"), "deploy", noExpiry)
	w.applies(key("120d", "14d", "2h"), "key: update")
	expiresAfter(120 * day)
	equal(t, "the value is the same", w.state["key"].text("key"), value)
}

// A refresh alone shows that rotation is due.
func TestKey_refreshShowsThatItIsDue(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	w := onClock(t, on)
	blocks := keyOf(on.CreateAccount("keys").ID, `"name": "deploy", "valid_for": "120d", "rotate_before": "14d"`)
	w.applies(blocks, "key: create")
	on.Clock().Advance(107 * day)
	succeeded(t, w.apply(t.Context(), blocks, conditions{refreshOnly: true}))
	equal(t, "ready_for_rotation", w.state["key"].at("ready_for_rotation"), "true")
}

// A key that expired breaks no plan; extending it revives the same value.
func TestKey_revivesWhenExtended(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	account, w := on.CreateAccount("keys"), onClock(t, on)
	made := on.Clock().Now()
	dated := func(name string, in time.Duration) []block {
		return keyOf(account.ID, fmt.Sprintf(`"name": %q, "expires_at": %q`, name, rfc3339(made.Add(in))))
	}
	w.applies(dated("deploy", time.Hour), "key: create")
	value := w.state["key"].text("key")
	on.Clock().Advance(2 * time.Hour)
	w.emptyPlan(dated("deploy", time.Hour), conditions{})
	w.refuses(dated("renamed", time.Hour), "An expired key can't be renamed")
	w.refuses(dated("deploy", time.Minute), "The expiry lies in the past")
	w.applies(dated("deploy", 5*time.Hour), "key: update")
	equal(t, "the value is the same", w.state["key"].text("key"), value)
	equal(t, "the value works", on.KeyWorks(value), true)
}

func TestAccKey_changedElsewhere(t *testing.T) {
	on := oneTarget(t)
	accountID, w, client := on.accountElsewhere(t), newWorkingDir(t, on, 10), on.client(t)
	expiry := time.Now().Add(day).UTC().Truncate(time.Second)
	blocks := keyOf(accountID, `"name": "deploy", "expires_at": `+quote(rfc3339(expiry)))

	w.applies(blocks, "key: create")
	id := w.state["key"].text("id")
	fatal(t, client.UpdateKey(t.Context(), accountID, id, "renamed-elsewhere", noExpiry))
	w.applies(blocks, "key: update")
	key, err := on.client(t).Key(t.Context(), accountID, id)
	if err != nil || key == nil || key.Name != "deploy" || !key.ExpiresAt.Equal(expiry) {
		t.Errorf("the server holds %+v (%v)", key, err)
	}
	fatal(t, client.RevokeKey(t.Context(), accountID, id))
	w.applies(blocks, "key: create")
	_, err = clientWith(t, on.endpoint, w.state["key"].text("key")).Me(t.Context())
	fatal(t, err)
	// The account goes, and its keys with it.
	fatal(t, client.DeleteServiceAccount(t.Context(), accountID))
	actions, failed := w.changes(t.Context(), blocks, conditions{})
	succeeded(t, failed)
	equal(t, "the plan without the account", actions["key"], "create")
}

// An imported key has no value and never gets one, whatever is changed.
func TestAccKey_imported(t *testing.T) {
	on := oneTarget(t)
	accountID, w := on.accountElsewhere(t), newWorkingDir(t, on, 10)
	created, err := on.client(t).CreateKey(t.Context(), accountID, signoz.NewKey{Name: "by-hand"})
	fatal(t, err)
	succeeded(t, w.apply(t.Context(), keyOf(accountID, `"name": "by-hand"`), conditions{imports: map[string]string{"key": accountID + "/" + created.ID}}))
	w.emptyPlan(keyOf(accountID, `"name": "by-hand"`), conditions{})
	// A prefix and a lifetime are taken up in place too.
	w.applies(keyOf(accountID, `"name_prefix": "adopted-", "valid_for": "90d", "rotate_before": "30d"`), "key: update")
	equal(t, "the key", w.state["key"].text("id"), created.ID)
	equal(t, "the value in the state", w.state["key"].at("key"), "null")
	_, err = clientWith(t, on.endpoint, created.Value).Me(t.Context())
	fatal(t, err)
}

// Rotation by the real clock, with windows of seconds: only a real server needs
// that, the embedded one has a clock to move.
func TestAccKey_rotatesInRealTime(t *testing.T) {
	on := oneTarget(t)
	if on.Server != nil {
		t.Skip("needs a real server; with the embedded one TestKey_rotates proves the same")
	}
	w := newWorkingDir(t, on, 10)
	blocks := keyOf(on.accountElsewhere(t), `"name_prefix": "deploy-", "valid_for": "60s", "rotate_before": "40s", "destroy_grace_period": "8s"`)
	blocks[0].createBeforeDestroy = true
	works := func(value string) bool {
		_, err := clientWith(t, on.endpoint, value).Me(t.Context())
		return err == nil
	}
	w.applies(blocks, "key: create")
	old := w.state["key"].text("key")
	time.Sleep(21 * time.Second) //nolint:forbidigo // a real server's clock can't be moved
	w.applies(blocks, "key: replace")
	fresh := w.state["key"].text("key")
	if !works(old) || !works(fresh) {
		t.Errorf("old works: %v, new works: %v, want both", works(old), works(fresh))
	}
	time.Sleep(9 * time.Second) //nolint:forbidigo // a real server's clock can't be moved
	if works(old) || !works(fresh) {
		t.Errorf("after the grace period old works: %v, new works: %v", works(old), works(fresh))
	}
}
