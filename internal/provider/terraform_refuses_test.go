// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type (
	planRequest   = tfprotov6.PlanResourceChangeRequest
	planResponse  = tfprotov6.PlanResourceChangeResponse
	applyRequest  = tfprotov6.ApplyResourceChangeRequest
	applyResponse = tfprotov6.ApplyResourceChangeResponse
)

func things(attributes string) []block {
	return []block{{address: "a", kind: thing, attributes: attributes}}
}

// onCreate changes the answer for what isn't there yet, onUpdate for what is.
func onCreate(changes map[string]string) func(*planRequest, *planResponse) {
	return func(req *planRequest, resp *planResponse) {
		if thingOf(req.PriorState).IsNull() {
			resp.PlannedState = with(resp.PlannedState, changes)
		}
	}
}

func onUpdate(changes map[string]string) func(*planRequest, *planResponse) {
	return func(req *planRequest, resp *planResponse) {
		if !thingOf(req.PriorState).IsNull() && !thingOf(req.Config).IsNull() {
			resp.PlannedState = with(resp.PlannedState, changes)
		}
	}
}

// Each rule of Terraform's refuses a provider that breaks it, and lets one pass
// that doesn't.
func TestTerraform_refuses(t *testing.T) {
	t.Parallel()
	const (
		invalidPlan        = "Provider produced invalid plan"
		inconsistentPlan   = "Provider produced inconsistent final plan"
		inconsistentResult = "Provider produced inconsistent result after apply"
		invalidResult      = "Provider returned invalid result object after apply"
		invalidIdentity    = "Provider produced invalid identity"
	)
	plain := things(`"name": "a"`)
	for name, test := range map[string]struct {
		before, after []block // nil after: destroy
		plan          func(*planRequest, *planResponse)
		apply         func(*applyRequest, *applyResponse)
		read          func(*tfprotov6.ReadResourceResponse)
		summary, says string // "" if nothing is refused
	}{
		"a provider that does right": {before: plain, after: things(`"name": "b", "size": "1", "secret": "s", "tags": ["x"]`)},
		"another value than the configured one": {
			after: plain, plan: onCreate(map[string]string{"name": `"b"`}), summary: invalidPlan, says: `.name: planned value "b" does not match config value "a"`,
		},
		"another value than the configured and the prior one": {
			before: plain, after: things(`"name": "b"`), plan: onUpdate(map[string]string{"name": `"c"`}), summary: invalidPlan, says: `"c" does not match config value "b" nor prior value "a"`,
		},
		"the prior value in place of the configured one": {before: plain, after: things(`"name": "b"`), plan: onUpdate(map[string]string{"name": `"a"`})},
		"null in place of the configured value": {
			before: plain, after: things(`"name": "a", "colour": "red"`), plan: onUpdate(map[string]string{"colour": "null"}), summary: invalidPlan, says: `.colour`,
		},
		"the prior null in place of the configured value": {
			before: plain, after: things(`"name": "a", "secret": "s"`), plan: onUpdate(map[string]string{"secret": "null"}), summary: invalidPlan, says: `planned value (sensitive) does not match config value (sensitive)`,
		},
		"unknown in place of the configured value": {
			after: plain, plan: onCreate(map[string]string{"name": "?"}), summary: invalidPlan, says: ".name",
		},
		"a value for what is left out and not computed": {
			after: plain, plan: onCreate(map[string]string{"size": `"1"`}), summary: invalidPlan, says: "for a non-computed attribute",
		},
		"the prior value for what is left out and not computed": {
			before: things(`"name": "a", "secret": "s"`), after: plain, plan: onUpdate(map[string]string{"secret": `"s"`}), summary: invalidPlan, says: "for a non-computed attribute",
		},
		"a value for what is left out and computed": {after: plain, plan: onCreate(map[string]string{"colour": `"blue"`})},
		"absence where existence is wanted": {
			after: plain, plan: func(_ *planRequest, resp *planResponse) {
				resp.PlannedState = packed(thingType, tftypes.NewValue(thingType, nil))
			}, summary: invalidPlan, says: "planned for absence",
		},
		"existence where absence is wanted": {
			before: plain, plan: func(req *planRequest, resp *planResponse) {
				if thingOf(req.Config).IsNull() {
					resp.PlannedState = req.PriorState
				}
			}, summary: invalidPlan, says: "non-null destroy value",
		},
		"a replacement because of what doesn't exist": {
			before: plain, after: things(`"name": "b"`), plan: func(_ *planRequest, resp *planResponse) {
				resp.RequiresReplace = []*tftypes.AttributePath{tftypes.NewAttributePath().WithAttributeName("nonsense")}
			}, summary: invalidPlan, says: "non-existent attribute path",
		},
		"another action when everything is known": {
			before: things(`"name": "a", "size": "1"`), after: things(`"name": "b", "size": "${later '1'}"`),
			plan: func(req *planRequest, resp *planResponse) {
				known := thingOf(req.Config).at("size") != "(unknown)"
				resp.RequiresReplace = nil
				if known && !thingOf(req.PriorState).IsNull() {
					resp.PlannedState = with(resp.PlannedState, map[string]string{"colour": "?"})
					resp.RequiresReplace = []*tftypes.AttributePath{tftypes.NewAttributePath().WithAttributeName("colour")}
				}
			}, summary: inconsistentPlan, says: "changed the planned action from update to replace",
		},
		"a replacement that turns out to be none": {
			before: things(`"name": "a", "size": "1"`), after: things(`"name": "a", "size": "${later '1'}"`), // the object is gone by then: it is made anew
		},
		"an update that turns out to be none": {
			before: things(`"name": "a", "secret": "s"`), after: things(`"name": "a", "secret": "${later 's'}"`),
		},
		"another known value when everything is known": {
			before: plain, after: things(`"name": "${later 'a'}"`), plan: func(req *planRequest, resp *planResponse) {
				colour := `"red"`
				if thingOf(req.Config).at("name") == "(unknown)" {
					colour = `"blue"`
				}
				resp.PlannedState = with(resp.PlannedState, map[string]string{"colour": colour})
			}, summary: inconsistentPlan, says: `.colour: was "blue", but now "red"`,
		},
		"an unknown value where one was known": {
			before: plain, after: things(`"name": "${later 'b'}"`), plan: func(req *planRequest, resp *planResponse) {
				if thingOf(req.Config).at("name") != "(unknown)" {
					resp.PlannedState = with(resp.PlannedState, map[string]string{"colour": "?"})
				}
			}, summary: inconsistentPlan, says: "was known, but now unknown",
		},
		"a result that wasn't planned": {
			after: plain, apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"name": `"b"`})
			}, summary: inconsistentResult, says: `.name: was "a", but now "b"`,
		},
		"a null result of what wasn't planned as null": {
			after: things(`"name": "a", "size": "1"`), apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"size": "null"})
			}, summary: inconsistentResult, says: `.size: was "1", but now null`,
		},
		"one element more than planned": {
			after: things(`"name": "a", "tags": ["x"]`), apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"tags": `["x","y"]`})
			}, summary: inconsistentResult, says: `actual set element "y" does not correlate`,
		},
		"a secret that wasn't planned": {
			after: things(`"name": "a", "secret": "s"`), apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"secret": `"hidden"`})
			}, summary: inconsistentResult, says: ".secret: inconsistent values for sensitive attribute",
		},
		"a result with an unknown value": {
			after: plain, apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"colour": "?"})
			}, summary: invalidResult, says: "an unknown value is left",
		},
		"no object after a create": {
			after: plain, apply: func(_ *applyRequest, resp *applyResponse) {
				resp.NewState = packed(thingType, tftypes.NewValue(thingType, nil))
			}, summary: inconsistentResult, says: "was present, but now absent",
		},
		"an object after its deletion": {
			before: plain, apply: func(req *applyRequest, resp *applyResponse) {
				if thingOf(req.PlannedState).IsNull() {
					resp.NewState = req.PriorState
				}
			}, summary: invalidResult, says: "null: false",
		},
		"no identity after a create": {
			after: plain, apply: func(_ *applyRequest, resp *applyResponse) { resp.NewIdentity = nil }, summary: invalidIdentity, says: "no complete identity",
		},
		"an unknown identity in an update": {
			before: plain, after: things(`"name": "b"`), plan: func(req *planRequest, resp *planResponse) {
				if !thingOf(req.PriorState).IsNull() {
					resp.PlannedIdentity = identified("?")
				}
			}, summary: invalidIdentity, says: "unknown values",
		},
		"an unknown identity in a replacement": {
			before: plain, after: things(`"name": "b", "size": "1"`), plan: func(_ *planRequest, resp *planResponse) { resp.PlannedIdentity = identified("?") },
		},
		"another identity of the same object after an update": {
			before: plain, after: things(`"name": "b"`), apply: func(req *applyRequest, resp *applyResponse) {
				if !thingOf(req.PriorState).IsNull() {
					resp.NewIdentity = identified("other")
				}
			}, summary: invalidIdentity, says: "changed from",
		},
		"another identity of the same object after a refresh": {
			before: plain, after: plain, read: func(resp *tfprotov6.ReadResourceResponse) { resp.NewIdentity = identified("other") }, summary: invalidIdentity, says: "changed from",
		},
		"a refresh that leaves something unknown": {
			before: plain, after: plain, read: func(resp *tfprotov6.ReadResourceResponse) {
				resp.NewState = with(resp.NewState, map[string]string{"colour": "?"})
			}, summary: "Provider produced invalid object", says: "contains unknown values",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, fake := withFake(t)
			if test.before != nil {
				if failed := w.apply(t.Context(), test.before, conditions{}); len(failed) > 0 {
					t.Fatal(failed)
				}
			}
			fake.plan, fake.apply, fake.read = test.plan, test.apply, test.read
			failed := w.apply(t.Context(), test.after, conditions{})
			switch {
			case test.summary == "" && len(failed) > 0:
				t.Errorf("was refused: %v", failed)
			case test.summary != "" && (len(failed) == 0 || failed[0].summary != test.summary || !strings.Contains(failed[0].detail, test.says) || !failed[0].refused()):
				t.Errorf("should be refused with %q, saying %q: %v", test.summary, test.says, failed)
			}
		})
	}
}

