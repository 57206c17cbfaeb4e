// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// A plan that revokes at once a key used within the last day says so, also one that
// replaces it, and one that deletes its account; with a grace period, or when the key
// hasn't been used for a day, nothing is said, nor without a refresh.
func TestKey_inUseDoesNotEndUnnoticed(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	clock := provider.WithNow(on.Clock().Now)
	account := on.CreateAccount("ci")
	id := `"service_account_id": ` + quote(account.ID)
	maker := talk(t, on, clock)
	key := maker.create(keyKind, `{`+id+`, "name": "deploy", "rotate_when_changed": {"reason": "one"}}`)
	graceful := maker.create(keyKind, `{`+id+`, "name": "graceful", "destroy_grace_period": "1h"}`)
	whole := maker.importID(accountKind, account.ID)

	const inUse = "is in use, and this plan revokes it immediately"
	other := `{` + id + `, "name": "deploy", "rotate_when_changed": {"reason": "two"}}`
	plans := func(refresh bool) (destroyed, replaced, gracefully, deleted said) {
		p := talk(t, on, clock)
		k, g, a := key, graceful, whole
		if refresh {
			k, g, a = p.read(key), p.read(graceful), p.read(whole)
		}
		return p.plan(k, "").said, p.plan(k, other).said, p.plan(g, "").said, p.plan(a, "").said
	}
	destroyed, replaced, gracefully, deleted := plans(true)
	equal(t, "a key never used: warned", destroyed.warns() || replaced.warns() || gracefully.warns() || deleted.warns(), false)

	on.Clock().Advance(time.Hour)
	talk(t, target{Server: on.Server, endpoint: on.endpoint, apiKey: key.text("key")}).data("signoz_me", `{}`)
	talk(t, target{Server: on.Server, endpoint: on.endpoint, apiKey: graceful.text("key")}).data("signoz_me", `{}`)
	destroyed, replaced, gracefully, deleted = plans(true)
	equal(t, "destroyed: warned", destroyed.warns(inUse, "last used at"), true)
	equal(t, "replaced: warned", replaced.warns(inUse), true)
	equal(t, "with a grace period: warned", gracefully.warns(), false)
	equal(t, "its account deleted: warned", deleted.warns(`"deploy"`, "whatever their destroy_grace_period") && deleted.warns(`"graceful"`), true)

	// Terraform plans the end of an object that has left the configuration before it refreshes it.
	p := talk(t, on, clock)
	p.plan(key, "")
	p.plan(graceful, "")
	equal(t, "refreshed after its end was planned: warned", p.read(key).said.warns(inUse), true)
	equal(t, "likewise, with a grace period: warned", p.read(graceful).said.warns(), false)

	destroyed, replaced, gracefully, deleted = plans(false)
	equal(t, "without a refresh: warned", destroyed.warns() || replaced.warns() || gracefully.warns() || deleted.warns(), false)
	on.Clock().Advance(25 * time.Hour)
	destroyed, replaced, gracefully, deleted = plans(true)
	equal(t, "not used for a day: warned", destroyed.warns() || replaced.warns() || gracefully.warns() || deleted.warns(), false)
}
