// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
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
	_ resource.ResourceWithConfigure   = (*serviceAccountResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*serviceAccountResource)(nil)
	_ resource.ResourceWithImportState = (*serviceAccountResource)(nil)
	_ resource.ResourceWithIdentity    = (*serviceAccountResource)(nil)
	_ resource.ResourceWithMoveState   = (*serviceAccountResource)(nil)
	_ steadyResource                   = (*serviceAccountResource)(nil)
)

type serviceAccountResource struct{ session *session }

func newServiceAccountResource() resource.Resource { return &serviceAccountResource{} }

type serviceAccountModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Roles     types.Set    `tfsdk:"roles"`
	Email     types.String `tfsdk:"email"`
	OrgID     types.String `tfsdk:"org_id"`
	CreatedAt types.String `tfsdk:"created_at"`
}

type serviceAccountIdentity struct {
	ID types.String `tfsdk:"id"`
}

func (r *serviceAccountResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account"
}

func (r *serviceAccountResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A service account: the identity under which CI, integrations and Terraform itself use SigNoz, apart from any person. It signs in with its keys (`signoz_service_account_key`) and may do what its roles allow. " +
			"Destroying an account revokes all its keys at once.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Id of the account, a UUID.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the account, unique among the active accounts of the organisation: lowercase letters, digits and hyphens, a letter first, at most 50 characters (SigNoz v0.118 doesn't take digits). " +
					"Changing it renames the account in place; id, e-mail address, roles and keys stay. An imported account may keep an older name that breaks these rules.",
			},
			"roles": schema.SetAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Computed:    true,
				MarkdownDescription: "Names of the roles that the account holds, such as `signoz-viewer`, `signoz-editor` or `signoz-admin`. " +
					"When set, Terraform manages all roles of the account: one that was granted elsewhere is taken away again, and `[]` means none. " +
					"When left out, Terraform never touches the roles; grant them in SigNoz or with `signoz_service_account_role`. Don't use both on one account. " +
					"SigNoz before v0.123 keeps one role per account.",
				Validators: []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(roleNameValidator{})},
			},
			"email": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "E-mail address that SigNoz made from the account's first name. It never changes, and stays taken after the account was renamed.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"org_id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Id of the organisation that the account belongs to.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Time at which the account was created (RFC 3339, UTC).",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
	}
}

func (r *serviceAccountResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Id of the service account, a UUID.",
			},
		},
	}
}

func (r *serviceAccountResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// ModifyPlan checks what is new in the plan, decides what an omitted `roles`
// means, and keeps the provider from sawing off the branch it sits on.
func (r *serviceAccountResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx = r.session.masked(ctx)
	var state, config, plan serviceAccountModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		r.session.refuseOwnAccount(ctx, state.ID.ValueString(), state.Name.ValueString(), &resp.Diagnostics)
		return
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if known(plan.Name) && !plan.Name.Equal(state.Name) {
		if wrong := checkName("account", plan.Name.ValueString(), maxAccountNameLength); wrong != "" {
			resp.Diagnostics.AddAttributeError(path.Root("name"), "Invalid name of a service account", wrong)
		}
	}
	if config.Roles.IsNull() {
		roles := types.SetNull(types.StringType)
		if !req.State.Raw.IsNull() {
			roles = omittedRoles(state, rolesManaged(ctx, req.Private, &resp.Diagnostics))
		}
		if !roles.Equal(plan.Roles) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("roles"), roles)...)
		}
		if roles.IsNull() && !state.Roles.IsNull() {
			resp.Diagnostics.AddAttributeWarning(path.Root("roles"), fmt.Sprintf("Terraform stops managing the roles of the service account %q", state.Name.ValueString()),
				fmt.Sprintf("`roles` was removed from the configuration, so the plan shows it as null. Nothing is taken away in SigNoz: the account keeps %s. To take all roles away, set roles = [].", haveRoles(knownStrings(state.Roles))))
		}
		return
	}
	r.session.claimAllRoles(plan.ID, plan.Name, &resp.Diagnostics)
	r.checkRolePlan(ctx, state, plan, resp)
}

// omittedRoles is what the roles of an account become when the configuration leaves
// them out: those found by an import stay shown, those managed until now are given up.
func omittedRoles(state serviceAccountModel, managed bool) types.Set {
	if managed {
		return types.SetNull(types.StringType)
	}
	return state.Roles
}

