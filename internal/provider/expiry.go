// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// keyRecord is what the provider remembers of a key in its private state: what
// the server doesn't tell and the configuration alone doesn't say.
type keyRecord struct {
	// CreatedAt is when the provider made the key, in unix seconds: `valid_for`
	// counts from here. 0 for imported keys.
	CreatedAt int64 `json:"created_at,omitempty"`
	// ExpiresAt is the expiry that the provider set last, in unix seconds, so that
	// an expiry moved elsewhere is noticed although the configuration, with
	// `valid_for`, has no time to compare with. 0 for none.
	ExpiresAt int64 `json:"expires_at,omitempty"`
	// Name is the name that the provider gave the key last.
	Name string `json:"name,omitempty"`

	// What the last refresh found. Plans decide by these and not by the clock:
	// Terraform plans once more during the apply, and a decision that time has
	// changed would be an "inconsistent final plan".

	// Expired: the key had expired, and been renamed elsewhere.
	Expired bool `json:"expired,omitempty"`
	// Passed: ExpiresAt had passed, and the key's expiry was moved elsewhere.
	Passed bool `json:"passed,omitempty"`
}

// refreshed is the record after a refresh that found this name and expiry. It stays the
// same for a key that has merely expired: a refresh that only saves another record is a
// change to Terraform (plan -refresh-only -detailed-exitcode).
func (record keyRecord) refreshed(name string, expiresAt timeValue, now time.Time) keyRecord {
	moved := signoz.UnixSeconds(expiresAt.value()) != record.ExpiresAt
	record.Expired = name != record.Name && known(expiresAt) && !expiresAt.value().After(now)
	record.Passed = record.ExpiresAt != 0 && moved && record.ExpiresAt <= now.Unix()
	return record
}

const privateKeyRecord = "key"

func readKeyRecord(ctx context.Context, private privateGetter, diags *diag.Diagnostics) keyRecord {
	var record keyRecord
	raw, d := private.GetKey(ctx, privateKeyRecord)
	diags.Append(d...)
	if len(raw) == 0 {
		return record
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		diags.AddError("Unreadable private state", "What the provider remembers of this key can't be read: "+err.Error()+". This is a bug of the provider: please report it.")
	}
	return record
}

func (record keyRecord) save(ctx context.Context, private privateSetter, diags *diag.Diagnostics) {
	raw, err := json.Marshal(record)
	if err != nil {
		diags.AddError("Unwritable private state", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, privateKeyRecord, raw)...)
}

// expiryPlan decides the planned expiry of a key.
type expiryPlan struct {
	config serviceAccountKeyModel
	state  *serviceAccountKeyModel // nil: the key is made anew
	record keyRecord
	now    time.Time
	lost   bool // the refresh found that the key with this expiry is gone
}

// lostKeys are the keys that this run's refresh didn't find any more. A plan that makes
// one anew, with an expiry that has passed, needn't be the mistake that it is otherwise:
// it is what comes of cleaning up expired keys, and mustn't break the plan of all else.
type lostKeys struct {
	mu   sync.Mutex
	keys map[lostKey]struct{}
}

type lostKey struct {
	name, prefix string
	expiresAt    int64
}

func newLostKey(m serviceAccountKeyModel) lostKey {
	l := lostKey{prefix: m.NamePrefix.ValueString(), expiresAt: signoz.UnixSeconds(m.ExpiresAt.value())}
	if l.prefix == "" {
		l.name = m.Name.ValueString()
	}
	return l
}

