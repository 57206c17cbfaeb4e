// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package values looks into the values of attributes, and makes some. It is of use to any
// provider.
package values

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Known reports whether an attribute has a value now.
func Known(v interface {
	IsNull() bool
	IsUnknown() bool
},
) bool {
	return !v.IsNull() && !v.IsUnknown()
}

// HasUnknown reports whether an attribute, or anything in it, gets its value only during the apply.
func HasUnknown(v attr.Value) bool {
	value, err := v.ToTerraformValue(context.Background())
	return err != nil || !value.IsFullyKnown()
}

// Strings lists, sorted, the elements of a set that have a value now.
func Strings(set types.Set) []string {
	var values []string
	for _, element := range set.Elements() {
		if s, ok := element.(types.String); ok && Known(s) {
			values = append(values, s.ValueString())
		}
	}
	slices.Sort(values)
	return values
}

// StringSet is the set of these values, empty for none.
func StringSet(values []string) types.Set {
	elements := make([]attr.Value, len(values))
	for i, value := range values {
		elements[i] = types.StringValue(value)
	}
	return types.SetValueMust(types.StringType, elements)
}

// StringOrNull is null for the empty string.
func StringOrNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