// rendered is what a working directory has, an address a line.
func (w *workingDir) rendered(addresses ...string) string {
	var lines []string
	for _, address := range addresses {
		k, ok := w.state[address]
		line := address + ":"
		if ok && !k.gone() {
			line += " " + k.text("id")
		}
		if k.tainted {
			line += " (tainted)"
		}
		for _, old := range k.deposed {
			line += " (deposed " + old.text("id") + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

func succeeded(t *testing.T, failed []failure) {
	t.Helper()
	if len(failed) > 0 {
		t.Fatal(failed)
	}
}

func failing(call string) func(*applyRequest, *applyResponse) {
	return func(req *applyRequest, resp *applyResponse) {
		prior, planned := thingOf(req.PriorState), thingOf(req.PlannedState)
		deletes := planned.IsNull() && call == "delete "+prior.text("id")
		creates := prior.IsNull() && strings.HasPrefix(call, "create ") && planned.text("name") == strings.TrimPrefix(call, "create ")
		if deletes || creates {
			resp.Diagnostics = append(resp.Diagnostics, refusal("The server says no", "%s", call))
		}
		if deletes || creates && !strings.HasSuffix(call, "half") {
			resp.NewState = req.PriorState
		}
	}
}

// A failed create that left an object taints it, and the next run makes it anew;
// one that left none leaves nothing.
func TestTerraform_taints(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	fake.apply = failing("create half")
	half := things(`"name": "half"`)
	equal(t, "errors", len(w.apply(t.Context(), half, conditions{})), 1)
	equal(t, "state", w.rendered("a"), "a: half-1 (tainted)")
	fake.apply = nil
	fake.took()
	succeeded(t, w.apply(t.Context(), half, conditions{}))
	equal(t, "calls", fake.took(), "delete half-1, create half-2")
	equal(t, "state", w.rendered("a"), "a: half-2")

	w.taint("a")
	actions, failed := w.changes(t.Context(), half, conditions{})
	succeeded(t, failed)
	equal(t, "action", actions["a"], "replace")

	w, fake = withFake(t)
	fake.apply = failing("create whole")
	equal(t, "errors", len(w.apply(t.Context(), things(`"name": "whole"`), conditions{})), 1)
	equal(t, "state", w.rendered("a"), "a:")
}

// chain is a, on which b depends, on which c does.
func chain(size string, createBeforeDestroy bool) []block {
	return []block{
		{address: "a", kind: thing, attributes: `"name": "a", "size": ` + quote(size)},
		{address: "b", kind: thing, attributes: `"name": "b", "size": "${a.id}"`},
		{address: "c", kind: thing, attributes: `"name": "c", "secret": "${b.id}"`, createBeforeDestroy: createBeforeDestroy},
	}
}

// What is replaced goes before the new object comes, what depends on it first.
// With create_before_destroy it is the other way round, and everything that the
// object depends on follows suit.
func TestTerraform_ordersReplacements(t *testing.T) {
	t.Parallel()
	for _, createBeforeDestroy := range []bool{false, true} {
		w, fake := withFake(t)
		succeeded(t, w.apply(t.Context(), chain("1", createBeforeDestroy), conditions{}))
		equal(t, "calls", fake.took(), "create a-1, create b-2, create c-3")
		succeeded(t, w.apply(t.Context(), chain("2", createBeforeDestroy), conditions{}))
		want := "delete b-2, delete a-1, create a-4, create b-5, update c-3"
		if createBeforeDestroy {
			want = "create a-4, create b-5, update c-3, delete b-2, delete a-1"
		}
		equal(t, "calls", fake.took(), want)
		succeeded(t, w.apply(t.Context(), nil, conditions{}))
		equal(t, "calls", fake.took(), "delete c-3, delete b-5, delete a-4")
		equal(t, "state", len(w.state), 0)
	}
}

// An old object that can't be deleted stays deposed until a later run deletes
// it; a new one that can't be made leaves the old one where it was.
func TestTerraform_keepsDeposedObjects(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	succeeded(t, w.apply(t.Context(), chain("1", true), conditions{}))
	fake.apply = failing("delete b-2")
	equal(t, "errors", len(w.apply(t.Context(), chain("2", true), conditions{})), 1)
	equal(t, "state", w.rendered("a", "b"), "a: a-4 (deposed a-1), b: b-5 (deposed b-2)")
	actions, failed := w.changes(t.Context(), chain("2", true), conditions{})
	succeeded(t, failed)
	equal(t, "actions", len(actions), 2)
	equal(t, "action", actions["b (deposed)"], "delete")
	fake.took()
	fake.apply = nil
	succeeded(t, w.apply(t.Context(), chain("2", true), conditions{}))
	equal(t, "calls", fake.took(), "delete b-2, delete a-1")
	equal(t, "state", w.rendered("a", "b"), "a: a-4, b: b-5")

	fake.apply = failing("create b")
	equal(t, "errors", len(w.apply(t.Context(), chain("3", true), conditions{})), 1)
	equal(t, "state", w.rendered("a", "b", "c"), "a: a-6 (deposed a-4), b: b-5, c: c-3")
}

// Terraform itself can't order a run in which an object becomes
// create_before_destroy and loses what it depended on (seen with 1.11.4). It says
// so before it does anything.
func TestTerraform_cycle(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	succeeded(t, w.apply(t.Context(), chain("1", false)[:2], conditions{}))
	fake.took()
	failed := w.apply(t.Context(), []block{{address: "b", kind: thing, attributes: `"name": "b", "size": "x"`, createBeforeDestroy: true}}, conditions{})
	if len(failed) != 1 || failed[0].summary != "Cycle" || fake.took() != "" {
		t.Errorf("there should be a cycle: %v", failed)
	}
}

// What depends on something that failed isn't begun.
func TestTerraform_stopsBehindAFailure(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	fake.apply = failing("create b")
	equal(t, "errors", len(w.apply(t.Context(), chain("1", false), conditions{})), 1)
	equal(t, "calls", fake.took(), "create a-1, create b-2")
	equal(t, "state", w.rendered("a", "b", "c"), "a: a-1, b:, c:")
}

// -replace, -destroy, -refresh=false and -refresh-only.
func TestTerraform_modes(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	plain := things(`"name": "a"`)
	succeeded(t, w.apply(t.Context(), plain, conditions{}))
	equal(t, "provider processes of a run", fake.count("start"), 2)
	succeeded(t, w.apply(t.Context(), plain, conditions{}))
	equal(t, "reads", fake.count("read"), 1)
	succeeded(t, w.apply(t.Context(), plain, conditions{noRefresh: true}))
	equal(t, "reads", fake.count("read"), 1)
	plans := fake.count("plan")
	fake.read = func(resp *tfprotov6.ReadResourceResponse) {
		resp.NewState = with(resp.NewState, map[string]string{"colour": `"pink"`})
	}
	succeeded(t, w.apply(t.Context(), things(`"name": "b"`), conditions{refreshOnly: true}))
	equal(t, "plans", fake.count("plan"), plans)
	equal(t, "colour", w.state["a"].text("colour"), "pink")
	fake.took()

	succeeded(t, w.apply(t.Context(), plain, conditions{replace: []string{"a"}}))
	equal(t, "calls", fake.took(), "delete a-1, create a-2")
	fake.plan = onUpdate(map[string]string{"name": `"z"`})
	if failed := w.apply(t.Context(), plain, conditions{destroyAll: true}); len(failed) != 1 || !failed[0].refused() {
		t.Errorf("-destroy plans the configuration first: %v", failed)
	}
	fake.plan = nil
	succeeded(t, w.apply(t.Context(), plain, conditions{destroyAll: true}))
	equal(t, "calls", fake.took(), "delete a-2")
	succeeded(t, w.apply(t.Context(), things(`"name": "imported"`), conditions{imports: map[string]string{"a": "mine"}}))
	equal(t, "state", w.rendered("a"), "a: mine")
}

// A failed plan leaves the state as it was, and an interrupted run begins nothing new.
func TestTerraform_planChangesNothing(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	succeeded(t, w.apply(t.Context(), things(`"name": "a"`), conditions{}))
	fake.read = func(resp *tfprotov6.ReadResourceResponse) {
		resp.NewState = packed(thingType, tftypes.NewValue(thingType, nil))
	}
	fake.plan = onCreate(map[string]string{"name": `"z"`})
	equal(t, "errors", len(w.apply(t.Context(), things(`"name": "a"`), conditions{})), 1)
	equal(t, "state", w.rendered("a"), "a: a-1")
}

// A data source is read in the plan, but in the apply when it waits for something
// that changes; what refers to it is unknown until then.
func TestTerraform_defersData(t *testing.T) {
	t.Parallel()
	w, fake := withFake(t)
	config := func(colour string) []block {
		return []block{
			{address: "a", kind: thing, attributes: `"name": "a", "colour": ` + quote(colour)},
			{address: "d", kind: "data." + thing, attributes: `"name": "d"`, dependsOn: []string{"a"}},
			{address: "b", kind: thing, attributes: `"name": "b", "secret": "${d.id}"`},
		}
	}
	succeeded(t, w.apply(t.Context(), config("red"), conditions{}))
	equal(t, "secret", w.state["b"].text("secret"), "found")
	actions, failed := w.changes(t.Context(), config("red"), conditions{})
	succeeded(t, failed)
	equal(t, "changes", len(actions), 0)
	actions, failed = w.changes(t.Context(), config("blue"), conditions{})
	succeeded(t, failed)
	equal(t, "b", actions["b"], "update")
	fake.took()
	succeeded(t, w.apply(t.Context(), config("blue"), conditions{}))
	equal(t, "calls", fake.took(), "update a-1") // b turned out to be as it was
}

// Values inside nested objects are proposed and judged like those of the root.
func TestTerraform_nestedAttributes(t *testing.T) {
	t.Parallel()
	inner := schemaAttributes{{Name: "set", Type: tftypes.String, Optional: true}, {Name: "made", Type: tftypes.String, Computed: true}}
	schema := schemaAttributes{{Name: "o", Optional: true, NestedType: &tfprotov6.SchemaObject{Nesting: tfprotov6.SchemaObjectNestingModeSingle, Attributes: inner}}}
	of := (&tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: schema}}).ValueType()
	read := func(text string) tftypes.Value {
		v, err := tftypes.ValueFromJSON([]byte(text), of) //nolint:staticcheck // as the protocol itself reads JSON
		fatal(t, err)
		return v
	}
	prior, config := read(`{"o": {"set": "1", "made": "m"}}`), read(`{"o": {"set": "2", "made": null}}`)
	equal(t, "proposed", render(proposedNew(schema, prior, config)), `{"o":{"made":"m","set":"2"}}`)
	for planned, says := range map[string]string{
		`{"o": {"set": "2", "made": "n"}}`: "",
		`{"o": {"set": "1", "made": "n"}}`: "",
		`{"o": {"set": "3", "made": "m"}}`: `.set: planned value "3" does not match config value "2" nor prior value "1"`,
		`{"o": null}`:                      "planned for absence but config wants existence",
	} {
		if problems := strings.Join(planProblems(schema, prior, config, read(planned)), "\n"); (problems == "") != (says == "") || !strings.Contains(problems, says) {
			t.Errorf("%s: %q, should say %q", planned, problems, says)
		}
	}
	if problems := resultProblems(schema, config, prior); len(problems) != 2 {
		t.Errorf("two of the nested values changed: %q", problems)
	}
}
