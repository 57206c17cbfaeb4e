// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

// assigned is a text that an object of a resource gets when it is created, and keeps.
func assigned(description string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: description,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// computed is a text that a data source reads.
func computed(description string) datasourceschema.StringAttribute {
	return datasourceschema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// computedList is a list of objects that a data source reads.
func computedList(description string, attributes map[string]datasourceschema.Attribute) datasourceschema.ListNestedAttribute {
	return datasourceschema.ListNestedAttribute{
		Computed:            true,
		MarkdownDescription: description,
		NestedObject:        datasourceschema.NestedAttributeObject{Attributes: attributes},
	}
}
