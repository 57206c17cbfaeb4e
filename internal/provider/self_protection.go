// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// isOwnAccount tells whether the account is the one whose key signs the
// requests. Where that can't be found out, the answer is no: the operation
// itself will then fail on its own.
func (s *session) isOwnAccount(ctx context.Context, id string) bool {
	if !s.online() || s.client.SignsAsUser() {
		return false
	}
	own, err := s.client.OwnAccountID(ctx)
	return err == nil && own == id
}

// refuseOwnAccount keeps the provider from deleting the account it signs in with.
func (s *session) refuseOwnAccount(ctx context.Context, id, name string, diags *diag.Diagnostics) {
	if !s.isOwnAccount(ctx, id) {
		return
	}
	diags.AddError("The provider would delete its own service account",
		fmt.Sprintf("The key that the provider signs in with belongs to the service account %q (id %s), which this plan deletes. That would revoke the key in the middle of the run, and Terraform could do nothing more in SigNoz. "+
			"To do this on purpose, run Terraform with the key of another account that holds signoz-admin, or as a user (`email` and `password`, without a key in the environment). "+
			"To stop managing the account without deleting it, use a removed block or terraform state rm.", name, id))
}

// refuseOwnKey keeps the provider from revoking the key it signs in with. With
// a grace period the key outlives the run, which deserves a warning only.
func (s *session) refuseOwnKey(name, value string, grace bool, diags *diag.Diagnostics) {
	if !s.online() || !s.client.SignsWith(value) {
		return
	}
	if grace {
		diags.AddWarning("The provider retires the key that it signs in with",
			fmt.Sprintf("The provider signs in with the key %q, which this plan retires. It goes on working for its destroy_grace_period: give the provider another key (`api_key` or %s) before that ends.", name, envAPIKey))
		return
	}
	diags.AddError("The provider would revoke the key that it signs in with",
		fmt.Sprintf("The provider signs in with the key %q. Revoking it would end the run in the middle, and Terraform could do nothing more in SigNoz. "+
			"To do this on purpose, give the provider another key first (`api_key` or %s), sign in as a user (`email` and `password`, without a key in the environment), or set destroy_grace_period and apply that first, so that the key outlives the run. "+
			"To stop managing the key without revoking it, use a removed block or terraform state rm.", name, envAPIKey))
}

// mayRefresh tells whether an object can be read now. While the provider's own
// configuration is unknown, it can't, and the plan goes on with what the state says.
func (s *session) mayRefresh(diags *diag.Diagnostics) bool {
	if s.online() {
		return true
	}
	if s == nil {
		s.signoz(diags)
		return false
	}
	diags.AddWarning("SigNoz wasn't asked",
		fmt.Sprintf("The provider's %s %s known only during the apply, so objects of SigNoz are planned as the state has them; what was changed elsewhere doesn't show up in this plan.",
			quotedList(s.unknown), isAre(len(s.unknown))))
	return false
}

// addProblem reports an error that comes with its own summary.
func (s *session) addProblem(ctx context.Context, diags *diag.Diagnostics, p *problem) {
	if p.detail != "" {
		diags.AddError(p.summary, p.detail)
		return
	}
	s.addError(ctx, diags, p.summary, p.err)
}
