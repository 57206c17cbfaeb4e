// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var exclusiveSeeds = flag.Int("exclusive.seeds", 3, "how many random stories TestKeysExclusive_holdsWhateverHappens tells")

const exclusiveKind = "signoz_service_account_keys_exclusive"

// exclusive is the configuration of the resource.
func exclusive(accountID string, keyIDs []string, tolerated ...string) string {
	config := `{"service_account_id": ` + quote(accountID) + `, "key_ids": ` + jsonList(keyIDs)
	if len(tolerated) > 0 {
		config += `, "tolerated_names": ` + jsonList(tolerated)
	}
	return config + "}"
}

// strayNames are the names in an instance's strays.
func strayNames(i instance) string {
	names := []string{}
	for _, key := range i.objects("strays") {
		names = append(names, key.text("name"))
	}
	return strings.Join(names, ", ")
}

// keyNames are the names of the keys that the server has.
func keyNames(on target, accountID string) string {
	names := []string{}
	for _, key := range on.Keys(accountID) {
		names = append(names, key.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Creating revokes nothing and names what the next plan will revoke; that plan shows
// it, its apply revokes it, and what appeared after the plan waits for the next one.
func TestKeysExclusive_revokesWhatThePlanHasShown(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			clock := signoztest.NewClock(start)
			on := embeddedOnly(t, signoztest.WithVersion(version), signoztest.WithClock(clock))
			account := on.CreateAccount("ci")
			deploy := on.CreateKey(account.ID, "deploy", noExpiry)
			byHand := on.CreateKey(account.ID, "by-hand", noExpiry)
			on.CreateKey(account.ID, "expired", start.Add(time.Hour))
			clock.Advance(3 * time.Hour)
			_, err := clientWith(t, on.endpoint, byHand.Value).Me(t.Context())
			fatal(t, err)
			clock.Advance(4 * time.Hour)
			config := exclusive(account.ID, []string{deploy.ID})

			p := talk(t, on, provider.WithNow(clock.Now))
			first := p.plan(p.none(exclusiveKind), config)
			equal(t, "planned strays", first.planned.at("strays"), "(unknown)")
			if !first.said.warns("The plan after this one will revoke", `"by-hand"`, `"expired"`, "This apply revokes nothing",
				"created 2026-03-01T12:00:00Z (7 hours ago), last used 2026-03-01T15:00:00Z (4 hours ago), never expires",
				"never used, expired 2026-03-01T13:00:00Z") {
				t.Fatalf("the first plan says:\n%s", first.said.text())
			}
			made := p.apply(first)
			equal(t, "strays", strayNames(made), "by-hand, expired")
			equal(t, "keys after creating", keyNames(on, account.ID), "by-hand, deploy, expired")

			p = talk(t, on, provider.WithNow(clock.Now)) // the next run
			second := p.plan(p.read(made), config)
			equal(t, "action", second.action, "update")
			equal(t, "planned strays", second.planned.at("strays"), "[]")
			if !second.said.warns(`The apply revokes the keys "by-hand" and "expired" of service account `+account.ID, "last used 2026-03-01T15:00:00Z (4 hours ago)") {
				t.Fatalf("the second plan says:\n%s", second.said.text())
			}
			on.CreateKey(account.ID, "later", noExpiry)
			on.ResetRequests()
			after := p.apply(second)
			equal(t, "keys after the apply", keyNames(on, account.ID), "deploy, later")
			equal(t, "strays after the apply", after.at("strays"), "[]")
			equal(t, "revocations", on.CountRequests("DELETE", "/api/v1/service_accounts/*/keys/*"), 2)
			equal(t, "lists", on.CountRequests("GET", "/api/v1/service_accounts/*/keys"), 1)

			p = talk(t, on, provider.WithNow(clock.Now))
			third := p.plan(p.read(after), config)
			if third.action != "update" || !third.said.warns(`The apply revokes the key "later"`) {
				t.Fatalf("the third plan, %s, says:\n%s", third.action, third.said.text())
			}
			after = p.apply(third)
			equal(t, "keys in the end", keyNames(on, account.ID), "deploy")

			p = talk(t, on, provider.WithNow(clock.Now))
			on.ResetRequests()
			last := p.plan(p.read(after), config)
			equal(t, "action in the end", last.action, "no-op")
			equal(t, "said in the end", last.said.text(), "")
			equal(t, "requests of a plan without changes", on.CountRequests("", ""), 1)
		})
	}
}

