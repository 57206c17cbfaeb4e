// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// The main job, with the real CLI: an account with roles and a key, which signs another
// provider in, and whose name and expiry change in place with the same value.
func TestAccLifecycle_changesInPlace(t *testing.T) {
	on := oneTarget(t)
	name, renamed, shared := letters("ci"), letters("ci-renamed"), letters("shared")
	tomorrow := fmt.Sprintf("\n  expires_at = %q", rfc3339(time.Now().Add(24*time.Hour)))
	managed := func(account, role, key string) string {
		return on.provider() + fmt.Sprintf(`
resource "signoz_service_account" "ci" {
  name  = %q
  roles = [%q]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name               = %s
}

resource "signoz_service_account" "shared" {
  name = %q
}

resource "signoz_service_account_role" "viewer" {
  service_account_id = signoz_service_account.shared.id
  role               = "signoz-viewer"
}
`, account, role, key, shared)
	}
	consumer := fmt.Sprintf(`
provider "consumer" {
  endpoint = %q
  api_key  = signoz_service_account_key.deploy.key
}

data "signoz_me" "ci" {
  provider   = consumer
  depends_on = [signoz_service_account_key.deploy]
}
`, on.endpoint)
	const account, key, role = accountKind + ".ci", keyKind + ".deploy", roleKind + ".viewer"
	sameValue, sameID := statecheck.CompareValue(compare.ValuesSame()), statecheck.CompareValue(compare.ValuesSame())
	same := func(more ...statecheck.StateCheck) []statecheck.StateCheck {
		return append(more, sameValue.AddStateValue(key, tfjsonpath.New("key")), sameID.AddStateValue(account, tfjsonpath.New("id")))
	}
	planned := func(ofAccount, ofKey plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(account, ofAccount), plancheck.ExpectResourceAction(key, ofKey), plancheck.ExpectResourceAction(role, plancheck.ResourceActionNoop),
		}}
	}
	imports := managed(renamed, "signoz-editor", `"deploy-renamed"`+tomorrow) // the consumer's key isn't known in an import

	acceptance(t,
		resource.TestStep{
			Config: managed(name, "signoz-viewer", `"deploy"`) + consumer,
			ConfigStateChecks: same(
				statecheck.ExpectKnownValue("data.signoz_me.ci", tfjsonpath.New("name"), knownvalue.StringExact(name)),
				statecheck.ExpectKnownValue(key, tfjsonpath.New("expires_at"), knownvalue.Null()),
				statecheck.ExpectSensitiveValue(key, tfjsonpath.New("key")),
			),
		},
		resource.TestStep{
			Config:            managed(name, "signoz-viewer", `"deploy-renamed"`+tomorrow) + consumer,
			ConfigPlanChecks:  planned(plancheck.ResourceActionNoop, plancheck.ResourceActionUpdate),
			ConfigStateChecks: same(),
		},
		resource.TestStep{
			Config:            managed(renamed, "signoz-editor", `"deploy-renamed"`+tomorrow) + consumer,
			ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate, plancheck.ResourceActionNoop),
			ConfigStateChecks: same(),
		},
		resource.TestStep{Config: imports, ResourceName: account, ImportState: true, ImportStateVerify: true},
		resource.TestStep{
			Config: imports, ResourceName: key, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"key"},
			ImportStateId: renamed + "/deploy-renamed",
		},
		resource.TestStep{Config: imports, ResourceName: role, ImportState: true, ImportStateVerify: true, ImportStateId: shared + "/signoz-viewer"},
	)
}

// The same on each version, in smaller steps.
func TestLifecycle_onEachVersion(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version), stoppedClock())
			w := onClock(t, on)
			config := func(name, role, key string) []block {
				return []block{
					{address: "account", kind: accountKind, attributes: fmt.Sprintf(`"name": %q, "roles": [%q]`, name, role)},
					{address: "key", kind: keyKind, parent: "account", attributes: key},
				}
			}
			w.applies(config("ci", "signoz-viewer", `"name": "deploy"`), "account: create", "key: create")
			account, key := w.state["account"], w.state["key"]
			me := unconfigured(t)
			me.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + key.at("key") + `}`)
			equal(t, "the key signs in", me.data("signoz_me", `{}`).text("name"), "ci")

			dated := func(at time.Time) string {
				return fmt.Sprintf(`"name": "deploy", "expires_at": %q`, at.Format(time.RFC3339))
			}
			later, latest := on.Clock().Now().Add(24*time.Hour), on.Clock().Now().Add(48*time.Hour)
			w.applies(config("ci", "signoz-viewer", dated(later)), "key: update")
			w.applies(config("ci", "signoz-viewer", dated(latest)), "key: update")
			w.emptyPlan(config("ci", "signoz-viewer", dated(latest.In(time.FixedZone("", 5*3600+1800)))), conditions{})
			w.applies(config("ci", "signoz-viewer", `"name": "deploy"`), "key: update")
			w.applies(config("ci", "signoz-viewer", `"name": "deploy-renamed"`), "key: update")
			w.applies(config("ci-renamed", "signoz-editor", `"name": "deploy-renamed"`), "account: update")
			equal(t, "the account is the same", w.state["account"].text("id"), account.text("id"))
			equal(t, "the value is the same", w.state["key"].text("key"), key.text("key"))
			equal(t, "the value works", on.KeyWorks(key.text("key")), true)

			imported := talk(t, on)
			equal(t, "the imported account", imported.importID(accountKind, "ci-renamed").json(), w.state["account"].json())
			equal(t, "the imported key", imported.importID(keyKind, "ci-renamed/deploy-renamed").text("id"), key.text("id"))
			w.applies(nil, "account: delete", "key: delete")
			equal(t, "accounts left", len(on.ActiveAccounts()), 1)
		})
	}
}
