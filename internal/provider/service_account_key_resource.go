// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

type serviceAccountKeyResource struct{ configured }

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
	RotateWhenChanged  types.Map
	DestroyGracePeriod types.String
	EncryptTo          types.Object
	Key                types.String
	EncryptedKey       types.String
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
		"rotate_when_changed":  core.Field(&m.RotateWhenChanged),
		"destroy_grace_period": core.Field(&m.DestroyGracePeriod),
		"encrypt_to":           core.Field(&m.EncryptTo),
		"key":                  core.Field(&m.Key),
		"encrypted_key":        core.Field(&m.EncryptedKey),
		"ready_for_rotation":   core.Field(&m.ReadyForRotation),
	}
}

func (*serviceAccountKeyResource) Describe() core.Description {
	return core.Description{
		Name: "service_account_key",
		Identity: map[string]string{
			"service_account_id": "ID of the service account, a UUID.",
			"id":                 "ID of the key, a UUID.",
		},
		// An update makes a new key where the account, unknown in the plan, turns out to be another one.
		MutableIdentity: true,
	}
}

func (*serviceAccountKeyResource) Schema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "An API key of a service account. SigNoz shows a key's value only once, when it creates the key. Terraform stores it in the sensitive attribute `key`, and so in the state, or only encrypted (`encrypt_to`). " +
			"Renaming the key and setting, moving or removing its expiry happen in place and never change the value.",
		Attributes: map[string]schema.Attribute{
			"id": assigned("ID of the key, a UUID."),
			"service_account_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "ID of the service account that the key belongs to. A key can't move to another account: changing this creates a new key. " +
					"An ID that is unknown in the plan changes nothing yet: if it is the same in the apply, the key stays; otherwise a new key is created, and the old one is revoked or expires as `destroy_grace_period` says.",
			},
			"name": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Name of the key, unique in its account: lowercase letters, digits and hyphens, a letter first, at most 80 characters (no digits on SigNoz v0.118). " +
					"Changing it renames the key in place. Exactly one of `name` and `name_prefix` is required.",
			},
			"name_prefix": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("Start of the key's name, at most %d characters, followed by random letters. It lets an old and a new key exist at the same time, which `create_before_destroy` needs. "+
					"Changing it to another prefix creates a new key; adding it to a key that has a fixed `name` doesn't.", signoz.MaxKeyNamePrefixLength),
			},
			"expires_at": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "Time at which the key stops working, in RFC 3339 notation with whole seconds and any offset, such as `2027-01-31T12:00:00Z`. It must be in the future when it is set. " +
					"Changing or removing it happens in place: the same value keeps working, even if the key had expired. If unset, the key never expires, unless `valid_for` is set. Conflicts with `valid_for`.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("valid_for"))},
			},
			"valid_for": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long the key works after its creation, such as `90d`, `36h` or `1h30m`; `expires_at` shows the resulting time. " +
					"Changing it moves the expiry by the difference, in place.",
				Validators: []validator.String{times.AtLeast(time.Second)},
			},
			"rotate_before": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long before its expiry the key is due for rotation, such as `14d`: from then on, a plan replaces it. Requires `valid_for` and must be shorter. " +
					"Nothing rotates until someone, or a scheduled job, runs `terraform apply` within this time.",
				Validators: []validator.String{times.AtLeast(time.Second), stringvalidator.AlsoRequires(path.MatchRoot("valid_for"))},
			},
			"rotate_when_changed": schema.MapAttribute{
				ElementType: types.StringType,
				Optional:    true,
				MarkdownDescription: "Any values. Changing one creates a new key, with the same overlap as a rotation by time, so that a pull request can rotate a key, such as `{ reason = \"2027-01 audit\" }`. " +
					"Adding this attribute to a key, or removing it, isn't a change.",
			},
			"destroy_grace_period": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long the key keeps working after Terraform destroyed or replaced it, such as `24h`, so that its consumers can switch. Instead of revoking the key, Terraform sets it to expire after this time, or at its own expiry if that is sooner. " +
					"If unset or `0s`, the key is revoked immediately. Terraform uses the last applied value. Deleting the account always revokes its keys immediately.",
				Validators: []validator.String{times.AtLeast(0)},
			},
			"encrypt_to": encryptToAttribute(),
			"key": schema.StringAttribute{
				Computed:  true,
				Sensitive: true,
				MarkdownDescription: "Value of the key, which goes into the `SIGNOZ-API-KEY` header. It is set once and never changes. " +
					"Null with `encrypt_to`, and for an imported key: SigNoz shows a value only once.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_key":      encryptedKeyAttribute(),
			"ready_for_rotation": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the key is due for rotation (within `rotate_before` of its expiry), so that the next plan replaces it."},
		},
	}
}

