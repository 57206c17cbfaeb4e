// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

type serviceAccountKeyResource struct{ session *session }

func newServiceAccountKey() core.Resource[serviceAccountKeyModel, keyPrivate] {
	return &serviceAccountKeyResource{}
}

type serviceAccountKeyModel struct {
	ID                 types.String
	ServiceAccountID   types.String
	Name               types.String
	NamePrefix         types.String
	ExpiresAt          types.String
	ValidFor           types.String
	RotateBefore       types.String
	DestroyGracePeriod types.String
	Key                types.String
	ReadyForRotation   types.Bool
}

type (
	keyObject = core.Object[serviceAccountKeyModel, keyPrivate]
	keyChange = core.Change[serviceAccountKeyModel, keyPrivate]
	keyResult = core.Result[serviceAccountKeyModel, keyPrivate]
)

func (*serviceAccountKeyResource) Fields(m *serviceAccountKeyModel) core.Fields {
	return core.Fields{
		"id":                   core.Field(&m.ID),
		"service_account_id":   core.Field(&m.ServiceAccountID),
		"name":                 core.Field(&m.Name),
		"name_prefix":          core.Field(&m.NamePrefix),
		"expires_at":           core.Field(&m.ExpiresAt),
		"valid_for":            core.Field(&m.ValidFor),
		"rotate_before":        core.Field(&m.RotateBefore),
		"destroy_grace_period": core.Field(&m.DestroyGracePeriod),
		"key":                  core.Field(&m.Key),
		"ready_for_rotation":   core.Field(&m.ReadyForRotation),
	}
}

func (*serviceAccountKeyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
	// An update makes a new key where the account, unknown in the plan, turns out to be another one.
	resp.ResourceBehavior.MutableIdentity = true
}

func (*serviceAccountKeyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API key of a service account. SigNoz shows a key's value only once, when it is made; Terraform keeps it in the sensitive attribute `key`, and so in the state. " +
			"Renaming the key and setting, moving or removing its expiry happen in place and never change the value.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Id of the key, a UUID.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"service_account_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Id of the service account that the key signs in. A key can't move to another account: changing this makes a new key. " +
					"An id that is merely unknown in the plan changes nothing: if it turns out to be the same during the apply, the key stays as it is; if not, a new key is made there and the old one is retired as `destroy_grace_period` says.",
			},
			"name": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Name of the key, unique in its account: lowercase letters, digits and hyphens, a letter first, at most 80 characters (SigNoz v0.118 doesn't take digits). " +
					"Changing it renames the key in place. Exactly one of `name` and `name_prefix` is required.",
			},
			"name_prefix": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("Beginning of the key's name, at most %d characters, to which random letters are appended. It lets an old and a new key exist side by side, which `create_before_destroy` needs. "+
					"Changing it to another prefix makes a new key; adding it to a key that has a fixed `name` doesn't.", signoz.MaxKeyNamePrefixLength),
			},
			"expires_at": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Time at which the key stops working, in RFC 3339 notation with whole seconds and any offset, such as `2027-01-31T12:00:00Z`. It must lie in the future when it is set. " +
					"Changing or removing it happens in place: the same value goes on working, also when the key had expired already. Left out, the key never expires, unless `valid_for` says so. Conflicts with `valid_for`.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("valid_for"))},
			},
			"valid_for": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long the key works from the moment it is made, such as `90d`, `36h` or `1h30m`; `expires_at` tells the resulting time. " +
					"Changing it moves the expiry by the difference, in place.",
				Validators: []validator.String{durationValidator{atLeast: time.Second}},
			},
			"rotate_before": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long before its expiry the key is to be replaced, such as `14d`: from then on a plan replaces it. Needs `valid_for` and must be shorter than it. " +
					"Nothing rotates by itself: somebody, or a scheduled job, must run Terraform within this time.",
				Validators: []validator.String{durationValidator{atLeast: time.Second}, stringvalidator.AlsoRequires(path.MatchRoot("valid_for"))},
			},
			"destroy_grace_period": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long the key goes on working after Terraform destroyed or replaced it, such as `24h`, so that its users can change over. Destroying then doesn't revoke the key but sets it to expire after this time, or at its own expiry if that is sooner. " +
					"Left out or `0s`: it is revoked at once. The value last applied counts. Deleting the account ends all its keys at once, whatever this says.",
				Validators: []validator.String{durationValidator{}},
			},
			"key": schema.StringAttribute{
				Computed:  true,
				Sensitive: true,
				MarkdownDescription: "Value of the key, which goes into the `SIGNOZ-API-KEY` header. It is set once and never changes. " +
					"Null for an imported key: SigNoz shows a value only once.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"ready_for_rotation": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether the key is within `rotate_before` of its expiry, so that the next plan replaces it.",
			},
		},
	}
}

