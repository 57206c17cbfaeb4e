// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var (
	_ resource.ResourceWithConfigure        = (*serviceAccountKeyResource)(nil)
	_ resource.ResourceWithConfigValidators = (*serviceAccountKeyResource)(nil)
	_ resource.ResourceWithValidateConfig   = (*serviceAccountKeyResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*serviceAccountKeyResource)(nil)
	_ resource.ResourceWithImportState      = (*serviceAccountKeyResource)(nil)
	_ resource.ResourceWithIdentity         = (*serviceAccountKeyResource)(nil)
	_ steadyResource                        = (*serviceAccountKeyResource)(nil)
)

type serviceAccountKeyResource struct{ session *session }

func newServiceAccountKeyResource() resource.Resource { return &serviceAccountKeyResource{} }

type serviceAccountKeyModel struct {
	ID                 types.String  `tfsdk:"id"`
	ServiceAccountID   types.String  `tfsdk:"service_account_id"`
	Name               types.String  `tfsdk:"name"`
	NamePrefix         types.String  `tfsdk:"name_prefix"`
	ExpiresAt          timeValue     `tfsdk:"expires_at"`
	ValidFor           durationValue `tfsdk:"valid_for"`
	RotateBefore       durationValue `tfsdk:"rotate_before"`
	DestroyGracePeriod durationValue `tfsdk:"destroy_grace_period"`
	Key                types.String  `tfsdk:"key"`
	ReadyForRotation   types.Bool    `tfsdk:"ready_for_rotation"`
}

type serviceAccountKeyIdentity struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	ID               types.String `tfsdk:"id"`
}

func (r *serviceAccountKeyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
}

func (r *serviceAccountKeyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
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
				Required:            true,
				MarkdownDescription: "Id of the service account that the key signs in. A key can't move to another account: changing this makes a new key.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{exactAccountIDValidator()},
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
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(
					prefixChanges, "Changing the prefix makes a new key.", "Changing the prefix makes a new key.")},
			},
			"expires_at": schema.StringAttribute{
				CustomType: timeType{},
				Optional:   true,
				Computed:   true,
				MarkdownDescription: "Time at which the key stops working, in RFC 3339 notation with whole seconds and any offset, such as `2027-01-31T12:00:00Z`. It must lie in the future when it is set. " +
					"Changing or removing it happens in place: the same value goes on working, also when the key had expired already. Left out, the key never expires, unless `valid_for` says so. Conflicts with `valid_for`.",
				Validators: []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("valid_for"))},
			},
			"valid_for": schema.StringAttribute{
				CustomType: durationType{},
				Optional:   true,
				MarkdownDescription: "How long the key works from the moment it is made, such as `90d`, `36h` or `1h30m`; `expires_at` tells the resulting time. " +
					"Changing it moves the expiry by the difference, in place.",
				Validators: []validator.String{longerThanZero{}},
			},
			"rotate_before": schema.StringAttribute{
				CustomType: durationType{},
				Optional:   true,
				MarkdownDescription: "How long before its expiry the key is to be replaced, such as `14d`: from then on a plan replaces it. Needs `valid_for` and must be shorter than it. " +
					"Nothing rotates by itself: somebody, or a scheduled job, must run Terraform within this time.",
				Validators: []validator.String{longerThanZero{}, stringvalidator.AlsoRequires(path.MatchRoot("valid_for"))},
			},
			"destroy_grace_period": schema.StringAttribute{
				CustomType: durationType{},
				Optional:   true,
				MarkdownDescription: "How long the key goes on working after Terraform destroyed or replaced it, such as `24h`, so that its users can change over. Destroying then doesn't revoke the key but sets it to expire after this time, or at its own expiry if that is sooner. " +
					"Left out or `0s`: it is revoked at once. The value last applied counts. Deleting the account ends all its keys at once, whatever this says.",
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

// prefixChanges asks for a new key when the prefix changes to another. Where
// there was none, after an import or with `name` before, the key stays and is renamed.
func prefixChanges(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = !req.StateValue.IsNull() && !req.PlanValue.IsNull()
}

// longerThanZero refuses a duration of zero; negative ones aren't durations at all.
type longerThanZero struct{}

func (longerThanZero) Description(context.Context) string { return "must be longer than zero" }

func (v longerThanZero) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (longerThanZero) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !known(req.ConfigValue) {
		return
	}
	d, err := parseDuration(req.ConfigValue.ValueString())
	if err != nil {
		return // the type reports it
	}
	if d < time.Second {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", fmt.Sprintf("%q is too short: it must be at least one second, such as 36h or 90d.", req.ConfigValue.ValueString()))
	}
}

