// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// accountIsLost reports whether an object may be taken for gone whose account SigNoz
// doesn't know at all, not even as a deleted one. In the organization that the state was
// made with, the account was lost with the server's database. In another organization, or
// another SigNoz, no account is known, and to make everything anew would lose the values of
// all keys: that is reported. what names the object; orgID is what the state says, empty where it doesn't.
func (s *session) accountIsLost(ctx context.Context, what, accountID, orgID string, notFound error, diags *diag.Diagnostics) bool {
	if s.isLostAccount(accountID) {
		return true
	}
	if orgID == "" {
		diags.AddError("Can't read "+what,
			fmt.Sprintf("The SigNoz at %s doesn't know its service account (id %s), not even as a deleted one. Check that `endpoint` and `api_key` are those of the SigNoz and the organization that this state was made with. "+
				"If that one is gone for good, remove this object from the state: terraform state rm ADDRESS. %s", s.client.Endpoint(), accountID, quote(notFound)))
		return false
	}
	current, err := s.client.OrgID(ctx)
	switch {
	case err != nil:
		s.addError(ctx, diags, "Can't read "+what, fmt.Errorf("looking for the organization to which the provider signs in: %w", err))
		return false
	case current != "" && !strings.EqualFold(current, orgID):
		diags.AddError(strings.ToUpper(what[:1])+what[1:]+" belongs to another organization",
			fmt.Sprintf("By the state its service account (id %s) belongs to the organization %s. The SigNoz at %s doesn't know the account, and signs the provider in to the organization %s. "+
				"Check that `endpoint` and `api_key` are those of the SigNoz that this state was made with. If that one is gone for good, and you want to create the object in this one, remove it from the state: terraform state rm ADDRESS.",
				accountID, orgID, s.client.Endpoint(), current))
		return false
	}
	s.noteLostAccount(accountID)
	return true
}