// Between plan and apply a stray may become declared or tolerated, and someone may revoke it.
func TestKeysExclusive_revokesOnlyWhatIsAStrayStill(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	adopted := on.CreateKey(account.ID, "adopted", noExpiry)
	on.CreateKey(account.ID, "tolerated", noExpiry)
	gone := on.CreateKey(account.ID, "gone", noExpiry)
	renamed := on.CreateKey(account.ID, "renamed", noExpiry)
	p := talk(t, on)
	made := p.read(p.create(exclusiveKind, exclusive(account.ID, nil)))
	equal(t, "strays", strayNames(made), "adopted, gone, renamed, tolerated")

	p = talk(t, on)
	c := p.plan(made, exclusive(account.ID, []string{adopted.ID}, "^tol"))
	if !c.said.warns(`The apply revokes the keys "gone" and "renamed"`) || c.said.warns(`"adopted"`) || c.said.warns(`"tolerated"`) {
		t.Fatalf("the plan says:\n%s", c.said.text())
	}
	on.RevokeKey(account.ID, gone.ID)
	on.UpdateKey(account.ID, renamed.ID, provider.RetiredName("renamed", ""), time.Now().Add(time.Hour)) // another run has retired it
	p.apply(c)
	equal(t, "keys", len(on.Keys(account.ID)), 3)
}

// While the ids that may exist aren't known yet, the plan shows what they may turn out to hold.
func TestKeysExclusive_keepsWhatTurnsOutToBeDeclared(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	first := on.CreateKey(account.ID, "first", noExpiry)
	p := talk(t, on)
	c := p.plan(p.none(exclusiveKind), exclusive(account.ID, nil), "key_ids")
	if !c.said.warns(`"first"`, "may contain some of them") {
		t.Errorf("the first plan says:\n%s", c.said.text())
	}
	c.config = p.object(p.resourceType(exclusiveKind), exclusive(account.ID, []string{first.ID}))
	c.planned = p.plan(p.none(exclusiveKind), exclusive(account.ID, []string{first.ID})).planned
	made := p.apply(c)
	equal(t, "strays", made.at("strays"), "[]")

	second := on.CreateKey(account.ID, "second", noExpiry)
	before := p.read(made)
	equal(t, "strays of the shared list", before.at("strays"), "[]") // the run has read it before
	p = talk(t, on)
	before = p.read(made)
	equal(t, "strays", strayNames(before), "second")
	c = p.plan(before, exclusive(account.ID, []string{first.ID}), "key_ids")
	equal(t, "planned strays", c.planned.at("strays"), "[]")
	c.config = p.object(p.resourceType(exclusiveKind), exclusive(account.ID, []string{second.ID}))
	c.planned.object = p.object(p.resourceType(exclusiveKind), strings.TrimSuffix(exclusive(account.ID, []string{second.ID}), "}")+`, "strays": []}`)
	p.apply(c)
	equal(t, "keys", keyNames(on, account.ID), "first, second")
}

// The key that the provider signs in with is never a stray; others of its account are.
func TestKeysExclusive_sparesTheProvidersOwnKey(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			me, err := on.client(t).Me(t.Context())
			fatal(t, err)
			on.CreateKey(me.ID, "by-hand", noExpiry)
			used := on.CreateKey(me.ID, "used", noExpiry)
			_, err = clientWith(t, on.endpoint, used.Value).Me(t.Context())
			fatal(t, err)
			p := talk(t, on)
			made := p.create(exclusiveKind, exclusive(me.ID, nil))
			equal(t, "strays", strayNames(made), "by-hand, used")
			p.update(p.read(made), exclusive(me.ID, nil))
			equal(t, "keys", keyNames(on, me.ID), "terraform")
		})
	}
}

