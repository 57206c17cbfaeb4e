// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// serviceAccountKeysExclusiveResource revokes the keys of an account that nobody declared.
//
// A refresh finds the strays, and the state holds them; a plan empties that list, and its
// update revokes what stood in it. So a plan shows each key that the apply will
// revoke, and what appears after the plan isn't touched.
type serviceAccountKeysExclusiveResource struct{ configured }

func newServiceAccountKeysExclusive() core.Resource[keysExclusiveModel, orgPrivate] {
	return &serviceAccountKeysExclusiveResource{}
}

type keysExclusiveModel struct {
	ServiceAccountID types.String
	KeyIDs           types.Set
	ToleratedNames   types.Set
	Strays           types.List // of keyFacts
}

type (
	keysExclusiveObject = core.Object[keysExclusiveModel, orgPrivate]
	keysExclusiveChange = core.Change[keysExclusiveModel, orgPrivate]
	keysExclusiveResult = core.Result[keysExclusiveModel, orgPrivate]
)

func (*serviceAccountKeysExclusiveResource) Fields(m *keysExclusiveModel) core.Fields {
	return core.Fields{
		"service_account_id": core.Field(&m.ServiceAccountID),
		"key_ids":            core.Field(&m.KeyIDs),
		"tolerated_names":    core.Field(&m.ToleratedNames),
		"strays":             core.Field(&m.Strays),
	}
}

func (*serviceAccountKeysExclusiveResource) Describe() core.Description {
	return core.Description{
		Name:     "service_account_keys_exclusive",
		Identity: map[string]string{"service_account_id": "ID of the service account, a UUID."},
		// The account, unknown in the plan, may turn out to be another one.
		MutableIdentity: true,
	}
}

func (*serviceAccountKeysExclusiveResource) Schema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Limits the keys of a service account to those that Terraform declares. Use it for accounts that get all their keys from one configuration. " +
			"Every other key of the account, a stray, appears in the plan by name, and the next apply revokes it. An apply revokes only what its plan showed, and creating this resource revokes nothing. " +
			"Destroying it changes nothing in SigNoz.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{Required: true, MarkdownDescription: "ID of the service account, a UUID. Changing it leaves the keys of the old account as they are."},
			"key_ids": schema.SetAttribute{
				ElementType:         types.StringType,
				Required:            true,
				MarkdownDescription: "IDs of the keys that may exist: `[signoz_service_account_key.deploy.id]`. The plan warns about an ID that the account doesn't have.",
				Validators:          []validator.Set{setvalidator.NoNullValues()},
			},
			"tolerated_names": schema.SetAttribute{
				ElementType:         types.StringType,
				Optional:            true,
				MarkdownDescription: "[Regular expressions](https://github.com/google/re2/wiki/Syntax); a key whose name matches one of them isn't a stray. Write `^break-glass$` for exactly this name.",
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(values.IsRegexp())},
			},
			"strays": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "Keys of the account that are neither in `key_ids` nor tolerated, as the last refresh found them. A plan that removes a key from this list revokes it. " +
					"It never contains the key that the provider authenticates with, keys of a `signoz_service_account_key` of this run, replaced keys within their `destroy_grace_period`, and ephemeral keys that haven't expired.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":           schema.StringAttribute{Computed: true, MarkdownDescription: "ID of the key, a UUID."},
					"name":         schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the key."},
					"created_at":   schema.StringAttribute{Computed: true, MarkdownDescription: "Time at which the key was created (RFC 3339, UTC)."},
					"last_used_at": schema.StringAttribute{Computed: true, MarkdownDescription: "Time at which the key was last seen in use (RFC 3339, UTC); null if never."},
					"expires_at":   schema.StringAttribute{Computed: true, MarkdownDescription: "Time at which the key stops or stopped working (RFC 3339, UTC); null if it never expires."},
				}},
			},
		},
	}
}

// Validate leaves ids to the plan: in `terraform test` they may come from mocks.
func (*serviceAccountKeysExclusiveResource) Validate(keysExclusiveModel) diag.Diagnostics { return nil }