// Validate leaves ids and times to the plan: in `terraform test` they may come from mocks,
// which are random texts, and a provider is asked to validate those but not to plan them.
func (*serviceAccountKeyResource) Validate(config serviceAccountKeyModel) (diags diag.Diagnostics) {
	switch {
	case !config.Name.IsNull() && values.Known(config.NamePrefix), values.Known(config.Name) && !config.NamePrefix.IsNull():
		// Pulumi's bridge fills in every input called name, and takes that back where
		// validation fails with just this summary on just this attribute
		// (pulumi-terraform-bridge, pull request 3457). It appends a full stop to the detail.
		diags.AddAttributeError(path.Root("name"), "Conflicting configuration arguments",
			"Exactly one of name and name_prefix can be set: a fixed name, or the beginning of one to which random letters are appended, which create_before_destroy needs")
	case config.Name.IsNull() && config.NamePrefix.IsNull():
		diags.AddAttributeError(path.Root("name"), "Missing name of the key",
			"Set either name, a fixed name, or name_prefix, the beginning of one to which random letters are appended, which create_before_destroy needs.")
	}
	checkEncryptTo(config.EncryptTo, &diags)
	if rotateBefore, validFor := times.DurationOf(config.RotateBefore), times.DurationOf(config.ValidFor); validFor > 0 && rotateBefore >= validFor {
		diags.AddAttributeError(path.Root("rotate_before"), "rotate_before isn't shorter than valid_for",
			fmt.Sprintf("With rotate_before = %q and valid_for = %q every plan would replace the key. Choose a shorter rotate_before, such as a third of valid_for.",
				config.RotateBefore.ValueString(), config.ValidFor.ValueString()))
	}
	return diags
}

func (r *serviceAccountKeyResource) PlanDestroy(_ context.Context, key keyObject) (diags diag.Diagnostics) {
	r.session.refuseOwnKey(key, &diags)
	r.session.warnKeyInUse(key, &diags)
	return diags
}