// steadyPlan is ModifyPlan for an account that the plan proposes as it is: nothing in
// it is new, so there is nothing to check but what an omitted `roles` means and who
// else manages the roles.
func (r *serviceAccountResource) steadyPlan(config, state values, private privateData) bool {
	account := serviceAccountFrom(state)
	if !config["roles"].IsNull() {
		return known(account.ID) && !r.session.claims.claimsAllInConflict(account.ID.ValueString(), account.Name.ValueString())
	}
	var diags diag.Diagnostics
	managed := rolesManaged(context.Background(), private, &diags)
	return len(diags) == 0 && omittedRoles(account, managed).Equal(account.Roles)
}

// checkRolePlan asks the server, where it can be asked, whether the roles new in
// this plan exist and fit the server.
func (r *serviceAccountResource) checkRolePlan(ctx context.Context, state, plan serviceAccountModel, resp *resource.ModifyPlanResponse) {
	if plan.Roles.IsUnknown() {
		return
	}
	before, after := knownStrings(state.Roles), knownStrings(plan.Roles)
	added := difference(after, before)
	r.session.checkNewRoles(ctx, added, path.Root("roles"), &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.session.online() {
		return
	}
	if len(added) > 0 && len(after) > 1 {
		version, err := r.session.client.ServerVersion(ctx)
		if err == nil && version.OneRoleOnly() {
			resp.Diagnostics.AddAttributeError(path.Root("roles"), "Only one role per service account on this SigNoz",
				sentence((&oneRoleError{version: version, wanted: after, kept: before}).Error()))
			return
		}
	}
	if r.takesOwnRoles(ctx, state, before, after) && len(after) == len(plan.Roles.Elements()) {
		resp.Diagnostics.AddAttributeWarning(path.Root("roles"), "The provider takes roles from its own service account",
			fmt.Sprintf("This is the account whose key the provider signs in with, and it will have %s. Without signoz-admin the provider can neither read nor change service accounts, so whatever follows, in this run too, would fail. "+
				"To do this on purpose, run Terraform with the key of another account that holds signoz-admin.", onlyRoles(after)))
	}
}

// takesOwnRoles tells whether the plan takes a role from the account whose key signs the
// requests. What an account holds whose roles weren't managed until now, only SigNoz knows.
func (r *serviceAccountResource) takesOwnRoles(ctx context.Context, state serviceAccountModel, before, after []string) bool {
	takenUp := !state.ID.IsNull() && state.Roles.IsNull()
	if !takenUp && len(difference(before, after)) == 0 {
		return false
	}
	if state.ID.IsNull() {
		return false
	}
	if own, err := r.session.isOwnAccount(ctx, state.ID.ValueString()); err != nil || !own {
		return false
	}
	if takenUp {
		account, err := r.session.client.SharedServiceAccount(ctx, state.ID.ValueString())
		if err != nil {
			return false // the refresh before this plan has just read it
		}
		before = roleNames(account)
	}
	return len(difference(before, after)) > 0
}

// knownStrings lists, sorted, the elements of a set that have a value now.
func knownStrings(set types.Set) []string {
	var values []string
	for _, element := range set.Elements() {
		if s, ok := element.(types.String); ok && known(s) {
			values = append(values, s.ValueString())
		}
	}
	slices.Sort(values)
	return values
}

func stringSet(values []string) types.Set {
	set, _ := types.SetValueFrom(context.Background(), types.StringType, values)
	return set
}

// privateRolesManaged remembers in the private state whether the configuration
// had roles when it was last applied. An import leaves it unset: the roles found
// are then shown, but giving them up isn't a change of the plan.
const privateRolesManaged = "roles_managed"

type privateGetter interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateSetter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func rolesManaged(ctx context.Context, private privateGetter, diags *diag.Diagnostics) bool {
	value, d := private.GetKey(ctx, privateRolesManaged)
	diags.Append(d...)
	return string(value) == "true"
}

func setRolesManaged(ctx context.Context, private privateSetter, managed bool, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, privateRolesManaged, fmt.Appendf(nil, "%t", managed))...)
}