func TestKeysExclusive_warnsOfKeysThatDoNotExist(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	deploy := on.CreateKey(account.ID, "deploy", noExpiry)
	const nobody = "0199fa0c-0000-7000-8000-000000000000"
	p := talk(t, on)
	config := exclusive(account.ID, []string{deploy.ID, nobody})
	c := p.plan(p.none(exclusiveKind), config)
	if !c.said.warns("doesn't have all keys of key_ids", nobody) {
		t.Errorf("the first plan says:\n%s", c.said.text())
	}
	made := p.apply(c)
	if c := p.plan(p.read(made), config); !c.said.warns(nobody) || c.action != "no-op" {
		t.Errorf("the second plan, %s, says:\n%s", c.action, c.said.text())
	}
	p = talk(t, on)
	if c := p.plan(p.read(made), exclusive(account.ID, []string{deploy.ID})); c.said.warns() {
		t.Errorf("without the id, the plan says:\n%s", c.said.text())
	}
	// Without a refresh nothing is said and nothing asked, unless ids are new.
	p = talk(t, on)
	on.ResetRequests()
	if c := p.plan(made, config); c.said.warns() || on.CountRequests("", "") != 0 {
		t.Errorf("without a refresh, the plan asks SigNoz %d times and says:\n%s", on.CountRequests("", ""), c.said.text())
	}
}

func TestKeysExclusive_refusesWhatIsNoID(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	p := talk(t, on)
	p.refused(`"deploy" isn't the id of a key`, "tolerated_names").update(p.none(exclusiveKind), exclusive(account.ID, []string{"deploy"}))
	p.refused("isn't the id of a service account").update(p.none(exclusiveKind), exclusive("ci", nil))
	p.refused("must be lowercase").update(p.none(exclusiveKind), exclusive(strings.ToUpper(account.ID), nil))
	p.refused("Invalid regular expression").update(p.none(exclusiveKind), exclusive(account.ID, nil, "("))
	equal(t, "requests", on.CountRequests("", ""), 0)
	p.refused("Can't list the keys of service account").update(p.none(exclusiveKind), exclusive("0199fa0c-0000-7000-8000-000000000000", nil))
}

// Importing takes all keys for declared: the plan then takes out of key_ids what isn't,
// and only the one after it revokes anything.
func TestKeysExclusive_importsWithoutRevoking(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	deploy := on.CreateKey(account.ID, "deploy", noExpiry)
	byHand := on.CreateKey(account.ID, "by-hand", noExpiry)
	on.CreateKey(account.ID, provider.RetiredName("deploy", ""), time.Now().Add(time.Hour))
	p := talk(t, on)
	ids := []string{deploy.ID, byHand.ID}
	slices.Sort(ids)
	for _, imported := range []instance{
		p.importID(exclusiveKind, account.ID), p.importID(exclusiveKind, "ci"),
		p.importIdentity(exclusiveKind, `{"service_account_id": `+quote(account.ID)+`}`),
	} {
		equal(t, "key_ids", imported.at("key_ids"), jsonList(ids))
		equal(t, "strays", imported.at("strays"), "[]")
		equal(t, "identity", p.identityOf(imported).json(), `{"service_account_id":`+quote(account.ID)+`}`)
		equal(t, "plan", p.plan(imported, exclusive(account.ID, ids)).action, "no-op")
	}
	config := exclusive(account.ID, []string{deploy.ID})
	after := p.update(p.importID(exclusiveKind, "ci"), config)
	equal(t, "keys after the import", len(on.Keys(account.ID)), 3)
	p = talk(t, on)
	after = p.read(after)
	equal(t, "strays", strayNames(after), "by-hand")
	p.update(after, config)
	equal(t, "keys in the end", len(on.Keys(account.ID)), 2)
	p.refused("Service account not found", `"nobody"`).importID(exclusiveKind, "nobody")
}