func (r *serviceAccountKeyResource) Create(ctx context.Context, plan serviceAccountKeyModel, result *keyResult) (diags diag.Diagnostics) {
	client := r.session.client
	now := r.session.now()
	accountID := plan.ServiceAccountID.ValueString()
	wanted := signoz.NewKey{Name: plan.Name.ValueString(), ExpiresAt: times.TimeOf(plan.ExpiresAt)}
	if plan.Name.IsUnknown() {
		wanted.Name, wanted.UniqueName = signoz.UniqueKeyName(plan.NamePrefix.ValueString()), true
	}
	if values.Known(plan.ValidFor) {
		wanted.ExpiresAt = now.Add(times.DurationOf(plan.ValidFor)).Truncate(time.Second)
		plan.ExpiresAt = times.Timestamp(wanted.ExpiresAt)
	}
	summary := fmt.Sprintf("Can't create the key %q of service account %s", wanted.Name, accountID)
	if _, err := encryptKey(plan.EncryptTo, "a value to try it with"); err != nil { // before there is a value to lose
		diags.AddAttributeError(path.Root("encrypt_to"), summary, wording.Sentence(err.Error()))
		return diags
	}
	created, err := client.CreateKey(ctx, accountID, wanted)
	switch {
	case signoz.IsConflict(err):
		diags.AddAttributeError(path.Root("name"), summary,
			fmt.Sprintf("The account has a key of this name already. If this resource is being replaced with create_before_destroy, it is the old key: use name_prefix = \"NAME-\" instead of name, which keeps the current key and renames it, or remove create_before_destroy (Pulumi: set deleteBeforeReplace). "+
				"To manage a key that was created outside Terraform, import it: terraform import ADDRESS %s/%s, with the address of this resource; its value stays unknown, because SigNoz shows it only once. Otherwise choose another name. %s %s", accountID, wanted.Name, formerSelf, quote(err)))
		return diags
	case err != nil:
		r.session.addError(ctx, &diags, summary, err)
		return diags
	}
	plan.ID = types.StringValue(created.ID)
	plan.Name = types.StringValue(wanted.Name)
	plan.ReadyForRotation = types.BoolValue(false)
	r.session.noteRefreshed(created.ID)
	record := keyRecord{CreatedAt: now.Unix(), ExpiresAt: signoz.UnixSeconds(wanted.ExpiresAt), Name: wanted.Name, OrgID: client.KnownOrgID()}
	if err := keepValue(&plan, &record, created.Value); err != nil {
		diags.AddAttributeError(path.Root("encrypt_to"), summary, wording.Sentence(err.Error())+" The key was created, and its value is lost: the next apply creates another one.")
	}
	result.Save(plan, keyPrivate{record})
	return diags
}

// Refresh reads the key from SigNoz. Where it can't, the key is as the state has it.
func (r *serviceAccountKeyResource) Refresh(ctx context.Context, key keyObject) core.Refreshed[serviceAccountKeyModel, keyPrivate] {
	result := core.Refreshed[serviceAccountKeyModel, keyPrivate]{Object: key}
	state, record, diags := &result.State, &result.Private.Record, &result.Diagnostics
	r.session.noteRefreshed(state.ID.ValueString())
	r.session.checkNoStray(state.ID.ValueString(), state.Name.ValueString(), diags)
	if result.Gone = state.ID.ValueString() == ""; result.Gone || !r.session.mayRefresh(diags) {
		return result // without an id: Crossplane's upjet reads before it creates
	}
	client := r.session.client
	accountID := state.ServiceAccountID.ValueString()
	summary := fmt.Sprintf("Can't read the key %q of service account %s", state.Name.ValueString(), accountID)
	found, err := client.Key(ctx, accountID, state.ID.ValueString())
	switch {
	case err != nil:
		result.Gone = r.session.isGone(ctx, summary, accountID, record.OrgID, err, diags)
	case found == nil:
		result.Gone = true // revoked elsewhere, or gone with its account, which has no keys then
	default:
		r.session.warnRefreshedInUse(found, diags)
		now := r.session.now()
		*record = record.refreshed(found.Name, found.ExpiresAt, now)
		state.Name = types.StringValue(found.Name)
		state.ExpiresAt = refreshedExpiry(found.ExpiresAt, key.State, *record)
		due := rotationDue(found.ExpiresAt, state.RotateBefore, now)
		if moved := found.ExpiresAt.IsZero() || found.ExpiresAt.After(record.setTime()); moved && rotationDue(record.setTime(), state.RotateBefore, now) {
			due = true // an expiry moved elsewhere doesn't put rotation off
		}
		state.ReadyForRotation = types.BoolValue(due)
		if due || !state.RotateWhenChanged.IsNull() {
			record.Predecessors = r.expiredPredecessors(client, *state)
		}
	}
	if result.Gone {
		r.session.noteLostKey(key)
	}
	return result
}

