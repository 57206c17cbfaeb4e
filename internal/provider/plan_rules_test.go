// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// Mistakes in a configuration are refused before anything is sent that changes
// something, on the attribute they are in, with what to do instead.
func TestPlan_refusesMistakes(t *testing.T) {
	t.Parallel()
	const (
		account = "signoz_service_account"
		key     = "signoz_service_account_key"
		id      = `"service_account_id": "01a20456-0000-7000-8000-000000000000"`
	)
	past, future := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for name, c := range map[string]struct {
		kind, config string
		says         []string
	}{
		"upper case":            {account, `{"name": "CI"}`, []string{"name", `doesn't accept "CI"`, `"ci"`, "lowercase"}},
		"underscore":            {account, `{"name": "ci_pipeline"}`, []string{`For example: "ci-pipeline"`}},
		"empty name":            {account, `{"name": ""}`, []string{"name", "empty"}},
		"digit and hyphen":      {account, `{"name": "-ci1"}`, []string{"name", `"ci1"`}},
		"long name":             {account, `{"name": "` + strings.Repeat("x", 51) + `"}`, []string{"name", "51 characters", "at most 50"}},
		"unknown role":          {account, `{"name": "ci", "roles": ["SigNoz-Admin"]}`, []string{`Unknown role "SigNoz-Admin"`, `did you mean "signoz-admin"`, "signoz-viewer"}},
		"short role":            {account, `{"name": "ci", "roles": ["viewer"]}`, []string{`did you mean "signoz-viewer"`}},
		"empty role":            {account, `{"name": "ci", "roles": [""]}`, []string{"roles"}},
		"key without name":      {key, `{` + id + `}`, []string{"name", "name_prefix"}},
		"key with both names":   {key, `{` + id + `, "name": "a", "name_prefix": "a-"}`, []string{"name", "name_prefix"}},
		"key's bad name":        {key, `{` + id + `, "name": "Key 1"}`, []string{"name", `"key-1"`}},
		"key's long prefix":     {key, `{` + id + `, "name_prefix": "` + strings.Repeat("x", 69) + `"}`, []string{"name_prefix", "at most 68"}},
		"account's name as id":  {key, `{"service_account_id": "ci", "name": "a"}`, []string{"service_account_id", "UUID", "signoz_service_account.NAME.id"}},
		"past":                  {key, `{` + id + `, "name": "a", "expires_at": "` + past + `"}`, []string{"expires_at", "lies in the past", "minutes ago"}},
		"unreadable time":       {key, `{` + id + `, "name": "a", "expires_at": "tomorrow"}`, []string{"expires_at", "RFC 3339", "2027-01-31T12:00:00Z"}},
		"fraction of a second":  {key, `{` + id + `, "name": "a", "expires_at": "2099-01-01T00:00:00.5Z"}`, []string{"expires_at", "whole seconds"}},
		"date alone":            {key, `{` + id + `, "name": "a", "expires_at": "2099-01-01"}`, []string{"expires_at", "RFC 3339"}},
		"two lifetimes":         {key, `{` + id + `, "name": "a", "expires_at": "` + future + `", "valid_for": "1h"}`, []string{"expires_at", "valid_for"}},
		"rotation alone":        {key, `{` + id + `, "name": "a", "rotate_before": "1h"}`, []string{"rotate_before", "valid_for"}},
		"rotation too early":    {key, `{` + id + `, "name": "a", "valid_for": "1d", "rotate_before": "24h"}`, []string{"rotate_before", "every plan would replace the key"}},
		"negative lifetime":     {key, `{` + id + `, "name": "a", "valid_for": "-1h"}`, []string{"valid_for", "negative"}},
		"zero lifetime":         {key, `{` + id + `, "name": "a", "valid_for": "0s"}`, []string{"valid_for", "too short"}},
		"zero rotation":         {key, `{` + id + `, "name": "a", "valid_for": "1h", "rotate_before": "0d"}`, []string{"rotate_before", "too short"}},
		"unreadable lifetime":   {key, `{` + id + `, "name": "a", "valid_for": "three months"}`, []string{"valid_for", "90d"}},
		"months":                {key, `{` + id + `, "name": "a", "valid_for": "3M"}`, []string{"valid_for", "90d"}},
		"endless lifetime":      {key, `{` + id + `, "name": "a", "valid_for": "40000d"}`, []string{"valid_for", "100 years"}},
		"null role":             {account, `{"name": "ci", "roles": ["signoz-viewer", null]}`, []string{"roles", "null"}},
		"upper case id":         {key, `{"service_account_id": "01A20456-0000-7000-8000-000000000000", "name": "a"}`, []string{"service_account_id", "lowercase", "01a20456"}},
		"after year 9999":       {key, `{` + id + `, "name": "a", "expires_at": "9999-12-31T23:00:00-01:00"}`, []string{"expires_at", "9999"}},
		"negative grace period": {key, `{` + id + `, "name": "a", "destroy_grace_period": "-1s"}`, []string{"destroy_grace_period", "negative"}},
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

	p.refused(`Can't create service account "taken"`, "name", account.ID, "terraform import").create("signoz_service_account", `{"name": "taken"}`)
	p.refused(`Can't create the key "deploy"`, "name", "terraform import ADDRESS "+account.ID+"/deploy", "name_prefix").create("signoz_service_account_key", `{`+id+`, "name": "deploy"}`)
	p.refused(`Can't create the key "deploy"`, "doesn't exist").create("signoz_service_account_key", `{"service_account_id": "01a20456-0000-7000-8000-000000000000", "name": "deploy"}`)

	other := p.create("signoz_service_account", `{"name": "other"}`)
	p.refused(`Can't update service account "other"`, "name", `named "taken" already`).update(other, `{"name": "taken"}`)
	second := p.create("signoz_service_account_key", `{`+id+`, "name": "second"}`)
	p.refused(`Can't update the key "second"`, "name", `named "deploy" already`).update(second, `{`+id+`, "name": "deploy"}`)

	// What the plan let through, because another version takes it, the server refuses.
	old := embedded(t, signoztest.WithVersion(signoztest.V0_118_0))
	talk(t, old).refused(`Can't create service account "ci1"`, "only lowercase letters").create("signoz_service_account", `{"name": "ci1"}`)
}

// The provider doesn't saw off the branch it sits on.
func TestPlan_protectsItself(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on)
	own := on.AdminAccount()
	ownKey := on.Keys(own.ID)[0]

	account := p.importID("signoz_service_account", own.Name)
	p.refused("delete its own service account", "key of another account", "terraform state rm").destroy(account)
	if c := p.plan(account, `{"name": "terraform", "roles": ["signoz-admin"]}`); c.said.warns() {
		t.Errorf("keeping the roles warns: %s", c.said.text())
	}
	unmanaged := p.stored("signoz_service_account", `{"id": `+quote(own.ID)+`, "name": "terraform"}`)
	if c := p.plan(unmanaged, `{"name": "terraform", "roles": ["signoz-viewer"]}`); !c.said.warns("removes roles", "signoz-admin") {
		t.Errorf("taking up the roles without signoz-admin doesn't warn: %s", c.said.text())
	}
	if c := p.plan(account, `{"name": "terraform", "roles": ["signoz-viewer"]}`); !c.said.warns("removes roles from its own service account", "have only signoz-viewer", "signoz-admin") {
		t.Errorf("taking signoz-admin doesn't warn: %s", c.said.text())
	}

	// Without knowing which account is its own, it deletes none.
	ci := p.create("signoz_service_account", `{"name": "ci"}`)
	refusing := talk(t, on)
	forbidden := on.Inject(signoztest.Fault{Method: "GET", Path: "/api/v1/service_accounts/me", Answer: signoztest.Status(403)})
	refusing.refused(`Can't delete service account "ci"`, "deleting its own account", "403").destroy(ci)
	equal(t, "asked", forbidden.Hits() > 0, true)
	on.ClearFaults()
	talk(t, on).destroy(ci)

	const kind = "signoz_service_account_key"
	state := func(more string) instance {
		return p.stored(kind, fmt.Sprintf(`{"id": %q, "service_account_id": %q, "name": %q, "key": %s, "ready_for_rotation": false%s}`,
			ownKey.ID, own.ID, ownKey.Name, quote(ownKey.Value), more))
	}
	p.refused("revoke the key that it authenticates with", "another key").destroy(state(""))
	p.refused("revoke the key that it authenticates with").plan(state(""), fmt.Sprintf(`{"service_account_id": "01a20456-0000-7000-8000-000000000000", "name": %q}`, ownKey.Name))
	if c := p.plan(state(`, "destroy_grace_period": "1h"`), ""); !c.said.warns("retires the key that it authenticates with", "destroy_grace_period") {
		t.Errorf("retiring the own key doesn't warn: %s", c.said.text())
	}
	p.refused("revoke the key that it authenticates with", "at least 10m").destroy(state(`, "destroy_grace_period": "1m"`))
	sooner := fmt.Sprintf(`{"service_account_id": %q, "name": %q, "expires_at": %q}`, own.ID, ownKey.Name, rfc3339(time.Now().Add(time.Hour)))
	if c := p.plan(state(""), sooner); !c.said.warns("expire sooner", "another key") {
		t.Errorf("ending the own key doesn't warn: %s", c.said.text())
	}
	if !on.KeyWorks(ownKey.Value) {
		t.Error("the own key was revoked")
	}

	// A user can do all of that on purpose.
	user := unconfigured(t)
	user.configure(`{"endpoint": ` + quote(on.endpoint) + `, "email": "` + signoztest.AdminEmail + `", "password": "` + signoztest.AdminPassword + `"}`)
	user.destroy(user.importID("signoz_service_account", own.Name))
	if on.KeyWorks(ownKey.Value) {
		t.Error("the key of the deleted account works")
	}
}

