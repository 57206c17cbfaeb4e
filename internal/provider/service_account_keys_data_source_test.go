// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
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

func TestKeysDataSource_reads(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			clock := signoztest.NewClock(start)
			on := embeddedOnly(t, signoztest.WithVersion(version), signoztest.WithClock(clock))
			account := on.CreateAccount("ci")
			used := on.CreateKey(account.ID, "used", start.Add(48*time.Hour))
			never := on.CreateKey(account.ID, "never", noExpiry)
			expiring := on.CreateKey(account.ID, "expiring", start.Add(time.Hour))
			clock.Advance(30 * time.Minute)
			_, err := clientWith(t, on.endpoint, used.Value).Me(t.Context())
			fatal(t, err)
			p := talk(t, on, provider.WithNow(clock.Now))
			read := func() []object {
				return p.data("signoz_service_account_keys", `{"service_account_id": `+quote(account.ID)+`}`).objects("keys")
			}

			keys := read()
			equal(t, "keys", len(keys), 3)
			equal(t, "key that expires", keys[0].json(), fmt.Sprintf(
				`{"created_at":"2026-03-01T12:00:00Z","expired":false,"expires_at":"2026-03-01T13:00:00Z","id":%q,"last_used_at":null,"name":"expiring","retired":false}`, expiring.ID))
			equal(t, "key that doesn't expire", keys[1].json(), fmt.Sprintf(
				`{"created_at":"2026-03-01T12:00:00Z","expired":false,"expires_at":null,"id":%q,"last_used_at":null,"name":"never","retired":false}`, never.ID))
			equal(t, "key in use", keys[2].json(), fmt.Sprintf(
				`{"created_at":"2026-03-01T12:00:00Z","expired":false,"expires_at":"2026-03-03T12:00:00Z","id":%q,"last_used_at":"2026-03-01T12:30:00Z","name":"used","retired":false}`, used.ID))

			clock.Advance(30*time.Minute + time.Second)
			equal(t, "works", on.KeyWorks(expiring.Value), false)
			equal(t, "expired", read()[0].at("expired"), "true")
		})
	}
}

func TestKeysDataSource_tellsRetiredKeys(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := signoztest.NewClock(start)
	on := embeddedOnly(t, signoztest.WithClock(clock))
	account := on.CreateAccount("ci")
	for name, expiresAt := range map[string]time.Time{
		"deploy":                             start.Add(time.Hour),
		"deploy-retired-abcdefghijkl":        start.Add(time.Hour),
		"deploy-retired-mnopqrstuvwx":        start.Add(time.Second),
		"nightly-retired-abcdefghijkl":       noExpiry, // somebody needed it for longer
		"retired":                            start.Add(time.Hour),
		"ci-abcdefghijkl-retired-mnopqrstuv": start.Add(time.Hour),
	} {
		on.CreateKey(account.ID, name, expiresAt)
	}
	clock.Advance(time.Minute)
	p := talk(t, on, provider.WithNow(clock.Now))
	retired := ""
	for _, key := range p.data("signoz_service_account_keys", `{"service_account_id": `+quote(account.ID)+`}`).objects("keys") {
		if key.at("retired") == "true" {
			retired += key.text("name") + " (expired: " + key.at("expired") + ") "
		}
	}
	equal(t, "retired keys", retired, "deploy-retired-abcdefghijkl (expired: false) deploy-retired-mnopqrstuvwx (expired: true) ")
}

func TestKeysDataSource_refuses(t *testing.T) {
	on := embeddedOnly(t)
	on.CreateAccount("ci")
	p := talk(t, on)
	p.refused("isn't the id of a service account", "data.signoz_service_account.NAME.id").data("signoz_service_account_keys", `{"service_account_id": "ci"}`)
	equal(t, "requests", on.CountRequests("", ""), 0)
	p.refused("No service account has the id 0199fa0c-0000-7000-8000-000000000000", "service_account_id").
		data("signoz_service_account_keys", `{"service_account_id": "0199fa0c-0000-7000-8000-000000000000"}`)
}

// An audit over all accounts, deleted ones included, doesn't fail on those.
func TestKeysDataSource_deletedAccount(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	on.CreateKey(account.ID, "k", noExpiry)
	on.DeleteAccount(account.ID)
	equal(t, "keys", talk(t, on).data("signoz_service_account_keys", `{"service_account_id": `+quote(account.ID)+`}`).at("keys"), "[]")
}

// The audit that the guide shows: which keys of which accounts have expired.
func TestAccDataSources_auditOfTheGuide(t *testing.T) {
	on := oneTarget(t)
	name := letters("audit")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_5_0)}, // check blocks
		Steps: []resource.TestStep{{
			Config: on.provider() + fmt.Sprintf(`
resource "signoz_service_account" "ci" {
  name = %q
}

resource "signoz_service_account_key" "dated" {
  service_account_id = signoz_service_account.ci.id
  name               = "dated"
  valid_for          = "30d"
}

data "signoz_me" "self" {}

data "signoz_service_account" "ci" {
  name = signoz_service_account.ci.name
}

data "signoz_service_accounts" "all" {
  name_regex = "^${signoz_service_account.ci.name}$"
  depends_on = [signoz_service_account.ci]
}

data "signoz_service_account_keys" "ci" {
  service_account_id = signoz_service_account_key.dated.service_account_id
  depends_on         = [signoz_service_account_key.dated]
}

data "signoz_roles" "all" {}

check "keys_expire" {
  assert {
    condition     = alltrue([for key in data.signoz_service_account_keys.ci.keys : key.expires_at != null && !key.expired])
    error_message = "A key never expires, or has expired."
  }
}

output "role_names" {
  value = data.signoz_roles.all.roles[*].name
}
`, name),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.signoz_me.self", tfjsonpath.New("status"), knownvalue.StringExact("active")),
				statecheck.ExpectKnownValue("data.signoz_service_account.ci", tfjsonpath.New("name"), knownvalue.StringExact(name)),
				statecheck.ExpectKnownValue("data.signoz_service_account.ci", tfjsonpath.New("roles"), knownvalue.SetSizeExact(0)),
				statecheck.ExpectKnownValue("data.signoz_service_accounts.all", tfjsonpath.New("service_accounts").AtSliceIndex(0).AtMapKey("name"), knownvalue.StringExact(name)),
				statecheck.ExpectKnownValue("data.signoz_service_account_keys.ci", tfjsonpath.New("keys").AtSliceIndex(0).AtMapKey("name"), knownvalue.StringExact("dated")),
				statecheck.ExpectKnownValue("data.signoz_service_account_keys.ci", tfjsonpath.New("keys").AtSliceIndex(0).AtMapKey("last_used_at"), knownvalue.Null()),
				statecheck.ExpectKnownOutputValue("role_names", knownvalue.ListPartial(map[int]knownvalue.Check{0: knownvalue.StringExact("signoz-admin")})),
			},
		}},
	})
}
