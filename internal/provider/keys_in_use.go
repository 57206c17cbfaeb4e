// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// recentUse is how long after its last use a key counts as in use.
const recentUse = times.Day

// warnKeyInUse warns of a plan that immediately revokes a key that was used within the last day. It
// sends no request: it uses the key list that the refresh has read. For an object removed from the
// configuration, Terraform may plan the deletion before the refresh: warnRefreshedInUse warns then.
func (s *session) warnKeyInUse(key keyObject, diags *diag.Diagnostics) {
	if times.DurationOf(key.State.DestroyGracePeriod) == 0 {
		s.warnEnding(key.State.ID.ValueString(), key.State.ServiceAccountID.ValueString(), diags)
	}
}

// warnEnding notes that a plan revokes the key, or deletes the account, with this id, and warns of
// each key in use that this revokes.
func (s *session) warnEnding(id, accountID string, diags *diag.Diagnostics) {
	if !s.online() {
		return
	}
	s.seen.ending.set(id, true)
	for _, listed := range s.client.KeysRead(accountID) {
		if id == listed.ID || id == accountID {
			s.warnIfInUse(&listed, diags)
		}
	}
}

// warnRefreshedInUse warns of a key in use that is refreshed after its revocation was planned.
func (s *session) warnRefreshedInUse(key *signoz.Key, diags *diag.Diagnostics) {
	if s.seen.ending.get(key.ID) || s.seen.ending.get(key.AccountID) {
		s.warnIfInUse(key, diags)
	}
}

func (s *session) warnIfInUse(key *signoz.Key, diags *diag.Diagnostics) {
	last, now := key.LastUse(), s.now()
	if last.IsZero() || now.Sub(last) >= recentUse || key.Expired(now) {
		return
	}
	advice := "To give them time to switch, set destroy_grace_period (such as \"24h\") and apply that first."
	if s.seen.ending.get(key.AccountID) {
		advice = "Its service account is deleted, which revokes all keys of the account immediately, whatever their destroy_grace_period."
	}
	diags.AddWarning(fmt.Sprintf("The key %q is in use, and this plan revokes it immediately", key.Name),
		fmt.Sprintf("It was last used at %s, %s ago; its consumers fail after the apply. %s", times.Timestamp(last).ValueString(), times.Roughly(now.Sub(last)), advice))
}