func (r *serviceAccountResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx = r.session.masked(ctx)
	var plan serviceAccountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	name, wanted, managed := plan.Name.ValueString(), knownStrings(plan.Roles), !plan.Roles.IsNull()
	var ids map[string]string
	if len(wanted) > 0 {
		if ids = r.session.resolveRoles(ctx, client, wanted, path.Root("roles"), &resp.Diagnostics); resp.Diagnostics.HasError() {
			return
		}
	}
	summary := fmt.Sprintf("Can't create service account %q", name)

	id, err := client.CreateServiceAccount(ctx, name)
	if signoz.IsConflict(err) {
		resp.Diagnostics.AddAttributeError(path.Root("name"), summary, r.explainNameConflict(ctx, name, err))
		return
	}
	if err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	// From here on the account exists: whatever happens next, the state has it.
	created := serviceAccountModel{ID: types.StringValue(id), Name: plan.Name, Roles: types.SetNull(types.StringType)}
	if managed {
		created.Roles = stringSet(nil)
		r.session.claimAllRoles(created.ID, created.Name, &resp.Diagnostics)
	}
	r.save(ctx, created, &resp.State, resp.Identity, &resp.Diagnostics)
	setRolesManaged(ctx, resp.Private, managed, &resp.Diagnostics)

	var granted []string
	for _, role := range wanted {
		if _, err = client.AssignRole(ctx, id, ids[role]); err != nil {
			err = fmt.Errorf("giving it the role %s: %w", role, err)
			break
		}
		granted = append(granted, role)
	}
	account, readErr := client.ServiceAccount(ctx, id)
	if readErr != nil {
		if managed {
			created.Roles = stringSet(granted)
			r.save(ctx, created, &resp.State, resp.Identity, &resp.Diagnostics)
		}
		if err == nil {
			err = readErr
		}
	} else {
		if err == nil {
			err = r.verifyRoles(ctx, client, wanted, account, managed)
		}
		created = newServiceAccountModel(account, managed)
		r.save(ctx, created, &resp.State, resp.Identity, &resp.Diagnostics)
	}
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Service account %q was created, but isn't complete", name),
			"The account is in the state, marked as tainted: the next apply deletes it and makes it again. To have it completed instead, run terraform untaint with its address first.\n\n"+
				r.session.explain(ctx, err))
	}
}

// verifyRoles compares what the account holds with what it was given.
func (r *serviceAccountResource) verifyRoles(ctx context.Context, client *signoz.Client, wanted []string, account *signoz.ServiceAccount, managed bool) error {
	held := roleNames(account)
	if !managed || len(difference(wanted, held)) == 0 {
		return nil
	}
	if client.MayReplaceRoles() && len(wanted) > 1 {
		version, err := client.ServerVersion(ctx)
		if err != nil {
			version = signoz.Version{}
		}
		return &oneRoleError{version: version, wanted: wanted, kept: held}
	}
	return fmt.Errorf("SigNoz accepted the roles %s, but the account has %s; somebody else may be changing it at the same time", strings.Join(wanted, ", "), haveRoles(held))
}

// explainNameConflict says which of the two kinds of conflict it is: a name in
// use, or an e-mail address that belongs to an account renamed since.
func (r *serviceAccountResource) explainNameConflict(ctx context.Context, name string, conflict error) string {
	accounts, err := r.session.client.ServiceAccounts(ctx)
	if err != nil {
		return fmt.Sprintf("An active account already has this name, or had it before it was renamed and keeps the e-mail address made from it. To manage the account with this configuration, import it: terraform import ADDRESS %s. %s", name, said(conflict))
	}
	for i := range accounts {
		a := &accounts[i]
		if a.Deleted() {
			continue
		}
		if a.Name == name {
			return fmt.Sprintf("An active account with this name exists already, with the id %s. To manage it with this configuration, import it: terraform import ADDRESS %s, with the address of this resource. Otherwise choose another name. %s %s", a.ID, a.ID, formerSelf, said(conflict))
		}
	}
	for i := range accounts {
		a := &accounts[i]
		if !a.Deleted() && strings.HasPrefix(a.Email, name+"@") {
			return fmt.Sprintf("No active account has this name, but the account %q (id %s) had it before it was renamed, and keeps the e-mail address %s that SigNoz would give the new account. "+
				"Choose another name, delete that account, or import it to manage it with this configuration: terraform import ADDRESS %s. %s", a.Name, a.ID, a.Email, a.ID, said(conflict))
		}
	}
	return "The name was in use a moment ago and is free now. " + formerSelf + " " + said(conflict)
}

