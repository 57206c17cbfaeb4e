// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const roleKind = "signoz_service_account_role"

// roleOf is the configuration of one role of one account.
func roleOf(accountID, role string) string {
	return `{"service_account_id": ` + quote(accountID) + `, "role": ` + quote(role) + `}`
}

// held is what the server says of an account's roles.
func held(t *testing.T, on target, accountID string) string {
	t.Helper()
	account, ok := on.Account(accountID)
	if !ok {
		t.Fatalf("no account %s", accountID)
	}
	return strings.Join(account.Roles, ", ")
}

// The role's whole life, on real servers too: given to an account of somebody
// else, imported, taken away elsewhere, given again, exchanged, taken.
func TestAccRole_wholeLife(t *testing.T) {
	on := oneTarget(t)
	accountID, client := on.accountElsewhere(t), on.client(t)
	role := func(name string) []block {
		return []block{{address: "role", kind: roleKind, accountID: accountID, attributes: `"role": ` + quote(name)}}
	}
	bindings := func() []signoz.RoleBinding {
		t.Helper()
		account, err := client.ServiceAccount(t.Context(), accountID)
		fatal(t, err)
		return account.Bindings
	}
	w := newWorkingDir(t, on, 10)
	w.applies(role("signoz-viewer"), "role: create")
	imported := newWorkingDir(t, on, 10)
	succeeded(t, imported.apply(t.Context(), role("signoz-viewer"), conditions{imports: map[string]string{"role": accountID + "/signoz-viewer"}}))
	equal(t, "what is imported", imported.state["role"].json(), w.state["role"].json())
	fatal(t, client.RevokeRole(t.Context(), accountID, "signoz-viewer"))
	w.applies(role("signoz-viewer"), "role: create")
	w.applies(role("signoz-editor"), "role: replace")
	held := bindings()
	if len(held) != 1 || held[0].Role.Name != "signoz-editor" {
		t.Errorf("the account holds %+v", held)
	}
	w.applies(nil, "role: delete")
	equal(t, "roles held", len(bindings()), 0)
}

// The same on every version of the embedded server.
func TestRole_onEachVersion(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			account := on.CreateAccount("shared")
			p := talk(t, on)

			viewer := p.read(p.create(roleKind, roleOf(account.ID, "signoz-viewer")))
			equal(t, "roles", held(t, on, account.ID), "signoz-viewer")
			equal(t, "plan", p.plan(viewer, roleOf(account.ID, "signoz-viewer")).action, "no-op")
			equal(t, "import", p.importID(roleKind, "shared/signoz-viewer").json(), viewer.json())

			editor := p.update(viewer, roleOf(account.ID, "signoz-editor"))
			equal(t, "roles", held(t, on, account.ID), "signoz-editor")
			p.destroy(editor)
			equal(t, "roles", held(t, on, account.ID), "")
			p.destroy(editor) // taken elsewhere meanwhile
		})
	}
}

// It adds to what others gave and takes nothing but its own.
func TestRole_isAdditive(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		if version == signoztest.V0_118_0 {
			continue // one role only: see TestRole_oneRoleServer
		}
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version), signoztest.WithReportedVersion(string(version)))
			account := on.CreateAccount("shared", "signoz-editor")
			p := talk(t, on)

			viewer := p.create(roleKind, roleOf(account.ID, "signoz-viewer"))
			equal(t, "roles", held(t, on, account.ID), "signoz-editor, signoz-viewer")
			if viewer.text("id") == "" {
				t.Fatal("the binding has no id")
			}
			viewer = p.read(viewer)
			equal(t, "plan", p.plan(viewer, roleOf(account.ID, "signoz-viewer")).action, "no-op")

			p.destroy(viewer)
			equal(t, "roles", held(t, on, account.ID), "signoz-editor")
		})
	}
}

