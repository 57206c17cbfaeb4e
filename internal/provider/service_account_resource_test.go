// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const accountAddress = "signoz_service_account.ci"

// account is the configuration of one account; extra holds its other attributes.
func (on target) account(name, extra string) string {
	return on.provider() + fmt.Sprintf("resource \"signoz_service_account\" \"ci\" {\n  name = %q\n  %s\n}\n", name, extra)
}

func planned(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

func action(address string, a plancheck.ResourceActionType) plancheck.PlanCheck {
	return plancheck.ExpectResourceAction(address, a)
}

// findActive asks the target for the active account of that name.
func (on target) findActive(t *testing.T, name string) (*signoz.ServiceAccount, bool) {
	t.Helper()
	client := on.client(t)
	accounts, err := client.ServiceAccounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range accounts {
		if accounts[i].Name == name && !accounts[i].Deleted() {
			account, err := client.ServiceAccount(t.Context(), accounts[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			return account, true
		}
	}
	return nil, false
}

func (on target) mustFind(t *testing.T, name string) *signoz.ServiceAccount {
	t.Helper()
	account, ok := on.findActive(t, name)
	if !ok {
		t.Fatalf("no active account is named %q", name)
	}
	return account
}

func (on target) expectRoles(t *testing.T, name string, want ...string) {
	t.Helper()
	var held []string
	for _, b := range on.mustFind(t, name).Bindings {
		held = append(held, b.Role.Name)
	}
	slices.Sort(held)
	if !slices.Equal(held, want) {
		t.Errorf("account %q holds %v, want %v", name, held, want)
	}
}

// elsewhere gives an account a role as somebody in the web UI does.
func (on target) grantElsewhere(t *testing.T, name, role string) {
	t.Helper()
	if _, err := on.client(t).GrantRole(t.Context(), on.mustFind(t, name).ID, role); err != nil {
		t.Fatal(err)
	}
}

func roles(names ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(names))
	for i, n := range names {
		checks[i] = knownvalue.StringExact(n)
	}
	return knownvalue.SetExact(checks)
}

func TestAccServiceAccount_rolesManaged(t *testing.T) {
	on := oneTarget(t)
	if version, err := on.client(t).ServerVersion(t.Context()); err == nil && version.OneRoleOnly() {
		t.Skipf("SigNoz %s keeps one role per account", version)
	}
	name := letters("roles")
	both := on.account(name, `roles = ["signoz-viewer", "signoz-editor"]`)
	acceptance(t,
		resource.TestStep{Config: both, Check: func(*tfState) error { on.expectRoles(t, name, "signoz-editor", "signoz-viewer"); return nil }},
		resource.TestStep{
			// Granted elsewhere: drift, and taken away again.
			PreConfig:        func() { on.grantElsewhere(t, name, "signoz-admin") },
			Config:           both,
			ConfigPlanChecks: planned(action(accountAddress, plancheck.ResourceActionUpdate)),
			Check:            func(*tfState) error { on.expectRoles(t, name, "signoz-editor", "signoz-viewer"); return nil },
		},
		resource.TestStep{
			Config:            on.account(name, `roles = []`),
			ConfigPlanChecks:  planned(action(accountAddress, plancheck.ResourceActionUpdate)),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(accountAddress, tfjsonpath.New("roles"), roles())},
			Check:             func(*tfState) error { on.expectRoles(t, name); return nil },
		},
	)
}

func TestAccServiceAccount_rolesLeftOut(t *testing.T) {
	on := oneTarget(t)
	name := letters("unmanaged")
	without, viewer := on.account(name, ""), on.account(name, `roles = ["signoz-viewer"]`)
	null := []statecheck.StateCheck{statecheck.ExpectKnownValue(accountAddress, tfjsonpath.New("roles"), knownvalue.Null())}
	acceptance(t,
		resource.TestStep{Config: without, ConfigStateChecks: null},
		resource.TestStep{
			// Granted elsewhere: none of Terraform's business.
			PreConfig:        func() { on.grantElsewhere(t, name, "signoz-editor") },
			Config:           without,
			ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan()),
		},
		resource.TestStep{
			Config:           viewer,
			ConfigPlanChecks: planned(action(accountAddress, plancheck.ResourceActionUpdate)),
			Check:            func(*tfState) error { on.expectRoles(t, name, "signoz-viewer"); return nil },
		},
		resource.TestStep{
			// Giving up managing them leaves them as they are.
			Config:            without,
			ConfigPlanChecks:  planned(action(accountAddress, plancheck.ResourceActionUpdate)),
			ConfigStateChecks: null,
			Check:             func(*tfState) error { on.expectRoles(t, name, "signoz-viewer"); return nil },
		},
	)
}

