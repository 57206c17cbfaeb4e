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
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

func serviceAccountDataSource() core.DataSource[*session, accountDetails] {
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
	return core.DataSource[*session, accountDetails]{
		Name:       "service_account",
		Read:       readServiceAccount,
		Validators: []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))},
		Schema: schema.Schema{
			MarkdownDescription: "One service account, by its ID or name. Use it to refer to an account that this configuration doesn't manage.",
			Attributes:          attributes,
		},
	}
}

func readServiceAccount(ctx context.Context, s *session, m *accountDetails, diags *diag.Diagnostics) {
	checkAccountID(path.Root("id"), m.ID, diags)
	if diags.HasError() {
		return
	}
	account, wrong := lookUpAccount(ctx, s.client, *m)
	if wrong != nil {
		s.addProblem(ctx, diags, wrong)
		return
	}
	*m = newAccountDetails(account)
}

func lookUpAccount(ctx context.Context, client *signoz.Client, config accountDetails) (*signoz.ServiceAccount, *problem) {
	if !values.Known(config.ID) {
		return findAccountByName(ctx, client, config.Name.ValueString())
	}
	id := strings.ToLower(config.ID.ValueString())
	account, err := client.SharedServiceAccount(ctx, id)
	if signoz.IsAccountNotFound(err) {
		return nil, &problem{summary: "Service account not found", detail: fmt.Sprintf("No service account has the id %s. It may be of another organization or another SigNoz than the provider's key.%s", id, quote(err))}
	}
	if err != nil {
		return nil, &problem{summary: "Can't read service account " + id, err: err}
	}
	return account, nil
}