// formerSelf is what to do about a name that is in use only because Terraform deletes and
// creates in any order.
const formerSelf = "If that was another resource of this configuration, or this one under its former address (another label, another key of for_each), apply again now that it is gone; a moved block would have kept it."

func (r *serviceAccountResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx = r.session.masked(ctx)
	var state serviceAccountModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// The identity is set before the account may turn out to be gone: CLIs
	// before 1.12 fail otherwise ("Missing Resource Identity After Read").
	if resp.Identity.Raw.IsNull() {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, serviceAccountIdentity{ID: state.ID})...)
	}
	account := refreshedOnce(ctx, func(ctx context.Context) refreshed[serviceAccountModel] { return r.refresh(ctx, state) })
	resp.Diagnostics.Append(account.diags...)
	switch {
	case account.gone:
		resp.State.RemoveResource(ctx)
	case !account.found.equal(state): // writing one is slow
		resp.Diagnostics.Append(resp.State.Set(ctx, account.found)...)
	}
}

// refresh reads the account from SigNoz. Where it can't, the account is as the state has it.
func (r *serviceAccountResource) refresh(ctx context.Context, state serviceAccountModel) refreshed[serviceAccountModel] {
	result := refreshed[serviceAccountModel]{found: state}
	if !r.session.mayRefresh(&result.diags) {
		return result
	}
	id, withRoles := state.ID.ValueString(), !state.Roles.IsNull()
	read := r.session.client.ServiceAccountFromList
	if withRoles {
		read = r.session.client.SharedServiceAccount
	}
	account, err := read(ctx, id)
	switch {
	case err == nil && account.Deleted():
		result.gone = true
	case signoz.IsAccountNotFound(err):
		// SigNoz goes on knowing accounts that were deleted.
		result.gone = r.mayBeGone(ctx, state, &result.diags)
	case err != nil:
		r.session.addError(ctx, &result.diags, fmt.Sprintf("Can't read service account %q", state.Name.ValueString()), err)
	default:
		result.found = newServiceAccountModel(account, withRoles)
	}
	return result
}

// mayBeGone tells whether an account that SigNoz doesn't know may be taken for gone. In
// another organisation, or another SigNoz, than the state was made with, no account is
// known, and to make them all anew would lose the values of all keys.
func (r *serviceAccountResource) mayBeGone(ctx context.Context, state serviceAccountModel, diags *diag.Diagnostics) bool {
	if state.OrgID.ValueString() == "" {
		return true
	}
	orgID, err := r.session.client.OrgID(ctx)
	switch {
	case err != nil:
		r.session.addError(ctx, diags, fmt.Sprintf("Can't read service account %q", state.Name.ValueString()), fmt.Errorf("looking for the organisation to which the provider signs in: %w", err))
	case orgID != "" && !strings.EqualFold(orgID, state.OrgID.ValueString()):
		diags.AddError(fmt.Sprintf("Service account %q belongs to another organisation", state.Name.ValueString()),
			fmt.Sprintf("By the state the account (id %s) belongs to the organisation %s. The SigNoz at %s doesn't know the account, and signs the provider in to the organisation %s. "+
				"Check that `endpoint` and `api_key` are those of the SigNoz that this state was made with. If that one is gone for good, and the account is to be made anew in this one, remove it from the state: terraform state rm ADDRESS.",
				state.ID.ValueString(), state.OrgID.ValueString(), r.session.client.Endpoint(), orgID))
	default:
		return true
	}
	return false
}

func (r *serviceAccountResource) steadyRead(ctx context.Context, state values, _ privateData) (context.Context, bool) {
	before := serviceAccountFrom(state)
	account := r.refresh(r.session.masked(ctx), before)
	return withRefreshed(ctx, account), account.steady() && account.found.equal(before)
}

func (r *serviceAccountResource) plainlyValid(config values) bool {
	if config["roles"].IsNull() {
		return config.has("name")
	}
	roles := config.texts("roles")
	for _, role := range roles.Elements() {
		if role, ok := role.(types.String); !ok || role.ValueString() == "" { // null and unknown too
			return false
		}
	}
	return !roles.IsUnknown() && config.has("name", "roles")
}

func (r *serviceAccountResource) identityAttributes() []string { return []string{"id"} }

