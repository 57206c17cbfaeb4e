// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// asUser starts the provider signed in as a user.
func asUser(t *testing.T, on target, email, password, more string) *protocol {
	t.Helper()
	p := unconfigured(t)
	p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "email": ` + quote(email) + `, "password": ` + quote(password) + more + `}`)
	return p
}

// A user's sign-in makes the first account and key, on every version; what it
// makes signs in by itself afterwards.
func TestSignIn_bootstrap(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			on := embedded(t, signoztest.WithVersion(version))
			p := asUser(t, on, signoztest.AdminEmail, signoztest.AdminPassword, "")
			account := p.create(accountKind, `{"name": "first", "roles": ["signoz-admin"]}`)
			key := p.create(keyKind, `{"service_account_id": `+quote(account.text("id"))+`, "name": "bootstrap"}`)
			on.apiKey = key.text("key")
			if me := talk(t, on).data("signoz_me", `{}`); me.text("name") != "first" {
				t.Errorf("the key signs in as %s", me.json())
			}
			talk(t, on).create(accountKind, `{"name": "second"}`)
			p.refused("signs in as a user", "A user has none", "api_key").data("signoz_me", `{}`)
		})
	}
}

// The token ends in the middle of a run: nobody notices.
func TestSignIn_tokenExpires(t *testing.T) {
	t.Parallel()
	on := embedded(t, signoztest.WithTokenLifetime(time.Minute))
	p := asUser(t, on, signoztest.AdminEmail, signoztest.AdminPassword, "")
	p.create(accountKind, `{"name": "before"}`)
	on.Clock().Advance(2 * time.Minute)
	p.create(accountKind, `{"name": "after"}`)
	if n := on.CountRequests("POST", "/api/v2/sessions/email_password"); n != 2 {
		t.Errorf("signed in %d times, want 2", n)
	}
}

func TestSignIn_refused(t *testing.T) {
	t.Parallel()
	const config = `{"name": "ci", "roles": ["signoz-viewer"]}`
	try := func(p *protocol, says ...string) {
		p.t.Helper()
		p.refused(append(says, "Can't sign in to SigNoz")...).create(accountKind, config)
	}
	on := embedded(t, signoztest.WithSSOOnlyUser("sso@example.com"))
	try(asUser(t, on, signoztest.AdminEmail, "wrong-password", ""), "password is wrong", "SIGNOZ_PASSWORD")
	try(asUser(t, on, "nobody@example.com", signoztest.AdminPassword, ""), "knows no user nobody@example.com", "endpoint")
	try(asUser(t, on, "sso@example.com", signoztest.AdminPassword, ""), "single sign-on", "api_key")
	try(asUser(t, on, signoztest.AdminEmail, signoztest.AdminPassword, `, "org_id": "01a20456-0000-7000-8000-000000000000"`), "no organization with the ID 01a20456", "acme")

	several := embedded(t, signoztest.WithOrganisations("acme", "beta"))
	try(asUser(t, several, signoztest.AdminEmail, signoztest.AdminPassword, ""), "several organizations", "org_id", "acme", "beta")
	if n := len(several.ActiveAccounts()) + len(on.ActiveAccounts()); n != 2 {
		t.Errorf("%d active accounts, want Terraform's own of each server", n)
	}
}
