// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"
	"time"
)

// A change of rotate_when_changed makes one new key, with and without create_before_destroy
// and a grace period, with values that are unknown in the plan, and together with a rotation
// by time. Adding and removing it isn't a change.
func TestKey_rotatesWhenChanged(t *testing.T) {
	for name, test := range map[string]struct {
		name          string
		before, after string // rotate_when_changed
		grace, cbd    bool
		due           bool
		rotates       bool
	}{
		"changed":                              {name: "deploy", before: `{"a": "1"}`, after: `{"a": "2"}`, rotates: true},
		"changed, with grace":                  {name: "deploy", before: `{"a": "1"}`, after: `{"a": "2"}`, grace: true, rotates: true},
		"another name":                         {name: "deploy", before: `{"a": "1"}`, after: `{"a": "1", "b": "1"}`, rotates: true},
		"create before destroy":                {before: `{"a": "1"}`, after: `{"a": "2"}`, cbd: true, rotates: true},
		"create before destroy, with grace":    {before: `{"a": "1"}`, after: `{"a": "2"}`, cbd: true, grace: true, rotates: true},
		"together with a rotation by time":     {before: `{"a": "1"}`, after: `{"a": "2"}`, cbd: true, grace: true, due: true, rotates: true},
		"unknown, another":                     {name: "deploy", before: `{"a": "1"}`, after: `{"a": "${later '2'}"}`, rotates: true},
		"unknown, another, with grace":         {name: "deploy", before: `{"a": "1"}`, after: `{"a": "${later '2'}"}`, grace: true, rotates: true},
		"unknown, another, create before":      {before: `{"a": "1"}`, after: `{"a": "${later '2'}"}`, cbd: true, grace: true, rotates: true},
		"unknown, the same":                    {name: "deploy", before: `{"a": "1"}`, after: `{"a": "${later '1'}"}`},
		"unknown, the same, and due":           {before: `{"a": "1"}`, after: `{"a": "${later '1'}"}`, cbd: true, grace: true, due: true, rotates: true},
		"unknown, the same, create before":     {before: `{"a": "1"}`, after: `{"a": "${later '1'}"}`, cbd: true},
		"added":                                {name: "deploy", after: `{"a": "1"}`},
		"removed":                              {name: "deploy", before: `{"a": "1"}`},
		"the same":                             {name: "deploy", before: `{"a": "1"}`, after: `{"a": "1"}`},
		"changed, and the lifetime in the run": {name: "deploy", before: `{"a": "1"}`, after: `{"a": "2"}`, rotates: true, due: true},
	} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t, stoppedClock())
			host := on.CreateAccount("host")
			w := onClock(t, on)
			config := func(trigger string) []block {
				attributes := `"name_prefix": "deploy-"`
				if test.name != "" {
					attributes = `"name": ` + quote(test.name)
				}
				attributes += `, "valid_for": "90d", "rotate_before": "14d"`
				if test.grace {
					attributes += `, "destroy_grace_period": "1d"`
				}
				if trigger != "" {
					attributes += `, "rotate_when_changed": ` + trigger
				}
				return []block{{address: "key", kind: keyKind, accountID: host.ID, attributes: attributes, createBeforeDestroy: test.cbd}}
			}
			succeeded(t, w.apply(t.Context(), config(test.before), conditions{}))
			old := w.state["key"].text("key")
			if test.due {
				on.Clock().Advance(80 * 24 * time.Hour)
			}
			succeeded(t, w.apply(t.Context(), config(test.after), conditions{}))
			made := w.state["key"]
			equal(t, "the value is another one", made.text("key") != old, test.rotates)
			equal(t, "the new value works", on.KeyWorks(made.text("key")), true)
			equal(t, "the old value works", on.KeyWorks(old), !test.rotates || test.grace)
			if test.name != "" {
				equal(t, "the name", made.text("name"), test.name)
			}
			keys := 1
			if test.rotates && test.grace {
				keys = 2
			}
			equal(t, "the number of keys", len(on.Keys(host.ID)), keys)
		})
	}
}

// Recipes that only look like rotation are told so, once: what is unknown extends or
// renames the key in place.
func TestKey_warnsOfWhatOnlyLooksLikeRotation(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	p := talk(t, on)
	id := `"service_account_id": ` + quote(on.CreateAccount("ci").ID)
	const keepsValue = "keeps its value"
	key := p.create(keyKind, `{`+id+`, "name": "ci-1", "expires_at": "2090-01-01T00:00:00Z"}`)
	for name, c := range map[string]change{
		"name":       p.plan(key, `{`+id+`, "expires_at": "2090-01-01T00:00:00Z"}`, "name"),
		"expires_at": p.plan(key, `{`+id+`, "name": "ci-1"}`, "expires_at"),
		"both":       p.plan(key, `{`+id+`}`, "name", "expires_at"),
	} {
		if len(c.said) != 1 || !c.said.warns(keepsValue, "valid_for", "rotate_before") {
			t.Errorf("%s unknown: %s", name, c.said.text())
		}
	}
	if c := p.plan(key, `{`+id+`, "name": "ci-2", "expires_at": "2091-01-01T00:00:00Z"}`); c.said.warns(keepsValue) {
		t.Errorf("all known: %s", c.said.text())
	}
	if c := p.plan(p.none(keyKind), `{`+id+`}`, "name", "expires_at"); c.said.warns(keepsValue) {
		t.Errorf("a new key: %s", c.said.text())
	}
}