// An expired key that doesn't rotate gives a warning with the ways out, and one
// that does is replaced without any.
func TestPlan_warnsOfExpiredKeys(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	id := `"service_account_id": ` + quote(on.CreateAccount("ci").ID)
	fixed := `{` + id + `, "name": "fixed", "expires_at": "` + on.Clock().Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	lifetime := `{` + id + `, "name": "lifetime", "valid_for": "1h"}`
	rotating := `{` + id + `, "name": "rotating", "valid_for": "1h", "rotate_before": "20m"}`
	keys := []struct {
		config string
		key    instance
	}{}
	for _, config := range []string{fixed, lifetime, rotating} {
		keys = append(keys, struct {
			config string
			key    instance
		}{config, p.create("signoz_service_account_key", config)})
	}
	on.Clock().Advance(2 * time.Hour)
	for _, k := range keys {
		c := p.plan(p.read(k.key), k.config)
		if k.config == rotating {
			if c.kindOfAction() != "replace" || c.said.warns() {
				t.Errorf("the rotating key: %s %s", c.kindOfAction(), c.said.text())
			}
			continue
		}
		if c.kindOfAction() != "no-op" || !c.said.warns("has expired", "1 hour ago", "Extend it", "-replace", "remove it") && !c.said.warns("has expired", "60 minutes ago", "Extend it", "-replace", "remove it") {
			t.Errorf("%s: %s %s", k.key.text("name"), c.kindOfAction(), c.said.text())
		}
		// What needs no request can be changed all the same.
		p.update(p.read(k.key), strings.Replace(k.config, `"name"`, `"destroy_grace_period": "1h", "name"`, 1))
	}
}