func (r *serviceAccountKeyResource) Update(ctx context.Context, change keyChange, result *keyResult) (diags diag.Diagnostics) {
	client := r.session.client
	plan, state, record := change.Plan, change.Prior.State, change.Prior.Private.Record
	if len(replacedAttributes(plan, state)) > 0 {
		return r.replace(ctx, plan, *change.Prior, result)
	}
	if err := r.settle(&plan, &record, state); err != nil {
		diags.AddAttributeError(path.Root("encrypt_to"), fmt.Sprintf("Can't encrypt the value of the key %q", state.Name.ValueString()), wording.Sentence(err.Error()))
		return diags
	}
	// What only the state has, such as rotate_before, needs no request; and the server would
	// refuse one for an expired key, and for a time that has passed (see the table of expiry).
	extended := !times.SameTime(plan.ExpiresAt, state.ExpiresAt)
	unreachable := record.Passed && extended && signoz.UnixSeconds(times.TimeOf(plan.ExpiresAt)) == record.ExpiresAt
	if !plan.Name.Equal(state.Name) || (extended && !unreachable) {
		accountID := state.ServiceAccountID.ValueString()
		end := times.TimeOf(plan.ExpiresAt)
		if !extended || unreachable {
			end = endsAt(state, record)
		}
		err := client.UpdateKey(ctx, accountID, state.ID.ValueString(), plan.Name.ValueString(), end)
		summary := fmt.Sprintf("Can't update the key %q of service account %s", state.Name.ValueString(), accountID)
		if signoz.IsConflict(err) {
			diags.AddAttributeError(path.Root("name"), summary,
				fmt.Sprintf("Another key of this account is named %q already. Choose another name, or rename or revoke that key first. %s", plan.Name.ValueString(), quote(err)))
			return diags
		}
		if err != nil {
			r.session.addError(ctx, &diags, summary, err)
			return diags
		}
	}
	record = record.updated(plan, state, change.Config)
	if !unreachable {
		record = record.refreshed(plan.Name.ValueString(), times.TimeOf(plan.ExpiresAt), r.session.now())
	}
	result.Save(plan, keyPrivate{record})
	return diags
}

// settle gives what is unknown in a planned update its value, and encrypts the value of a
// key that takes up encrypt_to.
func (r *serviceAccountKeyResource) settle(plan *serviceAccountKeyModel, record *keyRecord, state serviceAccountKeyModel) error {
	plan.ID = state.ID
	if plan.Name.IsUnknown() {
		plan.Name = types.StringValue(signoz.UniqueKeyName(plan.NamePrefix.ValueString()))
	}
	if plan.ExpiresAt.IsUnknown() {
		plan.ExpiresAt = times.Timestamp(r.session.now().Add(times.DurationOf(plan.ValidFor)).Truncate(time.Second))
	}
	if plan.ReadyForRotation.IsUnknown() {
		plan.ReadyForRotation = types.BoolValue(rotationDue(times.TimeOf(plan.ExpiresAt), plan.RotateBefore, r.session.now()))
	}
	if state.EncryptTo.IsNull() && !plan.EncryptTo.IsNull() && !state.Key.IsNull() {
		return keepValue(plan, record, state.Key.ValueString())
	}
	plan.Key, plan.EncryptedKey = state.Key, state.EncryptedKey
	return nil
}

