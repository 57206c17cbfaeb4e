// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

type serviceAccountsModel struct {
	NameRegex       types.String     `tfsdk:"name_regex"`
	IncludeDeleted  types.Bool       `tfsdk:"include_deleted"`
	ServiceAccounts []accountSummary `tfsdk:"service_accounts"`
}

func serviceAccountsDataSource() core.DataSource[*session, serviceAccountsModel] {
	account := accountAttributes()
	delete(account, "roles")
	return core.DataSource[*session, serviceAccountsModel]{
		Name: "service_accounts",
		Read: readServiceAccounts,
		Schema: schema.Schema{
			MarkdownDescription: "All service accounts of the organization, from one request. SigNoz's list has no roles: look them up with `signoz_service_account`.",
			Attributes: map[string]schema.Attribute{
				"name_regex": schema.StringAttribute{
					Optional:            true,
					MarkdownDescription: "Only accounts whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
					Validators:          []validator.String{values.IsRegexp()},
				},
				"include_deleted":  schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether to include deleted accounts, which SigNoz keeps. `false` by default."},
				"service_accounts": computedList("The accounts, sorted by name.", account),
			},
		},
	}
}

func readServiceAccounts(ctx context.Context, s *session, m *serviceAccountsModel, diags *diag.Diagnostics) {
	pattern, err := regexp.Compile(m.NameRegex.ValueString())
	if err != nil {
		return // refused by the validator
	}
	accounts, err := s.client.ServiceAccounts(ctx)
	if err != nil {
		s.addError(ctx, diags, "Can't list the service accounts", err)
		return
	}
	m.ServiceAccounts = make([]accountSummary, 0, len(accounts))
	for _, account := range sortedAccounts(accounts) {
		if pattern.MatchString(account.Name) && (!account.Deleted() || m.IncludeDeleted.ValueBool()) {
			m.ServiceAccounts = append(m.ServiceAccounts, newAccountSummary(&account))
		}
	}
}
