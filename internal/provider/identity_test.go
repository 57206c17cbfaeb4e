// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const keyKind = "signoz_service_account_key"

// inventory is an account with a role and a key that somebody made by hand.
type inventory struct {
	on      target
	account signoztest.Account
	key     signoztest.Key
}

func newInventory(t *testing.T, options ...signoztest.Option) inventory {
	t.Helper()
	on := embeddedOnly(t, options...)
	account := on.CreateAccount("ci", "signoz-viewer")
	return inventory{on: on, account: account, key: on.CreateKey(account.ID, "deploy", noExpiry)}
}

// objects are the three resources: how each is imported by its id, its
// identity, and the configuration that fits it.
func (i inventory) objects() map[string]struct{ importID, identity, config string } {
	account := quote(i.account.ID)
	return map[string]struct{ importID, identity, config string }{
		accountKind: {"ci", `{"id":` + account + `}`, `{"name": "ci", "roles": ["signoz-viewer"]}`},
		keyKind:     {"ci/deploy", `{"id":` + quote(i.key.ID) + `,"service_account_id":` + account + `}`, `{"service_account_id": ` + account + `, "name": "deploy"}`},
		roleKind:    {"ci/signoz-viewer", `{"role":"signoz-viewer","service_account_id":` + account + `}`, roleOf(i.account.ID, "signoz-viewer")},
	}
}

// Each object imports by its identity just as by its id, and the plan is empty then.
func TestImport_byIdentity(t *testing.T) {
	made := newInventory(t)
	p := talk(t, made.on)
	for kind, o := range made.objects() {
		byIdentity := p.importIdentity(kind, o.identity)
		equal(t, "identity of "+kind, p.identityOf(byIdentity).json(), o.identity)
		equal(t, "state of "+kind, byIdentity.json(), p.importID(kind, o.importID).json())
		equal(t, "plan of "+kind, p.plan(byIdentity, o.config).action, "no-op")
	}
	equal(t, "requests that change something", made.on.CountRequests("POST", "**")+made.on.CountRequests("PUT", "**")+made.on.CountRequests("DELETE", "**"), 0)
}

func TestImport_refusesIdentities(t *testing.T) {
	made := newInventory(t)
	p := talk(t, made.on)
	const unknown = "0199fa0c-0000-7000-8000-000000000000"
	p.refused("Service account not found", unknown).importIdentity(accountKind, `{"id": "`+unknown+`"}`)
	p.refused("Service account not found", unknown).importIdentity(roleKind, `{"service_account_id": "`+unknown+`", "role": "signoz-viewer"}`)
	p.refused("Key not found", `"ci"`, "It has: deploy").importIdentity(keyKind, `{"service_account_id": `+quote(made.account.ID)+`, "id": "`+unknown+`"}`)
	p.refused("Invalid identity", "a UUID").importIdentity(accountKind, `{"id": "ci"}`)
	p.refused("Invalid import id", "empty").importID(accountKind, "")
	p.refused("Invalid import id", "ACCOUNT/KEY").importID(keyKind, "")
	p.refused("Invalid identity", "a UUID").importIdentity(roleKind, `{"service_account_id": "ci", "role": "signoz-viewer"}`)
	made.on.DeleteAccount(made.account.ID)
	p = talk(t, made.on)
	p.refused("was deleted").importIdentity(accountKind, `{"id": `+quote(made.account.ID)+`}`)
}

// An identity is set by whatever makes or reads an object, and never changes
// while the object lives: not when it is renamed, moved to another expiry or refreshed.
func TestIdentity_stays(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	account := p.create(accountKind, `{"name": "ci", "roles": ["signoz-viewer"]}`)
	id := account.text("id")
	key := p.create(keyKind, `{"service_account_id": `+quote(id)+`, "name": "deploy"}`)
	role := p.create(roleKind, roleOf(id, "signoz-editor"))

	equal(t, "account", p.identityOf(account).json(), `{"id":`+quote(id)+`}`)
	equal(t, "key", p.identityOf(key).json(), `{"id":`+key.at("id")+`,"service_account_id":`+quote(id)+`}`)
	equal(t, "role", p.identityOf(role).json(), `{"role":"signoz-editor","service_account_id":`+quote(id)+`}`)

	renamed := p.read(p.update(account, `{"name": "ci-renamed", "roles": ["signoz-viewer", "signoz-editor"]}`))
	equal(t, "account", p.identityOf(renamed).json(), p.identityOf(account).json())
	later := quote(rfc3339(time.Now().Add(48 * time.Hour)))
	dated := p.read(p.update(key, `{"service_account_id": `+quote(id)+`, "name": "deploy-renamed", "expires_at": `+later+`}`))
	equal(t, "key", p.identityOf(dated).json(), p.identityOf(key).json())
	equal(t, "role", p.identityOf(p.read(role)).json(), p.identityOf(role).json())
}