func (*serviceAccountKeyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"service_account_id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Id of the service account, a UUID.",
			},
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Id of the key, a UUID.",
			},
		},
	}
}

func (r *serviceAccountKeyResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Validate leaves ids and times to the plan: in `terraform test` they may come from mocks,
// which are random texts, and a provider is asked to validate those but not to plan them.
func (*serviceAccountKeyResource) Validate(config serviceAccountKeyModel) (diags diag.Diagnostics) {
	switch {
	case !config.Name.IsNull() && known(config.NamePrefix), known(config.Name) && !config.NamePrefix.IsNull():
		// Pulumi's bridge fills in every input called name, and takes that back where
		// validation fails with just this summary on just this attribute
		// (pulumi-terraform-bridge, pull request 3457). It appends a full stop to the detail.
		diags.AddAttributeError(path.Root("name"), "Conflicting configuration arguments",
			"Exactly one of name and name_prefix can be set: a fixed name, or the beginning of one to which random letters are appended, which create_before_destroy needs")
	case config.Name.IsNull() && config.NamePrefix.IsNull():
		diags.AddAttributeError(path.Root("name"), "Missing name of the key",
			"Set either name, a fixed name, or name_prefix, the beginning of one to which random letters are appended, which create_before_destroy needs.")
	}
	if rotateBefore, validFor := durationOf(config.RotateBefore), durationOf(config.ValidFor); validFor > 0 && rotateBefore >= validFor {
		diags.AddAttributeError(path.Root("rotate_before"), "rotate_before isn't shorter than valid_for",
			fmt.Sprintf("With rotate_before = %q and valid_for = %q every plan would replace the key. Choose a shorter rotate_before, such as a third of valid_for.",
				config.RotateBefore.ValueString(), config.ValidFor.ValueString()))
	}
	return diags
}

// Plan plans the name and the expiry, and whether the key is to be replaced: because its
// time has come, or for a change that a key can't take.
func (r *serviceAccountKeyResource) Plan(_ context.Context, change keyChange) (planned core.Planned[serviceAccountKeyModel]) {
	plan, config, prior, diags := &planned.Plan, change.Config, change.Prior, &planned.Diagnostics
	*plan = change.Plan
	if prior == nil {
		checkNewAccountID(config.ServiceAccountID, types.StringNull(), diags)
		checkTime(path.Root("expires_at"), config.ExpiresAt, diags)
		plan.Name = plannedName(config, nil, diags)
		plan.ReadyForRotation = types.BoolValue(false)
		if !diags.HasError() {
			plan.ExpiresAt = expiry{config: config, now: r.now(), lost: r.session.isLostKey(config)}.plan(diags)
		}
		return planned
	}
	state := prior.State
	checkNewAccountID(config.ServiceAccountID, state.ServiceAccountID, diags)
	checkTime(path.Root("expires_at"), config.ExpiresAt, diags)
	if diags.HasError() {
		return planned
	}
	keepNotation(plan, state)
	plan.Name = plannedName(config, &state, diags)
	replaced := replacedAttributes(*plan, state)
	settings := [][2]types.String{{plan.ValidFor, state.ValidFor}, {plan.RotateBefore, state.RotateBefore}, {plan.DestroyGracePeriod, state.DestroyGracePeriod}}
	switch {
	case len(replaced) > 0 && !r.session.appliesUpdate(state.ID.ValueString()):
		planned.Replace = replaced
	case state.ReadyForRotation.ValueBool() && !anyChanged(settings):
		// The refresh decides, not the clock. An unknown value differs from that of the
		// state whatever it is, which a replacement needs to have an effect.
		plan.ReadyForRotation = types.BoolUnknown()
		planned.Replace = []string{"ready_for_rotation"}
	default:
		r.planUpdate(plan, config, prior, diags)
		if len(replaced) > 0 || plan.ServiceAccountID.IsUnknown() || (plan.NamePrefix.IsUnknown() && !state.NamePrefix.IsNull()) {
			planPossibleReplacement(plan, config)
		}
	}
	if len(planned.Replace) > 0 {
		plan.ExpiresAt = types.StringUnknown() // planned once more, without a state
	}
	if len(planned.Replace) > 0 || len(replaced) > 0 {
		r.session.refuseOwnKey(state, diags)
	}
	return planned
}

func (r *serviceAccountKeyResource) planUpdate(plan *serviceAccountKeyModel, config serviceAccountKeyModel, prior *keyObject, diags *diag.Diagnostics) {
	state := prior.State
	plan.ExpiresAt = expiry{config: config, prior: prior, now: r.now()}.plan(diags)
	plan.ReadyForRotation = state.ReadyForRotation
	if !plan.ValidFor.Equal(state.ValidFor) || !plan.RotateBefore.Equal(state.RotateBefore) {
		plan.ReadyForRotation = types.BoolUnknown() // Update tells: by then the time may have come
	}
	planExpired(plan, config, prior, r.now(), diags)
	r.session.warnOwnKeyEnds(*plan, state, diags)
}

// planPossibleReplacement is for a plan that doesn't know yet if the key can stay: Update
// makes another one where it can't.
func planPossibleReplacement(plan *serviceAccountKeyModel, config serviceAccountKeyModel) {
	plan.ID, plan.Key, plan.ReadyForRotation = types.StringUnknown(), types.StringUnknown(), types.BoolUnknown()
	if config.ExpiresAt.IsNull() && !config.ValidFor.IsNull() {
		plan.ExpiresAt = types.StringUnknown()
	}
	if config.Name.IsNull() {
		plan.Name = types.StringUnknown()
	}
}

// replacedAttributes are those whose change a key can't take. What is unknown isn't
// changed. A prefix that is new, after an import or instead of `name`, renames the key.
func replacedAttributes(plan, state serviceAccountKeyModel) (names []string) {
	if known(plan.ServiceAccountID) && !plan.ServiceAccountID.Equal(state.ServiceAccountID) {
		names = append(names, "service_account_id")
	}
	if known(plan.NamePrefix) && !state.NamePrefix.IsNull() && !plan.NamePrefix.Equal(state.NamePrefix) {
		names = append(names, "name_prefix")
	}
	return names
}

// anyChanged reports whether a planned value certainly differs from that of the state.
func anyChanged(settings [][2]types.String) bool {
	for _, s := range settings {
		if !s[0].IsUnknown() && !s[0].Equal(s[1]) {
			return true
		}
	}
	return false
}

// keepNotation keeps the state's notation of a duration that is merely written
// otherwise: that is no change.
func keepNotation(plan *serviceAccountKeyModel, state serviceAccountKeyModel) {
	for _, d := range []struct {
		plan  *types.String
		state types.String
	}{
		{&plan.ValidFor, state.ValidFor},
		{&plan.RotateBefore, state.RotateBefore},
		{&plan.DestroyGracePeriod, state.DestroyGracePeriod},
	} {
		if sameDuration(*d.plan, d.state) {
			*d.plan = d.state
		}
	}
}

// plannedName plans the key's name and checks it where it is new.
func plannedName(config serviceAccountKeyModel, state *serviceAccountKeyModel, diags *diag.Diagnostics) types.String {
	switch {
	case config.Name.IsUnknown():
		return types.StringUnknown()
	case known(config.Name):
		if state == nil || !config.Name.Equal(state.Name) {
			if wrong := checkName("account's key", config.Name.ValueString(), signoz.MaxKeyNameLength); wrong != "" {
				diags.AddAttributeError(path.Root("name"), "Invalid name of a key", wrong)
			}
		}
		return config.Name
	case config.NamePrefix.IsUnknown():
		return types.StringUnknown()
	}
	prefix := config.NamePrefix.ValueString()
	if state == nil || !config.NamePrefix.Equal(state.NamePrefix) {
		if wrong := checkNamePrefix(prefix); wrong != "" {
			diags.AddAttributeError(path.Root("name_prefix"), "Invalid prefix of a key's name", wrong)
		}
	}
	if state != nil && strings.HasPrefix(state.Name.ValueString(), prefix) {
		return state.Name
	}
	return types.StringUnknown()
}

func (r *serviceAccountKeyResource) now() time.Time {
	if r.session == nil {
		return time.Now()
	}
	return r.session.now()
}

func (r *serviceAccountKeyResource) PlanDestroy(_ context.Context, key keyObject) (diags diag.Diagnostics) {
	r.session.refuseOwnKey(key.State, &diags)
	return diags
}

func (r *serviceAccountKeyResource) Create(ctx context.Context, plan serviceAccountKeyModel, result *keyResult) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	now := r.now()
	accountID := plan.ServiceAccountID.ValueString()
	wanted := signoz.NewKey{Name: plan.Name.ValueString(), ExpiresAt: timeOf(plan.ExpiresAt)}
	if plan.Name.IsUnknown() {
		wanted.Name, wanted.UniqueName = signoz.UniqueKeyName(plan.NamePrefix.ValueString()), true
	}
	if known(plan.ValidFor) {
		wanted.ExpiresAt = now.Add(durationOf(plan.ValidFor)).Truncate(time.Second)
		plan.ExpiresAt = timestamp(wanted.ExpiresAt)
	}
	summary := fmt.Sprintf("Can't create the key %q of service account %s", wanted.Name, accountID)

	created, err := client.CreateKey(ctx, accountID, wanted)
	switch {
	case signoz.IsConflict(err):
		diags.AddAttributeError(path.Root("name"), summary,
			fmt.Sprintf("The account has a key of this name already. If this resource is being replaced with create_before_destroy, it is the old key: write name_prefix = \"NAME-\" instead of name, with which the present key is kept and renamed, or remove create_before_destroy (Pulumi: set deleteBeforeReplace). "+
				"To manage a key that was made elsewhere, import it: terraform import ADDRESS %s/%s, with the address of this resource; its value stays unknown, because SigNoz shows it only once. Otherwise choose another name. %s %s", accountID, wanted.Name, formerSelf, said(err)))
		return diags
	case err != nil:
		r.session.addError(ctx, &diags, summary, err)
		return diags
	}
	plan.ID = types.StringValue(created.ID)
	plan.Name = types.StringValue(wanted.Name)
	plan.Key = types.StringValue(created.Value)
	plan.ReadyForRotation = types.BoolValue(false)
	r.session.noteRefreshed(created.ID)
	result.Save(plan, keyPrivate{keyRecord{CreatedAt: now.Unix(), ExpiresAt: signoz.UnixSeconds(wanted.ExpiresAt), Name: wanted.Name, OrgID: client.KnownOrgID()}})
	return diags
}