func TestKeysExclusive_goesWithItsAccount(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			account := on.CreateAccount("ci")
			deploy := on.CreateKey(account.ID, "deploy", noExpiry)
			made := talk(t, on).create(exclusiveKind, exclusive(account.ID, []string{deploy.ID}))
			on.RevokeKey(account.ID, deploy.ID)
			equal(t, "gone with the last key", talk(t, on).read(made).gone(), false)
			on.DeleteAccount(account.ID)
			equal(t, "gone with the account", talk(t, on).read(made).gone(), true)
		})
	}
}

// An account that is merely unknown in the plan isn't changed; where it turns out to be
// another one, that one's strays wait for the next plan.
func TestKeysExclusive_takesUnknownForUnchanged(t *testing.T) {
	on := embeddedOnly(t)
	first, second := on.CreateAccount("first"), on.CreateAccount("second")
	on.CreateKey(first.ID, "by-hand", noExpiry)
	on.CreateKey(second.ID, "by-hand", noExpiry)
	p := talk(t, on)
	made := p.read(p.create(exclusiveKind, exclusive(first.ID, nil)))
	c := p.plan(made, exclusive(first.ID, nil), "service_account_id")
	equal(t, "action", c.action, "update")
	equal(t, "planned strays", c.planned.at("strays"), "[]")

	p = talk(t, on) // the apply
	equal(t, "keys of the same account", len(on.Keys(first.ID)), 1)
	moved := p.plan(made, exclusive(second.ID, nil))
	equal(t, "action for another account", moved.action, "update")
	after := p.apply(moved)
	equal(t, "account", after.text("service_account_id"), second.ID)
	equal(t, "keys", len(on.Keys(first.ID))+len(on.Keys(second.ID)), 2)

	p = talk(t, on)
	p.update(made, exclusive(first.ID, nil))
	equal(t, "keys of the same account, applied", len(on.Keys(first.ID)), 0)
	p = talk(t, on)
	equal(t, "action of a change", p.plan(p.read(after), exclusive(first.ID, nil)).action, "replace")
}

func TestKeysExclusive_revokesNothingWhenDestroyed(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	on.CreateKey(account.ID, "by-hand", noExpiry)
	p := talk(t, on)
	made := p.read(p.create(exclusiveKind, exclusive(account.ID, nil)))
	on.ResetRequests()
	if !p.destroy(made).gone() {
		t.Error("the resource is in the state still")
	}
	equal(t, "keys", keyNames(on, account.ID), "by-hand")
	equal(t, "requests", on.CountRequests("", ""), 0)
}

func TestKeysExclusive_warnsOfASecondOne(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	first, second := on.CreateKey(account.ID, "first", noExpiry), on.CreateKey(account.ID, "second", noExpiry)
	p := talk(t, on)
	const warning = "Two exclusive lists of keys for service account"
	if c := p.plan(p.none(exclusiveKind), exclusive(account.ID, []string{first.ID})); c.said.warns(warning) {
		t.Errorf("the only one is warned of:\n%s", c.said.text())
	}
	if c := p.plan(p.none(exclusiveKind), exclusive(account.ID, []string{second.ID})); !c.said.warns(warning, account.ID) {
		t.Errorf("the second one isn't warned of:\n%s", c.said.text())
	}
	other := on.CreateAccount("other")
	if c := p.plan(p.none(exclusiveKind), exclusive(other.ID, nil)); c.said.warns(warning) {
		t.Errorf("one of another account is warned of:\n%s", c.said.text())
	}
}

