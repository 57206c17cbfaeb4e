// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// known reports whether an attribute has a value now.
func known(v interface {
	IsNull() bool
	IsUnknown() bool
},
) bool {
	return !v.IsNull() && !v.IsUnknown()
}

// hasUnknown reports whether an attribute, or anything in it, gets its value only during the apply.
func hasUnknown(v attr.Value) bool {
	value, err := v.ToTerraformValue(context.Background())
	return err != nil || !value.IsFullyKnown()
}

// knownStrings lists, sorted, the elements of a set that have a value now.
func knownStrings(set types.Set) []string {
	var values []string
	for _, element := range set.Elements() {
		if s, ok := element.(types.String); ok && known(s) {
			values = append(values, s.ValueString())
		}
	}
	slices.Sort(values)
	return values
}

// stringSet is the set of these values, empty for none.
func stringSet(values []string) types.Set {
	elements := make([]attr.Value, len(values))
	for i, value := range values {
		elements[i] = types.StringValue(value)
	}
	return types.SetValueMust(types.StringType, elements)
}

// stringOrNull is null for the empty string.
func stringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// difference is what a has and b lacks.
func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
