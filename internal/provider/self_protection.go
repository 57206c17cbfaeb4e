// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

// isOwnAccount reports whether the account is the one whose key signs the requests.
func (s *session) isOwnAccount(ctx context.Context, id string) (bool, error) {
	if !s.online() || s.client.SignsAsUser() {
		return false, nil
	}
	own, err := s.client.OwnAccountID(ctx)
	return err == nil && strings.EqualFold(own, id), err
}

// refuseOwnAccount keeps the provider from deleting the account that it signs in with. It returns an
// error if it can't find out which account that is. A plan ignores this error, since Delete checks
// again; Delete has to anyway, because PlanDestroy isn't called for -replace.
func (s *session) refuseOwnAccount(ctx context.Context, id, name string, diags *diag.Diagnostics) error {
	own, err := s.isOwnAccount(ctx, id)
	if own {
		diags.AddError("The provider would delete its own service account",
			fmt.Sprintf("The provider authenticates with a key of the service account %q (ID %s), which this plan deletes. That would revoke the key during the run, and Terraform would lose access to SigNoz. "+
				"To do this on purpose, run Terraform with the key of another account that has signoz-admin, or as a user (`email` and `password`, without a key in the environment). "+
				"To stop managing the account without deleting it, use a removed block or terraform state rm.", name, id))
	}
	return err
}

// signsWith reports whether the provider signs in with the key.
func (s *session) signsWith(key keyObject) bool {
	return s.online() && (s.client.SignsWith(key.State.Key.ValueString()) || s.client.SignsWithHash(key.Private.Record.Hash))
}

// longestRun is the assumed maximum duration of a run, which the provider's own key must outlive.
const longestRun = 10 * time.Minute

// refuseOwnKey keeps the provider from revoking the key it signs in with. With a grace
// period the key outlives the run, which deserves a warning only.
func (s *session) refuseOwnKey(key keyObject, diags *diag.Diagnostics) {
	if !s.signsWith(key) {
		return
	}
	state := key.State
	name := state.Name.ValueString()
	if times.DurationOf(state.DestroyGracePeriod) >= longestRun {
		diags.AddWarning("The provider retires the key that it authenticates with",
			fmt.Sprintf("The provider authenticates with the key %q, which this plan retires. It keeps working for its destroy_grace_period. Set another key (`api_key` or %s) before it expires.", name, envAPIKey))
		return
	}
	diags.AddError("The provider would revoke the key that it authenticates with",
		fmt.Sprintf("The provider authenticates with the key %q. Revoking it during the run would lock Terraform out of SigNoz. "+
			"To do this on purpose, set another key first (`api_key` or %s), sign in as a user (`email` and `password`, without a key in the environment), or set destroy_grace_period to at least 10m and apply that first, so that the key outlives the run. "+
			"To stop managing the key without revoking it, use a removed block or terraform state rm.", name, envAPIKey))
}

// warnOwnKeyEnds warns of a plan that lets the key that the provider signs in with end sooner.
func (s *session) warnOwnKeyEnds(plan serviceAccountKeyModel, key keyObject, diags *diag.Diagnostics) {
	state := key.State
	if !s.signsWith(key) || !values.Known(plan.ExpiresAt) {
		return
	}
	if values.Known(state.ExpiresAt) && !times.TimeOf(plan.ExpiresAt).Before(times.TimeOf(state.ExpiresAt)) {
		return
	}
	diags.AddAttributeWarning(path.Root("expires_at"), "The provider lets the key that it authenticates with expire sooner",
		fmt.Sprintf("The provider authenticates with the key %q, which expires at %s after this plan. Set another key (`api_key` or %s) before that time.", state.Name.ValueString(), plan.ExpiresAt.ValueString(), envAPIKey))
}
