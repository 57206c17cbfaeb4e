// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// The cases of known_cases_test.go in which it is the CLI's own behavior that matters, in
// the real CLI.

// rotates is the documented example of a rotation, whose create_before_destroy Terraform
// passes on from the key to its account.
func (on target) rotates(name string) string {
	return on.account(name, `roles = ["signoz-viewer"]`) + `
resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name_prefix        = "deploy-"
  valid_for          = "90d"
  rotate_before      = "14d"
  lifecycle {
    create_before_destroy = true
  }
}
`
}

func TestAccAccount_halfMadeUnderCreateBeforeDestroy(t *testing.T) {
	on := embeddedOnly(t)
	name := letters("half")
	config := on.rotates(name)
	acceptance(t,
		resource.TestStep{
			PreConfig: func() {
				on.Inject(signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_account_roles", Answer: signoztest.Status(http.StatusForbidden)})
			},
			Config:      config,
			ExpectError: unwrapped(`deleted again`),
		},
		resource.TestStep{PreConfig: on.ClearFaults, Config: config},
		resource.TestStep{Config: config, ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			Config:      config,
			Taint:       []string{accountAddress},
			ExpectError: unwrapped(`terraform untaint`),
		},
	)
}

func TestAccRole_lostAnswerUnderCreateBeforeDestroy(t *testing.T) {
	on := embeddedOnly(t)
	id := on.CreateAccount("host").ID
	config := on.provider() + fmt.Sprintf(`
resource "signoz_service_account_role" "viewer" {
  service_account_id = %q
  role               = "signoz-viewer"
  lifecycle {
    create_before_destroy = true
  }
}
`, id)
	acceptance(t,
		resource.TestStep{
			PreConfig: func() {
				on.Inject(signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_account_roles", CarriedOut: true, Answer: signoztest.Reset})
			},
			Config: config,
		},
		resource.TestStep{PreConfig: on.ClearFaults, Config: config, ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
	)
}

// An account id that is known only during the apply ends no key and takes no role: they
// stay if it comes out the same, and move, the old value with its grace period, if not.
func TestAccKey_unknownAccount(t *testing.T) {
	on := oneTarget(t)
	client := on.client(t)
	var ids []string
	for range 2 {
		id, err := client.CreateServiceAccount(t.Context(), letters("unknown"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.DeleteServiceAccount(t.Context(), id) })
		ids = append(ids, id)
	}
	config := func(id, trigger string) string {
		return on.provider() + fmt.Sprintf(`
resource "terraform_data" "account" {
  input            = %q
  triggers_replace = %q
}

resource "signoz_service_account_key" "deploy" {
  service_account_id   = terraform_data.account.output
  name                 = "deploy"
  destroy_grace_period = "1h"
}

resource "signoz_service_account_role" "viewer" {
  service_account_id = terraform_data.account.output
  role               = "signoz-viewer"
}
`, id, trigger)
	}
	const key, role = "signoz_service_account_key.deploy", "signoz_service_account_role.viewer"
	keys := func(account string) []signoz.Key {
		t.Helper()
		found, err := on.client(t).Keys(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	var before string
	acceptance(t,
		resource.TestStep{Config: config(ids[0], "1"), Check: func(*tfState) error { before = keys(ids[0])[0].ID; return nil }},
		resource.TestStep{
			Config:           config(ids[0], "2"),
			ConfigPlanChecks: planned(action(key, plancheck.ResourceActionUpdate), action(role, plancheck.ResourceActionUpdate)),
			Check: func(*tfState) error {
				if now := keys(ids[0]); len(now) != 1 || now[0].ID != before || !now[0].ExpiresAt.IsZero() {
					return fmt.Errorf("the key %s became %+v", before, now)
				}
				return nil
			},
		},
		resource.TestStep{
			Config:           config(ids[1], "3"),
			ConfigPlanChecks: planned(action(key, plancheck.ResourceActionUpdate), action(role, plancheck.ResourceActionUpdate)),
			Check: func(*tfState) error {
				old, made := keys(ids[0]), keys(ids[1])
				if len(old) != 1 || len(made) != 1 || made[0].Name != "deploy" || time.Until(old[0].ExpiresAt) > time.Hour+time.Minute {
					return fmt.Errorf("the old account has %+v, the new one %+v", old, made)
				}
				return nil
			},
		},
		resource.TestStep{Config: config(ids[1], "3"), ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
	)
}