func TestAccServiceAccount_changedElsewhere(t *testing.T) {
	on := oneTarget(t)
	name := letters("drift")
	config := on.account(name, "")
	acceptance(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				if err := on.client(t).RenameServiceAccount(t.Context(), on.mustFind(t, name).ID, letters("other")); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: planned(action(accountAddress, plancheck.ResourceActionUpdate)),
			Check:            func(*tfState) error { on.mustFind(t, name); return nil },
		},
		resource.TestStep{
			// Deleted in the web UI, which keeps a deleted account for its own list.
			PreConfig: func() {
				if err := on.client(t).DeleteServiceAccount(t.Context(), on.mustFind(t, name).ID); err != nil {
					t.Fatal(err)
				}
			},
			Config:           config,
			ConfigPlanChecks: planned(action(accountAddress, plancheck.ResourceActionCreate)),
			Check:            func(*tfState) error { on.mustFind(t, name); return nil },
		},
	)
	if _, ok := on.findActive(t, name); ok {
		t.Errorf("account %q outlived the test", name)
	}
}

// Roles that an import found and that the configuration leaves out are shown as null, which
// is said once; nothing is taken away.
func TestAccAccount_importLeavesRolesAlone(t *testing.T) {
	on := oneTarget(t)
	name := letters("byhand")
	if _, err := on.client(t).CreateServiceAccount(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	on.grantElsewhere(t, name, "signoz-viewer")
	acceptance(t, resource.TestStep{
		Config:           on.account(name, "") + fmt.Sprintf("import {\n  to = signoz_service_account.ci\n  id = %q\n}\n", name),
		ConfigPlanChecks: planned(action(accountAddress, plancheck.ResourceActionUpdate)),
		Check:            func(*tfState) error { on.expectRoles(t, name, "signoz-viewer"); return nil },
	})
}

// Importing with import blocks, by name and by id, needs no apply that changes anything.
func TestAccServiceAccount_importBlock(t *testing.T) {
	on := oneTarget(t)
	client := on.client(t)
	name := letters("byhand")
	id, err := client.CreateServiceAccount(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	on.grantElsewhere(t, name, "signoz-viewer")
	created, err := client.CreateKey(t.Context(), id, signoz.NewKey{Name: "deploy", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	acceptance(t, resource.TestStep{
		Config: on.account(name, `roles = ["signoz-viewer"]`) + fmt.Sprintf(`
import {
  to = signoz_service_account.ci
  id = %[1]q
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name               = "deploy"
  expires_at         = %[3]q
}

import {
  to = signoz_service_account_key.deploy
  id = "%[1]s/%[2]s"
}
`, name, created.ID, time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339)),
		ConfigPlanChecks: planned(
			action(accountAddress, plancheck.ResourceActionNoop),
			action("signoz_service_account_key.deploy", plancheck.ResourceActionUpdate),
		),
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(accountAddress, tfjsonpath.New("id"), knownvalue.StringExact(id)),
			statecheck.ExpectKnownValue(accountAddress, tfjsonpath.New("roles"), roles("signoz-viewer")),
			statecheck.ExpectKnownValue("signoz_service_account_key.deploy", tfjsonpath.New("id"), knownvalue.StringExact(created.ID)),
			statecheck.ExpectKnownValue("signoz_service_account_key.deploy", tfjsonpath.New("key"), knownvalue.Null()),
		},
		Check: func(*tfState) error {
			// The value somebody holds since before Terraform goes on working.
			_, err := clientWith(t, on.endpoint, created.Value).Me(t.Context())
			return err
		},
	})
}

// A server that keeps one role per account gets a clear error for a second one,
// and the account keeps a role throughout.
func TestAccServiceAccount_oneRoleServer(t *testing.T) {
	t.Parallel()
	for _, reported := range []string{"v0.118.0", "<unset>"} {
		t.Run(reported, func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion(reported))
			name := letters("one")
			viewer, both := on.account(name, `roles = ["signoz-viewer"]`), on.account(name, `roles = ["signoz-editor", "signoz-viewer"]`)
			step := resource.TestStep{Config: both, ExpectError: unwrapped(`allows one role per service account`)}
			if reported != "<unset>" {
				step.PlanOnly = true // told in the plan where the server knows its version
			}
			acceptance(t,
				resource.TestStep{Config: viewer},
				step,
				resource.TestStep{
					PreConfig:        func() { on.expectRoles(t, name, "signoz-viewer") },
					Config:           viewer,
					ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan()),
				},
				resource.TestStep{
					Config: on.account(name, `roles = ["signoz-editor"]`),
					Check:  func(*tfState) error { on.expectRoles(t, name, "signoz-editor"); return nil },
				},
			)
		})
	}
}

