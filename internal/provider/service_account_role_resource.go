// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	_ resource.ResourceWithConfigure   = (*serviceAccountRoleResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*serviceAccountRoleResource)(nil)
	_ resource.ResourceWithImportState = (*serviceAccountRoleResource)(nil)
	_ resource.ResourceWithIdentity    = (*serviceAccountRoleResource)(nil)
	_ resource.ResourceWithMoveState   = (*serviceAccountRoleResource)(nil)
	_ steadyResource                   = (*serviceAccountRoleResource)(nil)
)

type serviceAccountRoleResource struct{ session *session }

func newServiceAccountRoleResource() resource.Resource { return &serviceAccountRoleResource{} }

type serviceAccountRoleModel struct {
	ID               types.String `tfsdk:"id"`
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	Role             types.String `tfsdk:"role"`
}

type serviceAccountRoleIdentity struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	Role             types.String `tfsdk:"role"`
}

func (r *serviceAccountRoleResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_role"
}

func (r *serviceAccountRoleResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One role of one service account, given in addition to the others that the account has: for teams that don't manage the account itself. " +
			"Don't use it on an account whose `signoz_service_account` sets `roles`: that resource takes away every role it doesn't list, so the two would undo each other with every apply. " +
			"On SigNoz before v0.123 an account has one role: giving it a second one is refused.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Id of the binding between account and role, a UUID.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"service_account_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the service account. Changing it takes the role from the one account and gives it to the other.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{exactAccountIDValidator()},
			},
			"role": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the role, such as `signoz-viewer`. Changing it takes the one role and gives the other.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(
					roleChanges, "Changing the role replaces the binding.", "Changing the role replaces the binding.")},
				Validators: []validator.String{roleNameValidator{}},
			},
		},
	}
}

// roleChanges asks for a replacement when one role gives way to another. A state
// taken over from another provider may not know the role's name.
func roleChanges(_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = !req.StateValue.IsNull()
}

func (r *serviceAccountRoleResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"service_account_id": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Id of the service account, a UUID.",
			},
			"role": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Name of the role.",
			},
		},
	}
}