// A stray that can't be revoked stays in the state, and the others are revoked.
func TestKeysExclusive_keepsWhatItCouldNotRevoke(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci")
	stuck := on.CreateKey(account.ID, "stuck", noExpiry)
	on.CreateKey(account.ID, "by-hand", noExpiry)
	p := talk(t, on)
	made := p.read(p.create(exclusiveKind, exclusive(account.ID, nil)))
	on.Inject(signoztest.Fault{Answer: signoztest.Status(http.StatusForbidden), Method: "DELETE", Path: "/api/v1/service_accounts/*/keys/" + stuck.ID})
	after := p.refused(`Can't revoke the key "stuck"`).update(made, exclusive(account.ID, nil))
	equal(t, "strays", strayNames(after), "stuck")
	equal(t, "keys", keyNames(on, account.ID), "stuck")
}

// A rotation under create_before_destroy, and one of a fixed name, both with a grace period,
// don't end the old value: a resource that revokes whatever isn't in key_ids at the time of
// its update does. A key made by hand is found and revoked, and so are retired keys that expired.
func TestKeysExclusive_leavesRotatedKeysTheirGrace(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	w := onClock(t, on)
	const rotating = `, "valid_for": "30d", "rotate_before": "10d", "destroy_grace_period": "48h"`
	blocks := []block{
		{address: "account", kind: accountKind, attributes: `"name": "ci"`},
		{address: "overlapping", kind: keyKind, parent: "account", attributes: `"name_prefix": "overlapping-"` + rotating, createBeforeDestroy: true},
		{address: "fixed", kind: keyKind, parent: "account", attributes: `"name": "fixed"` + rotating},
		{address: "exclusive", kind: exclusiveKind, parent: "account", attributes: `"key_ids": ["${overlapping.id}", "${fixed.id}"]`},
	}
	w.applies(blocks, "account: create", "exclusive: create", "fixed: create", "overlapping: create")
	accountID := w.state["account"].text("id")
	old := []string{w.state["overlapping"].text("key"), w.state["fixed"].text("key")}
	oldWork := func() bool { return on.KeyWorks(old[0]) && on.KeyWorks(old[1]) }

	on.Clock().Advance(21 * day)
	w.applies(blocks, "exclusive: update", "fixed: replace", "overlapping: replace")
	equal(t, "the old values work after the rotation", oldWork(), true)
	on.CreateKey(accountID, "by-hand", noExpiry)
	w.applies(blocks, "exclusive: update")
	equal(t, "the old values work when a stray has been revoked", oldWork(), true)
	if names := keyNames(on, accountID); strings.Contains(names, "by-hand") || len(on.Keys(accountID)) != 4 {
		t.Errorf("the keys: %s", names)
	}
	on.Clock().Advance(3 * day)
	w.applies(blocks, "exclusive: update")
	equal(t, "the keys left after all grace periods", len(on.Keys(accountID)), 2)
}

// The rotation with real Terraform, whose order of doing things decides.
func TestAccKeysExclusive_leavesRotatedKeysTheirGrace(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	config := on.provider() + `
resource "signoz_service_account" "ci" {
  name = "ci"
}

resource "signoz_service_account_key" "overlapping" {
  service_account_id   = signoz_service_account.ci.id
  name_prefix          = "overlapping-"
  valid_for            = "30d"
  rotate_before        = "10d"
  destroy_grace_period = "48h"

  lifecycle {
    create_before_destroy = true
  }
}

resource "signoz_service_account_key" "fixed" {
  service_account_id   = signoz_service_account.ci.id
  name                 = "fixed"
  valid_for            = "30d"
  rotate_before        = "10d"
  destroy_grace_period = "48h"
}

resource "signoz_service_account_keys_exclusive" "ci" {
  service_account_id = signoz_service_account.ci.id
  key_ids            = [signoz_service_account_key.overlapping.id, signoz_service_account_key.fixed.id]
}
`
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(provider.WithNow(on.Clock().Now)),
		Steps: []resource.TestStep{
			{Config: config},
			{
				PreConfig: func() { on.Clock().Advance(21 * day) },
				Config:    config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(keyKind+".overlapping", plancheck.ResourceActionCreateBeforeDestroy),
					plancheck.ExpectResourceAction(keyKind+".fixed", plancheck.ResourceActionDestroyBeforeCreate),
					plancheck.ExpectResourceAction(exclusiveKind+".ci", plancheck.ResourceActionUpdate),
				}},
				Check: func(*terraform.State) error {
					account, _ := on.AccountByName("ci")
					if working := on.workingKeys(account.ID); len(working) != 4 {
						return fmt.Errorf("after the rotation these keys work: %+v", working)
					}
					return nil
				},
			},
		},
	})
}

