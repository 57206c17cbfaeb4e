// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"sync"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// seenObjects is what the refreshes of a run have found.
//
// Terraform refreshes while it plans, and starts the provider anew for the apply, where it
// plans each object once more. An object that wasn't refreshed is therefore one that is
// being applied, or one of a plan with -refresh=false.
type seenObjects struct {
	mu           sync.Mutex
	refreshed    map[string]bool
	lostAccounts map[string]bool // by id
	lostKeys     map[lostKey]bool
	ending       map[string]bool // ids of keys and accounts that a plan ends
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

func newSeenObjects() *seenObjects {
	return &seenObjects{refreshed: make(map[string]bool), lostAccounts: make(map[string]bool), lostKeys: make(map[lostKey]bool), ending: make(map[string]bool)}
}

func add[K comparable](s *seenObjects, to map[K]bool, keys ...K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		to[key] = true
	}
}

func has[K comparable](s *seenObjects, in map[K]bool, key K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return in[key]
}

// noteRefreshed remembers that an object was refreshed in this run.
func (s *session) noteRefreshed(id string) {
	if s != nil {
		add(s.seen, s.seen.refreshed, id)
	}
}

// appliesUpdate reports whether Terraform is carrying out an update of the object, or
// planning without a refresh. What was unknown when it planned the update is known now,
// and may have turned out to be a change that a plan would have replaced the object for.
// The action can't be changed any more: Update makes the replacement.
func (s *session) appliesUpdate(id string) bool {
	return s != nil && !has(s.seen, s.seen.refreshed, id)
}

// noteLostAccount remembers an account that was lost with its server's database.
func (s *session) noteLostAccount(id string) {
	add(s.seen, s.seen.lostAccounts, strings.ToLower(id))
}

func (s *session) isLostAccount(id string) bool {
	return has(s.seen, s.seen.lostAccounts, strings.ToLower(id))
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
	add(s.seen, s.seen.lostKeys, atLast, asSet)
}

// isLostKey reports whether the refresh found that a key of this configuration is gone.
func (s *session) isLostKey(config serviceAccountKeyModel) bool {
	return s != nil && has(s.seen, s.seen.lostKeys, newLostKey(config))
}
