// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// orgPrivate is what the private state of an object of an account holds.
type orgPrivate struct {
	// OrgID is the organization of the account, where the provider knew it.
	OrgID string `json:"org_id"`
}

// isGone reports whether an object that couldn't be read may be taken for gone; if not, it
// reports the error. An account that was deleted is still known to SigNoz. One that SigNoz
// doesn't know, in the organization that the state was made with, was lost with the
// server's database. If the provider is connected to another organization or server, that one knows
// none of the accounts, and creating everything again would lose the values of all keys: that is an
// error. orgID is the organization in the state, empty if unknown.
func (s *session) isGone(ctx context.Context, summary, accountID, orgID string, err error, diags *diag.Diagnostics) bool {
	if !signoz.IsAccountNotFound(err) {
		s.addError(ctx, diags, summary, err)
		return false
	}
	if s.seen.lostAccounts.get(strings.ToLower(accountID)) {
		return true
	}
	if orgID == "" {
		diags.AddError(summary,
			fmt.Sprintf("The SigNoz server at %s doesn't know its service account (ID %s), not even as a deleted one. Check that `endpoint` and `api_key` belong to the server and the organization of this state. "+
				"If that server no longer exists, remove this object from the state: terraform state rm ADDRESS. %s", s.client.Endpoint(), accountID, quote(err)))
		return false
	}
	current, orgErr := s.client.OrgID(ctx)
	switch {
	case orgErr != nil:
		s.addError(ctx, diags, summary, fmt.Errorf("looking for the organization to which the provider signs in: %w", orgErr))
		return false
	case current != "" && !strings.EqualFold(current, orgID):
		diags.AddError(summary+": it belongs to another organization",
			fmt.Sprintf("According to the state, its service account (ID %s) belongs to the organization %s. The SigNoz server at %s doesn't know the account, and the provider's credentials belong to the organization %s. "+
				"Check that `endpoint` and `api_key` belong to the server of this state. If that server no longer exists and you want to create the object on this one, remove it from the state: terraform state rm ADDRESS.",
				accountID, orgID, s.client.Endpoint(), current))
		return false
	}
	s.seen.lostAccounts.set(strings.ToLower(accountID), true)
	return true
}
