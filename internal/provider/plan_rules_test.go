// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// Mistakes in a configuration are refused before anything is sent that changes
// something, on the attribute they are in, with what to do instead.
func TestPlan_refusesMistakes(t *testing.T) {
	t.Parallel()
	const id = `"service_account_id": "01a20456-0000-7000-8000-000000000000"`
	past, future := rfc3339(time.Now().Add(-time.Hour)), rfc3339(time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		kind, config string
		says         []string
	}{
		"upper case":            {accountKind, `{"name": "CI"}`, []string{"name", `doesn't accept "CI"`, `"ci"`, "lowercase"}},
		"underscore":            {accountKind, `{"name": "ci_pipeline"}`, []string{`For example: "ci-pipeline"`}},
		"empty name":            {accountKind, `{"name": ""}`, []string{"name", "empty"}},
		"digit and hyphen":      {accountKind, `{"name": "-ci1"}`, []string{"name", `"ci1"`}},
		"long name":             {accountKind, `{"name": "` + strings.Repeat("x", 51) + `"}`, []string{"name", "51 characters", "at most 50"}},
		"unknown role":          {accountKind, `{"name": "ci", "roles": ["SigNoz-Admin"]}`, []string{`Unknown role "SigNoz-Admin"`, `did you mean "signoz-admin"`, "signoz-viewer"}},
		"short role":            {accountKind, `{"name": "ci", "roles": ["viewer"]}`, []string{`did you mean "signoz-viewer"`}},
		"empty role":            {accountKind, `{"name": "ci", "roles": [""]}`, []string{"roles"}},
		"key without name":      {keyKind, `{` + id + `}`, []string{"name", "name_prefix"}},
		"key with both names":   {keyKind, `{` + id + `, "name": "a", "name_prefix": "a-"}`, []string{"name", "name_prefix"}},
		"key's bad name":        {keyKind, `{` + id + `, "name": "Key 1"}`, []string{"name", `"key-1"`}},
		"key's long prefix":     {keyKind, `{` + id + `, "name_prefix": "` + strings.Repeat("x", 69) + `"}`, []string{"name_prefix", "at most 68"}},
		"account's name as id":  {keyKind, `{"service_account_id": "ci", "name": "a"}`, []string{"service_account_id", "UUID", "signoz_service_account.NAME.id"}},
		"past":                  {keyKind, `{` + id + `, "name": "a", "expires_at": "` + past + `"}`, []string{"expires_at", "lies in the past", "minutes ago"}},
		"unreadable time":       {keyKind, `{` + id + `, "name": "a", "expires_at": "tomorrow"}`, []string{"expires_at", "RFC 3339", "2027-01-31T12:00:00Z"}},
		"fraction of a second":  {keyKind, `{` + id + `, "name": "a", "expires_at": "2099-01-01T00:00:00.5Z"}`, []string{"expires_at", "whole seconds"}},
		"date alone":            {keyKind, `{` + id + `, "name": "a", "expires_at": "2099-01-01"}`, []string{"expires_at", "RFC 3339"}},
		"two lifetimes":         {keyKind, `{` + id + `, "name": "a", "expires_at": "` + future + `", "valid_for": "1h"}`, []string{"expires_at", "valid_for"}},
		"rotation alone":        {keyKind, `{` + id + `, "name": "a", "rotate_before": "1h"}`, []string{"rotate_before", "valid_for"}},
		"rotation too early":    {keyKind, `{` + id + `, "name": "a", "valid_for": "1d", "rotate_before": "24h"}`, []string{"rotate_before", "every plan would replace the key"}},
		"negative lifetime":     {keyKind, `{` + id + `, "name": "a", "valid_for": "-1h"}`, []string{"valid_for", "negative"}},
		"zero lifetime":         {keyKind, `{` + id + `, "name": "a", "valid_for": "0s"}`, []string{"valid_for", "too short"}},
		"zero rotation":         {keyKind, `{` + id + `, "name": "a", "valid_for": "1h", "rotate_before": "0d"}`, []string{"rotate_before", "too short"}},
		"unreadable lifetime":   {keyKind, `{` + id + `, "name": "a", "valid_for": "three months"}`, []string{"valid_for", "90d"}},
		"months":                {keyKind, `{` + id + `, "name": "a", "valid_for": "3M"}`, []string{"valid_for", "90d"}},
		"endless lifetime":      {keyKind, `{` + id + `, "name": "a", "valid_for": "40000d"}`, []string{"valid_for", "100 years"}},
		"null role":             {accountKind, `{"name": "ci", "roles": ["signoz-viewer", null]}`, []string{"roles", "null"}},
		"upper case id":         {keyKind, `{"service_account_id": "01A20456-0000-7000-8000-000000000000", "name": "a"}`, []string{"service_account_id", "lowercase", "01a20456"}},
		"after year 9999":       {keyKind, `{` + id + `, "name": "a", "expires_at": "9999-12-31T23:00:00-01:00"}`, []string{"expires_at", "9999"}},
		"negative grace period": {keyKind, `{` + id + `, "name": "a", "destroy_grace_period": "-1s"}`, []string{"destroy_grace_period", "negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := embedded(t)
			p := talk(t, on)
			p.refused(c.says...).plan(p.none(c.kind), c.config)
			for _, r := range on.Requests() {
				if r.Method != http.MethodGet {
					t.Errorf("%s %s was sent", r.Method, r.Path)
				}
			}
		})
	}
}