func (r *serviceAccountKeyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
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

func (r *serviceAccountKeyResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(path.MatchRoot("name"), path.MatchRoot("name_prefix")),
	}
}

func (r *serviceAccountKeyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config serviceAccountKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !known(config.ValidFor) || !known(config.RotateBefore) {
		return
	}
	if config.RotateBefore.value() >= config.ValidFor.value() && config.ValidFor.value() > 0 {
		resp.Diagnostics.AddAttributeError(path.Root("rotate_before"), "rotate_before isn't shorter than valid_for",
			fmt.Sprintf("With rotate_before = %q and valid_for = %q every plan would replace the key. Choose a shorter rotate_before, such as a third of valid_for.",
				config.RotateBefore.ValueString(), config.ValidFor.ValueString()))
	}
}

func (r *serviceAccountKeyResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// ModifyPlan plans what the schema alone can't say: the name, the expiry, and
// whether the key is to be replaced because its time has come.
func (r *serviceAccountKeyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var config, plan serviceAccountKeyModel
	var state *serviceAccountKeyModel
	if !req.State.Raw.IsNull() {
		state = &serviceAccountKeyModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if req.Plan.Raw.IsNull() {
		if !resp.Diagnostics.HasError() {
			r.session.refuseOwnKey(state, &resp.Diagnostics)
		}
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var record keyRecord
	if state != nil {
		record = readKeyRecord(ctx, req.Private, &resp.Diagnostics)
	}
	decided, rotates := r.decide(config, plan, state, record, &resp.Diagnostics)
	if rotates {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("ready_for_rotation"))
	}
	if decided != plan {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, decided)...)
	}
}

// steadyPlan is ModifyPlan for a key that the plan proposes as it is.
func (r *serviceAccountKeyResource) steadyPlan(config, state values, private privateData) bool {
	var diags diag.Diagnostics
	wanted, key := serviceAccountKeyFrom(config), serviceAccountKeyFrom(state)
	if !wanted.readable() || !key.readable() {
		return false
	}
	record := readKeyRecord(context.Background(), private, &diags)
	decided, rotates := r.decide(wanted, key, &key, record, &diags)
	return len(diags) == 0 && !rotates && decided == key
}

// decide makes the plan of what is proposed; state is nil where there is none. It
// also tells whether the key is to be replaced because its time has come.
func (r *serviceAccountKeyResource) decide(config, plan serviceAccountKeyModel, state *serviceAccountKeyModel, record keyRecord, diags *diag.Diagnostics) (decided serviceAccountKeyModel, rotates bool) {
	now := r.now()
	if state != nil {
		keepNotation(&plan, state)
	}
	plan.Name = plannedName(config, state, diags)

	replaced := state != nil && (!plan.ServiceAccountID.Equal(state.ServiceAccountID) ||
		(!state.NamePrefix.IsNull() && !plan.NamePrefix.IsNull() && !plan.NamePrefix.Equal(state.NamePrefix)))
	if state == nil || replaced {
		// Terraform plans a replacement twice, the second time without a state:
		// what is new is judged then.
		plan.ReadyForRotation = types.BoolValue(false)
		if state == nil {
			plan.ExpiresAt = expiryPlan{config: config, now: now, lost: r.session.lostKey(config)}.planned(diags)
		}
	} else {
		rotates = planRotation(&plan, state)
		if !rotates {
			plan.ExpiresAt = expiryPlan{config: config, state: state, record: record, now: now}.planned(diags)
			leaveExpired(&plan, config, state, record, now, diags)
			r.session.warnOwnKeyEnds(plan, state, diags)
		}
	}
	if replaced || rotates {
		r.session.refuseOwnKey(state, diags)
	}
	return plan, rotates
}