// What happened to a key since it was set up breaks no later plan.
func TestKey_oldExpiriesBreakNoPlan(t *testing.T) {
	t.Parallel()
	const kind, day = "signoz_service_account_key", 24 * time.Hour
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	id := `"service_account_id": ` + quote(account.ID)

	// Extended elsewhere beyond the configured time, which passes: said, and left so,
	// also after an update of something else, and after an import.
	dated := `{` + id + `, "name": "dated", "expires_at": "` + on.Clock().Now().Add(day).UTC().Format(time.RFC3339) + `"`
	k := p.create(kind, dated+`}`)
	on.UpdateKey(account.ID, k.text("id"), "dated", on.Clock().Now().Add(9*day))
	on.Clock().Advance(2 * day)
	k = p.update(p.read(k), dated+`, "destroy_grace_period": "1h"}`)
	if c := p.plan(p.read(k), dated+`, "destroy_grace_period": "1h"}`); c.kindOfAction() != "no-op" || !c.said.warns("is valid longer than configured", "-replace") {
		t.Errorf("extended elsewhere: %s %s", c.kindOfAction(), c.said.text())
	}

	// Its expiry taken away elsewhere, a key still rotates when its time comes.
	rotating := `{` + id + `, "name": "rotating", "valid_for": "90d", "rotate_before": "30d"}`
	k = p.create(kind, rotating)
	on.UpdateKey(account.ID, k.text("id"), "rotating", time.Time{})
	on.Clock().Advance(61 * day)
	if c := p.plan(p.read(k), rotating); c.kindOfAction() != "replace" {
		t.Errorf("without an expiry: %s %s", c.kindOfAction(), c.said.text())
	}

	// Nor does it do so for a key with a lifetime: it is still known which expiry it should have.
	outliving := `{` + id + `, "name": "outliving%s", "valid_for": "5d"%s}`
	k = p.create(kind, fmt.Sprintf(outliving, "", ""))
	on.UpdateKey(account.ID, k.text("id"), "outliving", on.Clock().Now().Add(9*365*day))
	on.Clock().Advance(6 * day)
	k = p.update(p.read(k), fmt.Sprintf(outliving, "-renamed", ""))
	if c := p.plan(p.read(k), fmt.Sprintf(outliving, "-renamed", "")); c.kindOfAction() != "no-op" || !c.said.warns("is valid longer than configured") {
		t.Errorf("renamed: %s %s", c.kindOfAction(), c.said.text())
	}
	k = p.update(p.read(k), fmt.Sprintf(outliving, "-renamed", `, "rotate_before": "1d"`))
	if c := p.plan(p.read(k), fmt.Sprintf(outliving, "-renamed", `, "rotate_before": "1d"`)); c.kindOfAction() != "replace" {
		t.Errorf("with rotate_before: %s %s", c.kindOfAction(), c.said.text())
	}

	// A key that was renamed elsewhere and expired since keeps that name.
	for _, name := range []string{`"name": "called"`, `"name_prefix": "called-"`} {
		called := `{` + id + `, ` + name + `, "valid_for": "1h"%s}`
		k = p.create(kind, fmt.Sprintf(called, ""))
		on.UpdateKey(account.ID, k.text("id"), "otherwise", on.Clock().Now().Add(time.Hour))
		on.Clock().Advance(2 * time.Hour)
		k = p.read(k)
		if c := p.plan(k, fmt.Sprintf(called, "")); c.kindOfAction() != "no-op" || !c.said.warns("has expired", "name was changed outside Terraform") {
			t.Errorf("%s, renamed elsewhere: %s %s", name, c.kindOfAction(), c.said.text())
		}
		// Also after an update of something else; and extended, it gets its name back.
		k = p.read(p.update(k, fmt.Sprintf(called, `, "destroy_grace_period": "1h"`)))
		if c := p.plan(k, fmt.Sprintf(called, `, "destroy_grace_period": "1h"`)); c.kindOfAction() != "no-op" {
			t.Errorf("%s, after an update: %s %s", name, c.kindOfAction(), c.said.text())
		}
		k = p.update(k, strings.Replace(fmt.Sprintf(called, ""), "1h", "10d", 1))
		equal(t, name+", extended", strings.HasPrefix(k.text("name"), "called"), true)
		on.RevokeKey(account.ID, k.text("id"))
	}

	// An extension of which the run never learned that it had been carried out is one all the same.
	extended := `{` + id + `, "name": "extended", "valid_for": "%dd", "rotate_before": "1d"}`
	k = p.create(kind, fmt.Sprintf(extended, 5))
	on.Clock().Advance(6 * day)
	expiry, err := time.Parse(time.RFC3339, k.text("expires_at"))
	must(err)
	on.UpdateKey(account.ID, k.text("id"), "extended", expiry.Add(25*day))
	k = p.read(p.update(p.read(p.update(p.read(k), fmt.Sprintf(extended, 30))), fmt.Sprintf(extended, 31)))
	equal(t, "expiry", k.text("expires_at"), expiry.Add(26*day).UTC().Format(time.RFC3339))
	if c := p.plan(k, fmt.Sprintf(extended, 31)); c.kindOfAction() != "no-op" || c.said.warns() {
		t.Errorf("extended: %s %s", c.kindOfAction(), c.said.text())
	}

	// A key that is due isn't judged by its expiry, however old the refresh is.
	due := `{` + id + `, "name": "due", "valid_for": "5d", "rotate_before": "1d"}`
	k = p.create(kind, due)
	on.UpdateKey(account.ID, k.text("id"), "due", on.Clock().Now().Add(30*day))
	on.Clock().Advance(4*day + time.Hour)
	k = p.read(k)
	for range 2 {
		if c := p.plan(k, due); c.kindOfAction() != "replace" || c.said.warns() {
			t.Errorf("due: %s %s", c.kindOfAction(), c.said.text())
		}
		on.Clock().Advance(day)
	}

	// One that was revoked elsewhere when it had expired isn't taken for a mistake in the configuration.
	cleaned := `{` + id + `, "name": "cleaned", "expires_at": "` + on.Clock().Now().Add(day).UTC().Format(time.RFC3339) + `"}`
	k = p.create(kind, cleaned)
	on.Clock().Advance(2 * day)
	p.refused("The expiry lies in the past").plan(p.none(kind), cleaned)
	on.RevokeKey(account.ID, k.text("id"))
	if gone := p.read(k); !gone.IsNull() {
		t.Error("a revoked key is still there")
	}
	if c := p.plan(p.none(kind), cleaned); c.kindOfAction() != "create" || !c.said.warns("Key can't be re-created", "remove the resource") {
		t.Errorf("cleaned away: %s %s", c.kindOfAction(), c.said.text())
	}

	// Nor if its expiry or its name were changed before.
	for name, elsewhere := range map[string]struct {
		name   string
		expiry time.Duration
	}{"moved-before": {"moved-before", 9 * day}, "renamed-before": {"otherwise", day}} {
		cleaned := `{` + id + `, "name": "` + name + `", "expires_at": "` + on.Clock().Now().Add(day).UTC().Format(time.RFC3339) + `"}`
		k = p.create(kind, cleaned)
		on.UpdateKey(account.ID, k.text("id"), elsewhere.name, on.Clock().Now().Add(elsewhere.expiry))
		on.Clock().Advance(2 * day)
		k = p.read(k)
		on.RevokeKey(account.ID, k.text("id"))
		again := talk(t, on, provider.WithNow(on.Clock().Now))
		again.read(k)
		if c := again.plan(again.none(kind), cleaned); c.kindOfAction() != "create" || !c.said.warns("Key can't be re-created") {
			t.Errorf("%s: %s %s", name, c.kindOfAction(), c.said.text())
		}
	}

	// The refresh of a key that has merely expired finds nothing to remember.
	merely := p.create(kind, `{`+id+`, "name": "merely", "valid_for": "1h"}`)
	on.Clock().Advance(2 * time.Hour)
	equal(t, "private state", string(p.read(merely).private), string(merely.private))

	// A name that isn't known yet may turn out the same.
	lifetime := `{` + id + `, "name": "lifetime", "valid_for": "1h"}`
	k = p.create(kind, lifetime)
	on.Clock().Advance(2 * time.Hour)
	p.plan(p.read(k), lifetime, "name")
}

