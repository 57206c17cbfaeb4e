// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

// keyPrivate is what the private state of a key holds.
type keyPrivate struct {
	Record keyRecord `json:"key"`
}

// keyRecord is what the provider remembers of a key that neither SigNoz nor the configuration
// contains.
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
	// OrgID is the organization of the key's account, where the provider knew it.
	OrgID string `json:"org_id,omitempty"`
	// Hash is the SHA-256 of a value that is in the state only encrypted, by which the
	// provider recognizes its own key.
	Hash string `json:"sha256,omitempty"`
	// Predecessors are the ids, joined by commas, of retired keys that the next rotation revokes.
	Predecessors string `json:"predecessors,omitempty"`

	// The last refresh sets the fields below. Plans use them instead of the clock: Terraform
	// plans again during the apply, and fails with "inconsistent final plan" if that plan
	// differs because a time has passed meanwhile.

	// Expired: the key had expired, and been renamed elsewhere.
	Expired bool `json:"expired,omitempty"`
	// Passed: ExpiresAt had passed, and the key's expiry was moved elsewhere.
	Passed bool `json:"passed,omitempty"`
}

// refreshed is the record after a refresh that found this name and expiry. It stays the
// same for a key that has merely expired: a refresh that only saves another record is a
// change to Terraform (plan -refresh-only -detailed-exitcode).
func (record keyRecord) refreshed(name string, expiresAt, now time.Time) keyRecord {
	moved := signoz.UnixSeconds(expiresAt) != record.ExpiresAt
	record.Expired = name != record.Name && hasPassed(expiresAt, now)
	record.Passed = record.ExpiresAt != 0 && moved && record.ExpiresAt <= now.Unix()
	return record
}

// updated is the record after an applied update. An expiry or a name that was changed elsewhere and
// that the plan keeps isn't recorded as the provider's own, unless the configuration now asks for it.
func (record keyRecord) updated(plan, state, config serviceAccountKeyModel) keyRecord {
	adopted := !times.SameDuration(plan.ValidFor, state.ValidFor) || (values.Known(config.ExpiresAt) && times.SameTime(config.ExpiresAt, plan.ExpiresAt))
	if !times.SameTime(plan.ExpiresAt, state.ExpiresAt) || !record.Passed || adopted {
		record.ExpiresAt = signoz.UnixSeconds(times.TimeOf(plan.ExpiresAt))
	}
	if !plan.Name.Equal(state.Name) || !record.Expired {
		record.Name = plan.Name.ValueString()
	}
	return record
}

func hasPassed(expiresAt, now time.Time) bool { return !expiresAt.IsZero() && !expiresAt.After(now) }

// setTime is ExpiresAt as a time; zero for none.
func (record keyRecord) setTime() time.Time {
	if record.ExpiresAt == 0 {
		return time.Time{}
	}
	return time.Unix(record.ExpiresAt, 0)
}

// refreshedExpiry is the expiry that a refresh gives the state. It is the server's, in the
// state's notation, with one exception: where somebody has removed the expiry, and the
// configured time has passed since, the state keeps the configured time. SigNoz takes no
// time in the past, so the removal can't be undone, and Terraform lets a provider leave a
// configured attribute as it is only where the state has a value.
func refreshedExpiry(onServer time.Time, state serviceAccountKeyModel, record keyRecord) types.String {
	if onServer.IsZero() && record.Passed && state.ValidFor.IsNull() {
		onServer = record.setTime()
	}
	found := times.Timestamp(onServer)
	if times.SameTime(found, state.ExpiresAt) {
		return state.ExpiresAt
	}
	return found
}

// endsAt is when the key stops working, by the last refresh; zero for never.
func endsAt(state serviceAccountKeyModel, record keyRecord) time.Time {
	end := times.TimeOf(state.ExpiresAt)
	if record.Passed && signoz.UnixSeconds(end) == record.ExpiresAt {
		return time.Time{} // see refreshedExpiry
	}
	return end
}

