// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

// Plan plans the name, the expiry and the value, and whether the key is to be replaced:
// because its time has come, or for a change that a key can't take.
func (r *serviceAccountKeyResource) Plan(_ context.Context, change keyChange) (planned core.Planned[serviceAccountKeyModel]) {
	plan, config, prior, diags := &planned.Plan, change.Config, change.Prior, &planned.Diagnostics
	*plan = change.Plan
	r.session.planMissing(diags)
	state := change.State()
	checkNewAccountID(config.ServiceAccountID, state.ServiceAccountID, diags)
	times.CheckTime(path.Root("expires_at"), config.ExpiresAt, diags)
	if !config.EncryptTo.Equal(state.EncryptTo) {
		checkRecipients(config.EncryptTo, diags)
	}
	if diags.HasError() {
		return planned
	}
	if prior == nil {
		r.planNew(plan, config, diags)
		return planned
	}
	keepNotation(&plan.ValidFor, state.ValidFor)
	keepNotation(&plan.RotateBefore, state.RotateBefore)
	keepNotation(&plan.DestroyGracePeriod, state.DestroyGracePeriod)
	plan.Name = plannedName(config, &state, diags)
	replaced := replacedAttributes(*plan, state)
	switch {
	case len(replaced) > 0 && !r.session.appliesUpdate(state.ID.ValueString()):
		planned.Replace = replaced
	case state.ReadyForRotation.ValueBool() && !changesRotation(*plan, state):
		// The refresh decides, not the clock. An unknown value differs from that of the
		// state whatever it is, which a replacement needs to have an effect.
		plan.ReadyForRotation = types.BoolUnknown()
		planned.Replace = []string{"ready_for_rotation"}
	default:
		r.planUpdate(plan, config, prior, diags)
		if len(replaced) > 0 || mayTurnOutReplaced(*plan, state) {
			planPossibleReplacement(plan, config)
		}
	}
	if len(planned.Replace) > 0 || len(replaced) > 0 {
		r.session.refuseOwnKey(*prior, diags)
		r.session.warnKeyInUse(*prior, diags)
	}
	if len(planned.Replace) > 0 && config.ExpiresAt.IsNull() {
		plan.ExpiresAt = types.StringUnknown() // planned once more, without a state
	}
	return planned
}

func (r *serviceAccountKeyResource) planNew(plan *serviceAccountKeyModel, config serviceAccountKeyModel, diags *diag.Diagnostics) {
	plan.Name = plannedName(config, nil, diags)
	plan.ReadyForRotation = types.BoolValue(false)
	plan.ExpiresAt = expiry{config: config, now: r.session.now(), lost: r.session.isLostKey(config)}.plan(diags)
	plan.Key, plan.EncryptedKey = types.StringUnknown(), types.StringUnknown()
	switch {
	case config.EncryptTo.IsNull():
		plan.EncryptedKey = types.StringNull()
	case !config.EncryptTo.IsUnknown():
		plan.Key = types.StringNull()
	}
}

func (r *serviceAccountKeyResource) planUpdate(plan *serviceAccountKeyModel, config serviceAccountKeyModel, prior *keyObject, diags *diag.Diagnostics) {
	state := prior.State
	plan.ExpiresAt = expiry{config: config, prior: prior, now: r.session.now()}.plan(diags)
	plan.ReadyForRotation = state.ReadyForRotation
	if !plan.ValidFor.Equal(state.ValidFor) || !plan.RotateBefore.Equal(state.RotateBefore) {
		plan.ReadyForRotation = types.BoolUnknown() // Update sets it: by then the key may be due
	}
	planEncryption(plan, state, diags)
	planExpired(plan, config, prior, r.session.now(), diags)
	r.session.warnOwnKeyEnds(*plan, *prior, diags)
	warnKeepsValue(config, state, diags)
}

// warnKeepsValue warns of recipes that only look like rotation: an expiry or a name that
// comes from a time_rotating moves on and renames, and the value stays the same for ever.
func warnKeepsValue(config, state serviceAccountKeyModel, diags *diag.Diagnostics) {
	at := path.Root("expires_at")
	switch {
	case config.ExpiresAt.IsUnknown():
	case config.Name.IsUnknown():
		at = path.Root("name")
	default:
		return
	}
	diags.AddAttributeWarning(at, fmt.Sprintf("The key %q keeps its value", state.Name.ValueString()),
		"A value that is known only during the apply extends or renames the key in place, and the same key value keeps working. If this is meant to rotate the key, as with time_rotating, it doesn't: use valid_for with rotate_before, or rotate_when_changed.")
}

