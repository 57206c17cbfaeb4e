// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

type serviceAccountRoleResource struct{ configured }

func newServiceAccountRole() core.Resource[serviceAccountRoleModel, orgPrivate] {
	return &serviceAccountRoleResource{}
}

type serviceAccountRoleModel struct {
	ID               types.String
	ServiceAccountID types.String
	Role             types.String
}

type (
	roleObject = core.Object[serviceAccountRoleModel, orgPrivate]
	roleChange = core.Change[serviceAccountRoleModel, orgPrivate]
	roleResult = core.Result[serviceAccountRoleModel, orgPrivate]
)

func (*serviceAccountRoleResource) Fields(m *serviceAccountRoleModel) core.Fields {
	return core.Fields{
		"id":                 core.Field(&m.ID),
		"service_account_id": core.Field(&m.ServiceAccountID),
		"role":               core.Field(&m.Role),
	}
}

func (*serviceAccountRoleResource) Describe() core.Description {
	return core.Description{
		Name: "service_account_role",
		Identity: map[string]string{
			"service_account_id": "ID of the service account, a UUID.",
			"role":               "Name of the role.",
		},
		// An update gives the role to another account where that, unknown in the plan, turns out to be another one.
		MutableIdentity: true,
	}
}

func (*serviceAccountRoleResource) Schema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "One role of one service account, in addition to the account's other roles. Use it if another configuration or team manages the account. " +
			"Don't use it on an account whose `signoz_service_account` sets `roles`: that resource removes every role it doesn't list, so the two would undo each other with every apply. " +
			"On SigNoz before v0.123, an account has one role, and a second one is rejected.",
		Attributes: map[string]schema.Attribute{
			"id":                 assigned("ID of the role assignment, a UUID."),
			"service_account_id": schema.StringAttribute{Required: true, MarkdownDescription: "ID of the service account. Changing it removes the role from the old account and assigns it to the new one."},
			"role":               schema.StringAttribute{Required: true, MarkdownDescription: "Name of the role, such as `signoz-viewer`. Changing it removes the old role and assigns the new one."},
		},
	}
}

func (*serviceAccountRoleResource) Validate(config serviceAccountRoleModel) (diags diag.Diagnostics) {
	checkRoleName(path.Root("role"), config.Role, &diags)
	return diags
}

// Plan checks what is new, and warns when the provider takes a role from its own account.
func (r *serviceAccountRoleResource) Plan(ctx context.Context, change roleChange) (planned core.Planned[serviceAccountRoleModel]) {
	planned.Plan = change.Plan
	plan, diags := &planned.Plan, &planned.Diagnostics
	r.session.planMissing(diags)
	state := change.State()
	checkNewAccountID(plan.ServiceAccountID, state.ServiceAccountID, diags)
	if values.Known(plan.Role) && !plan.Role.Equal(state.Role) {
		r.session.checkNewRoles(ctx, []string{plan.Role.ValueString()}, path.Root("role"), diags)
	}
	r.session.claimRole(plan.ServiceAccountID, plan.Role, diags)
	others := r.session.otherRolesOf(plan.ServiceAccountID, plan.Role, state.ID.IsNull())
	if len(others) > 0 && values.Known(plan.Role) {
		r.session.checkRoleCount(ctx, append(others, plan.Role.ValueString()), nil, path.Root("role"), diags)
	}
	if change.Prior == nil {
		return planned
	}
	replaced := replacedRoleAttributes(*plan, state)
	switch {
	case len(replaced) > 0 && !r.session.appliesUpdate(state.ID.ValueString()):
		planned.Replace = replaced
		r.checkTakenRole(ctx, state, true, diags)
	case len(replaced) > 0 || plan.ServiceAccountID.IsUnknown() || plan.Role.IsUnknown():
		plan.ID = types.StringUnknown() // Update may replace the binding
	}
	return planned
}

// replacedRoleAttributes are those whose change replaces the binding. What is unknown isn't
// changed; and a state taken over from another provider may not know the role's name.
func replacedRoleAttributes(plan, state serviceAccountRoleModel) (names []string) {
	if values.Known(plan.ServiceAccountID) && !plan.ServiceAccountID.Equal(state.ServiceAccountID) {
		names = append(names, "service_account_id")
	}
	if values.Known(plan.Role) && !state.Role.IsNull() && !plan.Role.Equal(state.Role) {
		names = append(names, "role")
	}
	return names
}

func (r *serviceAccountRoleResource) PlanDestroy(ctx context.Context, binding roleObject) (diags diag.Diagnostics) {
	r.checkTakenRole(ctx, binding.State, false, &diags)
	return diags
}