// Refresh reads the key from SigNoz. Where it can't, the key is as the state has it.
func (r *serviceAccountKeyResource) Refresh(ctx context.Context, key keyObject) core.Refreshed[serviceAccountKeyModel, keyPrivate] {
	result := core.Refreshed[serviceAccountKeyModel, keyPrivate]{Object: key}
	state, record, diags := &result.State, &result.Private.Record, &result.Diagnostics
	r.session.noteRefreshed(state.ID.ValueString())
	if result.Gone = state.ID.ValueString() == ""; result.Gone || !r.session.mayRefresh(diags) {
		return result // without an id: Crossplane's upjet reads before it creates
	}
	accountID := state.ServiceAccountID.ValueString()
	what := fmt.Sprintf("the key %q of service account %s", state.Name.ValueString(), accountID)
	found, err := r.session.client.Key(ctx, accountID, state.ID.ValueString())
	switch {
	case signoz.IsAccountNotFound(err):
		result.Gone = r.session.accountIsLost(ctx, what, accountID, record.OrgID, err, diags)
	case err != nil:
		r.session.addError(ctx, diags, "Can't read "+what, err)
	case found == nil:
		result.Gone = true // revoked elsewhere, or gone with its account, which has no keys then
	default:
		now := r.now()
		*record = record.refreshed(found.Name, found.ExpiresAt, now)
		state.Name = types.StringValue(found.Name)
		state.ExpiresAt = refreshedExpiry(found.ExpiresAt, key.State, *record)
		due := rotationDue(found.ExpiresAt, state.RotateBefore, now)
		if moved := found.ExpiresAt.IsZero() || found.ExpiresAt.After(record.setTime()); moved && rotationDue(record.setTime(), state.RotateBefore, now) {
			due = true // an expiry moved elsewhere doesn't put rotation off
		}
		state.ReadyForRotation = types.BoolValue(due)
	}
	if result.Gone {
		r.session.noteLostKey(key)
	}
	return result
}

