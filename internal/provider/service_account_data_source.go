// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var (
	_ datasource.DataSourceWithConfigure        = (*serviceAccountDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*serviceAccountDataSource)(nil)
)

type serviceAccountDataSource struct{ session *session }

func newServiceAccountDataSource() datasource.DataSource { return &serviceAccountDataSource{} }

func (d *serviceAccountDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account"
}

func (d *serviceAccountDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := accountAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		MarkdownDescription: "ID of the account to look up, a UUID. Exactly one of `id` and `name` is required. A deleted account is found by its ID too; its `status` is then `deleted`.",
	}
	attributes["name"] = schema.StringAttribute{
		Optional:            true,
		Computed:            true,
		MarkdownDescription: "Exact name of the active account to look up.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One service account, by its ID or name. Use it to refer to an account that this configuration doesn't manage.",
		Attributes:          attributes,
	}
}

func (d *serviceAccountDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))}
}

func (d *serviceAccountDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *serviceAccountDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config accountDetails
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	checkAccountID(path.Root("id"), config.ID, &resp.Diagnostics)
	client := d.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	account, wrong := d.find(ctx, client, config)
	if wrong != nil {
		d.session.addProblem(ctx, &resp.Diagnostics, wrong)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newAccountDetails(account))...)
}

func (d *serviceAccountDataSource) find(ctx context.Context, client *signoz.Client, config accountDetails) (*signoz.ServiceAccount, *problem) {
	if !known(config.ID) {
		return findAccountByName(ctx, client, config.Name.ValueString())
	}
	id := strings.ToLower(config.ID.ValueString())
	account, err := client.SharedServiceAccount(ctx, id)
	if signoz.IsAccountNotFound(err) {
		return nil, &problem{summary: "Service account not found", detail: fmt.Sprintf("No service account has the id %s. It may be of another organization or another SigNoz than the provider's key.%s", id, said(err))}
	}
	if err != nil {
		return nil, &problem{summary: "Can't read service account " + id, err: err}
	}
	return account, nil
}