// expiry decides what `expires_at` is planned to be.
//
// A time in the past is refused only where it is new: a key that has expired since must
// not break an unrelated plan. What the configuration wants is compared with the state,
// and, where that differs, with what the provider set last (the record).
//
//	wanted by the configuration     passed?  plan                          says
//	unknown                         –        unknown                       –
//	as in the state                 any      as in the state               (planExpired warns)
//	for a new key                   no       wanted                        –
//	for a new key                   yes      wanted                        error: lies in the past
//	for a new key, the old one gone yes      wanted                        warning: can't be made again
//	as set last, moved elsewhere    no       wanted: set back              –
//	as set last, moved elsewhere    yes (1)  as in the state, else wanted  warning: outlives its configuration (2)
//	as set last, moved elsewhere    since    wanted                        error: plan again
//	changed                         no       wanted                        –
//	changed                         yes      wanted                        error: lies in the past
//
// (1) As the refresh noted it in the record, not by the clock. (2) Unless the key has
// expired all the same. The record takes over what is planned, except in the row with
// (1), where it stays (see Update).
type expiry struct {
	config serviceAccountKeyModel
	prior  *keyObject // nil for a new key
	now    time.Time
	lost   bool // the refresh found that the key with this expiry is gone
}

func (e expiry) plan(diags *diag.Diagnostics) types.String {
	switch {
	case e.config.ExpiresAt.IsUnknown() || e.config.ValidFor.IsUnknown():
		return types.StringUnknown()
	case !e.config.ExpiresAt.IsNull():
		wanted := times.TimeOf(e.config.ExpiresAt)
		return e.decide(path.Root("expires_at"), e.config.ExpiresAt, signoz.UnixSeconds(wanted) == e.record().ExpiresAt, diags)
	case e.config.ValidFor.IsNull():
		return types.StringNull()
	case e.prior == nil:
		return types.StringUnknown() // it counts from the moment of creation
	}
	wanted := e.endOfLifetime()
	if !values.Known(wanted) {
		return wanted
	}
	return e.decide(path.Root("valid_for"), wanted, times.SameDuration(e.config.ValidFor, e.prior.State.ValidFor), diags)
}

func (e expiry) record() keyRecord {
	if e.prior == nil {
		return keyRecord{}
	}
	return e.prior.Private.Record
}

// endOfLifetime is when an existing key is to expire by `valid_for`; unknown where its
// lifetime begins with the update.
func (e expiry) endOfLifetime() types.String {
	lifetime, record, state := times.DurationOf(e.config.ValidFor), e.record(), e.prior.State
	switch {
	case values.Known(state.ValidFor):
		base := times.TimeOf(state.ExpiresAt)
		if record.ExpiresAt != 0 {
			base = record.setTime()
		}
		if base.IsZero() {
			return types.StringUnknown()
		}
		return times.Timestamp(base.Add(lifetime - times.DurationOf(state.ValidFor)).Truncate(time.Second))
	case record.CreatedAt != 0:
		return times.Timestamp(time.Unix(record.CreatedAt, 0).Add(lifetime).Truncate(time.Second))
	case values.Known(state.ExpiresAt):
		return state.ExpiresAt // imported: nobody knows when its lifetime began
	}
	return types.StringUnknown()
}

func (e expiry) decide(at path.Path, wanted types.String, asSetLast bool, diags *diag.Diagnostics) types.String {
	passed := hasPassed(times.TimeOf(wanted), e.now)
	switch {
	case e.prior != nil && times.SameTime(wanted, e.prior.State.ExpiresAt):
		if e.record().Passed && endsAt(e.prior.State, e.record()).IsZero() {
			e.warnOutlives(at, wanted, diags)
		}
		return e.prior.State.ExpiresAt
	case e.prior != nil && asSetLast && e.record().Passed:
		e.warnOutlives(at, wanted, diags)
		if e.prior.State.ExpiresAt.IsNull() && values.Known(e.config.ExpiresAt) {
			return wanted
		}
		return e.prior.State.ExpiresAt
	case !passed:
		return wanted
	case e.prior != nil && asSetLast:
		diags.AddAttributeError(at, fmt.Sprintf("The expiry of the key %q has passed since SigNoz was read", e.prior.State.Name.ValueString()),
			fmt.Sprintf("The key's expiry was changed outside Terraform, and this plan was to set it back to %s, which has passed. Run terraform plan again, without -refresh=false.", wanted.ValueString()))
	case e.lost:
		diags.AddAttributeWarning(at, "Key can't be re-created: its expiry has passed",
			fmt.Sprintf("The key was revoked in SigNoz, or deleted with its account. Its expires_at, %s, was %s ago, and SigNoz accepts only times in the future, so an apply can't create it again. Set a later time, or remove the resource from the configuration.",
				wanted.ValueString(), e.ago(wanted)))
	case at.Equal(path.Root("valid_for")):
		// -replace wouldn't help: Terraform plans the change first.
		diags.AddAttributeError(at, "The key would have expired already",
			fmt.Sprintf("With valid_for = %q the key would have expired %s ago, and SigNoz accepts only times in the future. Choose a longer time, or replace the key: terraform taint ADDRESS, then terraform apply.",
				e.config.ValidFor.ValueString(), e.ago(wanted)))
	default:
		diags.AddAttributeError(at, "The expiry lies in the past",
			fmt.Sprintf("%s was %s ago, and SigNoz accepts only times in the future. Set a later time, replace expires_at by valid_for, which counts from the creation of the key, or remove the key from the configuration.",
				wanted.ValueString(), e.ago(wanted)))
	}
	return wanted
}