// serviceAccountFrom is what the framework's Get does, without its reflection.
func serviceAccountFrom(v values) serviceAccountModel {
	return serviceAccountModel{
		ID: v.text("id"), Name: v.text("name"), Roles: v.texts("roles"),
		Email: v.text("email"), OrgID: v.text("org_id"), CreatedAt: v.text("created_at"),
	}
}

func (m serviceAccountModel) equal(other serviceAccountModel) bool {
	return m.ID.Equal(other.ID) && m.Name.Equal(other.Name) && m.Roles.Equal(other.Roles) &&
		m.Email.Equal(other.Email) && m.OrgID.Equal(other.OrgID) && m.CreatedAt.Equal(other.CreatedAt)
}

func (r *serviceAccountResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx = r.session.masked(ctx)
	var state, plan serviceAccountModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id, summary := state.ID.ValueString(), fmt.Sprintf("Can't update service account %q", state.Name.ValueString())

	if !plan.Name.Equal(state.Name) {
		err := client.RenameServiceAccount(ctx, id, plan.Name.ValueString())
		if signoz.IsConflict(err) {
			resp.Diagnostics.AddAttributeError(path.Root("name"), summary,
				fmt.Sprintf("Another active account is named %q already. Choose another name, or rename or delete that account first. %s", plan.Name.ValueString(), said(err)))
			return
		}
		if err != nil {
			r.session.addError(ctx, &resp.Diagnostics, summary, err)
			return
		}
		state.Name = plan.Name
		r.save(ctx, state, &resp.State, resp.Identity, &resp.Diagnostics)
	}
	if !plan.Roles.IsNull() && !plan.Roles.Equal(state.Roles) {
		held, err := r.changeRoles(ctx, client, id, knownStrings(plan.Roles), &resp.Diagnostics)
		if held != nil {
			state.Roles = stringSet(held)
			r.save(ctx, state, &resp.State, resp.Identity, &resp.Diagnostics)
		}
		if err != nil {
			resp.Diagnostics.AddError(summary, r.session.explain(ctx, err))
		}
		if resp.Diagnostics.HasError() {
			return
		}
	}
	state.Roles = plan.Roles
	r.save(ctx, state, &resp.State, resp.Identity, &resp.Diagnostics)
	setRolesManaged(ctx, resp.Private, rolesConfigured(ctx, req.Config, &resp.Diagnostics), &resp.Diagnostics)
}

func rolesConfigured(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) bool {
	var roles types.Set
	diags.Append(config.GetAttribute(ctx, path.Root("roles"), &roles)...)
	return !roles.IsNull()
}

// changeRoles gives the account the roles it lacks and then takes the others,
// so that it is never without one that it had and keeps. It returns the roles
// that the account holds at the end, nil where that isn't known.
func (r *serviceAccountResource) changeRoles(ctx context.Context, client *signoz.Client, id string, wanted []string, diags *diag.Diagnostics) ([]string, error) {
	account, err := client.ServiceAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	before := roleNames(account)
	missing := difference(wanted, before)
	held := before
	if len(missing) > 0 {
		ids := r.session.resolveRoles(ctx, client, missing, path.Root("roles"), diags)
		if diags.HasError() {
			return before, nil
		}
		for _, role := range missing {
			if _, err := client.AssignRole(ctx, id, ids[role]); err != nil {
				return r.heldNow(ctx, client, id), fmt.Errorf("giving it the role %s: %w", role, err)
			}
		}
		held = append(slices.Clone(before), missing...)
		if client.MayReplaceRoles() {
			if account, err = r.keepOneRole(ctx, client, account, wanted); err != nil {
				return r.heldNow(ctx, client, id), err
			}
			held = roleNames(account)
		}
	}
	for _, binding := range account.Bindings {
		if slices.Contains(wanted, binding.Role.Name) {
			continue
		}
		if err := client.UnassignRole(ctx, id, binding); err != nil {
			return r.heldNow(ctx, client, id), fmt.Errorf("taking the role %s: %w", binding.Role.Name, err)
		}
		held = slices.DeleteFunc(held, func(name string) bool { return name == binding.Role.Name })
	}
	slices.Sort(held)
	return held, nil
}