// A create that fails half-way leaves nothing behind, and the next apply simply creates.
func TestAccServiceAccount_partialCreate(t *testing.T) {
	on := embeddedOnly(t)
	name := letters("partial")
	config := on.account(name, `roles = ["signoz-viewer"]`)
	acceptance(t,
		resource.TestStep{
			PreConfig: func() {
				on.Inject(signoztest.Fault{Method: "POST", Path: "/api/v1/service_account_roles", Answer: signoztest.Status(400)})
			},
			Config:      config,
			ExpectError: unwrapped(`couldn't be completed, so it was deleted again`),
		},
		resource.TestStep{
			PreConfig: on.ClearFaults,
			Config:    config,
			Check: func(*tfState) error {
				on.expectRoles(t, name, "signoz-viewer")
				if n := len(on.ActiveAccounts()); n != 2 { // this one and Terraform's own
					return fmt.Errorf("%d active accounts, want 2", n)
				}
				return nil
			},
		},
	)
}

// Custom roles are unassigned before their account is deleted: SigNoz could
// never delete such a role again.
func TestAccServiceAccount_customRole(t *testing.T) {
	on := embeddedOnly(t)
	role := on.CreateCustomRole("deployers")
	acceptance(t, resource.TestStep{Config: on.account(letters("custom"), `roles = ["deployers", "signoz-viewer"]`)})
	if err := on.DeleteCustomRole(role); err != nil {
		t.Errorf("the custom role is stuck: %v", err)
	}
}

func TestAccServiceAccount_nameConflict(t *testing.T) {
	on := oneTarget(t)
	client := on.client(t)
	taken, renamed := letters("taken"), letters("renamed")
	for _, name := range []string{taken, renamed} {
		id, err := client.CreateServiceAccount(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.DeleteServiceAccount(context.Background(), id) }) //nolint:usetesting // t.Context() is over then
		if name == renamed {
			if err := client.RenameServiceAccount(t.Context(), id, letters("since")); err != nil {
				t.Fatal(err)
			}
		}
	}
	acceptance(t,
		resource.TestStep{Config: on.account(taken, ""), ExpectError: unwrapped(`An active account with this name exists already, with the id .* terraform import ADDRESS`)},
		resource.TestStep{Config: on.account(renamed, ""), ExpectError: unwrapped(`had it before it was renamed, and keeps the email address`)},
	)
}

// unwrapped matches a text although Terraform breaks its lines anywhere.
func unwrapped(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)` + strings.ReplaceAll(pattern, " ", `[\s│]+`))
}