// exclusiveWorld is an account of which some keys are declared, while people and other
// runs make, rotate, extend and leave keys.
type exclusiveWorld struct {
	t      *testing.T
	on     target
	clock  *signoztest.Clock
	random *rand.Rand

	account  signoztest.Account
	declared map[string]string // ids, by the name of the resource
	state    instance
	strayed  map[string]int // applies that a stray has survived since it became one
	made     int
}

// mayBeRevoked reports whether the key is a stray by the documentation's words.
func (w *exclusiveWorld) mayBeRevoked(key signoztest.Key) bool {
	now := w.clock.Now()
	expired := !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt)
	for _, id := range w.declared {
		if id == key.ID {
			return false
		}
	}
	switch {
	case strings.HasPrefix(key.Name, "tolerated"):
		return false
	case strings.HasPrefix(key.Name, "terraform-"):
		return expired
	case strings.Contains(key.Name, "-retired-"):
		return expired || key.ExpiresAt.IsZero()
	}
	return true
}

// run plans and applies; rotated resources get new keys as Terraform does it under
// create_before_destroy: the new key first, then the exclusive resource, then the old key retires.
func (w *exclusiveWorld) run() {
	p := talk(w.t, w.on, provider.WithNow(w.clock.Now))
	w.state = p.read(w.state)
	rotated := map[string]string{}
	for name, id := range w.declared {
		if w.random.IntN(4) == 0 {
			rotated[name] = id
		}
	}
	before := exclusive(w.account.ID, w.ids(), "^tolerated")
	var unknown []string
	if len(rotated) > 0 {
		unknown = append(unknown, "key_ids")
	}
	c := p.plan(w.state, before, unknown...)
	shown := strayNames(w.state)
	if w.random.IntN(2) == 0 {
		w.elsewhere() // after the plan
	}
	for name := range rotated {
		w.declare(name)
	}
	there := w.on.Keys(w.account.ID)
	if c.action == "update" {
		// Terraform plans once more with what is known now.
		config := exclusive(w.account.ID, w.ids(), "^tolerated")
		again := p.plan(w.state, config)
		w.state = p.apply(again)
	}
	left := map[string]bool{}
	for _, key := range w.on.Keys(w.account.ID) {
		left[key.ID] = true
	}
	for _, key := range there {
		switch {
		case !left[key.ID] && slices.Contains(mapValues(rotated), key.ID):
			w.t.Fatalf("the rotated key %s was revoked before its grace period", key.Name)
		case !left[key.ID] && !w.mayBeRevoked(key):
			w.t.Fatalf("the key %s, which expires %v, was revoked and is no stray at %v", key.Name, key.ExpiresAt, w.clock.Now())
		case !left[key.ID] && !strings.Contains(shown, key.Name):
			w.t.Fatalf("the key %s was revoked and the plan hadn't shown it, only %s", key.Name, shown)
		}
	}
	for name, id := range rotated {
		grace := time.Duration(1+w.random.IntN(100)) * time.Hour
		w.on.UpdateKey(w.account.ID, id, provider.RetiredName(w.name(id), w.prefix(name)), w.clock.Now().Add(grace))
	}
	for _, key := range w.on.Keys(w.account.ID) {
		if !w.mayBeRevoked(key) {
			delete(w.strayed, key.ID)
			continue
		}
		if w.strayed[key.ID]++; w.strayed[key.ID] > 2 {
			w.t.Fatalf("the stray %s has survived %d applies", key.Name, w.strayed[key.ID])
		}
	}
}