func (r *serviceAccountRoleResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// ModifyPlan checks a new role's name and warns when the provider takes a role
// from its own account.
func (r *serviceAccountRoleResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	ctx = r.session.masked(ctx)
	var state, plan serviceAccountRoleModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if !req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if known(plan.Role) && !plan.Role.Equal(state.Role) {
		r.session.checkNewRoles(ctx, []string{plan.Role.ValueString()}, path.Root("role"), &resp.Diagnostics)
	}
	r.session.claimRole(plan.ServiceAccountID, plan.Role, &resp.Diagnostics)
	r.checkOneRole(ctx, plan, state.ID.IsNull(), &resp.Diagnostics)
	taken := known(state.Role) && (!plan.Role.Equal(state.Role) || !plan.ServiceAccountID.Equal(state.ServiceAccountID))
	if !taken {
		return
	}
	if own, err := r.session.isOwnAccount(ctx, state.ServiceAccountID.ValueString()); err == nil && own {
		if state.Role.ValueString() == adminRole && !req.Plan.Raw.IsNull() {
			resp.Diagnostics.AddAttributeError(path.Root("role"), "The provider would take signoz-admin from its own service account",
				"This is the account whose key the provider signs in with. Replacing its role signoz-admin takes that away first, and then the provider may not give the new one. "+
					"Run Terraform with the key of another account that holds signoz-admin, or as a user.")
			return
		}
		resp.Diagnostics.AddAttributeWarning(path.Root("role"), "The provider takes a role from its own service account",
			fmt.Sprintf("This is the account whose key the provider signs in with, and it will lose %s. Without signoz-admin the provider can neither read nor change service accounts, so whatever follows, in this run too, would fail. "+
				"To do this on purpose, run Terraform with the key of another account that holds signoz-admin.", state.Role.ValueString()))
	}
}

func (r *serviceAccountRoleResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	ctx = r.session.masked(ctx)
	var plan serviceAccountRoleModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	accountID, role := plan.ServiceAccountID.ValueString(), plan.Role.ValueString()
	summary := fmt.Sprintf("Can't give the role %q to service account %s", role, accountID)
	ids := r.session.resolveRoles(ctx, client, []string{role}, path.Root("role"), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	before, err := client.ServiceAccount(ctx, accountID)
	if err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	if before.Deleted() {
		resp.Diagnostics.AddAttributeError(path.Root("service_account_id"), summary,
			fmt.Sprintf("The account, named %q, was deleted in SigNoz, and deleted accounts can't be brought back. Use another account.", before.Name))
		return
	}
	if bindingOf(before, role) != nil {
		resp.Diagnostics.AddError(summary,
			fmt.Sprintf("The account %q holds this role already, given by somebody else or managed by another resource (look for `roles` of a signoz_service_account). "+
				"To manage it with this configuration, import it: terraform import ADDRESS %s/%s, with the address of this resource.", before.Name, accountID, role))
		return
	}
	if held := roleNames(before); len(held) > 0 {
		if version, err := client.ServerVersion(ctx); err == nil && version.OneRoleOnly() {
			resp.Diagnostics.AddAttributeError(path.Root("role"), summary, noSecondRole(version, before.Name, role, held))
			return
		}
	}
	bindingID, err := client.AssignRole(ctx, accountID, ids[role])
	if err != nil {
		detail := r.session.explain(ctx, err)
		if r.mayBeGranted(ctx, client, plan, err) {
			// The account didn't hold the role a moment ago, so if it does now, it is
			// this resource's: the state keeps it, lest nobody takes it away again.
			plan.ID = types.StringNull()
			r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
			detail = "The account may hold the role all the same, so it is in the state, marked as tainted: the next apply looks, and gives it anew.\n\n" + detail
		}
		resp.Diagnostics.AddError(summary, detail)
		return
	}
	// From here on the account has the role: whatever happens next, the state says so.
	plan.ID = textOrNull(bindingID) // null: Read finds it by the role
	r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
	if bindingID != "" {
		return
	}
	after, err := client.ServiceAccount(ctx, accountID)
	if err != nil {
		return
	}
	if lost := difference(roleNames(before), roleNames(after)); len(lost) > 0 {
		r.giveBack(ctx, client, before, plan, resp, summary)
		return
	}
	if binding := bindingOf(after, role); binding != nil {
		plan.ID = types.StringValue(binding.ID)
		r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
	}
}

// mayBeGranted tells whether the account may hold the role although assigning it
// failed. Where SigNoz itself has refused the last attempt, the account tells, for
// an earlier attempt may have been carried out; otherwise an attempt may even
// arrive later, and nothing tells.
func (r *serviceAccountRoleResource) mayBeGranted(ctx context.Context, client *signoz.Client, wanted serviceAccountRoleModel, err error) bool {
	refused := signoz.IsInvalidInput(err) || signoz.IsUnauthenticated(err) || signoz.IsForbidden(err) || signoz.IsNotFound(err) || errors.Is(err, signoz.ErrNoRoleCall)
	if !refused {
		return true
	}
	account, err := client.ServiceAccount(ctx, wanted.ServiceAccountID.ValueString())
	if signoz.IsAccountNotFound(err) {
		return false
	}
	return err != nil || bindingOf(account, wanted.Role.ValueString()) != nil
}

// giveBack is for a server that doesn't tell its version and kept one role only: the new one took
// the place of another, which isn't this resource's to take.
func (r *serviceAccountRoleResource) giveBack(ctx context.Context, client *signoz.Client, before *signoz.ServiceAccount, plan serviceAccountRoleModel, resp *resource.CreateResponse, summary string) {
	version, err := client.ServerVersion(ctx)
	if err != nil {
		version = signoz.Version{}
	}
	held := roleNames(before)
	detail := noSecondRole(version, before.Name, plan.Role.ValueString(), held)
	if _, err := client.AssignRole(ctx, before.ID, before.Bindings[0].RoleID); err != nil {
		resp.Diagnostics.AddError(summary, fmt.Sprintf("%s The account lost %s, and giving it back failed. %s", detail, haveRoles(held), r.session.explain(ctx, err)))
		return // the account has the new role: it stays in the state, tainted
	}
	resp.State.RemoveResource(ctx)
	resp.Diagnostics.AddAttributeError(path.Root("role"), summary, detail)
}

func noSecondRole(version signoz.Version, account, role string, others []string) string {
	return fmt.Sprintf("This SigNoz (%s) keeps one role per service account, and the account %q has %s: giving it %q would take that away from whoever gave it. "+
		"Take the other role away first, or upgrade SigNoz: several roles are possible since v0.123.", version, account, strings.Join(others, ", "), role)
}

// checkOneRole refuses, on a server that keeps one role per account, a second one that
// this configuration itself asks for: made at the same time, either would find none there.
// Terraform plans the two in any order, so whichever comes second reports it.
func (r *serviceAccountRoleResource) checkOneRole(ctx context.Context, plan serviceAccountRoleModel, isNew bool, diags *diag.Diagnostics) {
	if !known(plan.Role) || !known(plan.ServiceAccountID) || !r.session.online() {
		return
	}
	others := r.session.claims.others(plan.ServiceAccountID.ValueString(), plan.Role.ValueString(), isNew)
	if len(others) == 0 {
		return
	}
	if version, err := r.session.client.ServerVersion(ctx); err == nil && version.OneRoleOnly() {
		diags.AddAttributeError(path.Root("role"), "Only one role per service account on this SigNoz",
			fmt.Sprintf("This SigNoz (%s) keeps one role per service account, and this configuration gives service account %s more than one: %s. "+
				"Choose one, or upgrade SigNoz: several roles are possible since v0.123.",
				version, plan.ServiceAccountID.ValueString(), strings.Join(append(others, plan.Role.ValueString()), ", ")))
	}
}

func bindingOf(account *signoz.ServiceAccount, role string) *signoz.RoleBinding {
	for i := range account.Bindings {
		if account.Bindings[i].Role.Name == role {
			return &account.Bindings[i]
		}
	}
	return nil
}

// binding finds what the state means: by the role's name, since an id changes when a role
// is taken and given again; by the id where the state was taken over from another
// provider, which knew no name.
func (m *serviceAccountRoleModel) binding(account *signoz.ServiceAccount) *signoz.RoleBinding {
	if !m.Role.IsNull() {
		return bindingOf(account, m.Role.ValueString())
	}
	for i := range account.Bindings {
		if account.Bindings[i].ID == m.ID.ValueString() {
			return &account.Bindings[i]
		}
	}
	return nil
}

func (r *serviceAccountRoleResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	ctx = r.session.masked(ctx)
	var state serviceAccountRoleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Before the role may turn out to be gone: CLIs before 1.12 fail otherwise
	// ("Missing Resource Identity After Read").
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	role := refreshedOnce(ctx, func(ctx context.Context) refreshed[serviceAccountRoleModel] { return r.refresh(ctx, state) })
	resp.Diagnostics.Append(role.diags...)
	switch {
	case role.gone:
		resp.State.RemoveResource(ctx)
	case role.found != state: // writing one is slow
		r.save(ctx, role.found, &resp.State, resp.Identity, &resp.Diagnostics)
	}
}

// refresh reads the binding from SigNoz. Where it can't, it is as the state has it.
func (r *serviceAccountRoleResource) refresh(ctx context.Context, state serviceAccountRoleModel) refreshed[serviceAccountRoleModel] {
	result := refreshed[serviceAccountRoleModel]{found: state}
	if !r.session.mayRefresh(&result.diags) {
		return result
	}
	account, err := r.session.client.SharedServiceAccount(ctx, state.ServiceAccountID.ValueString())
	if signoz.IsAccountNotFound(err) {
		r.session.addUnknownAccount(&result.diags, fmt.Sprintf("Can't read the role %q", state.Role.ValueString()), state.ServiceAccountID.ValueString(), err)
		return result
	}
	if err == nil && account.Deleted() {
		result.gone = true
		return result
	}
	if err != nil {
		r.session.addError(ctx, &result.diags, "Can't read the roles of service account "+state.ServiceAccountID.ValueString(), err)
		return result
	}
	binding := state.binding(account)
	if binding == nil {
		result.gone = true // taken away elsewhere
		return result
	}
	result.found.ID, result.found.Role = types.StringValue(binding.ID), types.StringValue(binding.Role.Name)
	return result
}

func (r *serviceAccountRoleResource) steadyRead(ctx context.Context, state values, _ privateData) (context.Context, bool) {
	before := serviceAccountRoleFrom(state)
	role := r.refresh(r.session.masked(ctx), before)
	return withRefreshed(ctx, role), role.steady() && role.found == before
}

// steadyPlan is ModifyPlan for a role that the plan proposes as it is: there is
// nothing to check but who else manages the account's roles.
func (r *serviceAccountRoleResource) steadyPlan(_, state values, _ privateData) bool {
	role := serviceAccountRoleFrom(state)
	return known(role.ServiceAccountID) && known(role.Role) &&
		!r.session.claims.claimsOneInConflict(role.ServiceAccountID.ValueString(), role.Role.ValueString())
}

func (r *serviceAccountRoleResource) plainlyValid(config values) bool {
	return config.has("service_account_id", "role") && isValidAccountID(config.text("service_account_id")) &&
		(config["role"].IsKnown() && config.text("role").ValueString() != "")
}

func (r *serviceAccountRoleResource) identityAttributes() []string {
	return []string{"service_account_id", "role"}
}

// serviceAccountRoleFrom is what the framework's Get does, without its reflection.
func serviceAccountRoleFrom(v values) serviceAccountRoleModel {
	return serviceAccountRoleModel{ID: v.text("id"), ServiceAccountID: v.text("service_account_id"), Role: v.text("role")}
}

// Update has nothing to send, since every change replaces the binding. It is reached only
// with a state taken over from another provider that wasn't refreshed
// (-refresh=false) and so doesn't know the role's name yet.
func (r *serviceAccountRoleResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	ctx = r.session.masked(ctx)
	var state, plan serviceAccountRoleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	summary := "Can't take over the role binding " + state.ID.ValueString()
	account, err := client.ServiceAccount(ctx, state.ServiceAccountID.ValueString())
	if err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	if binding := state.binding(account); binding == nil || binding.Role.Name != plan.Role.ValueString() {
		resp.Diagnostics.AddAttributeError(path.Root("role"), summary,
			fmt.Sprintf("The state doesn't name the role of this binding, and in SigNoz it isn't %q. Plan again without -refresh=false, so that Terraform sees which role it is.", plan.Role.ValueString()))
		return
	}
	r.save(ctx, plan, &resp.State, resp.Identity, &resp.Diagnostics)
}

func (r *serviceAccountRoleResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	ctx = r.session.masked(ctx)
	var state serviceAccountRoleModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	accountID := state.ServiceAccountID.ValueString()
	summary := fmt.Sprintf("Can't take the role %q from service account %s", state.Role.ValueString(), accountID)
	account, err := client.ServiceAccount(ctx, accountID)
	if signoz.IsAccountNotFound(err) || (err == nil && account.Deleted()) {
		return
	}
	if err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
		return
	}
	binding := state.binding(account)
	if binding == nil {
		return
	}
	if err := client.UnassignRole(ctx, accountID, *binding); err != nil {
		r.session.addError(ctx, &resp.Diagnostics, summary, err)
	}
}

// ImportState takes ACCOUNT/ROLE: the id or name of an account, and the name of a role that it holds.
func (r *serviceAccountRoleResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	ctx = r.session.masked(ctx)
	client := r.session.signoz(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	accountRef, role, ok := splitReference(req.ID)
	if req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull() {
		var identity serviceAccountRoleIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		accountRef, role = identity.ServiceAccountID.ValueString(), identity.Role.ValueString()
		if ok = isUUID(accountRef); !ok {
			resp.Diagnostics.AddError("Invalid identity", fmt.Sprintf("service_account_id of an identity is the id of a service account, a UUID; %q isn't one. To import by name, use the import id ACCOUNT/ROLE.", accountRef))
			return
		}
	}
	if !ok {
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("%q isn't of the form ACCOUNT/ROLE: the id or name of the service account, a slash, and the name of the role, such as ci/signoz-viewer.", req.ID))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	account, wrong := findAccount(ctx, client, accountRef)
	if wrong != nil {
		r.session.addProblem(ctx, &resp.Diagnostics, wrong)
		return
	}
	binding := bindingOf(account, role)
	if binding == nil {
		held := roleNames(account)
		detail := fmt.Sprintf("Service account %q doesn't hold the role %q; it has %s.", account.Name, role, haveRoles(held))
		if suggestion := nearestRole(role, held); suggestion != "" {
			detail += fmt.Sprintf(" Did you mean %s/%s?", accountRef, suggestion)
		}
		resp.Diagnostics.AddError("Role not found", detail)
		return
	}
	r.save(ctx, serviceAccountRoleModel{
		ID:               types.StringValue(binding.ID),
		ServiceAccountID: types.StringValue(account.ID),
		Role:             types.StringValue(binding.Role.Name),
	}, &resp.State, resp.Identity, &resp.Diagnostics)
}

func (m *serviceAccountRoleModel) identity() serviceAccountRoleIdentity {
	return serviceAccountRoleIdentity{ServiceAccountID: m.ServiceAccountID, Role: m.Role}
}

// save writes the binding and its identity.
func (r *serviceAccountRoleResource) save(ctx context.Context, m serviceAccountRoleModel, state *tfsdk.State, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	diags.Append(state.Set(ctx, m)...)
	diags.Append(identity.Set(ctx, m.identity())...)
}