// Plan decides that no stray is left, and says which keys that ends.
func (r *serviceAccountKeysExclusiveResource) Plan(ctx context.Context, change keysExclusiveChange) (planned core.Planned[keysExclusiveModel]) {
	planned.Plan = change.Plan
	plan, diags := &planned.Plan, &planned.Diagnostics
	r.session.planMissing(diags)
	state := change.State()
	checkNewAccountID(plan.ServiceAccountID, state.ServiceAccountID, diags)
	checkKeyIDs(plan.KeyIDs, diags)
	plan.Strays = types.ListUnknown(strayType)
	if diags.HasError() {
		return planned
	}
	accountID := plan.ServiceAccountID.ValueString()
	if values.Known(plan.ServiceAccountID) && r.session.claimExclusive(accountID, plan.KeyIDs) {
		diags.AddAttributeWarning(path.Root("service_account_id"), fmt.Sprintf("Two exclusive lists of keys for service account %s", accountID),
			"Another signoz_service_account_keys_exclusive of this configuration is for the same account. Each treats the keys of the other as strays and revokes them. Put all IDs into the key_ids of one.")
	}
	if change.Prior == nil {
		r.warnFirst(ctx, *plan, diags)
		return planned // Create finds the strays
	}
	moved := values.Known(plan.ServiceAccountID) && !plan.ServiceAccountID.Equal(state.ServiceAccountID)
	if moved && !r.session.appliesUpdate(runName(state)) {
		planned.Replace = []string{"service_account_id"}
		return planned
	}
	plan.Strays = strayList(nil)
	if moved {
		return planned // Update revokes nothing: the strays of the state are of another account
	}
	r.warnMissing(ctx, *plan, state, diags)
	if revoked := r.session.planToRevoke(promised(ctx, state, *plan, diags)); len(revoked) > 0 {
		diags.AddAttributeWarning(path.Root("strays"), fmt.Sprintf("The apply revokes %s of service account %s", nameStrays(revoked), state.ServiceAccountID.ValueString()),
			fmt.Sprintf("Not in key_ids, and not tolerated:\n%s\n\nTheir consumers get 401 from then on. To keep a key, add its ID to key_ids, or a pattern for its name to tolerated_names.", describe(revoked, r.session.now())))
	}
	return planned
}

// runName is what noteRefreshed remembers the resource of an account by.
func runName(m keysExclusiveModel) string { return "exclusive " + m.ServiceAccountID.ValueString() }

// PlanDestroy has nothing to say: destroying ends no key.
func (*serviceAccountKeysExclusiveResource) PlanDestroy(context.Context, keysExclusiveObject) diag.Diagnostics {
	return nil
}

// checkKeyIDs refuses what can't be the id of a key.
func checkKeyIDs(ids types.Set, diags *diag.Diagnostics) {
	for _, id := range values.Strings(ids) {
		if !values.IsUUID(id) {
			diags.AddAttributeError(path.Root("key_ids"), fmt.Sprintf("%q isn't the id of a key", id),
				"IDs are UUIDs. Use the ID of the resource, signoz_service_account_key.NAME.id; to allow keys by name, use tolerated_names.")
		}
	}
}

// idsIn are the ids that a set has now, in lower case; those that become known only
// during the apply are left out.
func idsIn(set types.Set) map[string]bool {
	ids := make(map[string]bool)
	for _, id := range values.Strings(set) {
		ids[strings.ToLower(id)] = true
	}
	return ids
}