// add takes a key both as it was at last and as the provider had set it.
func (l *lostKeys) add(state serviceAccountKeyModel, record keyRecord) {
	asSet := newLostKey(state)
	asSet.expiresAt = cmp.Or(record.ExpiresAt, asSet.expiresAt)
	if asSet.prefix == "" {
		asSet.name = cmp.Or(record.Name, asSet.name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = make(map[lostKey]struct{})
	}
	l.keys[newLostKey(state)] = struct{}{}
	l.keys[asSet] = struct{}{}
}

// lostKey tells whether the refresh of this run found that a key of this configuration is gone.
func (s *session) lostKey(config serviceAccountKeyModel) bool {
	if s == nil {
		return false
	}
	s.lost.mu.Lock()
	defer s.lost.mu.Unlock()
	_, lost := s.lost.keys[newLostKey(config)]
	return lost
}

// planned returns the expiry to plan. A time in the past is refused only where
// it is new: a key that expired since must not break an unrelated plan.
func (p expiryPlan) planned(diags *diag.Diagnostics) timeValue {
	switch {
	case p.config.ExpiresAt.IsUnknown() || p.config.ValidFor.IsUnknown():
		return unknownTime()
	case known(p.config.ExpiresAt):
		return p.fromTime(diags)
	case known(p.config.ValidFor):
		return p.fromLifetime(diags)
	}
	return newTimeValue(time.Time{})
}

func (p expiryPlan) fromTime(diags *diag.Diagnostics) timeValue {
	wanted := p.config.ExpiresAt
	if p.state != nil && wanted.sameAs(p.state.ExpiresAt) {
		return p.state.ExpiresAt
	}
	unchanged := p.state != nil && wanted.value().Unix() == p.record.ExpiresAt // the expiry was moved elsewhere
	switch {
	case unchanged && p.record.Passed:
		// What the configuration says can't be had any more, so it is left.
		p.warnOutlived(path.Root("expires_at"), wanted.value(), diags)
		return p.state.ExpiresAt
	case wanted.value().After(p.now):
		return wanted
	case unchanged:
		p.refusePassed(path.Root("expires_at"), wanted.value(), diags)
		return wanted
	case p.lost:
		diags.AddAttributeWarning(path.Root("expires_at"), "An expired key is gone and can't be made again",
			fmt.Sprintf("The key was revoked in SigNoz, or deleted with its account. Its expires_at, %s, was %s ago, and SigNoz takes only times in the future, so an apply will fail to make it again. Remove the resource from the configuration, or set a later time.",
				wanted.ValueString(), roughly(p.now.Sub(wanted.value()))))
		return wanted
	}
	diags.AddAttributeError(path.Root("expires_at"), "The expiry lies in the past",
		fmt.Sprintf("%s was %s ago, and SigNoz takes only times in the future. Set a later time, replace expires_at by valid_for, which counts from the moment the key is made, or remove the key from the configuration.",
			wanted.ValueString(), roughly(p.now.Sub(wanted.value()))))
	return wanted
}

// refusePassed says that a time that was still ahead when SigNoz was read has passed.
func (p expiryPlan) refusePassed(at path.Path, wanted time.Time, diags *diag.Diagnostics) {
	diags.AddAttributeError(at, fmt.Sprintf("The expiry of the key %q has passed since SigNoz was read", p.state.Name.ValueString()),
		fmt.Sprintf("The key's expiry was changed elsewhere, and this plan was to set it back to %s, which has passed. Run terraform plan again, without -refresh=false.", wanted.UTC().Format(time.RFC3339)))
}

func (p expiryPlan) fromLifetime(diags *diag.Diagnostics) timeValue {
	if p.state == nil {
		return unknownTime() // it counts from the moment of creation
	}
	lifetime := p.config.ValidFor.value()
	var target time.Time
	switch {
	case known(p.state.ValidFor):
		base := p.state.ExpiresAt.value()
		if p.record.ExpiresAt != 0 {
			base = time.Unix(p.record.ExpiresAt, 0)
		}
		if base.IsZero() {
			return unknownTime()
		}
		target = base.Add(lifetime - p.state.ValidFor.value())
	case p.record.CreatedAt != 0:
		target = time.Unix(p.record.CreatedAt, 0).Add(lifetime)
	case known(p.state.ExpiresAt):
		return p.state.ExpiresAt // imported: nobody knows when its lifetime began
	default:
		return unknownTime() // it counts from the moment of the update
	}
	target = target.Truncate(time.Second)
	planned := newTimeValue(target)
	if planned.sameAs(p.state.ExpiresAt) {
		return p.state.ExpiresAt
	}
	unchanged := p.config.ValidFor.sameAs(p.state.ValidFor) // the expiry was moved elsewhere
	switch {
	case unchanged && p.record.Passed:
		p.warnOutlived(path.Root("valid_for"), target, diags)
		return p.state.ExpiresAt
	case target.After(p.now):
		return planned
	case unchanged:
		p.refusePassed(path.Root("valid_for"), target, diags)
		return planned
	}
	// -replace wouldn't help: Terraform plans the change first.
	diags.AddAttributeError(path.Root("valid_for"), "The key would have expired already",
		fmt.Sprintf("With valid_for = %q the key would have expired %s ago, and SigNoz takes only times in the future. Choose a longer time, or have the key made anew: terraform taint ADDRESS, then terraform apply.",
			p.config.ValidFor.ValueString(), roughly(p.now.Sub(target))))
	return p.state.ExpiresAt
}

// warnOutlived says that a key works longer than the configuration wants.
func (p expiryPlan) warnOutlived(at path.Path, wanted time.Time, diags *diag.Diagnostics) {
	if known(p.state.ExpiresAt) && !p.state.ExpiresAt.value().After(p.now) {
		return // warnExpired speaks of it
	}
	until := "has no expiry any more"
	if known(p.state.ExpiresAt) {
		until = "works until " + p.state.ExpiresAt.ValueString()
	}
	diags.AddAttributeWarning(at, fmt.Sprintf("The key %q outlives its configuration", p.state.Name.ValueString()),
		fmt.Sprintf("By the configuration it should have expired at %s, but its expiry was changed elsewhere and it %s. SigNoz takes no time in the past, so this can't be set back. %s", wanted.UTC().Format(time.RFC3339), until, waysOut(p.config)))
}

// waysOut says what can be done about a key whose expiry, by the configuration, has passed.
func waysOut(config serviceAccountKeyModel) string {
	if known(config.ExpiresAt) {
		return "Extend it with a later expires_at, and the same value goes on working; or, with that time too, have it made anew (terraform apply -replace=ADDRESS); or remove it from the configuration."
	}
	return "Extend it with a longer valid_for, and the same value goes on working; or have it made anew (terraform apply -replace=ADDRESS); or remove it from the configuration."
}

// outlived tells whether the key expires later than the provider had set it to.
func (record keyRecord) outlived(expiresAt timeValue) bool {
	return record.ExpiresAt != 0 && (expiresAt.IsNull() || expiresAt.value().Unix() > record.ExpiresAt)
}

// rotationDue tells whether a key with this expiry is to be replaced at that time.
func rotationDue(expiresAt timeValue, rotateBefore durationValue, now time.Time) bool {
	if !known(expiresAt) || !known(rotateBefore) {
		return false
	}
	return !now.Before(expiresAt.value().Add(-rotateBefore.value()))
}

// roughly says how long d is, as people do.
func roughly(d time.Duration) string {
	unit, n := "second", int64(d/time.Second)
	switch {
	case d >= 2*day:
		unit, n = "day", int64(d/day)
	case d >= 2*time.Hour:
		unit, n = "hour", int64(d/time.Hour)
	case d >= 2*time.Minute:
		unit, n = "minute", int64(d/time.Minute)
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