// checkTakenRole warns of a plan that takes a role from the account that the provider signs
// in with, and refuses one that would then be unable to give it another.
func (r *serviceAccountRoleResource) checkTakenRole(ctx context.Context, state serviceAccountRoleModel, replaced bool, diags *diag.Diagnostics) {
	if own, err := r.session.isOwnAccount(ctx, state.ServiceAccountID.ValueString()); err != nil || !own {
		return
	}
	if state.Role.ValueString() == adminRole && replaced {
		diags.AddAttributeError(path.Root("role"), "The provider would remove signoz-admin from its own service account",
			"The provider authenticates with a key of this account. Replacing its role signoz-admin removes that role first, and then the provider isn't allowed to assign the new one. "+
				"Run Terraform with the key of another account that has signoz-admin, or as a user.")
		return
	}
	diags.AddAttributeWarning(path.Root("role"), "The provider removes a role from its own service account",
		fmt.Sprintf("The provider authenticates with a key of this account, which will lose %s. Without signoz-admin, the provider can't read or change service accounts, so the rest of this run and every later run would fail. "+
			"To do this on purpose, run Terraform with the key of another account that has signoz-admin.", state.Role.ValueString()))
}

func (r *serviceAccountRoleResource) Create(ctx context.Context, plan serviceAccountRoleModel, result *roleResult) (diags diag.Diagnostics) {
	client := r.session.client
	accountID, role := plan.ServiceAccountID.ValueString(), plan.Role.ValueString()
	summary := fmt.Sprintf("Can't assign the role %q to service account %s", role, accountID)
	binding, err := client.GrantRole(ctx, accountID, role)
	var (
		held       *signoz.RoleHeldError
		unresolved *signoz.UnresolvedError
	)
	switch {
	case err == nil:
		plan.ID = values.StringOrNull(binding.ID) // null: a refresh finds it by the role
		r.session.noteRefreshed(binding.ID)
		result.Save(plan, orgPrivate{OrgID: client.KnownOrgID()})
	case errors.As(err, &held):
		diags.AddError(summary,
			fmt.Sprintf("The account %q holds this role already: it was assigned outside Terraform, or another resource manages it (look for `roles` of a signoz_service_account). "+
				"To manage it with this configuration, import it: terraform import ADDRESS %s/%s, with the address of this resource. If the state has it already, tainted by a failed run, keep it: terraform untaint ADDRESS.", held.Account.Name, accountID, role))
	case errors.As(err, &unresolved):
		// The account may hold the role now. Save it, so that Terraform can remove it.
		plan.ID = types.StringNull()
		result.Save(plan, orgPrivate{OrgID: client.KnownOrgID()})
		diags.AddError(summary, "The role may have been assigned, so it is in the state, marked as tainted: the next apply replaces it. With create_before_destroy, run terraform untaint with its address first, and the next plan looks.\n\n"+r.session.explain(ctx, unresolved.Lost))
	default:
		r.session.addRoleError(ctx, &diags, path.Root("role"), summary, err)
	}
	return diags
}

// Refresh reads the binding from SigNoz. Where it can't, it is as the state has it.
func (r *serviceAccountRoleResource) Refresh(ctx context.Context, binding roleObject) core.Refreshed[serviceAccountRoleModel, orgPrivate] {
	result := core.Refreshed[serviceAccountRoleModel, orgPrivate]{Object: binding}
	state, diags := binding.State, &result.Diagnostics
	if result.Gone = state.ServiceAccountID.ValueString() == ""; result.Gone || !r.session.mayRefresh(diags) {
		return result // not made yet: Crossplane's upjet reads before it creates
	}
	accountID := state.ServiceAccountID.ValueString()
	summary := fmt.Sprintf("Can't read the role %q of service account %s", state.Role.ValueString(), accountID)
	account, err := r.session.client.SharedServiceAccount(ctx, accountID)
	switch {
	case err != nil:
		result.Gone = r.session.isGone(ctx, summary, accountID, binding.Private.OrgID, err, diags)
	case account.Deleted():
		result.Gone = true
	default:
		found := state.binding(account)
		if found == nil {
			result.Gone = true // taken away elsewhere
			break
		}
		result.State.ID, result.State.Role = types.StringValue(found.ID), types.StringValue(found.Role.Name)
	}
	r.session.noteRefreshed(result.State.ID.ValueString())
	return result
}

// binding finds the binding of the state by the role's name, since removing and assigning a role
// again changes the id; by the id if the state was taken over from another provider and has no name.
func (m *serviceAccountRoleModel) binding(account *signoz.ServiceAccount) *signoz.RoleBinding {
	if !m.Role.IsNull() {
		return account.Binding(m.Role.ValueString())
	}
	for i := range account.Bindings {
		if account.Bindings[i].ID == m.ID.ValueString() {
			return &account.Bindings[i]
		}
	}
	return nil
}