// patterns are the tolerated names; ones that are unknown tolerate all: nothing is
// revoked that they may turn out to mean.
func patterns(tolerated types.Set) (patterns []*regexp.Regexp) {
	if values.HasUnknown(tolerated) {
		return []*regexp.Regexp{regexp.MustCompile("")}
	}
	for _, text := range values.Strings(tolerated) {
		if pattern, err := regexp.Compile(text); err == nil { // the validator has refused others
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// exceptions are those of the session's run.
func (r *serviceAccountKeysExclusiveResource) exceptions(m keysExclusiveModel) exceptions {
	return exceptions{allowed: idsIn(m.KeyIDs), declared: r.session.isDeclaredKey, tolerated: patterns(m.ToleratedNames), now: r.session.now()}
}

// strays finds the strays among the keys of the account. Which one the provider signs in
// with costs requests, so that is asked only where it may matter.
func (r *serviceAccountKeysExclusiveResource) strays(ctx context.Context, keys []signoz.Key, m keysExclusiveModel) ([]signoz.Key, error) {
	but := r.exceptions(m)
	found := straysAmong(keys, but)
	if len(found) == 0 {
		return nil, nil
	}
	var err error
	if but.own, err = r.session.client.OwnKeys(ctx, m.ServiceAccountID.ValueString()); err != nil {
		return nil, fmt.Errorf("finding out which key the provider authenticates with: %w", err)
	}
	return straysAmong(found, but), nil
}

// promised are the strays of the state that the plan neither allows nor tolerates: Update revokes
// them if they are still strays at that time.
func promised(ctx context.Context, state, plan keysExclusiveModel, diags *diag.Diagnostics) []keyFacts {
	var strays []keyFacts
	diags.Append(state.Strays.ElementsAs(ctx, &strays, false)...)
	allowed, tolerated := idsIn(plan.KeyIDs), patterns(plan.ToleratedNames)
	return slices.DeleteFunc(strays, func(key keyFacts) bool {
		return allowed[strings.ToLower(key.ID.ValueString())] ||
			slices.ContainsFunc(tolerated, func(pattern *regexp.Regexp) bool { return pattern.MatchString(key.Name.ValueString()) })
	})
}

// warnFirst says which keys the plan after the first will revoke.
func (r *serviceAccountKeysExclusiveResource) warnFirst(ctx context.Context, plan keysExclusiveModel, diags *diag.Diagnostics) {
	if !values.Known(plan.ServiceAccountID) || !r.session.online() {
		return // a new account has no keys
	}
	accountID := plan.ServiceAccountID.ValueString()
	keys, err := r.session.client.Keys(ctx, accountID)
	if err != nil {
		r.session.addError(ctx, diags, "Can't list the keys of service account "+accountID, err)
		return
	}
	warnUnknownIDs(accountID, idsIn(plan.KeyIDs), keys, diags)
	found, err := r.strays(ctx, keys, plan)
	if err != nil {
		r.session.addError(ctx, diags, "Can't tell the strays among the keys of service account "+accountID, err)
		return
	}
	if len(found) == 0 {
		return
	}
	unless := ""
	if values.HasUnknown(plan.KeyIDs) {
		unless = " (key_ids isn't fully known yet and may contain some of them)"
	}
	strays := factsOf(found)
	diags.AddAttributeWarning(path.Root("key_ids"), fmt.Sprintf("The plan after this one will revoke %s of service account %s", nameStrays(strays), accountID),
		fmt.Sprintf("Not in key_ids, and not tolerated%s:\n%s\n\nThis apply revokes nothing; the next plan shows these keys in strays, and its apply revokes them. To keep a key, add its ID to key_ids, or a pattern for its name to tolerated_names.",
			unless, describe(strays, r.session.now())))
}

// warnMissing warns of ids that are new in key_ids and that the account doesn't have.
// The others are looked at only where the refresh has read the list anyway.
func (r *serviceAccountKeysExclusiveResource) warnMissing(ctx context.Context, plan, state keysExclusiveModel, diags *diag.Diagnostics) {
	added := idsIn(plan.KeyIDs)
	for id := range idsIn(state.KeyIDs) {
		delete(added, id)
	}
	accountID := state.ServiceAccountID.ValueString()
	if !r.session.online() || (len(added) == 0 && !r.session.seen.refreshed.get(runName(state))) {
		return
	}
	if keys, err := r.session.client.Keys(ctx, accountID); err == nil { // else the refresh or the update reports it
		warnUnknownIDs(accountID, idsIn(plan.KeyIDs), keys, diags)
	}
}

func warnUnknownIDs(accountID string, ids map[string]bool, keys []signoz.Key, diags *diag.Diagnostics) {
	for i := range keys {
		delete(ids, strings.ToLower(keys[i].ID))
	}
	if len(ids) > 0 {
		diags.AddAttributeWarning(path.Root("key_ids"), fmt.Sprintf("Service account %s doesn't have all keys of key_ids", accountID),
			fmt.Sprintf("It has no key with the id %s. The key may have been revoked, here or by another configuration with an exclusive list for this account, or belong to another account.", wording.SomeOf(slices.Collect(maps.Keys(ids)))))
	}
}

// Create revokes nothing: what it finds is shown by the next plan.
func (r *serviceAccountKeysExclusiveResource) Create(ctx context.Context, plan keysExclusiveModel, result *keysExclusiveResult) (diags diag.Diagnostics) {
	client := r.session.client
	checkKeyIDs(plan.KeyIDs, &diags)
	if diags.HasError() {
		return diags
	}
	keys, err := client.FreshKeys(ctx, plan.ServiceAccountID.ValueString())
	if err == nil {
		err = r.update(ctx, &plan, keys)
	}
	if err != nil {
		r.session.addError(ctx, &diags, "Can't list the keys of service account "+plan.ServiceAccountID.ValueString(), err)
		return diags
	}
	r.session.noteRefreshed(runName(plan))
	result.Save(plan, orgPrivate{OrgID: client.KnownOrgID()})
	return diags
}

// update sets the model's strays to those among keys.
func (r *serviceAccountKeysExclusiveResource) update(ctx context.Context, m *keysExclusiveModel, keys []signoz.Key) error {
	found, err := r.strays(ctx, keys, *m)
	if err != nil {
		return err
	}
	m.Strays = strayList(found)
	return nil
}

// Refresh finds the strays. Where it can't ask SigNoz, they are as the state has them.
func (r *serviceAccountKeysExclusiveResource) Refresh(ctx context.Context, exclusive keysExclusiveObject) core.Refreshed[keysExclusiveModel, orgPrivate] {
	result := core.Refreshed[keysExclusiveModel, orgPrivate]{Object: exclusive}
	state, diags := &result.State, &result.Diagnostics
	r.session.noteRefreshed(runName(*state))
	accountID := state.ServiceAccountID.ValueString()
	if result.Gone = accountID == ""; result.Gone || !r.session.mayRefresh(diags) {
		return result // not made yet: Crossplane's upjet reads before it creates
	}
	keys, err := r.session.client.Keys(ctx, accountID)
	if err == nil && len(keys) == 0 { // as of a deleted account
		var account *signoz.ServiceAccount
		if account, err = r.session.client.SharedServiceAccount(ctx, accountID); err == nil && account.Deleted() {
			result.Gone = true
			return result
		}
	}
	if err == nil {
		err = r.update(ctx, state, keys)
	}
	if err != nil {
		result.Gone = r.session.isGone(ctx, "Can't list the keys of service account "+accountID, accountID, exclusive.Private.OrgID, err, diags)
	}
	return result
}

// Update revokes the strays that the plan has shown, if they are strays still.
func (r *serviceAccountKeysExclusiveResource) Update(ctx context.Context, change keysExclusiveChange, result *keysExclusiveResult) (diags diag.Diagnostics) {
	client := r.session.client
	plan, state := change.Plan, change.Prior.State
	checkKeyIDs(plan.KeyIDs, &diags)
	if diags.HasError() {
		return diags
	}
	plan.Strays = strayList(nil)
	ids := make(map[string]bool)
	if plan.ServiceAccountID.Equal(state.ServiceAccountID) {
		for _, key := range promised(ctx, state, plan, &diags) {
			ids[key.ID.ValueString()] = true
		}
	}
	if len(ids) > 0 {
		plan.Strays = strayList(r.revoke(ctx, client, plan, ids, &diags))
	}
	result.Save(plan, change.Prior.Private)
	return diags
}

// revoke revokes the promised keys that are strays still, and returns those that it couldn't.
func (r *serviceAccountKeysExclusiveResource) revoke(ctx context.Context, client *signoz.Client, plan keysExclusiveModel, ids map[string]bool, diags *diag.Diagnostics) (left []signoz.Key) {
	accountID := plan.ServiceAccountID.ValueString()
	keys, err := client.FreshKeys(ctx, accountID)
	var found []signoz.Key
	if err == nil {
		found, err = r.strays(ctx, slices.DeleteFunc(slices.Clone(keys), func(key signoz.Key) bool { return !ids[key.ID] }), plan)
	}
	if err != nil && !signoz.IsAccountNotFound(err) {
		r.session.addError(ctx, diags, "Can't list the keys of service account "+accountID, err)
		return nil
	}
	for _, key := range found {
		if err := client.RevokeKey(ctx, accountID, key.ID); err != nil {
			r.session.addError(ctx, diags, fmt.Sprintf("Can't revoke the key %q of service account %s", key.Name, accountID), err)
			left = append(left, key)
		}
	}
	return left
}

// Delete changes nothing in SigNoz.
func (*serviceAccountKeysExclusiveResource) Delete(context.Context, keysExclusiveObject) diag.Diagnostics {
	return nil
}

// Import takes the id or the name of the account. It puts the ids of all present keys into key_ids,
// so that importing, like creating, revokes nothing.
func (r *serviceAccountKeysExclusiveResource) Import(ctx context.Context, id string, identity map[string]string) (exclusive keysExclusiveObject, diags diag.Diagnostics) {
	client := r.session.client
	if id == "" {
		id = identity["service_account_id"]
	}
	account, wrong := findAccount(ctx, client, id)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return exclusive, diags
	}
	keys, err := client.Keys(ctx, account.ID)
	if err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("Can't list the keys of service account %q", account.Name), err)
		return exclusive, diags
	}
	var ids []string
	for _, key := range straysAmong(keys, exceptions{now: r.session.now()}) {
		ids = append(ids, key.ID)
	}
	exclusive.State = keysExclusiveModel{
		ServiceAccountID: types.StringValue(account.ID),
		KeyIDs:           values.StringSet(ids),
		ToleratedNames:   types.SetNull(types.StringType),
		Strays:           strayList(nil),
	}
	exclusive.Private.OrgID = account.OrgID
	return exclusive, diags
}