// replacedAttributes are the changed attributes that need a new key. Unknown values don't count.
// Nor do a name_prefix that is added, after an import or instead of `name`, which renames the key;
// a changed encrypt_to of a key without an encrypted value, such as an imported one; and adding or
// removing rotate_when_changed.
func replacedAttributes(plan, state serviceAccountKeyModel) (names []string) {
	if values.Known(plan.ServiceAccountID) && !plan.ServiceAccountID.Equal(state.ServiceAccountID) {
		names = append(names, "service_account_id")
	}
	if values.Known(plan.NamePrefix) && !state.NamePrefix.IsNull() && !plan.NamePrefix.Equal(state.NamePrefix) {
		names = append(names, "name_prefix")
	}
	if !state.EncryptedKey.IsNull() && !plan.EncryptTo.Equal(state.EncryptTo) && !values.HasUnknown(plan.EncryptTo) {
		names = append(names, "encrypt_to")
	}
	if certainlyChanged(plan.RotateWhenChanged, state.RotateWhenChanged) {
		names = append(names, "rotate_when_changed")
	}
	return names
}

// mayTurnOutReplaced reports whether an unknown value in the plan may turn out to need a new key.
func mayTurnOutReplaced(plan, state serviceAccountKeyModel) bool {
	return plan.ServiceAccountID.IsUnknown() ||
		(plan.NamePrefix.IsUnknown() && !state.NamePrefix.IsNull()) ||
		(!state.EncryptedKey.IsNull() && values.HasUnknown(plan.EncryptTo)) ||
		(!state.RotateWhenChanged.IsNull() && values.HasUnknown(plan.RotateWhenChanged))
}

// certainlyChanged reports whether two maps differ, whatever becomes of unknown values.
func certainlyChanged(plan, state types.Map) bool {
	if plan.IsUnknown() || plan.IsNull() || state.IsNull() {
		return false
	}
	before, after := state.Elements(), plan.Elements()
	for name, value := range after {
		if was, ok := before[name]; !ok || (!value.IsUnknown() && !value.Equal(was)) {
			return true
		}
	}
	return len(before) != len(after)
}

// changesRotation reports whether a plan certainly changes when or how the key rotates: the
// next plan does it then, with the new values.
func changesRotation(plan, state serviceAccountKeyModel) bool {
	changed := func(plan, state types.String) bool { return !plan.IsUnknown() && !plan.Equal(state) }
	return changed(plan.ValidFor, state.ValidFor) || changed(plan.RotateBefore, state.RotateBefore) || changed(plan.DestroyGracePeriod, state.DestroyGracePeriod)
}

// planPossibleReplacement makes the attributes unknown that differ if Update has to create a new key.
func planPossibleReplacement(plan *serviceAccountKeyModel, config serviceAccountKeyModel) {
	plan.ID, plan.Key, plan.EncryptedKey, plan.ReadyForRotation = types.StringUnknown(), types.StringUnknown(), types.StringUnknown(), types.BoolUnknown()
	if config.ExpiresAt.IsNull() && !config.ValidFor.IsNull() {
		plan.ExpiresAt = types.StringUnknown()
	}
	if config.Name.IsNull() {
		plan.Name = types.StringUnknown()
	}
}

// keepNotation keeps the state's notation of a duration that is merely written
// otherwise: that is no change.
func keepNotation(plan *types.String, state types.String) {
	if times.SameDuration(*plan, state) {
		*plan = state
	}
}

// plannedName plans the key's name and checks it where it is new.
func plannedName(config serviceAccountKeyModel, state *serviceAccountKeyModel, diags *diag.Diagnostics) types.String {
	switch {
	case config.Name.IsUnknown():
		return types.StringUnknown()
	case values.Known(config.Name):
		if state == nil || !config.Name.Equal(state.Name) {
			keyNameRule().check("name", config.Name, diags)
		}
		return config.Name
	case config.NamePrefix.IsUnknown():
		return types.StringUnknown()
	}
	if state == nil || !config.NamePrefix.Equal(state.NamePrefix) {
		keyPrefixRule().check("name_prefix", config.NamePrefix, diags)
	}
	if state != nil && strings.HasPrefix(state.Name.ValueString(), config.NamePrefix.ValueString()) {
		return state.Name
	}
	return types.StringUnknown()
}
