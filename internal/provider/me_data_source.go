// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var _ datasource.DataSourceWithConfigure = (*meDataSource)(nil)

type meDataSource struct{ session *session }

func newMeDataSource() datasource.DataSource { return &meDataSource{} }

// accountDetails is all that a data source tells of one account.
type accountDetails struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Email     types.String `tfsdk:"email"`
	Status    types.String `tfsdk:"status"`
	OrgID     types.String `tfsdk:"org_id"`
	Roles     types.Set    `tfsdk:"roles"`
	CreatedAt types.String `tfsdk:"created_at"`
	UpdatedAt types.String `tfsdk:"updated_at"`
}

func newAccountDetails(account *signoz.ServiceAccount) accountDetails {
	return accountDetails{
		ID:        types.StringValue(account.ID),
		Name:      types.StringValue(account.Name),
		Email:     types.StringValue(account.Email),
		Status:    types.StringValue(account.Status),
		OrgID:     types.StringValue(account.OrgID),
		Roles:     stringSet(account.RoleNames()),
		CreatedAt: timestamp(account.CreatedAt),
		UpdatedAt: timestamp(account.UpdatedAt),
	}
}

// accountAttributes describes accountDetails.
func accountAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the account, a UUID.",
		},
		"name": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Name of the account.",
		},
		"email": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Email address that SigNoz derived from the account's original name.",
		},
		"status": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`active`, or `deleted` for an account that was deleted.",
		},
		"org_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the organization that the account belongs to.",
		},
		"roles": schema.SetAttribute{
			ElementType:         types.StringType,
			Computed:            true,
			MarkdownDescription: "Names of the account's roles.",
		},
		"created_at": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Time at which the account was created (RFC 3339, UTC).",
		},
		"updated_at": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Time at which the account itself was last changed, for example renamed (RFC 3339, UTC).",
		},
	}
}

func (d *meDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_me"
}

func (d *meDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The service account whose key the provider authenticates with. Use it to prove that a key works, and to see which account it belongs to.",
		Attributes:          accountAttributes(),
	}
}

func (d *meDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *meDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client := d.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	const summary = "Can't read the provider's own service account"
	account, err := client.Me(ctx)
	switch {
	case signoz.IsNotFound(err) && client.SignsAsUser():
		resp.Diagnostics.AddError(summary, "The provider signs in as a user (`email` and `password`), and signoz_me tells of the service account whose key signs in: a user has none. "+
			"Remove this data source, or give the provider a key (`api_key` or "+envAPIKey+")."+said(err))
	case err != nil:
		d.session.addError(ctx, &resp.Diagnostics, summary, err)
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, newAccountDetails(account))...)
	}
}