func (r *serviceAccountKeyResource) Update(ctx context.Context, change keyChange, result *keyResult) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	plan, state, record := change.Plan, change.Prior.State, change.Prior.Private.Record
	if len(replacedAttributes(plan, state)) > 0 {
		return r.replace(ctx, plan, *change.Prior, result)
	}
	if plan.Name.IsUnknown() {
		plan.Name = types.StringValue(signoz.UniqueKeyName(plan.NamePrefix.ValueString()))
	}
	if plan.ExpiresAt.IsUnknown() {
		plan.ExpiresAt = timestamp(r.now().Add(durationOf(plan.ValidFor)).Truncate(time.Second))
	}
	if plan.ReadyForRotation.IsUnknown() {
		plan.ReadyForRotation = types.BoolValue(rotationDue(timeOf(plan.ExpiresAt), plan.RotateBefore, r.now()))
	}
	// What only the state has, such as rotate_before, needs no request; and the server would
	// refuse one for an expired key, and for a time that has passed (see the table of expiry).
	extended := !sameTime(plan.ExpiresAt, state.ExpiresAt)
	unreachable := record.Passed && extended && signoz.UnixSeconds(timeOf(plan.ExpiresAt)) == record.ExpiresAt
	if !plan.Name.Equal(state.Name) || (extended && !unreachable) {
		accountID := state.ServiceAccountID.ValueString()
		end := timeOf(plan.ExpiresAt)
		if !extended || unreachable {
			end = endsAt(state, record)
		}
		err := client.UpdateKey(ctx, accountID, state.ID.ValueString(), plan.Name.ValueString(), end)
		summary := fmt.Sprintf("Can't update the key %q of service account %s", state.Name.ValueString(), accountID)
		if signoz.IsConflict(err) {
			diags.AddAttributeError(path.Root("name"), summary,
				fmt.Sprintf("Another key of this account is named %q already. Choose another name, or rename or revoke that key first. %s", plan.Name.ValueString(), said(err)))
			return diags
		}
		if err != nil {
			r.session.addError(ctx, &diags, summary, err)
			return diags
		}
	}
	// What was moved or renamed elsewhere and is left so must stay known as that.
	adopted := !sameDuration(plan.ValidFor, state.ValidFor) || (known(change.Config.ExpiresAt) && sameTime(change.Config.ExpiresAt, plan.ExpiresAt)) // the configuration asks for it now
	if extended || !record.Passed || adopted {
		record.ExpiresAt = signoz.UnixSeconds(timeOf(plan.ExpiresAt))
	}
	if !plan.Name.Equal(state.Name) || !record.Expired {
		record.Name = plan.Name.ValueString()
	}
	if !unreachable {
		record = record.refreshed(plan.Name.ValueString(), timeOf(plan.ExpiresAt), r.now())
	}
	result.Save(plan, keyPrivate{record})
	return diags
}