// An apply that SigNoz refuses says what the object was and what to do.
func TestApply_explainsRefusals(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on)
	account := on.CreateAccount("taken")
	on.CreateKey(account.ID, "deploy", time.Time{})
	id := `"service_account_id": ` + quote(account.ID)

	p.refused(`Can't create service account "taken"`, "name", account.ID, "terraform import").create(accountKind, `{"name": "taken"}`)
	p.refused(`Can't create the key "deploy"`, "name", "terraform import ADDRESS "+account.ID+"/deploy", "name_prefix").create(keyKind, `{`+id+`, "name": "deploy"}`)
	p.refused(`Can't create the key "deploy"`, "doesn't exist").create(keyKind, `{"service_account_id": "01a20456-0000-7000-8000-000000000000", "name": "deploy"}`)

	other := p.create(accountKind, `{"name": "other"}`)
	p.refused(`Can't update service account "other"`, "name", `named "taken" already`).update(other, `{"name": "taken"}`)
	second := p.create(keyKind, `{`+id+`, "name": "second"}`)
	p.refused(`Can't update the key "second"`, "name", `named "deploy" already`).update(second, `{`+id+`, "name": "deploy"}`)

	// What the plan let through, because another version takes it, the server refuses.
	old := embedded(t, signoztest.WithVersion(signoztest.V0_118_0))
	talk(t, old).refused(`Can't create service account "ci1"`, "only lowercase letters", "a name that this version doesn't allow").create(accountKind, `{"name": "ci1"}`)
}

// The provider deletes neither its own account nor, when it can't tell which that is, any.
func TestAccount_ownIsNotDeleted(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	p.refused("delete its own service account", "key of another account", "terraform state rm").destroy(p.importID(accountKind, on.AdminAccount().Name))

	ci := p.create(accountKind, `{"name": "ci"}`)
	forbidden := on.Inject(signoztest.Fault{Method: "GET", Path: "/api/v1/service_accounts/me", Answer: signoztest.Status(403)})
	talk(t, on).refused(`Can't delete service account "ci"`, "deleting its own account", "403").destroy(ci)
	equal(t, "asked", forbidden.Hits() > 0, true)
	on.ClearFaults()
	talk(t, on).destroy(ci)
}