// keepOneRole looks, on servers where assigning may replace, what the account
// holds after assigning. If a wanted role went missing, the server keeps one
// role per account: the account then gets back one that it had before.
func (r *serviceAccountResource) keepOneRole(ctx context.Context, client *signoz.Client, before *signoz.ServiceAccount, wanted []string) (*signoz.ServiceAccount, error) {
	account, err := client.ServiceAccount(ctx, before.ID)
	if err != nil {
		return nil, err
	}
	verifyErr := r.verifyRoles(ctx, client, wanted, account, true)
	if verifyErr == nil || len(before.Bindings) == 0 {
		return account, verifyErr
	}
	if _, err := client.AssignRole(ctx, before.ID, before.Bindings[0].RoleID); err != nil {
		return nil, fmt.Errorf("%w; giving it back the role %s failed too: %w", verifyErr, before.Bindings[0].Role.Name, err)
	}
	return account, verifyErr
}

// heldNow reads the account's roles after a change failed half-way, for a truthful state.
func (r *serviceAccountResource) heldNow(ctx context.Context, client *signoz.Client, id string) []string {
	account, err := client.ServiceAccount(ctx, id)
	if err != nil {
		return nil
	}
	return roleNames(account)
}

func (r *serviceAccountResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx = r.session.masked(ctx)
	var state serviceAccountModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id, summary := state.ID.ValueString(), fmt.Sprintf("Can't delete service account %q", state.Name.ValueString())
	if !r.session.mayDelete(ctx, id, state.Name.ValueString(), &resp.Diagnostics) {
		return
	}
	if err := r.takeCustomRoles(ctx, client, id); err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	if err := client.DeleteServiceAccount(ctx, id); err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
	}
}

// takeCustomRoles unassigns custom roles before the account is deleted: SigNoz
// keeps the bindings of deleted accounts, and a custom role bound to one can
// never be deleted. Where the organisation has no custom roles, as in the
// community edition, the account needn't be read.
func (r *serviceAccountResource) takeCustomRoles(ctx context.Context, client *signoz.Client, id string) error {
	roles, err := client.Roles(ctx)
	if err != nil {
		return fmt.Errorf("looking for custom roles to take from it first: %w", err)
	}
	if !slices.ContainsFunc(roles, func(role signoz.Role) bool { return role.Custom() }) {
		return nil
	}
	account, err := client.ServiceAccount(ctx, id)
	if signoz.IsAccountNotFound(err) || (err == nil && account.Deleted()) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, binding := range account.Bindings {
		if !binding.Role.Custom() {
			continue
		}
		if err := client.UnassignRole(ctx, id, binding); err != nil {
			return fmt.Errorf("taking the custom role %s: %w", binding.Role.Name, err)
		}
	}
	return nil
}

// ImportState takes the account's id or its name.
func (r *serviceAccountResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx = r.session.masked(ctx)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reference := req.ID
	if reference == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		var identity serviceAccountIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		if reference = identity.ID.ValueString(); !isUUID(reference) {
			resp.Diagnostics.AddError("Invalid identity", fmt.Sprintf("id of an identity is the id of a service account, a UUID; %q isn't one. To import by name, use the import id instead.", reference))
		}
	}
	if reference == "" {
		resp.Diagnostics.AddError("Invalid import id", "The import id is empty. It is the id or the name of the service account, such as ci.")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	account, wrong := findAccount(ctx, client, reference)
	if wrong != nil {
		r.session.addProblem(ctx, &resp.Diagnostics, wrong)
		return
	}
	r.save(ctx, newServiceAccountModel(account, true), &resp.State, resp.Identity, &resp.Diagnostics)
}

// newServiceAccountModel maps an account to what Terraform keeps of it. Without
// roles, those aren't managed and not known.
func newServiceAccountModel(account *signoz.ServiceAccount, withRoles bool) serviceAccountModel {
	m := serviceAccountModel{
		ID:        types.StringValue(account.ID),
		Name:      types.StringValue(account.Name),
		Roles:     types.SetNull(types.StringType),
		Email:     types.StringValue(account.Email),
		OrgID:     types.StringValue(account.OrgID),
		CreatedAt: timestamp(account.CreatedAt),
	}
	if withRoles {
		m.Roles = stringSet(roleNames(account))
	}
	return m
}

// timestamp is a time as Terraform shows it: RFC 3339, UTC, whole seconds; null where there is none.
func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// save writes the account and its identity.
func (r *serviceAccountResource) save(ctx context.Context, m serviceAccountModel, state *tfsdk.State, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	diags.Append(state.Set(ctx, m)...)
	diags.Append(identity.Set(ctx, serviceAccountIdentity{ID: m.ID})...)
}