func TestRole_takenElsewhere(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("shared")
	p := talk(t, on)
	viewer := p.create(roleKind, roleOf(account.ID, "signoz-viewer"))

	on.RevokeRole(account.ID, "signoz-viewer")
	gone := p.read(viewer)
	if !gone.gone() {
		t.Fatalf("still in the state: %s", gone.json())
	}
	equal(t, "plan", p.plan(gone, roleOf(account.ID, "signoz-viewer")).action, "create")

	// Taken and given again it is another binding, but the same role.
	on.GrantRole(account.ID, "signoz-viewer")
	p = talk(t, on) // another run: within one, an account is read once
	again := p.read(viewer)
	if again.gone() || again.at("id") == viewer.at("id") {
		t.Fatalf("the new binding wasn't found: %s", again.json())
	}
	equal(t, "plan", p.plan(again, roleOf(account.ID, "signoz-viewer")).action, "no-op")
	p.destroy(again)
	equal(t, "roles", held(t, on, account.ID), "")
}

func TestRole_accountGone(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			account := on.CreateAccount("shared")
			p := talk(t, on)
			viewer := p.create(roleKind, roleOf(account.ID, "signoz-viewer"))
			on.DeleteAccount(account.ID)

			// SigNoz keeps the bindings of deleted accounts: they don't count.
			if !p.read(viewer).gone() {
				t.Fatal("a role of a deleted account is still in the state")
			}
			p.destroy(viewer) // unrefreshed: succeeds, there is nothing to take
			p.refused("was deleted in SigNoz", "service_account_id").create(roleKind, roleOf(account.ID, "signoz-viewer"))
			p.refused("doesn't exist").create(roleKind, roleOf("0199fa0c-0000-7000-8000-000000000000", "signoz-viewer"))
		})
	}
}

// What was there before is never adopted: somebody else may rely on it, and destroying
// the resource would take it from them.
func TestRole_alreadyHeld(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("shared", "signoz-viewer")
	p := talk(t, on)
	p.refused("holds this role already", `terraform import ADDRESS `+account.ID+`/signoz-viewer`).create(roleKind, roleOf(account.ID, "signoz-viewer"))

	// The command that the error gives works as it stands.
	imported := p.importID(roleKind, account.ID+"/signoz-viewer")
	equal(t, "plan", p.plan(imported, roleOf(account.ID, "signoz-viewer")).action, "no-op")
}

// A server that keeps one role per account would take one role for the other.
func TestRole_oneRoleServer(t *testing.T) {
	for _, reported := range []string{"v0.118.0", "<unset>"} {
		t.Run(reported, func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion(reported))
			account := on.CreateAccount("shared", "signoz-editor")
			p := talk(t, on)
			p.refused("allows one role per service account", `"shared" has signoz-editor`, "v0.123").create(roleKind, roleOf(account.ID, "signoz-viewer"))
			equal(t, "roles", held(t, on, account.ID), "signoz-editor")
			if reported != "<unset>" { // then the account keeps its role throughout
				equal(t, "roles given", on.CountRequests("POST", "**"), 0)
			}
		})
	}
}

// Where the server is known to keep one role, two in one configuration are
// refused at plan time.
func TestRole_twoOnOneRoleServer(t *testing.T) {
	on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion("v0.118.0"))
	account := on.CreateAccount("shared")
	p := talk(t, on)
	p.plan(p.none(roleKind), roleOf(account.ID, "signoz-editor"))
	p.refused("Only one role per service account", "signoz-editor, signoz-viewer").plan(p.none(roleKind), roleOf(account.ID, "signoz-viewer"))

	// Also when the new one is planned before the one that is there.
	there := p.create(roleKind, roleOf(on.CreateAccount("another").ID, "signoz-editor"))
	p = talk(t, on)
	p.plan(p.none(roleKind), roleOf(there.text("service_account_id"), "signoz-viewer"))
	p.refused("Only one role per service account").plan(there, roleOf(there.text("service_account_id"), "signoz-editor"))
}

func TestRole_refusesNames(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("shared")
	p := talk(t, on)
	p.refused(`Unknown role "SigNoz-Viewer"`, `did you mean "signoz-viewer"?`).plan(p.none(roleKind), roleOf(account.ID, "SigNoz-Viewer"))
	p.refused(`did you mean "signoz-viewer"?`, "Existing roles: ").plan(p.none(roleKind), roleOf(account.ID, "viewer"))
	p.refused("isn't the id of a service account").plan(p.none(roleKind), roleOf("shared", "signoz-viewer"))
	p.refused("Empty role name", "such as signoz-viewer").plan(p.none(roleKind), roleOf(account.ID, ""))
	equal(t, "requests that change something", on.CountRequests("POST", "**"), 0)
}

