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
)

// The main job, on every version: an account with a role and a key, whose
// expiry moves in place with the same value; what was changed elsewhere shows
// up in the plan.
func TestAccLifecycle(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		name, renamed := letters("ci"), letters("ci-renamed")
		later, latest := time.Now().Add(24*time.Hour).UTC().Truncate(time.Second), time.Now().Add(48*time.Hour).UTC().Truncate(time.Second)
		managed := func(name, role string, key string) string {
			return on.provider() + fmt.Sprintf(`
resource "signoz_service_account" "ci" {
  name  = %q
  roles = [%q]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  %s
}
`, name, role, key)
		}
		config := func(name, role string, key string) string {
			return managed(name, role, key) + fmt.Sprintf(`
provider "consumer" {
  endpoint = %q
  api_key  = signoz_service_account_key.deploy.key
}

data "signoz_me" "ci" {
  provider   = consumer
  depends_on = [signoz_service_account_key.deploy]
}
`, on.endpoint)
		}
		const account, key = "signoz_service_account.ci", "signoz_service_account_key.deploy"
		sameValue := statecheck.CompareValue(compare.ValuesSame())
		sameID := statecheck.CompareValue(compare.ValuesSame())
		same := func(more ...statecheck.StateCheck) []statecheck.StateCheck {
			return append(more, sameValue.AddStateValue(key, tfjsonpath.New("key")), sameID.AddStateValue(account, tfjsonpath.New("id")))
		}
		updated := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(key, plancheck.ResourceActionUpdate),
			plancheck.ExpectResourceAction(account, plancheck.ResourceActionNoop),
		}}
		noop := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
		dated := func(at time.Time) string {
			return fmt.Sprintf("name = \"deploy\"\n  expires_at = %q", at.Format(time.RFC3339))
		}

		acceptance(t,
			resource.TestStep{
				Config: config(name, "signoz-viewer", `name = "deploy"`),
				ConfigStateChecks: same(
					statecheck.ExpectKnownValue("data.signoz_me.ci", tfjsonpath.New("name"), knownvalue.StringExact(name)),
					statecheck.ExpectKnownValue(key, tfjsonpath.New("expires_at"), knownvalue.Null()),
					statecheck.ExpectSensitiveValue(key, tfjsonpath.New("key")),
				),
			},
			resource.TestStep{Config: config(name, "signoz-viewer", `name = "deploy"`), ConfigPlanChecks: noop},
			resource.TestStep{Config: config(name, "signoz-viewer", dated(later)), ConfigPlanChecks: updated, ConfigStateChecks: same()},
			resource.TestStep{Config: config(name, "signoz-viewer", dated(latest)), ConfigPlanChecks: updated, ConfigStateChecks: same()},
			resource.TestStep{Config: config(name, "signoz-viewer", dated(latest.In(time.FixedZone("", 3600*5+1800)))), ConfigPlanChecks: noop},
			resource.TestStep{Config: config(name, "signoz-viewer", `name = "deploy"`), ConfigPlanChecks: updated, ConfigStateChecks: same()},
			resource.TestStep{Config: config(name, "signoz-viewer", `name = "deploy-renamed"`), ConfigPlanChecks: updated, ConfigStateChecks: same()},
			resource.TestStep{
				Config: config(renamed, "signoz-editor", `name = "deploy-renamed"`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(account, plancheck.ResourceActionUpdate),
					plancheck.ExpectResourceAction(key, plancheck.ResourceActionNoop),
				}},
				ConfigStateChecks: same(),
			},
			resource.TestStep{Config: config(renamed, "signoz-editor", `name = "deploy-renamed"`), ConfigPlanChecks: noop},
			resource.TestStep{
				ResourceName: account, ImportState: true, ImportStateVerify: true, Config: managed(renamed, "signoz-editor", `name = "deploy-renamed"`),
			},
			resource.TestStep{
				ResourceName: key, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"key"},
				ImportStateId: renamed + "/deploy-renamed", Config: managed(renamed, "signoz-editor", `name = "deploy-renamed"`),
			},
		)
	})
}