// replace makes a new key and retires the old one, for an update in which something that
// was unknown in the plan turned out to be a change that a key can't take.
func (r *serviceAccountKeyResource) replace(ctx context.Context, plan serviceAccountKeyModel, old keyObject, result *keyResult) diag.Diagnostics {
	var refusal diag.Diagnostics
	if r.session.refuseOwnKey(old.State, &refusal); refusal.HasError() {
		return refusal
	}
	diags := r.Create(ctx, plan, result)
	if diags.HasError() {
		return diags
	}
	if err := r.retire(ctx, r.session.client, old); err != nil {
		diags.AddError(fmt.Sprintf("The key %q of service account %s still works", old.State.Name.ValueString(), old.State.ServiceAccountID.ValueString()),
			"It was replaced by a new key, which is in the state, but it couldn't be revoked. Revoke it in SigNoz: Terraform doesn't know it any more. "+r.session.explain(ctx, err))
	}
	return diags
}

func (r *serviceAccountKeyResource) Delete(ctx context.Context, key keyObject) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	// The plan did this too, but doesn't see a replacement asked for with -replace.
	var refusal diag.Diagnostics
	if r.session.refuseOwnKey(key.State, &refusal); refusal.HasError() {
		return refusal
	}
	if err := r.retire(ctx, client, key); err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("Can't revoke the key %q of service account %s", key.State.Name.ValueString(), key.State.ServiceAccountID.ValueString()), err)
	}
	return diags
}

