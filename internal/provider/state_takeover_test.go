// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const official = "registry.terraform.io/signoz/signoz"

// officialAccount and officialRole are what SigNoz's own provider keeps in its
// state, schema version 0.
func officialAccount(a signoztest.Account) string {
	return `{"email": ` + quote(a.Email) + `, "id": ` + quote(a.ID) + `, "name": ` + quote(a.Name) + `, "org_id": ` + quote(a.OrgID) + `}`
}

func officialRole(bindingID, accountID, roleID string) string {
	return `{"id": ` + quote(bindingID) + `, "role_id": ` + quote(roleID) + `, "service_account_id": ` + quote(accountID) + `}`
}

// shared is an account with two roles, and the binding of signoz-viewer.
func shared(t *testing.T, on target) (account signoztest.Account, bindingID string) {
	t.Helper()
	account = on.CreateAccount("shared", "signoz-editor", "signoz-viewer")
	whole, err := on.client(t).ServiceAccount(t.Context(), account.ID)
	fatal(t, err)
	for _, binding := range whole.Bindings {
		if binding.Role.Name == "signoz-viewer" {
			return account, binding.ID
		}
	}
	t.Fatal("no binding of signoz-viewer")
	return account, ""
}

// Both ways to take over, `moved` blocks (Terraform 1.8) and `terraform state
// replace-provider`: a refresh completes the state, and the plan is empty.
func TestTakeover_changesNothing(t *testing.T) {
	t.Parallel()
	for way, take := range map[string]func(p *protocol, kind, state string) instance{
		"moved": func(p *protocol, kind, state string) instance { return p.move(kind, official, kind, 0, state) },
		"moved, of OpenTofu's registry": func(p *protocol, kind, state string) instance {
			return p.move(kind, "registry.opentofu.org/signoz/signoz", kind, 0, state)
		},
		"replace-provider": func(p *protocol, kind, state string) instance { return p.upgrade(kind, 0, state) },
	} {
		t.Run(way, func(t *testing.T) {
			on := embeddedOnly(t)
			account, bindingID := shared(t, on)
			p := talk(t, on)

			// What the configuration says of the account's roles it keeps: nothing.
			a := p.read(take(p, accountKind, officialAccount(account)))
			equal(t, "roles", a.at("roles"), "null")
			equal(t, "created_at", a.text("created_at"), rfc3339(account.CreatedAt))
			equal(t, "identity", p.identityOf(a).json(), `{"id":`+quote(account.ID)+`}`)
			equal(t, "plan of the account", p.plan(a, `{"name": "shared"}`).action, "no-op")

			// The role was known by ids alone: its name is found from the binding.
			r := p.read(take(p, roleKind, officialRole(bindingID, account.ID, on.RoleID("signoz-viewer"))))
			equal(t, "role", r.text("role"), "signoz-viewer")
			equal(t, "id", r.text("id"), bindingID)
			equal(t, "identity", p.identityOf(r).json(), `{"role":"signoz-viewer","service_account_id":`+quote(account.ID)+`}`)
			equal(t, "plan of the role", p.plan(r, roleOf(account.ID, "signoz-viewer")).action, "no-op")
			// The next refresh finds nothing new, the identity included.
			equal(t, "role", p.read(r).json(), r.json())

			equal(t, "roles at the end", held(t, on, account.ID), "signoz-editor, signoz-viewer")
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				equal(t, method+" requests", on.CountRequests(method, "**"), 0)
			}
		})
	}
}

