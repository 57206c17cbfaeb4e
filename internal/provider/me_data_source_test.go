// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// The account needs no role to learn who it is, on any version.
func TestMe_readsItsAccount(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			account := on.CreateAccount("ci")
			on.apiKey = on.CreateKey(account.ID, "deploy", noExpiry).Value
			p := talk(t, on)

			me := p.data("signoz_me", `{}`)
			equal(t, "id", me.text("id"), account.ID)
			equal(t, "name", me.text("name"), "ci")
			equal(t, "email", me.text("email"), account.Email)
			equal(t, "org_id", me.text("org_id"), account.OrgID)
			equal(t, "status", me.text("status"), "active")
			equal(t, "roles", me.at("roles"), `[]`)
			equal(t, "created_at", me.text("created_at"), rfc3339(account.CreatedAt))
			equal(t, "updated_at", me.text("updated_at"), rfc3339(account.UpdatedAt))
		})
	}
}

func TestMe_showsRoles(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	equal(t, "roles", p.data("signoz_me", `{}`).at("roles"), `["signoz-admin"]`)
}

// SigNoz never says why it refuses a key, so the provider tells what it can be.
func TestMe_explainsAWrongKey(t *testing.T) {
	on := embeddedOnly(t)
	on.apiKey = "d3Jvbmc="
	p := talk(t, on)
	p.refused("Can't read the provider's own service account", "API key rejected (401)", "its account isn't deleted",
		"SIGNOZ_API_KEY", "unauthenticated").data("signoz_me", `{}`)
}

func TestMe_explainsADeletedAccount(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	on.apiKey = on.CreateKey(account.ID, "deploy", noExpiry).Value
	on.DeleteAccount(account.ID)
	talk(t, on).refused("SigNoz rejected the API key", "its account isn't deleted").data("signoz_me", `{}`)
}

// A user has no service account; SigNoz's bare 404 would help nobody.
func TestMe_explainsUserCredentials(t *testing.T) {
	on := embeddedOnly(t)
	p := unconfigured(t)
	p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "email": ` + quote(signoztest.AdminEmail) + `, "password": ` + quote(signoztest.AdminPassword) + `}`)
	p.refused("signs in as a user", "A user has none", "api_key").data("signoz_me", `{}`)
	p.data("signoz_roles", `{}`) // the sign-in itself works
}
