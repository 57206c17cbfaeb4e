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

// lostKey describes a key that is gone by the attributes of a configuration that creates it again.
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

// appliesUpdate reports whether Terraform is applying an update of the object, or planning without a
// refresh. During the apply, a value that was unknown in the plan may turn out to be a change that
// needs a replacement. Terraform can't change the planned action then: Update replaces the object.
//
// It is false under Pulumi, which plans without a refresh although everything is known, and which
// keeps the id from before an update, so that Update couldn't replace the object.
func (s *session) appliesUpdate(id string) bool {
	return !s.pulumi && !s.seen.refreshed.get(id)
}

// noteLostKey remembers a key that the refresh no longer found, both as the state had it and as the
// provider had set it. Creating it again with an expiry that has passed is only a warning, not the
// error that it is for other keys: the key was cleaned up after it expired, and that must not break
// the plan of everything else.
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
