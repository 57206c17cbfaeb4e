// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

func meDataSource() core.DataSource[*session, accountDetails] {
	return core.DataSource[*session, accountDetails]{
		Name: "me",
		Read: readMe,
		Schema: schema.Schema{
			MarkdownDescription: "The service account whose key the provider authenticates with. Use it to prove that a key works, and to see which account it belongs to.",
			Attributes:          accountAttributes(),
		},
	}
}

func readMe(ctx context.Context, s *session, m *accountDetails, diags *diag.Diagnostics) {
	const summary = "Can't read the provider's own service account"
	account, err := s.client.Me(ctx)
	switch {
	case signoz.IsNotFound(err) && s.client.SignsAsUser():
		diags.AddError(summary, "The provider signs in as a user (`email` and `password`), and signoz_me reads the service account of an API key. A user has none. "+
			"Remove this data source, or set an API key (`api_key` or "+envAPIKey+")."+quote(err))
	case err != nil:
		s.addError(ctx, diags, summary, err)
	default:
		*m = newAccountDetails(account)
	}
}
