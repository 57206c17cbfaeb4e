// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// legacyName is as SigNoz's migration of legacy API keys made them: no server
// would take it today.
const legacyName = "Grafana.Legacy_Key"

// An account with such a name imports and stays manageable on every version;
// only a change of the name asks for a valid one.
func TestAccount_legacyNameStaysManageable(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			account := on.CreateAccount(legacyName, "signoz-viewer")
			p := talk(t, on)

			a := p.importID(accountKind, legacyName)
			equal(t, "by id", p.importID(accountKind, account.ID).json(), a.json())
			equal(t, "plan", p.plan(a, `{"name": "`+legacyName+`", "roles": ["signoz-viewer"]}`).action, "no-op")

			a = p.update(a, `{"name": "`+legacyName+`", "roles": ["signoz-editor"]}`)
			equal(t, "roles", held(t, on, account.ID), "signoz-editor")

			p.refused("Invalid name of a service account", `SigNoz doesn't accept "Grafana.Legacy"`, `For example: "grafana-legacy"`).
				plan(a, `{"name": "Grafana.Legacy", "roles": ["signoz-editor"]}`)
			a = p.update(a, `{"name": "grafana", "roles": ["signoz-editor"]}`)
			equal(t, "id", a.text("id"), account.ID)
			p.refused("Invalid name of a service account").plan(a, `{"name": "`+legacyName+`", "roles": ["signoz-editor"]}`)
			p.destroy(a)
		})
	}
}

// What hangs on such an account can be managed too: keys, single roles, lookups.
func TestAccount_legacyNameOfKeysRolesAndLookups(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount(legacyName, "signoz-viewer")
	on.CreateKey(account.ID, "Old.Key_1", noExpiry)
	p := talk(t, on)

	equal(t, "data source", p.data(accountKind, `{"name": "`+legacyName+`"}`).text("id"), account.ID)
	equal(t, "role", p.importID(roleKind, legacyName+"/signoz-viewer").text("role"), "signoz-viewer")
	key := p.importID(keyKind, legacyName+"/Old.Key_1")
	equal(t, "plan of the key", p.plan(key, `{"service_account_id": `+quote(account.ID)+`, "name": "Old.Key_1"}`).action, "no-op")
	p.refused("Invalid name of a key").plan(key, `{"service_account_id": `+quote(account.ID)+`, "name": "Old.Key_2"}`)
	p.create(keyKind, `{"service_account_id": `+quote(account.ID)+`, "name": "new"}`)
}

// Names may look like ids, and ids are ids first.
func TestAccount_namedLikeAnID(t *testing.T) {
	on := embeddedOnly(t)
	const looksLikeID = "0199fa0c-0000-7000-8000-000000000000"
	account := on.CreateAccount(looksLikeID)
	other := on.CreateAccount("other")
	on.CreateAccount(other.ID)
	p := talk(t, on)

	equal(t, "import", p.importID(accountKind, looksLikeID).text("id"), account.ID)
	equal(t, "an id that is a name too", p.importID(accountKind, other.ID).text("id"), other.ID)
	equal(t, "data source by name", p.data(accountKind, `{"name": `+quote(looksLikeID)+`}`).text("id"), account.ID)
	if found := p.data(accountKind, `{"name": `+quote(other.ID)+`}`).text("id"); found == other.ID {
		t.Fatal("asked for by name, an account was found by id")
	}
	p.refused("No service account has the id").data(accountKind, `{"id": `+quote(looksLikeID)+`}`)
}
