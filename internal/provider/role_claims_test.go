// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const accountKind = "signoz_service_account"

const managedTwice = "Two resources manage the role"

// `roles` and a role resource on one account: Terraform plans them in any
// order, and either way one warning names both.
func TestRoles_managedTwice(t *testing.T) {
	t.Parallel()
	setsRoles := `{"name": "shared", "roles": ["signoz-editor"]}`
	leavesRoles := `{"name": "shared"}`
	for name, test := range map[string]struct {
		account      string
		accountFirst bool
		warns        bool
	}{
		"account first":           {setsRoles, true, true},
		"role first":              {setsRoles, false, true},
		"account first, no roles": {leavesRoles, true, false},
		"role first, no roles":    {leavesRoles, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t)
			id := on.CreateAccount("shared", "signoz-editor").ID
			p := talk(t, on)
			account := p.importID(accountKind, id)
			plans := []func() said{
				func() said { return p.plan(account, test.account).said },
				func() said { return p.plan(p.none(roleKind), roleOf(id, "signoz-viewer")).said },
			}
			if !test.accountFirst {
				plans[0], plans[1] = plans[1], plans[0]
			}
			if first := plans[0](); first.warns(managedTwice) {
				t.Fatalf("the first one can't know yet:\n%s", first.text())
			}
			if second := plans[1](); second.warns(managedTwice, `"shared"`, id, `"signoz-viewer"`) != test.warns {
				t.Fatalf("warned: %t, should be %t:\n%s", !test.warns, test.warns, second.text())
			}
		})
	}
}

// A role being given up, or an account being deleted, is no conflict: that is
// how one moves from one way to the other.
func TestRoles_managedTwiceNotWhenGivenUp(t *testing.T) {
	on := embeddedOnly(t)
	id := on.CreateAccount("shared", "signoz-viewer").ID
	p := talk(t, on)
	account, viewer := p.importID(accountKind, id), p.importID(roleKind, id+"/signoz-viewer")
	all := append(p.plan(viewer, "").said, p.plan(account, `{"name": "shared", "roles": ["signoz-viewer"]}`).said...)
	if all.warns(managedTwice) {
		t.Fatalf("warned:\n%s", all.text())
	}
}

// Of an account made in the same run the id is known during the apply only.
func TestRoles_managedTwiceOfANewAccount(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	planned := p.plan(p.none(roleKind), `{"role": "signoz-viewer"}`, "service_account_id")
	if planned.said.warns(managedTwice) {
		t.Fatal("nothing is known yet")
	}
	account := p.create(accountKind, `{"name": "shared", "roles": ["signoz-editor"]}`)
	c := p.plan(p.none(roleKind), roleOf(account.text("id"), "signoz-viewer"))
	if !c.said.warns(managedTwice, `"shared"`) {
		t.Fatalf("not warned:\n%s", c.said.text())
	}
}

// Ten at once, as Terraform plans them: each conflict is told exactly once.
func TestRoles_managedTwiceInParallel(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	const accounts = 20
	ids := make([]string, accounts)
	for i := range ids {
		ids[i] = on.CreateAccount("shared-" + strings.Repeat("x", i+1)).ID
	}
	var warnings atomic.Int32
	count := func(d said) { warnings.Add(timesManagedTwice(d)) }
	p.parallel(3*accounts, func(i int) {
		id := ids[i/3]
		switch i % 3 {
		case 0:
			count(p.plan(p.stored(accountKind, fmt.Sprintf(`{"id": %q, "name": "shared"}`, id)), `{"name": "shared", "roles": []}`).said)
		case 1:
			count(p.plan(p.none(roleKind), roleOf(id, "signoz-viewer")).said)
		case 2:
			count(p.plan(p.none(roleKind), roleOf(id, "signoz-editor")).said)
		}
	})
	equal(t, "warnings", warnings.Load(), 2*accounts)
}

// TestRoles_unchangedManagedTwiceInParallel: objects that don't change are planned
// on a way of their own.
func TestRoles_unchangedManagedTwiceInParallel(t *testing.T) {
	on := embeddedOnly(t)
	const accounts = 50
	before := talk(t, on)
	objects, configs := make([]instance, 0, 3*accounts), make([]string, 0, 3*accounts)
	for i := range accounts {
		id := on.CreateAccount("shared-"+strings.Repeat("x", i%40+1)+strings.Repeat("y", i/40), "signoz-editor", "signoz-viewer").ID
		account := before.read(before.stored(accountKind, fmt.Sprintf(`{"id": %q, "name": "shared", "roles": []}`, id)))
		objects = append(objects, account, before.importID(roleKind, id+"/signoz-viewer"), before.importID(roleKind, id+"/signoz-editor"))
		configs = append(configs, fmt.Sprintf(`{"name": %q, "roles": ["signoz-editor", "signoz-viewer"]}`, account.text("name")), roleOf(id, "signoz-viewer"), roleOf(id, "signoz-editor"))
	}
	p := talk(t, on)
	var warnings, unchanged atomic.Int32
	p.parallel(len(objects), func(i int) {
		planned := p.plan(objects[i], configs[i])
		if planned.action == "no-op" {
			unchanged.Add(1)
		}
		warnings.Add(timesManagedTwice(planned.said))
	})
	equal(t, "unchanged", unchanged.Load(), int32(len(objects)))
	equal(t, "warnings", warnings.Load(), 2*accounts)
}

func timesManagedTwice(d said) int32 {
	var times int32
	for _, diagnostic := range d {
		if strings.Contains(diagnostic.Summary, managedTwice) {
			times++
		}
	}
	return times
}

// A role that moves from a signoz_service_account_role into the account's `roles` stays with
// the account: with create_before_destroy, Terraform deletes the one after it has updated the other.
func TestRole_movesIntoRoles(t *testing.T) {
	for name, createBeforeDestroy := range map[string]bool{"deleted first": false, "create before destroy": true} {
		for _, version := range signoztest.Versions() {
			t.Run(name+", "+string(version), func(t *testing.T) {
				on := embeddedOnly(t, signoztest.WithVersion(version), stoppedClock())
				w := onClock(t, on)
				account := block{address: "account", kind: accountKind, attributes: `"name": "ci"`}
				role := block{address: "role", kind: roleKind, parent: "account", attributes: `"role": "signoz-viewer"`, createBeforeDestroy: createBeforeDestroy}
				succeeded(t, w.apply(t.Context(), []block{account, role}, conditions{}))
				account.attributes = `"name": "ci", "roles": ["signoz-viewer"]`
				succeeded(t, w.apply(t.Context(), []block{account}, conditions{}))
				now, _ := on.AccountByName("ci")
				equal(t, "the roles", jsonList(now.Roles), `["signoz-viewer"]`)
				w.emptyPlan([]block{account}, conditions{})
			})
		}
	}
}