// A role made after the roles were first listed is found.
func TestRole_madeMeanwhile(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("shared")
	p := talk(t, on)
	p.create(roleKind, roleOf(account.ID, "signoz-viewer"))
	on.CreateCustomRole("on-call")
	p.create(roleKind, roleOf(account.ID, "on-call"))
	equal(t, "roles", held(t, on, account.ID), "on-call, signoz-viewer")
}

func TestRole_replacedFor(t *testing.T) {
	on := embeddedOnly(t)
	one, other := on.CreateAccount("one"), on.CreateAccount("other")
	p := talk(t, on)
	viewer := p.create(roleKind, roleOf(one.ID, "signoz-viewer"))

	c := p.plan(viewer, roleOf(other.ID, "signoz-viewer"))
	equal(t, "action", c.action, "replace")
	equal(t, "for", strings.Join(c.replacedFor, ", "), "service_account_id")
	moved := p.apply(c)
	equal(t, "roles of the one", held(t, on, one.ID), "")
	equal(t, "roles of the other", held(t, on, other.ID), "signoz-viewer")

	c = p.plan(moved, roleOf(other.ID, "signoz-editor"))
	equal(t, "for", strings.Join(c.replacedFor, ", "), "role")
	p.apply(c)
	equal(t, "roles of the other", held(t, on, other.ID), "signoz-editor")
}

func TestRole_imports(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci", "signoz-viewer", "signoz-editor")
	p := talk(t, on)

	byName := p.importID(roleKind, "ci/signoz-viewer")
	equal(t, "account", byName.text("service_account_id"), account.ID)
	equal(t, "role", byName.text("role"), "signoz-viewer")
	equal(t, "identity", p.identityOf(byName).json(), `{"role":"signoz-viewer","service_account_id":`+quote(account.ID)+`}`)
	equal(t, "by id", p.importID(roleKind, account.ID+"/signoz-viewer").json(), byName.json())

	p.refused("Role not found", "it has signoz-editor, signoz-viewer", "Did you mean ci/signoz-viewer?").importID(roleKind, "ci/signoz-viewr")
	p.refused("Did you mean ci/signoz-viewer?").importID(roleKind, "ci/Viewer")
	p.refused("No active account is named", `did you mean "ci"?`).importID(roleKind, "CI/signoz-viewer")
	for _, id := range []string{"ci", "ci/", "/signoz-viewer", "ci/signoz-viewer/more", ""} {
		p.refused("Invalid import id", "ACCOUNT/ROLE").importID(roleKind, id)
	}
}

// Taking a role from the account that Terraform itself uses is allowed, with a warning.
func TestRole_ofOwnAccount(t *testing.T) {
	on := embeddedOnly(t)
	own := on.AdminAccount()
	p := talk(t, on)
	admin := p.importID(roleKind, own.ID+"/signoz-admin")

	if c := p.plan(admin, ""); !c.said.warns("removes a role from its own service account", "which will lose signoz-admin") {
		t.Fatalf("no warning:\n%s", c.said.text())
	}
	if c := p.plan(admin, roleOf(own.ID, "signoz-admin")); len(c.said) > 0 {
		t.Fatalf("a warning without a reason:\n%s", c.said.text())
	}
	// To replace it can't succeed: without it, the provider may give no other.
	p.refused("remove signoz-admin from its own service account", "key of another account").plan(admin, roleOf(own.ID, "signoz-editor"))
}

// The state has a role that was given, even if what comes after fails.
func TestRole_isNotLost(t *testing.T) {
	on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_123_0))
	account := on.CreateAccount("shared", "signoz-editor")
	p := talk(t, on)
	// The nested call doesn't tell the binding's id, and the second look at the account fails.
	on.Inject(signoztest.Fault{Method: "GET", Path: "/api/v1/service_accounts/" + account.ID, Skip: 1, Times: 1, Answer: signoztest.Status(403)})
	viewer := p.create(roleKind, roleOf(account.ID, "signoz-viewer"))
	equal(t, "roles", held(t, on, account.ID), "signoz-editor, signoz-viewer")

	viewer = p.read(viewer)
	if viewer.text("id") == "" {
		t.Fatal("the binding's id wasn't found by the refresh")
	}
}