// The refresh decides whether a key is due, so that the plan made once more
// during the apply, a while later, says the same.
func TestKey_windowOpensBeforeTheApply(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	config := func(grace string) string {
		return `{"service_account_id": ` + quote(account.ID) + `, "name": "a", "valid_for": "1h", "rotate_before": "30m", "destroy_grace_period": "` + grace + `"}`
	}
	k := p.read(p.create("signoz_service_account_key", config("1m")))
	on.Clock().Advance(45 * time.Minute)
	if c := p.plan(k, config("1m")); c.kindOfAction() != "no-op" {
		t.Errorf("planned again: %s", c.kindOfAction())
	}
	k = p.read(k)
	if c := p.plan(k, config("1m")); c.kindOfAction() != "replace" {
		t.Errorf("after a refresh: %s", c.kindOfAction())
	}
	// A plan that changes the grace period doesn't end the key with the old one.
	if c := p.plan(k, config("2m")); c.kindOfAction() != "update" {
		t.Errorf("with another grace period: %s", c.kindOfAction())
	}
}

// Nor does time that passes between plan and apply make the plan of the apply another one:
// what can't be had any more is an error.
func TestKey_timePassesBeforeTheApply(t *testing.T) {
	t.Parallel()
	const kind, day = "signoz_service_account_key", 24 * time.Hour
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	id := `"service_account_id": ` + quote(account.ID)
	tests := map[string]struct {
		config  string
		name    string    // given elsewhere
		expiry  time.Time // likewise
		refused string
	}{
		"dated-later":      {`"expires_at": "` + on.Clock().Now().Add(day).UTC().Format(time.RFC3339) + `"`, "", on.Clock().Now().Add(9 * day), "has passed since SigNoz was read"},
		"dated-sooner":     {`"expires_at": "` + on.Clock().Now().Add(day).UTC().Format(time.RFC3339) + `"`, "", on.Clock().Now().Add(day / 4), "has passed since SigNoz was read"},
		"lifetime-later":   {`"valid_for": "24h"`, "", on.Clock().Now().Add(9 * day), "has passed since SigNoz was read"},
		"lifetime-removed": {`"valid_for": "24h"`, "", time.Time{}, "has passed since SigNoz was read"},
		"renamed":          {`"valid_for": "24h"`, "otherwise", on.Clock().Now().Add(day), "An expired key can't be renamed"},
	}
	keys := make(map[string]instance)
	for name, test := range tests {
		k := p.create(kind, `{`+id+`, "name": "`+name+`", `+test.config+`}`)
		on.UpdateKey(account.ID, k.text("id"), cmp.Or(test.name, name), test.expiry)
		keys[name] = k
	}
	on.Clock().Advance(day / 2)
	for name, test := range tests {
		keys[name] = p.read(keys[name])
		if c := p.plan(keys[name], `{`+id+`, "name": "`+name+`", `+test.config+`}`); c.kindOfAction() != "update" {
			t.Errorf("%s, before: %s %s", name, c.kindOfAction(), c.said.text())
		}
	}
	on.Clock().Advance(day)
	for name, test := range tests {
		p.refused(test.refused).plan(keys[name], `{`+id+`, "name": "`+name+`", `+test.config+`}`)
		if c := p.plan(p.read(keys[name]), `{`+id+`, "name": "`+name+`", `+test.config+`}`); c.kindOfAction() != "no-op" || !c.said.warns() {
			t.Errorf("%s, read again: %s %s", name, c.kindOfAction(), c.said.text())
		}
	}
}