func (e expiry) ago(wanted types.String) string {
	return times.Roughly(e.now.Sub(times.TimeOf(wanted)))
}

// warnOutlives says that a key works longer than the configuration wants.
func (e expiry) warnOutlives(at path.Path, wanted types.String, diags *diag.Diagnostics) {
	end := endsAt(e.prior.State, e.record())
	if hasPassed(end, e.now) {
		return // planExpired warns of it
	}
	until := "has no expiry any more"
	if !end.IsZero() {
		until = "works until " + times.Timestamp(end).ValueString()
	}
	diags.AddAttributeWarning(at, fmt.Sprintf("The key %q is valid longer than configured", e.prior.State.Name.ValueString()),
		fmt.Sprintf("The configuration says it expired at %s, but its expiry was changed outside Terraform: it %s. SigNoz doesn't accept an expiry in the past, so Terraform can't change it back. %s", times.Timestamp(times.TimeOf(wanted)).ValueString(), until, waysOut(e.config)))
}

// waysOut advises on a key whose configured expiry has passed.
func waysOut(config serviceAccountKeyModel) string {
	if values.Known(config.ExpiresAt) {
		return "Extend it with a later expires_at: the same value works again. Or replace it (terraform apply -replace=ADDRESS, with a later expires_at too). Or remove it from the configuration."
	}
	return "Extend it with a longer valid_for: the same value works again. Or replace it (terraform apply -replace=ADDRESS). Or remove it from the configuration."
}

// planExpired warns of a key that has expired and that the plan doesn't extend. SigNoz refuses to
// update such a key: a name changed elsewhere stays, and a new name in the configuration is an error.
func planExpired(plan *serviceAccountKeyModel, config serviceAccountKeyModel, prior *keyObject, now time.Time, diags *diag.Diagnostics) {
	state, record := prior.State, prior.Private.Record
	if !hasPassed(endsAt(state, record), now) || !plan.ExpiresAt.Equal(state.ExpiresAt) {
		return
	}
	renamed := (values.Known(config.Name) && !plan.Name.Equal(state.Name)) || (values.Known(config.NamePrefix) && plan.Name.IsUnknown())
	elsewhere := config.Name.ValueString() == record.Name || (config.Name.IsNull() && config.NamePrefix.Equal(state.NamePrefix))
	kept := ""
	switch {
	case renamed && elsewhere && record.Expired:
		plan.Name = state.Name
		kept = " The name was changed outside Terraform and stays as it is: SigNoz renames an expired key only if it is extended at the same time."
	case renamed:
		at := path.Root("name")
		if config.Name.IsNull() {
			at = path.Root("name_prefix")
		}
		diags.AddAttributeError(at, "An expired key can't be renamed",
			fmt.Sprintf("The key %q expired at %s, and SigNoz renames an expired key only if it is extended at the same time. Revert the name, or extend the key too, with a later expires_at or a longer valid_for.",
				state.Name.ValueString(), state.ExpiresAt.ValueString()))
		return
	}
	diags.AddAttributeWarning(path.Root("expires_at"), fmt.Sprintf("The key %q has expired", state.Name.ValueString()),
		fmt.Sprintf("It expired at %s, %s ago, and SigNoz refuses it.%s %s", state.ExpiresAt.ValueString(), times.Roughly(now.Sub(times.TimeOf(state.ExpiresAt))), kept, waysOut(config)))
}

// rotationDue reports whether a key with this expiry is to be replaced at that time.
func rotationDue(expiresAt time.Time, rotateBefore types.String, now time.Time) bool {
	return !expiresAt.IsZero() && values.Known(rotateBefore) && !now.Before(expiresAt.Add(-times.DurationOf(rotateBefore)))
}