// A state of a CLI without identities has none; the refresh adds it.
func TestIdentity_isAddedByRefresh(t *testing.T) {
	made := newInventory(t)
	p := talk(t, made.on)
	for kind, o := range made.objects() {
		stored := p.importID(kind, o.importID)
		stored.identity = nil
		equal(t, "identity of "+kind, p.identityOf(p.read(stored)).json(), o.identity)
	}
}

// CLIs before 1.12 send no identity. The framework fails a read of theirs that
// finds the object gone unless the resource has set an identity all the same.
func TestRefresh_goneWithoutIdentity(t *testing.T) {
	for name, remove := range map[string]func(inventory){
		"deleted": func(made inventory) { made.on.DeleteAccount(made.account.ID) },
		"revoked": func(made inventory) {
			made.on.RevokeKey(made.account.ID, made.key.ID)
			made.on.RevokeRole(made.account.ID, "signoz-viewer")
		},
	} {
		t.Run(name, func(t *testing.T) {
			made := newInventory(t)
			p := talk(t, made.on)
			imported := make(map[string]instance)
			for kind, o := range made.objects() {
				imported[kind] = p.importID(kind, o.importID)
			}
			remove(made)
			p = talk(t, made.on) // the next run
			for kind, i := range imported {
				i.identity = nil
				if gone := p.read(i).gone(); gone != (name == "deleted" || kind != accountKind) {
					t.Errorf("%s: gone is %t", kind, gone)
				}
			}
		})
	}
}

// The same through the CLI on the machine, whichever that is: everything
// vanished, and one apply makes all of it again.
func TestAccRefresh_everythingVanished(t *testing.T) {
	on := embeddedOnly(t)
	c := newCommandLine(t, on, buildProvider(t))
	c.write("main.tf", usesProvider+`
resource "signoz_service_account" "ci" {
  name = "ci"
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name               = "deploy"
}

resource "signoz_service_account_role" "viewer" {
  service_account_id = signoz_service_account.ci.id
  role               = "signoz-viewer"
}
`)
	c.run("apply", "-auto-approve", "-no-color")
	account, _ := on.AccountByName("ci")
	on.DeleteAccount(account.ID)
	if printed := c.run("apply", "-auto-approve", "-no-color"); !strings.Contains(printed, "Resources: 3 added, 0 changed, 0 destroyed.") {
		t.Errorf("the apply doesn't make all of it again:\n%s", printed)
	}
}

// An identity says which object it is, once and for all: names don't.
func TestIdentity_isOfIDs(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on)
	account := on.CreateAccount("ci")
	key := on.CreateKey(account.ID, "deploy", time.Time{})

	p.refused("Invalid identity", "import id").importIdentity(accountKind, `{"id": "ci"}`)
	p.refused("Invalid identity", "ACCOUNT/KEY").importIdentity(keyKind, `{"service_account_id": `+quote(account.ID)+`, "id": "deploy"}`)
	imported := p.importIdentity(keyKind, `{"service_account_id": `+quote(account.ID)+`, "id": `+quote(key.ID)+`}`)
	if imported.text("name") != "deploy" {
		t.Errorf("imported %s", imported.json())
	}
}

// Import blocks take identities from Terraform 1.12 on.
func TestAccImport_byIdentity(t *testing.T) {
	on := oneTarget(t)
	name := letters("adopted")
	config := on.provider() + fmt.Sprintf(`
resource "signoz_service_account" "ci" {
  name  = %q
  roles = []
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name               = "deploy"
}
`, name)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectIdentityValueMatchesState("signoz_service_account.ci", tfjsonpath.New("id")),
					statecheck.ExpectIdentityValueMatchesState("signoz_service_account_key.deploy", tfjsonpath.New("id")),
					statecheck.ExpectIdentityValueMatchesState("signoz_service_account_key.deploy", tfjsonpath.New("service_account_id")),
				},
			},
			{ResourceName: "signoz_service_account.ci", ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
			{ResourceName: "signoz_service_account_key.deploy", ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: name + "/deploy"},
		},
	})
}
