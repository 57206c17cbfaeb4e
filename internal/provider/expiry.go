// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
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
	if wanted.value().After(p.now) {
		return wanted
	}
	if p.state != nil && wanted.value().Unix() == p.record.ExpiresAt {
		// The configuration is as it was; the expiry was moved elsewhere. What the
		// configuration says can't be had any more, so it is left.
		p.warnOutlived(path.Root("expires_at"), wanted.value(), diags)
		return p.state.ExpiresAt
	}
	diags.AddAttributeError(path.Root("expires_at"), "The expiry lies in the past",
		fmt.Sprintf("%s was %s ago, and SigNoz takes only times in the future. Set a later time, or remove expires_at to have a key that never expires.",
			wanted.ValueString(), roughly(p.now.Sub(wanted.value()))))
	return wanted
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
	if target.After(p.now) {
		return planned
	}
	if p.config.ValidFor.sameAs(p.state.ValidFor) {
		// Moved elsewhere, and what was set before can't be had any more.
		p.warnOutlived(path.Root("valid_for"), target, diags)
		return p.state.ExpiresAt
	}
	diags.AddAttributeError(path.Root("valid_for"), "The key would have expired already",
		fmt.Sprintf("With valid_for = %q the key would have expired %s ago, and SigNoz takes only times in the future. Choose a longer time, or have the key made anew: terraform apply -replace=ADDRESS.",
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
		fmt.Sprintf("By the configuration it should have expired at %s, but its expiry was changed elsewhere and it %s. SigNoz takes no time in the past, so this can't be set back. "+
			"Give it a new expires_at or a longer valid_for, have it made anew (terraform apply -replace=ADDRESS), or remove it from the configuration.", wanted.UTC().Format(time.RFC3339), until))
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
