// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// seenObjects is what the refreshes of a run have found.
//
// Terraform refreshes while it plans, and starts the provider anew for the apply, where it
// plans each object once more. An object that wasn't refreshed is therefore one that is
// being applied, or one of a plan with -refresh=false.
type seenObjects struct {
	refreshed    sharedMap[string, bool]
	lostAccounts sharedMap[string, bool] // by id in lower case; lost with the server's database
	lostKeys     sharedMap[lostKey, bool]
	ending       sharedMap[string, bool] // ids of keys and accounts that a plan ends
}

// lostKey is a key that is gone, as a configuration that makes it anew describes it.
type lostKey struct {
	name, prefix string
	expiresAt    int64
}

func newLostKey(m serviceAccountKeyModel) lostKey {
	l := lostKey{prefix: m.NamePrefix.ValueString(), expiresAt: signoz.UnixSeconds(times.TimeOf(m.ExpiresAt))}
	if l.prefix == "" {
		l.name = m.Name.ValueString()
	}
	return l
}

// noteRefreshed remembers that an object was refreshed in this run.
func (s *session) noteRefreshed(id string) {
	s.seen.refreshed.set(id, true)
}

// appliesUpdate reports whether Terraform is carrying out an update of the object, or
// planning without a refresh. What was unknown when it planned the update is known now,
// and may have turned out to be a change that a plan would have replaced the object for.
// The action can't be changed any more: Update makes the replacement.
//
// Pulumi plans without a refresh, when everything is known already. It goes on to call the
// object by the id from before an update.
func (s *session) appliesUpdate(id string) bool {
	return !s.pulumi && !s.seen.refreshed.get(id)
}

// noteLostKey remembers a key that the refresh didn't find any more, both as it was at
// last and as the provider had set it. A plan that makes it anew, with an expiry that has
// passed, needn't be the mistake that it is otherwise: it is what comes of cleaning up
// expired keys, and mustn't break the plan of all else.
func (s *session) noteLostKey(key keyObject) {
	atLast := newLostKey(key.State)
	asSet := atLast
	if record := key.Private.Record; record.ExpiresAt != 0 {
		asSet.expiresAt = record.ExpiresAt
	}
	if name := key.Private.Record.Name; name != "" && asSet.prefix == "" {
		asSet.name = name
	}
	s.seen.lostKeys.set(atLast, true)
	s.seen.lostKeys.set(asSet, true)
}

// isLostKey reports whether the refresh found that a key of this configuration is gone.
func (s *session) isLostKey(config serviceAccountKeyModel) bool {
	return s.seen.lostKeys.get(newLostKey(config))
}