// A legacy name, which SigNoz takes no more, doesn't cost a key its grace period.
func TestKey_legacyNameRetires(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	key := on.CreateKey(account.ID, "Old.Key_1", time.Time{})
	k := p.importID("signoz_service_account_key", "ci/Old.Key_1")
	k = p.update(k, `{"service_account_id": `+quote(account.ID)+`, "name": "Old.Key_1", "destroy_grace_period": "24h"}`)
	p.destroy(k)
	if !on.KeyWorks(key.Value) {
		t.Error("the key was revoked at once")
	}
	on.Clock().Advance(25 * time.Hour)
	if on.KeyWorks(key.Value) {
		t.Error("the key works after its grace period")
	}
}

// A fixed name is free again when the key is retired, also one that was taken up by a prefix.
func TestKey_retiredKeysFreeTheirNames(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on)
	id := `"service_account_id": ` + quote(on.CreateAccount("ci").ID)
	k := p.create("signoz_service_account_key", `{`+id+`, "name": "ci-deploy"}`)
	k = p.update(k, `{`+id+`, "name_prefix": "ci-", "destroy_grace_period": "24h"}`)
	equal(t, "name", k.text("name"), "ci-deploy")
	p.destroy(k)
	p.create("signoz_service_account_key", `{`+id+`, "name": "ci-deploy"}`)

	// A name of the provider's own making says too that the key is retired.
	k = p.create("signoz_service_account_key", `{`+id+`, "name_prefix": "ci-", "destroy_grace_period": "24h"}`)
	p.destroy(k)
	for _, key := range on.AllKeys() {
		if key.ID == k.text("id") {
			equal(t, "begins with its former name", strings.HasPrefix(key.Name, k.text("name")+"-retired-"), true)
			equal(t, "expires", key.ExpiresAt.IsZero(), false)
		}
	}
}

