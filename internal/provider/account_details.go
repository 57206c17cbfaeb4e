// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

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

// accountDetails is all that a data source tells of one account.
type accountDetails struct {
	accountSummary

	Roles types.Set `tfsdk:"roles"`
}

func newAccountSummary(account *signoz.ServiceAccount) accountSummary {
	return accountSummary{
		ID:        types.StringValue(account.ID),
		Name:      types.StringValue(account.Name),
		Email:     types.StringValue(account.Email),
		Status:    types.StringValue(account.Status),
		OrgID:     types.StringValue(account.OrgID),
		CreatedAt: times.Timestamp(account.CreatedAt),
		UpdatedAt: times.Timestamp(account.UpdatedAt),
	}
}

func newAccountDetails(account *signoz.ServiceAccount) accountDetails {
	return accountDetails{accountSummary: newAccountSummary(account), Roles: values.StringSet(account.RoleNames())}
}

// accountAttributes describes accountDetails.
func accountAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":         computed("ID of the account, a UUID."),
		"name":       computed("Name of the account."),
		"email":      computed("Email address that SigNoz derived from the account's original name."),
		"status":     computed("`active`, or `deleted` for an account that was deleted."),
		"org_id":     computed("ID of the organization that the account belongs to."),
		"roles":      schema.SetAttribute{ElementType: types.StringType, Computed: true, MarkdownDescription: "Names of the account's roles."},
		"created_at": computed("Time at which the account was created (RFC 3339, UTC)."),
		"updated_at": computed("Time at which the account itself was last changed, for example renamed (RFC 3339, UTC)."),
	}
}
