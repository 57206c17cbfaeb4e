// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// A key that is destroyed with a grace period works until that ends, and SigNoz lists it until it is
// revoked. It is renamed to ORIGIN-retired-<12 letters>. The origin identifies the resource that
// managed the key, so that the next rotation of the resource finds its predecessors in the list.
const (
	retiredMark         = "-retired-"
	maxOriginLength     = signoz.MaxKeyNamePrefixLength - len(retiredMark)
	uniqueLetters       = signoz.MaxKeyNameLength - signoz.MaxKeyNamePrefixLength
	maxOriginPrefix     = maxOriginLength - uniqueLetters
	shortenedHashLength = 8
)

// retiredName is a new name for the key of that name, which a resource with that
// name_prefix ("" for one with a fixed name) retires.
func retiredName(name, prefix string) string {
	return signoz.UniqueKeyName(originOf(name, prefix) + retiredMark)
}

// originOf is the part of a retired key's name that stands before the mark: the
// key's former name, where every server takes it and it is short enough.
func originOf(name, prefix string) string {
	if prefix != "" && signoz.IsUniqueKeyName(name, prefix) {
		return shortened(prefix, maxOriginPrefix) + name[len(name)-uniqueLetters:]
	}
	return shortened(name, maxOriginLength)
}

// shortened is text itself, or, where it is too long or no name that SigNoz takes,
// its beginning and letters of its hash: different texts stay different. It consists of
// letters and hyphens then, as v0.118 asks for.
func shortened(text string, maxLength int) string {
	if isName(text) && len(text) <= maxLength {
		return text
	}
	plain := cmp.Or(strings.Trim(spelledWith(lowercase, text), "-"), "key")
	plain = plain[:min(len(plain), maxLength-shortenedHashLength-1)]
	hash := sha256.Sum256([]byte(text))
	for i := range shortenedHashLength {
		hash[i] = 'a' + hash[i]%26
	}
	return plain + "-" + string(hash[:shortenedHashLength])
}

// cutRetired splits the name of a retired key; ok is false for any other name.
func cutRetired(name string) (origin string, ok bool) {
	at := strings.LastIndex(name, retiredMark)
	if at <= 0 || !signoz.IsUniqueKeyName(name, name[:at]+retiredMark) {
		return "", false
	}
	return name[:at], true
}

// isRetired reports whether this provider replaced or destroyed the key with a grace
// period, over or not. One whose expiry somebody has removed since is in use again.
func isRetired(key *signoz.Key) bool {
	_, ok := cutRetired(key.Name)
	return ok && !key.ExpiresAt.IsZero()
}

// isExpiredPredecessor reports whether the key was retired by a resource with that
// name or name_prefix (the other is "") and its grace period is over: a rotation of
// that resource may revoke it. One that somebody has extended hasn't expired.
func isExpiredPredecessor(key *signoz.Key, name, prefix string, now time.Time) bool {
	origin, ok := cutRetired(key.Name)
	if !ok || !key.Expired(now) {
		return false
	}
	if prefix != "" {
		return signoz.IsUniqueKeyName(origin, shortened(prefix, maxOriginPrefix))
	}
	return origin == shortened(name, maxOriginLength)
}

// longestLease is how long an ephemeral key can have left to live.
const longestLease = times.Day

// isEphemeral reports whether the key may be one that an ephemeral resource, in this run
// or another, has made: its name ends with a hyphen and random letters, and it expires within a day.
func isEphemeral(key *signoz.Key, now time.Time) bool {
	at := strings.LastIndex(key.Name, "-") + 1
	return at > 0 && signoz.IsUniqueKeyName(key.Name, key.Name[:at]) &&
		!key.ExpiresAt.IsZero() && !key.Expired(now) && !key.ExpiresAt.After(now.Add(longestLease))
}

// retire revokes the key, or sets it to expire after its grace period. It also revokes the expired
// keys that earlier rotations retired.
func (r *serviceAccountKeyResource) retire(ctx context.Context, client *signoz.Client, key keyObject) error {
	err := r.endKey(ctx, client, key)
	for id := range strings.SplitSeq(key.Private.Record.Predecessors, ",") {
		if id != "" {
			err = errors.Join(err, client.RevokeKey(ctx, key.State.ServiceAccountID.ValueString(), id))
		}
	}
	return err
}

func (r *serviceAccountKeyResource) endKey(ctx context.Context, client *signoz.Client, key keyObject) error {
	state := key.State
	accountID, keyID := state.ServiceAccountID.ValueString(), state.ID.ValueString()
	now, expiresAt, grace := r.session.now(), endsAt(state, key.Private.Record), times.DurationOf(state.DestroyGracePeriod)
	if grace == 0 || hasPassed(expiresAt, now) {
		return client.RevokeKey(ctx, accountID, keyID)
	}
	end := now.Add(grace).Add(time.Second - time.Nanosecond).Truncate(time.Second) // whole seconds, rounded up
	if !expiresAt.IsZero() && expiresAt.Before(end) {
		end = expiresAt
	}
	// The new name marks the key as retired, and frees the old name for the next key.
	err := client.UpdateKey(ctx, accountID, keyID, retiredName(state.Name.ValueString(), state.NamePrefix.ValueString()), end)
	switch {
	case signoz.IsNotFound(err):
		return nil
	case signoz.IsInvalidInput(err) && !end.After(r.session.now()):
		return client.RevokeKey(ctx, accountID, keyID) // it has expired meanwhile
	}
	return err
}

// expiredPredecessors are the ids, joined by commas, of keys that earlier rotations of this
// resource retired and whose grace periods are over, in the list that was read for the key.
func (r *serviceAccountKeyResource) expiredPredecessors(client *signoz.Client, state serviceAccountKeyModel) string {
	var ids []string
	for _, key := range client.KeysRead(state.ServiceAccountID.ValueString()) {
		if isExpiredPredecessor(&key, state.Name.ValueString(), state.NamePrefix.ValueString(), r.session.now()) {
			ids = append(ids, key.ID)
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, ",")
}