// What SigNoz refuses in the apply, because of what happened since the plan or because of its
// version, says what to do.
func TestKey_refusedInTheApply(t *testing.T) {
	t.Parallel()
	const kind = "signoz_service_account_key"
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	id := `"service_account_id": ` + quote(account.ID)
	dated := `{` + id + `, "name": "a", "expires_at": "` + on.Clock().Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	k := p.create(kind, `{`+id+`, "name": "a"}`)
	planned := p.plan(k, dated)
	on.Clock().Advance(2 * time.Hour)
	p.refused("The expiry lies in the past").apply(planned) // Terraform plans once more
	after := p.applied(t.Context(), k, planned.planned, planned.config)
	p.refused(`Can't update the key "a"`, "an expiry that has passed since the plan was made", "plan again").judge("the time passes later still", nil, after.said)

	planned = p.plan(k, `{`+id+`, "name": "b"}`)
	on.RevokeKey(account.ID, k.text("id"))
	p.refused(`Can't update the key "a"`, "removed in SigNoz after this plan was made").apply(planned)

	old := embedded(t, signoztest.WithVersion(signoztest.V0_118_0))
	talk(t, old).refused("a name that this version doesn't allow").create("signoz_service_account", `{"name": "ci-2"}`)
}

// Giving up the roles takes nothing away, and the plan says so.
func TestPlan_rolesGivenUp(t *testing.T) {
	t.Parallel()
	p := talk(t, embedded(t))
	account := p.create("signoz_service_account", `{"name": "ci", "roles": ["signoz-viewer"]}`)
	if c := p.plan(account, `{"name": "ci"}`); c.kindOfAction() != "update" || !c.said.warns("stops managing the roles", "keeps signoz-viewer") {
		t.Errorf("roles left out: %s %s", c.kindOfAction(), c.said.text())
	}
	if c := p.plan(account, `{"name": "ci", "roles": []}`); c.said.warns() {
		t.Errorf("no roles wanted: %s", c.said.text())
	}
	imported := p.importID("signoz_service_account", "ci")
	if c := p.plan(imported, `{"name": "ci"}`); c.kindOfAction() != "update" || !c.said.warns("keeps signoz-viewer") {
		t.Errorf("imported: %s %s", c.kindOfAction(), c.said.text())
	}
}

