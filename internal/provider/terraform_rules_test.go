// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// What Terraform holds every provider to, as pure functions of values. They
// follow Terraform's internal/plans/objchange and internal/terraform, in the
// order of their cases. Blocks are missing, and of nested attributes all but
// single objects: the provider has none.

type schemaAttributes = []*tfprotov6.SchemaAttribute

// attributesOf are the attributes of an object; of a null or unknown one, all
// of them null or unknown.
func attributesOf(v tftypes.Value) map[string]tftypes.Value {
	attributes := map[string]tftypes.Value{}
	if v.IsKnown() && !v.IsNull() {
		must(v.As(&attributes))
		return maps.Clone(attributes) // As shares the value's own map
	}
	of, ok := v.Type().(tftypes.Object)
	if !ok {
		panic(fmt.Sprintf("%s is no object", v))
	}
	var content any
	if !v.IsKnown() {
		content = tftypes.UnknownValue
	}
	for name, attribute := range of.AttributeTypes {
		attributes[name] = tftypes.NewValue(attribute, content)
	}
	return attributes
}

// same reports whether two values are equal; an unknown value equals an unknown
// one, and the order of a set's elements doesn't count.
func same(a, b tftypes.Value) bool { return render(a) == render(b) }

// proposedNew merges a configuration and a state (objchange.ProposedNew).
func proposedNew(schema schemaAttributes, prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() || !config.IsKnown() {
		return prior
	}
	before, proposed := attributesOf(prior), attributesOf(config)
	for _, attribute := range schema {
		configured := proposed[attribute.Name]
		switch {
		case attribute.Computed && configured.IsNull():
			proposed[attribute.Name] = before[attribute.Name]
		case attribute.NestedType != nil && configured.IsKnown() && !configured.IsNull() && attribute.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
			proposed[attribute.Name] = proposedNew(attribute.NestedType.Attributes, before[attribute.Name], configured)
		}
	}
	return tftypes.NewValue(config.Type(), proposed)
}

// planProblems are what makes a plan invalid (objchange.AssertPlanValid).
func planProblems(schema schemaAttributes, prior, config, planned tftypes.Value) []string {
	switch {
	case planned.IsNull() && !config.IsNull():
		return []string{"planned for absence but config wants existence"}
	case config.IsNull() && !planned.IsNull():
		return []string{"planned for existence but config wants absence"}
	case planned.IsNull():
		return nil
	case !planned.IsKnown():
		return []string{"planned unknown for configured value"}
	}
	before, configured, after := attributesOf(prior), attributesOf(config), attributesOf(planned)
	var problems []string
	for _, attribute := range schema {
		name := attribute.Name
		for _, problem := range attributePlanProblems(attribute, before[name], configured[name], after[name]) {
			problems = append(problems, "."+name+": "+problem)
		}
	}
	return problems
}

func attributePlanProblems(attribute *tfprotov6.SchemaAttribute, prior, config, planned tftypes.Value) []string {
	shown := func(v tftypes.Value) string {
		if attribute.Sensitive {
			return "(sensitive)"
		}
		return render(v)
	}
	switch {
	case same(planned, config):
		return nil
	case same(planned, prior) && !prior.IsNull() && !config.IsNull():
		return nil // the provider takes the two for equivalent
	case attribute.WriteOnly && planned.IsNull():
		return nil
	case attribute.WriteOnly:
		return []string{"planned value for write-only attribute is not null"}
	case attribute.Computed && (!attribute.Optional || config.IsNull()):
		return nil
	case config.IsNull() && !planned.IsNull():
		return []string{fmt.Sprintf("planned value %s for a non-computed attribute", shown(planned))}
	case attribute.NestedType != nil && attribute.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle:
		return planProblems(attribute.NestedType.Attributes, prior, config, planned)
	case prior.IsNull():
		return []string{fmt.Sprintf("planned value %s does not match config value %s", shown(planned), shown(config))}
	}
	return []string{fmt.Sprintf("planned value %s does not match config value %s nor prior value %s", shown(planned), shown(config), shown(prior))}
}