// keepNotation keeps the state's notation of a duration that is merely written
// otherwise: that is no change.
func keepNotation(plan, state *serviceAccountKeyModel) {
	for _, d := range []struct{ plan, state *durationValue }{
		{&plan.ValidFor, &state.ValidFor},
		{&plan.RotateBefore, &state.RotateBefore},
		{&plan.DestroyGracePeriod, &state.DestroyGracePeriod},
	} {
		if d.plan.sameAs(*d.state) {
			*d.plan = *d.state
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

// planRotation plans a replacement when the time has come. It tells whether it did.
//
// A plan that changes valid_for or rotate_before never replaces the key: it
// applies the change in place, and the next plan rotates if the new values say so.
func planRotation(plan, state *serviceAccountKeyModel) bool {
	changed := !plan.ValidFor.Equal(state.ValidFor) || !plan.RotateBefore.Equal(state.RotateBefore)
	if changed {
		plan.ReadyForRotation = types.BoolUnknown() // Update tells: by then the time may have come
		return false
	}
	// The refresh decides, not the clock: Terraform plans once more during the apply,
	// and an answer that time has changed would be an "inconsistent final plan".
	if !state.ReadyForRotation.ValueBool() {
		plan.ReadyForRotation = types.BoolValue(false)
		return false
	}
	// An unknown value differs from that of the state whatever it is, which
	// RequiresReplace needs to have an effect.
	plan.ReadyForRotation = types.BoolUnknown()
	plan.ExpiresAt = unknownTime()
	return true
}

// leaveExpired says what to do about a key that has expired and stays so. SigNoz
// takes no update of it, so it keeps its name if that was changed elsewhere, and
// can't be given another one.
func leaveExpired(plan *serviceAccountKeyModel, config serviceAccountKeyModel, state *serviceAccountKeyModel, record keyRecord, now time.Time, diags *diag.Diagnostics) {
	if !known(state.ExpiresAt) || state.ExpiresAt.value().After(now) || !plan.ExpiresAt.Equal(state.ExpiresAt) {
		return
	}
	renamed := (known(config.Name) && !plan.Name.Equal(state.Name)) || (known(config.NamePrefix) && plan.Name.IsUnknown())
	elsewhere := config.Name.ValueString() == record.Name || (config.Name.IsNull() && config.NamePrefix.Equal(state.NamePrefix))
	kept := ""
	switch {
	case renamed && elsewhere && record.Expired:
		plan.Name = state.Name
		kept = " The name was changed elsewhere, and stays so: SigNoz renames an expired key only when it is extended at the same time."
	case renamed:
		at := path.Root("name")
		if config.Name.IsNull() {
			at = path.Root("name_prefix")
		}
		diags.AddAttributeError(at, "An expired key can't be renamed",
			fmt.Sprintf("The key %q expired at %s, and SigNoz renames an expired key only when it is extended at the same time. Take the new name back, or extend the key too, with a later expires_at or a longer valid_for.",
				state.Name.ValueString(), state.ExpiresAt.ValueString()))
		return
	}
	diags.AddAttributeWarning(path.Root("expires_at"), fmt.Sprintf("The key %q has expired", state.Name.ValueString()),
		fmt.Sprintf("It expired at %s, %s ago, and SigNoz refuses it.%s %s", state.ExpiresAt.ValueString(), roughly(now.Sub(state.ExpiresAt.value())), kept, waysOut(config)))
}

func (r *serviceAccountKeyResource) now() time.Time {
	if r.session == nil {
		return time.Now()
	}
	return r.session.now()
}

func (r *serviceAccountKeyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx = r.session.masked(ctx)
	var plan serviceAccountKeyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	now := r.now()
	accountID := plan.ServiceAccountID.ValueString()
	wanted := signoz.NewKey{Name: plan.Name.ValueString(), ExpiresAt: plan.ExpiresAt.value()}
	if plan.Name.IsUnknown() {
		wanted.Name, wanted.UniqueName = signoz.UniqueKeyName(plan.NamePrefix.ValueString()), true
	}
	if known(plan.ValidFor) {
		wanted.ExpiresAt = now.Add(plan.ValidFor.value()).Truncate(time.Second)
		plan.ExpiresAt = newTimeValue(wanted.ExpiresAt)
	}
	summary := fmt.Sprintf("Can't create the key %q of service account %s", wanted.Name, accountID)

	created, err := client.CreateKey(ctx, accountID, wanted)
	switch {
	case signoz.IsConflict(err):
		resp.Diagnostics.AddAttributeError(path.Root("name"), summary,
			fmt.Sprintf("The account has a key of this name already. If this resource is being replaced with create_before_destroy, it is the old key: write name_prefix = \"NAME-\" instead of name, with which the present key is kept and renamed, or remove create_before_destroy. "+
				"To manage a key that was made elsewhere, import it: terraform import ADDRESS %s/%s, with the address of this resource; its value stays unknown, because SigNoz shows it only once. Otherwise choose another name. %s %s", accountID, wanted.Name, formerSelf, said(err)))
		return
	case err != nil:
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	plan.ID = types.StringValue(created.ID)
	plan.Name = types.StringValue(wanted.Name)
	plan.Key = types.StringValue(created.Value)
	plan.ReadyForRotation = types.BoolValue(false)
	r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
	keyRecord{CreatedAt: now.Unix(), ExpiresAt: signoz.UnixSeconds(wanted.ExpiresAt), Name: wanted.Name}.save(ctx, resp.Private, &resp.Diagnostics)
}

func (r *serviceAccountKeyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state serviceAccountKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = r.session.masked(ctx, state.Key.ValueString())
	// Before the key may turn out to be gone: CLIs before 1.12 fail otherwise
	// ("Missing Resource Identity After Read").
	if resp.Identity.Raw.IsNull() {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	}
	key := refreshedOnce(ctx, func(ctx context.Context) refreshed[foundKey] { return r.refresh(ctx, state, req.Private) })
	resp.Diagnostics.Append(key.diags...)
	if key.gone {
		resp.State.RemoveResource(ctx)
		return
	}
	if key.found.serviceAccountKeyModel != state { // writing one is slow
		resp.Diagnostics.Append(resp.State.Set(ctx, key.found.serviceAccountKeyModel)...)
	}
	if key.found.recordChanged {
		key.found.record.save(ctx, resp.Private, &resp.Diagnostics)
	}
}

// foundKey is what a refresh finds.
type foundKey struct {
	serviceAccountKeyModel

	record        keyRecord
	recordChanged bool
}

// refresh reads the key from SigNoz. Where it can't, the key is as the state has it.
func (r *serviceAccountKeyResource) refresh(ctx context.Context, state serviceAccountKeyModel, private privateGetter) refreshed[foundKey] {
	result := refreshed[foundKey]{found: foundKey{serviceAccountKeyModel: state}}
	if !r.session.mayRefresh(&result.diags) {
		return result
	}
	key, err := r.session.client.Key(ctx, state.ServiceAccountID.ValueString(), state.ID.ValueString())
	if signoz.IsAccountNotFound(err) {
		r.session.addUnknownAccount(&result.diags, fmt.Sprintf("Can't read the key %q", state.Name.ValueString()), state.ServiceAccountID.ValueString(), err)
		return result
	}
	if err == nil && key == nil {
		result.gone = true // revoked elsewhere, or gone with its account, which has no keys then
		r.session.lost.add(state, readKeyRecord(ctx, private, &result.diags))
		return result
	}
	if err != nil {
		r.session.addError(ctx, &result.diags, fmt.Sprintf("Can't read the key %q of service account %s", state.Name.ValueString(), state.ServiceAccountID.ValueString()), err)
		return result
	}
	now := r.now()
	result.found.update(key, now)
	record := readKeyRecord(ctx, private, &result.diags)
	result.found.record = record.refreshed(result.found.Name.ValueString(), result.found.ExpiresAt, now)
	result.found.recordChanged = result.found.record != record && !result.diags.HasError()
	if record.outlived(result.found.ExpiresAt) && rotationDue(newTimeValue(time.Unix(record.ExpiresAt, 0)), state.RotateBefore, now) {
		result.found.ReadyForRotation = types.BoolValue(true) // an expiry moved elsewhere doesn't put rotation off
	}
	if result.found.ExpiresAt.sameAs(state.ExpiresAt) {
		result.found.ExpiresAt = state.ExpiresAt // the state's notation
	}
	return result
}

func (r *serviceAccountKeyResource) steadyRead(ctx context.Context, state values, private privateData) (context.Context, bool) {
	before := serviceAccountKeyFrom(state)
	if !before.readable() {
		return ctx, false
	}
	key := r.refresh(r.session.masked(ctx, before.Key.ValueString()), before, private)
	return withRefreshed(ctx, key), key.steady() && key.found.serviceAccountKeyModel == before && !key.found.recordChanged
}

func (r *serviceAccountKeyResource) plainlyValid(config values) bool {
	return isValidAccountID(config.text("service_account_id")) &&
		(config.has("service_account_id", "name") || config.has("service_account_id", "name_prefix"))
}

func (r *serviceAccountKeyResource) identityAttributes() []string {
	return []string{"service_account_id", "id"}
}

// serviceAccountKeyFrom is what the framework's Get does, without its reflection.
func serviceAccountKeyFrom(v values) serviceAccountKeyModel {
	return serviceAccountKeyModel{
		ID: v.text("id"), ServiceAccountID: v.text("service_account_id"),
		Name: v.text("name"), NamePrefix: v.text("name_prefix"),
		ExpiresAt: v.time("expires_at"), ValidFor: v.duration("valid_for"),
		RotateBefore: v.duration("rotate_before"), DestroyGracePeriod: v.duration("destroy_grace_period"),
		Key: v.text("key"), ReadyForRotation: v.flag("ready_for_rotation"),
	}
}

// readable tells whether all times and durations can be read. In a configuration they
// can, and in a state unless somebody has edited it: the framework then says so.
func (m *serviceAccountKeyModel) readable() bool {
	return m.ExpiresAt.readable() && m.ValidFor.readable() && m.RotateBefore.readable() && m.DestroyGracePeriod.readable()
}

// update takes over what the server tells of the key.
func (m *serviceAccountKeyModel) update(key *signoz.Key, now time.Time) {
	m.Name = types.StringValue(key.Name)
	m.ExpiresAt = newTimeValue(key.ExpiresAt)
	m.ReadyForRotation = types.BoolValue(rotationDue(m.ExpiresAt, m.RotateBefore, now))
}

func (m *serviceAccountKeyModel) identity() serviceAccountKeyIdentity {
	return serviceAccountKeyIdentity{ServiceAccountID: m.ServiceAccountID, ID: m.ID}
}

// outlivesDestroy tells whether destroying the key lets it work for a while.
func (m *serviceAccountKeyModel) outlivesDestroy() bool { return m.DestroyGracePeriod.value() > 0 }

func (r *serviceAccountKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan serviceAccountKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = r.session.masked(ctx, state.Key.ValueString())
	if plan.Name.IsUnknown() {
		plan.Name = types.StringValue(signoz.UniqueKeyName(plan.NamePrefix.ValueString()))
	}
	if plan.ExpiresAt.IsUnknown() {
		plan.ExpiresAt = newTimeValue(r.now().Add(plan.ValidFor.value()).Truncate(time.Second))
	}
	if plan.ReadyForRotation.IsUnknown() {
		plan.ReadyForRotation = types.BoolValue(rotationDue(plan.ExpiresAt, plan.RotateBefore, r.now()))
	}
	// What only the state has, such as rotate_before, needs no request; and the
	// server would refuse one for an expired key.
	if !plan.Name.Equal(state.Name) || !plan.ExpiresAt.sameAs(state.ExpiresAt) {
		accountID := state.ServiceAccountID.ValueString()
		err := client.UpdateKey(ctx, accountID, state.ID.ValueString(), plan.Name.ValueString(), plan.ExpiresAt.value())
		summary := fmt.Sprintf("Can't update the key %q of service account %s", state.Name.ValueString(), accountID)
		if signoz.IsConflict(err) {
			resp.Diagnostics.AddAttributeError(path.Root("name"), summary,
				fmt.Sprintf("Another key of this account is named %q already. Choose another name, or rename or revoke that key first. %s", plan.Name.ValueString(), said(err)))
			return
		}
		if err != nil {
			r.session.addError(ctx, &resp.Diagnostics, summary, err)
			return
		}
	}
	r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
	record := readKeyRecord(ctx, req.Private, &resp.Diagnostics)
	// What was moved or renamed elsewhere and is left so must stay known as that.
	var configured timeValue
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("expires_at"), &configured)...)
	adopted := !plan.ValidFor.sameAs(state.ValidFor) || (known(configured) && configured.sameAs(plan.ExpiresAt)) // the configuration asks for it now
	if !plan.ExpiresAt.sameAs(state.ExpiresAt) || !record.Passed || adopted {
		record.ExpiresAt = signoz.UnixSeconds(plan.ExpiresAt.value())
	}
	if !plan.Name.Equal(state.Name) || !record.Expired {
		record.Name = plan.Name.ValueString()
	}
	record.refreshed(plan.Name.ValueString(), plan.ExpiresAt, r.now()).save(ctx, resp.Private, &resp.Diagnostics)
}

func (r *serviceAccountKeyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state serviceAccountKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx = r.session.masked(ctx, state.Key.ValueString())
	// The plan did this too, but doesn't see a replacement asked for with -replace.
	var refusal diag.Diagnostics
	r.session.refuseOwnKey(&state, &refusal)
	if refusal.HasError() {
		resp.Diagnostics.Append(refusal...)
		return
	}
	if err := r.retire(ctx, client, &state); err != nil {
		r.session.addError(ctx, &resp.Diagnostics, fmt.Sprintf("Can't revoke the key %q of service account %s", state.Name.ValueString(), state.ServiceAccountID.ValueString()), err)
	}
}

// retire revokes the key, or lets it expire by itself after its grace period.
func (r *serviceAccountKeyResource) retire(ctx context.Context, client *signoz.Client, state *serviceAccountKeyModel) error {
	accountID, keyID := state.ServiceAccountID.ValueString(), state.ID.ValueString()
	now, expiresAt := r.now(), state.ExpiresAt.value()
	expired := !expiresAt.IsZero() && !expiresAt.After(now)
	if !state.outlivesDestroy() || expired {
		return client.RevokeKey(ctx, accountID, keyID)
	}
	end := now.Add(state.DestroyGracePeriod.value()).Add(time.Second - time.Nanosecond).Truncate(time.Second) // whole seconds, rounded up
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

// ImportState takes ACCOUNT/KEY, each an id or a name.
func (r *serviceAccountKeyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx = r.session.masked(ctx)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	accountRef, keyRef, ok := splitReference(req.ID)
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		var identity serviceAccountKeyIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		accountRef, keyRef = identity.ServiceAccountID.ValueString(), identity.ID.ValueString()
		if ok = isUUID(accountRef) && isUUID(keyRef); !ok {
			resp.Diagnostics.AddError("Invalid identity", fmt.Sprintf("service_account_id and id of an identity are UUIDs; %q and %q aren't both. To import by name, use the import id ACCOUNT/KEY.", accountRef, keyRef))
			return
		}
	}
	if !ok {
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("%q isn't of the form ACCOUNT/KEY: the id or name of the service account, a slash, and the id or name of the key, such as ci/deploy.", req.ID))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	account, wrong := findAccount(ctx, client, accountRef)
	if wrong != nil {
		r.session.addProblem(ctx, &resp.Diagnostics, wrong)
		return
	}
	key, wrong := findKey(ctx, client, account, keyRef)
	if wrong != nil {
		r.session.addProblem(ctx, &resp.Diagnostics, wrong)
		return
	}
	r.save(ctx, newServiceAccountKeyModel(key, r.now()), &resp.State, resp.Identity, &resp.Diagnostics)
	keyRecord{ExpiresAt: signoz.UnixSeconds(key.ExpiresAt), Name: key.Name}.save(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.AddWarning("The key's value can't be imported",
		fmt.Sprintf("SigNoz shows a value only once, when the key is made: `key` of the imported key %q of service account %q is null and stays null. To have a value, make the key anew (terraform apply -replace=ADDRESS), which revokes the present value, unless destroy_grace_period was applied before.", key.Name, account.Name))
}

// newServiceAccountKeyModel maps a key of the server, of which nothing else is
// known, to what Terraform keeps of it.
func newServiceAccountKeyModel(key *signoz.Key, now time.Time) serviceAccountKeyModel {
	m := serviceAccountKeyModel{
		ID:               types.StringValue(key.ID),
		ServiceAccountID: types.StringValue(key.AccountID),
		NamePrefix:       types.StringNull(),
		Key:              types.StringNull(),
	}
	m.update(key, now)
	return m
}

// save writes the key and its identity.
func (r *serviceAccountKeyResource) save(ctx context.Context, m serviceAccountKeyModel, state *tfsdk.State, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	diags.Append(state.Set(ctx, m)...)
	diags.Append(identity.Set(ctx, m.identity())...)
}