// retire revokes the key, or lets it expire by itself after its grace period.
func (r *serviceAccountKeyResource) retire(ctx context.Context, client *signoz.Client, key keyObject) error {
	state := key.State
	accountID, keyID := state.ServiceAccountID.ValueString(), state.ID.ValueString()
	now, expiresAt, grace := r.now(), endsAt(state, key.Private.Record), durationOf(state.DestroyGracePeriod)
	if grace == 0 || hasPassed(expiresAt, now) {
		return client.RevokeKey(ctx, accountID, keyID)
	}
	end := now.Add(grace).Add(time.Second - time.Nanosecond).Truncate(time.Second) // whole seconds, rounded up
	if !expiresAt.IsZero() && expiresAt.Before(end) {
		end = expiresAt
	}
	name := state.Name.ValueString()
	switch {
	case checkName("account's key", name, signoz.MaxKeyNameLength) != "":
		name = signoz.UniqueKeyName("retired-") // a legacy name, which SigNoz takes no more
	case state.NamePrefix.IsNull() || !signoz.IsUniqueKeyName(name, state.NamePrefix.ValueString()):
		// Names are unique in the account: free this one for the key that follows.
		name = signoz.UniqueKeyName(name + "-retired-")
	}
	err := client.UpdateKey(ctx, accountID, keyID, name, end)
	switch {
	case signoz.IsNotFound(err):
		return nil
	case signoz.IsInvalidInput(err) && !end.After(r.now()):
		return client.RevokeKey(ctx, accountID, keyID) // it has expired meanwhile
	}
	return err
}

// Import takes ACCOUNT/KEY, each an id or a name.
func (r *serviceAccountKeyResource) Import(ctx context.Context, id string, identity map[string]string) (key keyObject, diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return key, diags
	}
	accountRef, keyRef, ok := splitReference(id)
	if isUUID(id) {
		return r.importByID(ctx, client, id)
	}
	if id == "" && len(identity) > 0 {
		accountRef, keyRef = identity["service_account_id"], identity["id"]
		if ok = isUUID(accountRef) && isUUID(keyRef); !ok {
			diags.AddError("Invalid identity", fmt.Sprintf("service_account_id and id of an identity are UUIDs; %q and %q aren't both. To import by name, use the import id ACCOUNT/KEY.", accountRef, keyRef))
			return key, diags
		}
	}
	if !ok {
		diags.AddError("Invalid import id",
			fmt.Sprintf("%q isn't of the form ACCOUNT/KEY: the id or name of the service account, a slash, and the id or name of the key, such as ci/deploy. The id of the key alone will do too.", id))
		return key, diags
	}
	account, wrong := findAccount(ctx, client, accountRef)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return key, diags
	}
	found, wrong := findKey(ctx, client, account, keyRef)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return key, diags
	}
	return r.imported(account, found)
}

// importByID looks for the key in all accounts.
func (r *serviceAccountKeyResource) importByID(ctx context.Context, client *signoz.Client, id string) (key keyObject, diags diag.Diagnostics) {
	account, found, wrong := findKeyByID(ctx, client, id)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return key, diags
	}
	return r.imported(account, found)
}

func (r *serviceAccountKeyResource) imported(account *signoz.ServiceAccount, found *signoz.Key) (key keyObject, diags diag.Diagnostics) {
	r.session.noteRefreshed(found.ID)
	diags.AddWarning("The key's value can't be imported",
		fmt.Sprintf("SigNoz shows a value only once, when the key is made: `key` of the imported key %q of service account %q is null and stays null. To have a value, make the key anew (terraform apply -replace=ADDRESS), which revokes the present value, unless destroy_grace_period was applied before.", found.Name, account.Name))
	key.State = newServiceAccountKeyModel(found)
	key.Private.Record = keyRecord{ExpiresAt: signoz.UnixSeconds(found.ExpiresAt), Name: found.Name, OrgID: account.OrgID}
	return key, diags
}

// newServiceAccountKeyModel maps a key of the server, of which nothing else is
// known, to what Terraform keeps of it.
func newServiceAccountKeyModel(key *signoz.Key) serviceAccountKeyModel {
	return serviceAccountKeyModel{
		ID:               types.StringValue(key.ID),
		ServiceAccountID: types.StringValue(key.AccountID),
		Name:             types.StringValue(key.Name),
		ExpiresAt:        timestamp(key.ExpiresAt),
		ReadyForRotation: types.BoolValue(false),
	}
}