// Update is called in two cases: an attribute was unknown in the plan, or the state was taken over
// from another provider without a refresh (-refresh=false) and doesn't have the role's name yet.
func (r *serviceAccountRoleResource) Update(ctx context.Context, change roleChange, result *roleResult) (diags diag.Diagnostics) {
	client := r.session.client
	plan, prior := change.Plan, *change.Prior
	if len(replacedRoleAttributes(plan, prior.State)) > 0 {
		if diags = r.Create(ctx, plan, result); diags.HasError() {
			return diags
		}
		if err := r.take(ctx, client, prior.State); err != nil {
			diags.AddError(fmt.Sprintf("Can't remove the role %q from service account %s", prior.State.Role.ValueString(), prior.State.ServiceAccountID.ValueString()),
				"The role that takes its place is in the state already. Remove this one in SigNoz: Terraform no longer manages it. "+r.session.explain(ctx, err))
		}
		return diags
	}
	summary := "Can't migrate the role assignment " + prior.State.ID.ValueString()
	account, err := client.ServiceAccount(ctx, prior.State.ServiceAccountID.ValueString())
	if err != nil {
		r.session.addError(ctx, &diags, summary, err)
		return diags
	}
	binding := prior.State.binding(account)
	if binding == nil || binding.Role.Name != plan.Role.ValueString() {
		diags.AddAttributeError(path.Root("role"), summary,
			fmt.Sprintf("The state doesn't name the role of this assignment, and in SigNoz it isn't %q. Plan again without -refresh=false, so that Terraform reads the role.", plan.Role.ValueString()))
		return diags
	}
	plan.ID = types.StringValue(binding.ID)
	result.Save(plan, prior.Private)
	return diags
}

func (r *serviceAccountRoleResource) Delete(ctx context.Context, binding roleObject) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	if err := r.take(ctx, client, binding.State); err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("Can't remove the role %q from service account %s", binding.State.Role.ValueString(), binding.State.ServiceAccountID.ValueString()), err)
	}
	return diags
}

// take takes the role away, unless the account is gone or its own resource lists the role.
func (r *serviceAccountRoleResource) take(ctx context.Context, client *signoz.Client, state serviceAccountRoleModel) error {
	accountID := state.ServiceAccountID.ValueString()
	if r.session.listsRole(accountID, state.Role.ValueString()) {
		return nil
	}
	err := r.revoke(ctx, client, accountID, state)
	if signoz.IsAccountNotFound(err) {
		return nil
	}
	return err
}

func (r *serviceAccountRoleResource) revoke(ctx context.Context, client *signoz.Client, accountID string, state serviceAccountRoleModel) error {
	if !state.Role.IsNull() {
		return client.RevokeRole(ctx, accountID, state.Role.ValueString())
	}
	// Taken over from another provider, and not refreshed since.
	account, err := client.ServiceAccount(ctx, accountID)
	if err != nil {
		return err
	}
	if held := state.binding(account); held != nil && !account.Deleted() {
		return client.UnassignRole(ctx, accountID, *held)
	}
	return nil
}

// Import takes ACCOUNT/ROLE: the id or name of an account, and the name of a role that it
// holds.
func (r *serviceAccountRoleResource) Import(ctx context.Context, id string, identity map[string]string) (binding roleObject, diags diag.Diagnostics) {
	client := r.session.client
	accountRef, role := importReference(id, identity, "role", "ACCOUNT/ROLE: the id or name of the service account, a slash, and the name of the role, such as ci/signoz-viewer.", &diags)
	if diags.HasError() {
		return binding, diags
	}
	account, wrong := findAccount(ctx, client, accountRef)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return binding, diags
	}
	found := account.Binding(role)
	if found == nil {
		held := account.RoleNames()
		detail := fmt.Sprintf("Service account %q doesn't hold the role %q; it has %s.", account.Name, role, haveRoles(held))
		if suggestion := nearestRole(role, held); suggestion != "" {
			detail += fmt.Sprintf(" Did you mean %s/%s?", accountRef, suggestion)
		}
		diags.AddError("Role not found", detail)
		return binding, diags
	}
	binding.State = serviceAccountRoleModel{ID: types.StringValue(found.ID), ServiceAccountID: types.StringValue(account.ID), Role: types.StringValue(found.Role.Name)}
	binding.Private.OrgID = account.OrgID
	r.session.noteRefreshed(found.ID)
	return binding, diags
}