// A lifetime that is given to a key, moved and taken back, in all combinations.
func TestKey_lifetimeOfExistingKeys(t *testing.T) {
	t.Parallel()
	on := embedded(t, stoppedClock())
	p := talk(t, on, provider.WithNow(on.Clock().Now))
	account := on.CreateAccount("ci")
	config := func(attributes string) string {
		return `{"service_account_id": ` + quote(account.ID) + `, "name": "a"` + attributes + `}`
	}
	expiry := func() time.Time {
		k, _ := on.KeyByName(account.ID, "a")
		return k.ExpiresAt
	}
	made := on.Clock().Now()
	near := func(want time.Time) {
		t.Helper()
		if d := expiry().Sub(want); d < -5*time.Second || d > 5*time.Second {
			t.Errorf("the key expires at %s, want %s", expiry(), want)
		}
	}
	const kind, day = "signoz_service_account_key", 24 * time.Hour
	k := p.create(kind, config(""))
	value := k.text("key")
	on.Clock().Advance(10 * day)

	// valid_for counts from the creation, also when it comes later.
	k = p.update(k, config(`, "valid_for": "30d"`))
	near(made.Add(30 * day))
	k = p.update(k, config(`, "valid_for": "40d"`))
	near(made.Add(40 * day))
	at := on.Clock().Now().Add(5 * day).UTC().Truncate(time.Second)
	k = p.update(k, config(`, "expires_at": "`+at.Format(time.RFC3339)+`"`))
	near(at)
	k = p.update(k, config(`, "valid_for": "20d"`))
	near(made.Add(20 * day))
	k = p.update(k, config(``))
	if !expiry().IsZero() {
		t.Errorf("the key expires at %s, want never", expiry())
	}
	p.refused("valid_for", "would have expired already", "5 days ago").plan(k, config(`, "valid_for": "5d"`))
	if k.text("key") != value || !on.KeyWorks(value) {
		t.Error("the value changed")
	}

	// The same instant in another notation is no change.
	k = p.update(k, config(`, "expires_at": "`+at.Format(time.RFC3339)+`"`))
	same := at.In(time.FixedZone("", -7*3600)).Format(time.RFC3339)
	if c := p.plan(p.read(k), config(`, "expires_at": "`+same+`"`)); c.kindOfAction() != "no-op" {
		t.Errorf("another notation: %s", c.kindOfAction())
	}
}

