// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

type rolesModel struct {
	Roles []roleModel `tfsdk:"roles"`
}

type roleModel struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Type        types.String `tfsdk:"type"`
}

func rolesDataSource() core.DataSource[*session, rolesModel] {
	return core.DataSource[*session, rolesModel]{
		Name: "roles",
		Read: readRoles,
		Schema: schema.Schema{
			MarkdownDescription: "The roles of the organization: SigNoz's built-in roles (`signoz-admin`, `signoz-editor`, `signoz-viewer`, `signoz-anonymous`) and, in the enterprise edition, custom roles.",
			Attributes: map[string]schema.Attribute{
				"roles": computedList("The roles, sorted by name.", map[string]schema.Attribute{
					"id":          computed("ID of the role, a UUID."),
					"name":        computed("Name of the role, for `roles` and `role` of the resources."),
					"description": computed("What the role is for."),
					"type":        computed("`managed` for a built-in role, `custom` for one of the organization."),
				}),
			},
		},
	}
}

func readRoles(ctx context.Context, s *session, m *rolesModel, diags *diag.Diagnostics) {
	roles, err := s.client.Roles(ctx)
	if err != nil {
		s.addError(ctx, diags, "Can't list the roles", err)
		return
	}
	m.Roles = make([]roleModel, 0, len(roles))
	for _, role := range slices.SortedFunc(slices.Values(roles), func(a, b signoz.Role) int { return cmp.Compare(a.Name, b.Name) }) {
		m.Roles = append(m.Roles, roleModel{
			ID:          types.StringValue(role.ID),
			Name:        types.StringValue(role.Name),
			Description: types.StringValue(role.Description),
			Type:        types.StringValue(role.Type),
		})
	}
}
