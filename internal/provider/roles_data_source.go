// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var _ datasource.DataSourceWithConfigure = (*rolesDataSource)(nil)

type rolesDataSource struct{ session *session }

func newRolesDataSource() datasource.DataSource { return &rolesDataSource{} }

type rolesModel struct {
	Roles []roleModel `tfsdk:"roles"`
}

type roleModel struct {
	ID          types.String `tfsdk:"id"`
	Name        types.String `tfsdk:"name"`
	Description types.String `tfsdk:"description"`
	Type        types.String `tfsdk:"type"`
}

func (d *rolesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_roles"
}

func (d *rolesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The roles of the organization: SigNoz's built-in roles (`signoz-admin`, `signoz-editor`, `signoz-viewer`, `signoz-anonymous`) and, in the enterprise edition, custom roles.",
		Attributes: map[string]schema.Attribute{
			"roles": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The roles, sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "ID of the role, a UUID.",
					},
					"name": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Name of the role, for `roles` and `role` of the resources.",
					},
					"description": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "What the role is for.",
					},
					"type": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "`managed` for a built-in role, `custom` for one of the organization.",
					},
				}},
			},
		},
	}
}

func (d *rolesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *rolesDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client := d.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	roles, err := client.Roles(ctx)
	if err != nil {
		d.session.addError(ctx, &resp.Diagnostics, "Can't list the roles", err)
		return
	}
	model := rolesModel{Roles: make([]roleModel, 0, len(roles))}
	for _, role := range slices.SortedFunc(slices.Values(roles), func(a, b signoz.Role) int { return cmp.Compare(a.Name, b.Name) }) {
		model.Roles = append(model.Roles, roleModel{
			ID:          types.StringValue(role.ID),
			Name:        types.StringValue(role.Name),
			Description: types.StringValue(role.Description),
			Type:        types.StringValue(role.Type),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