func (w *exclusiveWorld) prefix(name string) string { return name + "-" }

func (w *exclusiveWorld) name(id string) string {
	for _, key := range w.on.Keys(w.account.ID) {
		if key.ID == id {
			return key.Name
		}
	}
	w.t.Fatalf("the declared key %s is gone", id)
	return ""
}

func (w *exclusiveWorld) ids() []string { return mapValues(w.declared) }

func mapValues(m map[string]string) []string {
	values := []string{}
	for _, value := range m {
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}

// declare makes the key of a resource.
func (w *exclusiveWorld) declare(name string) {
	w.declared[name] = w.on.CreateKey(w.account.ID, signoz.UniqueKeyName(w.prefix(name)), w.clock.Now().Add(1000*time.Hour)).ID
}

// elsewhere is what others do to the account.
func (w *exclusiveWorld) elsewhere() {
	w.made++
	name := "by-hand-" + strings.Repeat("i", w.made%10+1) + signoz.UniqueKeyName("x")
	soon := w.clock.Now().Add(time.Duration(1+w.random.IntN(20)) * time.Hour)
	switch w.random.IntN(6) {
	case 0:
		w.on.CreateKey(w.account.ID, name, noExpiry)
	case 1:
		w.on.CreateKey(w.account.ID, name, soon)
	case 2:
		w.on.CreateKey(w.account.ID, "tolerated-"+name, soon)
	case 3:
		w.on.CreateKey(w.account.ID, signoz.UniqueKeyName("terraform-"), w.clock.Now().Add(15*time.Minute))
	case 4: // another configuration retires a key of its own
		w.on.CreateKey(w.account.ID, provider.RetiredName("other", ""), soon)
	case 5: // somebody needs a retired key for longer, or for ever
		for _, key := range w.on.Keys(w.account.ID) {
			if strings.Contains(key.Name, "-retired-") {
				w.on.UpdateKey(w.account.ID, key.ID, key.Name, []time.Time{soon, noExpiry}[w.random.IntN(2)])
				return
			}
		}
	}
}

// Whatever happens around it, at whatever times: no key is revoked that isn't a stray or
// that the plan hasn't shown, no stray survives two applies, and in the end nothing
// is left but what is declared or tolerated.
func TestKeysExclusive_holdsWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(*exclusiveSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			clock := signoztest.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			w := &exclusiveWorld{
				t: t, clock: clock, random: rand.New(rand.NewPCG(seed, 15)),
				on: embeddedOnly(t, signoztest.WithClock(clock)), declared: map[string]string{}, strayed: map[string]int{},
			}
			w.account = w.on.CreateAccount("ci")
			for _, name := range []string{"deploy", "nightly", "report"} {
				w.declare(name)
			}
			w.elsewhere()
			w.state = talk(t, w.on, provider.WithNow(clock.Now)).create(exclusiveKind, exclusive(w.account.ID, w.ids(), "^tolerated"))
			for range 40 {
				for range w.random.IntN(3) {
					w.elsewhere()
				}
				clock.Advance(time.Duration(w.random.IntN(30*60)) * time.Minute)
				w.run()
			}
			clock.Advance(200 * time.Hour) // all grace periods and leases are over
			for range 2 {
				p := talk(t, w.on, provider.WithNow(clock.Now))
				w.state = p.update(p.read(w.state), exclusive(w.account.ID, w.ids(), "^tolerated"))
			}
			for _, key := range w.on.Keys(w.account.ID) {
				if w.mayBeRevoked(key) || strings.Contains(key.Name, "-retired-") || strings.HasPrefix(key.Name, "terraform-") {
					t.Errorf("%s is left in the end", key.Name)
				}
			}
		})
	}
}