// Names made from a prefix fit every server, are unique, and follow the prefix.
func TestKey_namePrefix(t *testing.T) {
	t.Parallel()
	on := embedded(t, signoztest.WithVersion(signoztest.V0_118_0))
	p := talk(t, on)
	account := on.CreateAccount("ci")
	config := func(name string) string {
		return `{"service_account_id": ` + quote(account.ID) + `, ` + name + `}`
	}
	const kind = "signoz_service_account_key"
	first, second := p.create(kind, config(`"name_prefix": "deploy-"`)), p.create(kind, config(`"name_prefix": "deploy-"`))
	if a, b := first.text("name"), second.text("name"); a == b || !strings.HasPrefix(a, "deploy-") || len(a) <= len("deploy-")+8 {
		t.Errorf("names %q and %q", a, b)
	}
	p.create(kind, config(`"name_prefix": "`+strings.Repeat("x", 68)+`"`)) // the longest fits

	if c := p.plan(first, config(`"name_prefix": "other-"`)); c.kindOfAction() != "replace" {
		t.Errorf("another prefix: %s", c.kindOfAction())
	}
	// From a name to a prefix and back, the key stays.
	k := p.update(second, config(`"name": "fixed"`))
	k = p.update(k, config(`"name_prefix": "again-"`))
	if k.text("key") != second.text("key") || !strings.HasPrefix(k.text("name"), "again-") {
		t.Errorf("the key is %s", k.json())
	}
	// Renamed elsewhere, it gets a name of its prefix again.
	on.UpdateKey(account.ID, k.text("id"), "stray", time.Time{})
	k = p.update(p.read(k), config(`"name_prefix": "again-"`))
	if !strings.HasPrefix(k.text("name"), "again-") {
		t.Errorf("the key is named %q", k.text("name"))
	}
}

// Destroying with a grace period: never later than the key's own expiry, the
// name is free at once, and what can't be retired is revoked.
func TestKey_destroyGracePeriod(t *testing.T) {
	t.Parallel()
	const kind = "signoz_service_account_key"
	for name, c := range map[string]struct {
		attributes string
		advance    time.Duration // before the destroy
		worksFor   time.Duration // after it; 0: not at all
	}{
		"none":               {`"name": "a"`, 0, 0},
		"zero":               {`"name": "a", "destroy_grace_period": "0s"`, 0, 0},
		"fixed name":         {`"name": "a", "destroy_grace_period": "2h"`, 0, 2 * time.Hour},
		"prefix":             {`"name_prefix": "a-", "destroy_grace_period": "2h"`, 0, 2 * time.Hour},
		"expires sooner":     {`"name": "a", "valid_for": "1h", "destroy_grace_period": "2h"`, 0, time.Hour},
		"prefix, sooner":     {`"name_prefix": "a-", "valid_for": "1h", "destroy_grace_period": "2h"`, 0, time.Hour},
		"expired":            {`"name": "a", "valid_for": "1h", "destroy_grace_period": "2h"`, 3 * time.Hour, 0},
		"less than a second": {`"name": "a", "destroy_grace_period": "1ms"`, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := embedded(t, stoppedClock())
			p := talk(t, on, provider.WithNow(on.Clock().Now))
			account := on.CreateAccount("ci")
			k := p.create(kind, `{"service_account_id": `+quote(account.ID)+`, `+c.attributes+`}`)
			value := k.text("key")
			on.Clock().Advance(c.advance)
			on.ResetRequests()
			p.destroy(p.read(k))
			if n := on.CountRequests("PUT", "**") + on.CountRequests("DELETE", "**"); n > 1 {
				t.Errorf("%d requests, want one", n)
			}
			if works := on.KeyWorks(value); works != (c.worksFor > 0) {
				t.Errorf("right after the destroy the key works: %v", works)
			}
			if _, taken := on.KeyByName(account.ID, "a"); taken {
				t.Error("the name is still taken")
			}
			if c.worksFor > time.Minute {
				on.Clock().Advance(c.worksFor - time.Minute)
				if !on.KeyWorks(value) {
					t.Error("the key doesn't work to the end of its grace period")
				}
			}
			on.Clock().Advance(2 * time.Minute)
			if on.KeyWorks(value) {
				t.Error("the key works after its grace period")
			}
		})
	}
}
