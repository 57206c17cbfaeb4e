// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var _ datasource.DataSourceWithConfigure = (*serviceAccountsDataSource)(nil)

type serviceAccountsDataSource struct{ session *session }

func newServiceAccountsDataSource() datasource.DataSource { return &serviceAccountsDataSource{} }

type serviceAccountsModel struct {
	NameRegex       types.String     `tfsdk:"name_regex"`
	IncludeDeleted  types.Bool       `tfsdk:"include_deleted"`
	ServiceAccounts []accountSummary `tfsdk:"service_accounts"`
}

// accountSummary is what SigNoz's list tells of an account: everything but its roles.
type accountSummary struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Email     types.String `tfsdk:"email"`
	Status    types.String `tfsdk:"status"`
	OrgID     types.String `tfsdk:"org_id"`
	CreatedAt types.String `tfsdk:"created_at"`
	UpdatedAt types.String `tfsdk:"updated_at"`
}

func newAccountSummary(account *signoz.ServiceAccount) accountSummary {
	d := newAccountDetails(account)
	return accountSummary{ID: d.ID, Name: d.Name, Email: d.Email, Status: d.Status, OrgID: d.OrgID, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt}
}

func (d *serviceAccountsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_accounts"
}

func (d *serviceAccountsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	account := accountAttributes()
	delete(account, "roles")
	resp.Schema = schema.Schema{
		MarkdownDescription: "All service accounts of the organization, from one request. SigNoz's list has no roles: look them up with `signoz_service_account`.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only accounts whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
				Validators:          []validator.String{isRegexp{}},
			},
			"include_deleted": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether to include deleted accounts, which SigNoz keeps. `false` by default.",
			},
			"service_accounts": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The accounts, sorted by name.",
				NestedObject:        schema.NestedAttributeObject{Attributes: account},
			},
		},
	}
}

// isRegexp refuses what can't be read as a regular expression.
type isRegexp struct{}

func (isRegexp) Description(context.Context) string { return "must be a regular expression" }

func (v isRegexp) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isRegexp) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	if _, err := regexp.Compile(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid regular expression",
			fmt.Sprintf("%s. The syntax is that of Go (RE2), which has no lookahead and no backreferences.", err))
	}
}

func (d *serviceAccountsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *serviceAccountsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model serviceAccountsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	pattern, err := regexp.Compile(model.NameRegex.ValueString())
	if err != nil {
		return // refused by the validator
	}
	accounts, err := client.ServiceAccounts(ctx)
	if err != nil {
		d.session.addError(ctx, &resp.Diagnostics, "Can't list the service accounts", err)
		return
	}
	model.ServiceAccounts = make([]accountSummary, 0, len(accounts))
	for _, account := range sortedAccounts(accounts) {
		if pattern.MatchString(account.Name) && (!account.Deleted() || model.IncludeDeleted.ValueBool()) {
			model.ServiceAccounts = append(model.ServiceAccounts, newAccountSummary(&account))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// sortedAccounts is a sorted copy of the shared list. Names of deleted accounts may repeat.
func sortedAccounts(accounts []signoz.ServiceAccount) []signoz.ServiceAccount {
	return slices.SortedFunc(slices.Values(accounts), func(a, b signoz.ServiceAccount) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}