// With -refresh=false the plan changes in place what it doesn't know; nothing is
// made again, and nothing is sent.
func TestTakeover_unrefreshed(t *testing.T) {
	on := embeddedOnly(t)
	account, bindingID := shared(t, on)
	p := talk(t, on)
	role := p.upgrade(roleKind, 0, officialRole(bindingID, account.ID, on.RoleID("signoz-viewer")))

	c := p.plan(role, roleOf(account.ID, "signoz-viewer"))
	equal(t, "plan of the role", c.action, "update")
	taken := p.apply(c)
	equal(t, "role", taken.text("role"), "signoz-viewer")
	equal(t, "identity", p.identityOf(taken).json(), `{"role":"signoz-viewer","service_account_id":`+quote(account.ID)+`}`)
	equal(t, "after refresh", p.read(taken).json(), taken.json())
	// Another role than the binding's can't be told from the state: it isn't taken for granted.
	p.refused("Can't migrate the role assignment "+bindingID, `it isn't "signoz-editor"`, "-refresh=false").update(role, roleOf(account.ID, "signoz-editor"))

	a := p.update(p.upgrade(accountKind, 0, officialAccount(account)), `{"name": "shared"}`)
	equal(t, "account", p.read(a).text("id"), account.ID)
	equal(t, "requests that change something", on.CountRequests("POST", "**")+on.CountRequests("PUT", "**")+on.CountRequests("DELETE", "**"), 0)

	// And it can be destroyed by what little is known.
	p.destroy(role)
	equal(t, "roles", held(t, on, account.ID), "signoz-editor")
}

func TestTakeover_ofWhatIsGone(t *testing.T) {
	on := embeddedOnly(t)
	account, bindingID := shared(t, on)
	p := talk(t, on)
	on.RevokeRole(account.ID, "signoz-viewer")
	role := p.move(roleKind, official, roleKind, 0, officialRole(bindingID, account.ID, on.RoleID("signoz-viewer")))
	if !p.read(role).gone() {
		t.Error("a role that was taken away is still in the state")
	}
	on.DeleteAccount(account.ID)
	if !p.read(p.move(accountKind, official, accountKind, 0, officialAccount(account))).gone() {
		t.Error("an account that was deleted is still in the state")
	}
}

// Legacy names that the other provider managed go on as they are.
func TestTakeover_ofALegacyName(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("Grafana.Legacy_Key")
	p := talk(t, on)
	a := p.read(p.move(accountKind, official, accountKind, 0, officialAccount(account)))
	equal(t, "plan", p.plan(a, `{"name": "Grafana.Legacy_Key"}`).action, "no-op")
}

// Only that provider's resources of the same kind can be moved here.
func TestTakeover_refuses(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	account := on.CreateAccount("ci")
	for what, refused := range map[string]struct{ provider, kind, state, says string }{
		"another provider":          {"registry.terraform.io/other/other", accountKind, officialAccount(account), "does not include support for the given source resource"},
		"one whose name ends alike": {"registry.terraform.io/notsignoz/signoz", accountKind, officialAccount(account), "does not include support"},
		"another resource":          {official, "signoz_role", officialAccount(account), "does not include support"},
		"a role as an account":      {official, roleKind, officialRole("a", "b", "c"), "does not include support"},
		"a state without an id":     {official, accountKind, `{"name": "ci"}`, "import the object instead"},
		"a state that isn't one":    {official, accountKind, `[]`, "import the object instead"},
	} {
		t.Run(what, func(t *testing.T) {
			p := *p
			p.t = t
			p.refused(refused.says).move(accountKind, refused.provider, refused.kind, 0, refused.state)
		})
	}
}

// Both ways with the CLI on the machine, on a state file as SigNoz's own
// provider leaves it: the plan afterwards changes nothing.
func TestAccTakeover_changesNothing(t *testing.T) {
	t.Parallel()
	built := buildProvider(t)
	t.Run("replace-provider", func(t *testing.T) { replaceProvider(t, built) })
	t.Run("moved", func(t *testing.T) { moveFromOfficial(t, built) })
}

func replaceProvider(t *testing.T, built string) {
	on := embeddedOnly(t)
	terraform := newCommandLine(t, on, built)
	takeover := newOfficialState(t, on, terraform)
	takeover.configure("")
	terraform.run("state", "replace-provider", "-auto-approve", official, provider.Address)
	terraform.run("plan", "-no-color", "-detailed-exitcode") // exit code 2 would mean changes, and ends the test
	terraform.run("apply", "-no-color", "-auto-approve")
	takeover.check()
}

