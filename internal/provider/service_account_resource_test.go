// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// account is the configuration of one account; more are its attributes besides the name.
func account(name, more string) []block {
	return []block{{address: "account", kind: accountKind, attributes: `"name": ` + quote(name) + more}}
}

// accountName returns a name for an account of the test. A real server is left without it.
func (on target) accountName(t *testing.T, prefix string) string {
	t.Helper()
	name := letters(prefix)
	if on.Server == nil {
		client, ctx := on.client(t), context.WithoutCancel(t.Context())
		t.Cleanup(func() {
			accounts, err := client.ServiceAccounts(ctx)
			for _, left := range accounts {
				if err == nil && left.Name == name && !left.Deleted() {
					err = client.DeleteServiceAccount(ctx, left.ID)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	return name
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

// grantElsewhere gives an account a role as somebody in the web UI does.
func (on target) grantElsewhere(t *testing.T, name, role string) {
	t.Helper()
	if _, err := on.client(t).GrantRole(t.Context(), on.mustFind(t, name).ID, role); err != nil {
		t.Fatal(err)
	}
}

// Roles that the configuration names are all that the account has: what others grant is
// drift, and taken away again.
func TestAccAccount_ownsItsRoles(t *testing.T) {
	on := oneTarget(t)
	if version, err := on.client(t).ServerVersion(t.Context()); err == nil && version.OneRoleOnly() {
		t.Skipf("SigNoz %s allows one role per account", version)
	}
	name, w := on.accountName(t, "roles"), newWorkingDir(t, on, 10)
	both, none := account(name, `, "roles": ["signoz-viewer", "signoz-editor"]`), account(name, `, "roles": []`)

	w.applies(both, "account: create")
	on.expectRoles(t, name, "signoz-editor", "signoz-viewer")
	on.grantElsewhere(t, name, "signoz-admin")
	w.applies(both, "account: update")
	on.expectRoles(t, name, "signoz-editor", "signoz-viewer")
	w.applies(none, "account: update")
	on.expectRoles(t, name)
	equal(t, "the roles in the state", w.state["account"].at("roles"), "[]")
	w.applies(nil, "account: delete")
}

// Roles that the configuration leaves out are none of Terraform's business, also after they
// were managed.
func TestAccAccount_leavesRolesAlone(t *testing.T) {
	on := oneTarget(t)
	name, w := on.accountName(t, "unmanaged"), newWorkingDir(t, on, 10)
	without := account(name, "")

	w.applies(without, "account: create")
	equal(t, "the roles in the state", w.state["account"].at("roles"), "null")
	on.grantElsewhere(t, name, "signoz-editor")
	w.emptyPlan(without, conditions{})
	w.applies(account(name, `, "roles": ["signoz-viewer"]`), "account: update")
	on.expectRoles(t, name, "signoz-viewer")
	w.applies(without, "account: update")
	on.expectRoles(t, name, "signoz-viewer")
	equal(t, "the roles in the state", w.state["account"].at("roles"), "null")
	w.applies(nil, "account: delete")
}

func TestAccAccount_changedElsewhere(t *testing.T) {
	on := oneTarget(t)
	name, w := on.accountName(t, "drift"), newWorkingDir(t, on, 10)
	client := on.client(t)

	w.applies(account(name, ""), "account: create")
	fatal(t, client.RenameServiceAccount(t.Context(), on.mustFind(t, name).ID, letters("other")))
	w.applies(account(name, ""), "account: update")
	// Deleted in the web UI, which keeps a deleted account for its own list.
	fatal(t, client.DeleteServiceAccount(t.Context(), on.mustFind(t, name).ID))
	w.applies(account(name, ""), "account: create")
	equal(t, "the account's id", w.state["account"].text("id"), on.mustFind(t, name).ID)
	w.applies(nil, "account: delete")
	if _, ok := on.findActive(t, name); ok {
		t.Errorf("account %q outlived the test", name)
	}
}

// Roles that an import found and that the configuration leaves out are shown as null, which
// is said once; nothing is taken away.
func TestAccAccount_importLeavesRolesAlone(t *testing.T) {
	on := oneTarget(t)
	name, w := on.accountName(t, "byhand"), newWorkingDir(t, on, 10)
	_, err := on.client(t).CreateServiceAccount(t.Context(), name)
	fatal(t, err)
	on.grantElsewhere(t, name, "signoz-viewer")
	imported := conditions{imports: map[string]string{"account": name}}
	actions, failed := w.changes(t.Context(), account(name, ""), imported)
	succeeded(t, failed)
	equal(t, "the plan", actions["account"], "update")
	succeeded(t, w.apply(t.Context(), account(name, ""), imported))
	on.expectRoles(t, name, "signoz-viewer")
	w.emptyPlan(account(name, ""), conditions{})
}

// Importing an account and its key by their ids changes nothing but what the configuration
// says otherwise, and the value that somebody holds since before Terraform works on.
func TestAccAccount_importsWithItsKey(t *testing.T) {
	on := oneTarget(t)
	client := on.client(t)
	name, w := on.accountName(t, "byhand"), newWorkingDir(t, on, 10)
	id, err := client.CreateServiceAccount(t.Context(), name)
	fatal(t, err)
	on.grantElsewhere(t, name, "signoz-viewer")
	created, err := client.CreateKey(t.Context(), id, signoz.NewKey{Name: "deploy", ExpiresAt: time.Now().Add(time.Hour)})
	fatal(t, err)
	blocks := append(account(name, `, "roles": ["signoz-viewer"]`),
		block{address: "key", kind: keyKind, parent: "account", attributes: `"name": "deploy", "expires_at": ` + quote(rfc3339(time.Now().Add(2*time.Hour)))})
	imported := conditions{imports: map[string]string{"account": id, "key": id + "/" + created.ID}}

	actions, failed := w.changes(t.Context(), blocks, imported)
	succeeded(t, failed)
	equal(t, "the plan for the account", actions["account"], "")
	equal(t, "the plan for the key", actions["key"], "update")
	succeeded(t, w.apply(t.Context(), blocks, imported))
	equal(t, "the account", w.state["account"].text("id"), id)
	equal(t, "the key", w.state["key"].text("id"), created.ID)
	equal(t, "the key's value", w.state["key"].at("key"), "null")
	_, err = clientWith(t, on.endpoint, created.Value).Me(t.Context())
	fatal(t, err)
}

// A server that allows one role per account gets a clear error for a second one,
// and the account keeps a role throughout.
func TestAccount_oneRoleServer(t *testing.T) {
	t.Parallel()
	for _, reported := range []string{"v0.118.0", "<unset>"} {
		t.Run(reported, func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion(reported))
			w := newWorkingDir(t, on, 10)
			both := account("ci", `, "roles": ["signoz-editor", "signoz-viewer"]`)
			w.applies(account("ci", `, "roles": ["signoz-viewer"]`), "account: create")
			failed := w.apply(t.Context(), both, conditions{})
			if len(failed) != 1 || !strings.Contains(failed[0].String(), "allows one role per service account") {
				t.Errorf("the error should say that there is one role: %v", failed)
			}
			if inPlan := len(failed) == 1 && failed[0].phase == "plan"; inPlan != (reported != "<unset>") {
				t.Errorf("refused in the plan: %t", inPlan)
			}
			on.expectRoles(t, "ci", "signoz-viewer")
			w.emptyPlan(account("ci", `, "roles": ["signoz-viewer"]`), conditions{})
			w.applies(account("ci", `, "roles": ["signoz-editor"]`), "account: update")
			on.expectRoles(t, "ci", "signoz-editor")
		})
	}
}

// Custom roles are unassigned before their account is deleted: SigNoz could
// never delete such a role again.
func TestAccount_deletedWithACustomRole(t *testing.T) {
	on := embeddedOnly(t)
	role, w := on.CreateCustomRole("deployers"), newWorkingDir(t, on, 10)
	w.applies(account("custom", `, "roles": ["deployers", "signoz-viewer"]`), "account: create")
	w.applies(nil, "account: delete")
	if err := on.DeleteCustomRole(role); err != nil {
		t.Errorf("the custom role is stuck: %v", err)
	}
}

func TestAccAccount_nameConflict(t *testing.T) {
	on := oneTarget(t)
	client, p := on.client(t), talk(t, on)
	taken, renamed, since := on.accountName(t, "taken"), on.accountName(t, "renamed"), on.accountName(t, "since")
	_, err := client.CreateServiceAccount(t.Context(), taken)
	fatal(t, err)
	id, err := client.CreateServiceAccount(t.Context(), renamed)
	fatal(t, err)
	fatal(t, client.RenameServiceAccount(t.Context(), id, since))

	p.refused("An active account with this name exists already, with the id ", "terraform import ADDRESS").create(accountKind, `{"name": `+quote(taken)+`}`)
	p.refused("had it before it was renamed, and keeps the email address").create(accountKind, `{"name": `+quote(renamed)+`}`)
}