// Taking roles from the provider's own account warns.
func TestAccount_ownLosesRoles(t *testing.T) {
	on := embeddedOnly(t)
	p, own := talk(t, on), on.AdminAccount()
	account := p.importID(accountKind, own.Name)
	if c := p.plan(account, `{"name": "terraform", "roles": ["signoz-admin"]}`); c.said.warns() {
		t.Errorf("keeping the roles warns: %s", c.said.text())
	}
	if c := p.plan(account, `{"name": "terraform", "roles": ["signoz-viewer"]}`); !c.said.warns("removes roles from its own service account", "have only signoz-viewer", "signoz-admin") {
		t.Errorf("taking signoz-admin doesn't warn: %s", c.said.text())
	}
	unmanaged := p.stored(accountKind, `{"id": `+quote(own.ID)+`, "name": "terraform"}`)
	if c := p.plan(unmanaged, `{"name": "terraform", "roles": ["signoz-viewer"]}`); !c.said.warns("removes roles", "signoz-admin") {
		t.Errorf("taking up the roles without signoz-admin doesn't warn: %s", c.said.text())
	}
}

// The provider doesn't revoke the key that it authenticates with; that it retires it or lets it
// expire sooner is a warning.
func TestKey_ownIsNotRevoked(t *testing.T) {
	on := embeddedOnly(t)
	p, own := talk(t, on), on.AdminAccount()
	key := on.Keys(own.ID)[0]
	state := func(more string) instance {
		return p.stored(keyKind, fmt.Sprintf(`{"id": %q, "service_account_id": %q, "name": %q, "key": %s, "ready_for_rotation": false%s}`,
			key.ID, own.ID, key.Name, quote(key.Value), more))
	}
	p.refused("revoke the key that it authenticates with", "another key").destroy(state(""))
	p.refused("revoke the key that it authenticates with").plan(state(""), fmt.Sprintf(`{"service_account_id": "01a20456-0000-7000-8000-000000000000", "name": %q}`, key.Name))
	p.refused("revoke the key that it authenticates with", "at least 10m").destroy(state(`, "destroy_grace_period": "1m"`))
	if c := p.plan(state(`, "destroy_grace_period": "1h"`), ""); !c.said.warns("retires the key that it authenticates with", "destroy_grace_period") {
		t.Errorf("retiring the own key doesn't warn: %s", c.said.text())
	}
	sooner := fmt.Sprintf(`{"service_account_id": %q, "name": %q, "expires_at": %q}`, own.ID, key.Name, rfc3339(time.Now().Add(time.Hour)))
	if c := p.plan(state(""), sooner); !c.said.warns("expire sooner", "another key") {
		t.Errorf("ending the own key doesn't warn: %s", c.said.text())
	}
	equal(t, "the own key works", on.KeyWorks(key.Value), true)
}

// A user can do all of that on purpose.
func TestAccount_ofTheProviderDeletedByAUser(t *testing.T) {
	on := embeddedOnly(t)
	own := on.AdminAccount()
	key := on.Keys(own.ID)[0]
	user := unconfigured(t)
	user.configure(`{"endpoint": ` + quote(on.endpoint) + `, "email": "` + signoztest.AdminEmail + `", "password": "` + signoztest.AdminPassword + `"}`)
	user.destroy(user.importID(accountKind, own.Name))
	equal(t, "the key of the deleted account works", on.KeyWorks(key.Value), false)
}

// Giving up the roles takes nothing away, and the plan says so.
func TestPlan_rolesGivenUp(t *testing.T) {
	t.Parallel()
	p := talk(t, embedded(t))
	account := p.create(accountKind, `{"name": "ci", "roles": ["signoz-viewer"]}`)
	if c := p.plan(account, `{"name": "ci"}`); c.kindOfAction() != "update" || !c.said.warns("stops managing the roles", "keeps signoz-viewer") {
		t.Errorf("roles left out: %s %s", c.kindOfAction(), c.said.text())
	}
	if c := p.plan(account, `{"name": "ci", "roles": []}`); c.said.warns() {
		t.Errorf("no roles wanted: %s", c.said.text())
	}
	imported := p.importID(accountKind, "ci")
	if c := p.plan(imported, `{"name": "ci"}`); c.kindOfAction() != "update" || !c.said.warns("keeps signoz-viewer") {
		t.Errorf("imported: %s %s", c.kindOfAction(), c.said.text())
	}
}