// moveFromOfficial does the same resource by resource, with moved blocks. The
// other provider's place takes our own binary: Terraform wants one that runs,
// but asks it nothing.
func moveFromOfficial(t *testing.T, built string) {
	skipBelow(t, 8)
	on := embeddedOnly(t)
	terraform := newCommandLine(t, on, built, official)
	takeover := newOfficialState(t, on, terraform)
	takeover.configure(`
moved {
  from = signoz_service_account.old
  to   = signoz_service_account.shared
}

moved {
  from = signoz_service_account_role.old
  to   = signoz_service_account_role.viewer
}
`)
	planned := terraform.run("plan", "-no-color")
	if !strings.Contains(planned, "Plan: 0 to add, 0 to change, 0 to destroy.") || !strings.Contains(planned, "signoz_service_account_role.old has moved to") {
		t.Fatalf("the plan does more than moving:\n%s", planned)
	}
	terraform.run("apply", "-no-color", "-auto-approve")
	terraform.run("plan", "-no-color", "-detailed-exitcode")
	takeover.check()
}

// officialInUse is a directory whose state SigNoz's own provider has left, of an account
// and one of its two roles.
type officialInUse struct {
	t         *testing.T
	on        target
	terraform commandLine
	account   signoztest.Account
	bindingID string
}

func newOfficialState(t *testing.T, on target, terraform commandLine) officialInUse {
	t.Helper()
	account, bindingID := shared(t, on)
	return officialInUse{t, on, terraform, account, bindingID}
}

// configure writes the configuration for this provider, and the state of the
// other. With moved blocks the resources had another name.
func (o officialInUse) configure(moved string) {
	o.t.Helper()
	o.terraform.write("main.tf", `
terraform {
  required_providers {
    signoz = {
      source = "`+provider.Address+`"
    }
  }
}

resource "signoz_service_account" "shared" {
  name = "shared"
}

resource "signoz_service_account_role" "viewer" {
  service_account_id = signoz_service_account.shared.id
  role               = "signoz-viewer"
}
`+moved)
	account, role := "shared", "viewer"
	if moved != "" {
		account, role = "old", "old"
	}
	o.terraform.write("terraform.tfstate", `{
  "version": 4, "terraform_version": "1.8.0", "serial": 3, "lineage": "0b2f8f53-6a34-4b54-a6b8-6b7ab1a0b6b1", "outputs": {},
  "resources": [
    {"mode": "managed", "type": "signoz_service_account", "name": "`+account+`", "provider": "provider[\"`+official+`\"]",
     "instances": [{"schema_version": 0, "attributes": `+officialAccount(o.account)+`, "sensitive_attributes": []}]},
    {"mode": "managed", "type": "signoz_service_account_role", "name": "`+role+`", "provider": "provider[\"`+official+`\"]",
     "instances": [{"schema_version": 0, "attributes": `+officialRole(o.bindingID, o.account.ID, o.on.RoleID("signoz-viewer"))+`, "sensitive_attributes": []}]}
  ],
  "check_results": null
}`)
}

// check looks whether the state has the same objects, and SigNoz was only read.
func (o officialInUse) check() {
	o.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Values  struct{ ID, Role string }
				}
			} `json:"root_module"`
		}
	}
	fatal(o.t, json.Unmarshal([]byte(o.terraform.run("show", "-json")), &state))
	got := make(map[string]string)
	for _, r := range state.Values.RootModule.Resources {
		got[r.Address] = r.Values.ID + " " + r.Values.Role
	}
	equal(o.t, "resources", len(got), 2)
	equal(o.t, "account", got["signoz_service_account.shared"], o.account.ID+" ")
	equal(o.t, "role", got["signoz_service_account_role.viewer"], o.bindingID+" signoz-viewer")
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		equal(o.t, method+" requests", o.on.CountRequests(method, "**"), 0)
	}
}