// resultProblems are how a later value contradicts an earlier one: what was
// unknown may become anything, what was known stays (objchange.AssertObjectCompatible).
// It judges both the plan that is made again during an apply and the result of the apply.
func resultProblems(schema schemaAttributes, planned, actual tftypes.Value) []string {
	switch {
	case planned.IsNull() && !actual.IsNull():
		return []string{"Root object was absent, but now present"}
	case actual.IsNull() && !planned.IsNull():
		return []string{"Root object was present, but now absent"}
	case planned.IsNull():
		return nil
	}
	before, after := attributesOf(planned), attributesOf(actual)
	var problems []string
	for _, attribute := range schema {
		found := valueProblems("."+attribute.Name, before[attribute.Name], after[attribute.Name])
		if len(found) > 0 && attribute.Sensitive {
			found = []string{"." + attribute.Name + ": inconsistent values for sensitive attribute"}
		}
		problems = append(problems, found...)
	}
	return problems
}

func valueProblems(at string, planned, actual tftypes.Value) []string {
	problem := func(format string, args ...any) []string { return []string{at + ": " + fmt.Sprintf(format, args...)} }
	switch {
	case !planned.IsKnown():
		return nil
	case planned.IsNull() && actual.IsKnown() && actual.IsNull():
		return nil
	case planned.IsNull():
		return problem("was null, but now %s", render(actual))
	case !actual.IsKnown():
		return problem("was known, but now unknown")
	case actual.IsNull():
		return problem("was %s, but now null", render(planned))
	}
	of := planned.Type()
	switch {
	case of.Is(tftypes.Set{}):
		return setProblems(at, elementsOf(planned), elementsOf(actual))
	case of.Is(tftypes.List{}):
		before, after := elementsOf(planned), elementsOf(actual)
		if len(before) != len(after) {
			return problem("length changed from %d to %d", len(before), len(after))
		}
		var problems []string
		for i := range before {
			problems = append(problems, valueProblems(fmt.Sprintf("%s[%d]", at, i), before[i], after[i])...)
		}
		return problems
	case of.Is(tftypes.Object{}), of.Is(tftypes.Map{}):
		return memberProblems(at, planned, actual)
	case !same(planned, actual):
		return problem("was %s, but now %s", render(planned), render(actual))
	}
	return nil
}

func memberProblems(at string, planned, actual tftypes.Value) []string {
	var before, after map[string]tftypes.Value
	must(planned.As(&before))
	must(actual.As(&after))
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		member, ok := after[name]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: element %q has vanished", at, name))
			continue
		}
		problems = append(problems, valueProblems(at+"."+name, before[name], member)...)
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[name]; !ok {
			problems = append(problems, fmt.Sprintf("%s: new element %q has appeared", at, name))
		}
	}
	return problems
}

// setProblems correlates the elements of two sets: each needs a partner in the other.
func setProblems(at string, planned, actual []tftypes.Value) []string {
	fits := func(p, a tftypes.Value) bool { return len(valueProblems(at, p, a)) == 0 }
	for _, p := range planned {
		if !slices.ContainsFunc(actual, func(a tftypes.Value) bool { return fits(p, a) }) {
			return []string{fmt.Sprintf("%s: planned set element %s does not correlate with any element in actual", at, render(p))}
		}
	}
	for _, a := range actual {
		if !slices.ContainsFunc(planned, func(p tftypes.Value) bool { return fits(p, a) }) {
			return []string{fmt.Sprintf("%s: actual set element %s does not correlate with any element in plan", at, render(a))}
		}
	}
	if len(planned) < len(actual) { // fewer is fine: what was unknown may turn out equal
		return []string{fmt.Sprintf("%s: length changed from %d to %d", at, len(planned), len(actual))}
	}
	return nil
}

func elementsOf(v tftypes.Value) []tftypes.Value {
	var elements []tftypes.Value
	must(v.As(&elements))
	return elements
}

// replacingAttributes are those of the paths that ask for a replacement whose
// value changes: Terraform ignores the others. A path that isn't there is a bug.
func replacingAttributes(prior, planned tftypes.Value, paths []*tftypes.AttributePath) (names []string, err error) {
	if prior.IsNull() {
		return nil, nil
	}
	for _, path := range paths {
		before, _, beforeErr := tftypes.WalkAttributePath(prior, path)
		after, _, afterErr := tftypes.WalkAttributePath(planned, path)
		if beforeErr != nil && afterErr != nil {
			return nil, fmt.Errorf(`"requires replacement" on a non-existent attribute path %s`, path)
		}
		old, _ := before.(tftypes.Value)
		now, _ := after.(tftypes.Value)
		if beforeErr != nil || afterErr != nil || !now.IsFullyKnown() || !same(old, now) {
			name, _, _ := strings.Cut(strings.TrimPrefix(path.String(), `AttributeName("`), `"`)
			names = append(names, name)
		}
	}
	return names, nil
}