// replace makes a new key and retires the old one, for an update in which something that
// was unknown in the plan turned out to be a change that a key can't take.
func (r *serviceAccountKeyResource) replace(ctx context.Context, plan serviceAccountKeyModel, old keyObject, result *keyResult) (diags diag.Diagnostics) {
	r.session.refuseOwnKey(old, &diags)
	if diags.HasError() {
		return diags
	}
	name := plan.Name
	inTheWay := plan.ServiceAccountID.Equal(old.State.ServiceAccountID) && plan.Name.Equal(old.State.Name)
	if inTheWay {
		plan.Name = types.StringValue(signoz.UniqueKeyName(name.ValueString() + "-")) // until the old one is retired
	}
	var made keyObject
	diags = r.Create(ctx, plan, core.NewResult(func(m serviceAccountKeyModel, p keyPrivate) {
		made = keyObject{State: m, Private: p}
		result.Save(m, p)
	}))
	if diags.HasError() {
		return diags
	}
	client := r.session.client
	if err := r.retire(ctx, client, old); err != nil {
		diags.AddError(fmt.Sprintf("The key %q of service account %s still works", old.State.Name.ValueString(), old.State.ServiceAccountID.ValueString()),
			"It was replaced by a new key, which is in the state, but it couldn't be revoked. Revoke it in SigNoz: no state contains it any more. "+r.session.explain(ctx, err))
		return diags
	}
	if !inTheWay {
		return diags
	}
	if err := client.UpdateKey(ctx, plan.ServiceAccountID.ValueString(), made.State.ID.ValueString(), name.ValueString(), times.TimeOf(made.State.ExpiresAt)); err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("The new key is named %q for now: can't rename it", plan.Name.ValueString()), err)
		return diags
	}
	made.State.Name, made.Private.Record.Name = name, name.ValueString()
	result.Save(made.State, made.Private)
	return diags
}

func (r *serviceAccountKeyResource) Delete(ctx context.Context, key keyObject) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	// The plan did this too, but doesn't see a replacement asked for with -replace.
	var refusal diag.Diagnostics
	r.session.refuseOwnKey(key, &refusal)
	if refusal.HasError() {
		return refusal
	}
	if err := r.retire(ctx, client, key); err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("Can't revoke the key %q of service account %s", key.State.Name.ValueString(), key.State.ServiceAccountID.ValueString()), err)
	}
	return diags
}

// Import takes ACCOUNT/KEY, each an id or a name, or the id of the key alone.
func (r *serviceAccountKeyResource) Import(ctx context.Context, id string, identity map[string]string) (key keyObject, diags diag.Diagnostics) {
	account, found, wrong := r.findImported(ctx, id, identity, &diags)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
	}
	if diags.HasError() {
		return key, diags
	}
	r.session.noteRefreshed(found.ID)
	diags.AddWarning("The key's value can't be imported",
		fmt.Sprintf("SigNoz shows a value only once, when it creates the key: `key` of the imported key %q of service account %q is null and stays null. To have a value, replace the key (terraform apply -replace=ADDRESS), which revokes the current value, unless a destroy_grace_period was applied before.", found.Name, account.Name))
	key.State = newServiceAccountKeyModel(found)
	key.Private.Record = keyRecord{ExpiresAt: signoz.UnixSeconds(found.ExpiresAt), Name: found.Name, OrgID: account.OrgID}
	return key, diags
}

func (r *serviceAccountKeyResource) findImported(ctx context.Context, id string, identity map[string]string, diags *diag.Diagnostics) (*signoz.ServiceAccount, *signoz.Key, *problem) {
	client := r.session.client
	if values.IsUUID(id) {
		return findKeyByID(ctx, client, id)
	}
	accountRef, keyRef := importReference(id, identity, "id", "ACCOUNT/KEY: the id or name of the service account, a slash, and the id or name of the key, such as ci/deploy. The id of the key alone will do too.", diags)
	if diags.HasError() {
		return nil, nil, nil
	}
	account, wrong := findAccount(ctx, client, accountRef)
	if wrong != nil {
		return nil, nil, wrong
	}
	key, wrong := findKey(ctx, client, account, keyRef)
	return account, key, wrong
}

// newServiceAccountKeyModel maps a key of the server, of which nothing else is
// known, to what Terraform keeps of it.
func newServiceAccountKeyModel(key *signoz.Key) serviceAccountKeyModel {
	return serviceAccountKeyModel{
		ID:               types.StringValue(key.ID),
		ServiceAccountID: types.StringValue(key.AccountID),
		Name:             types.StringValue(key.Name),
		ExpiresAt:        times.Timestamp(key.ExpiresAt),
		ReadyForRotation: types.BoolValue(false),

		RotateWhenChanged: types.MapNull(types.StringType),
		EncryptTo:         types.ObjectNull(encryptToTypes),
	}
}
