// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

type serviceAccountResource struct{ configured }

func newServiceAccount() core.Resource[serviceAccountModel, accountPrivate] {
	return &serviceAccountResource{}
}

type serviceAccountModel struct {
	ID        types.String
	Name      types.String
	Roles     types.Set
	Email     types.String
	OrgID     types.String
	CreatedAt types.String
}

// accountPrivate is empty: of an account the provider remembers nothing.
type accountPrivate struct{}

type (
	accountObject = core.Object[serviceAccountModel, accountPrivate]
	accountChange = core.Change[serviceAccountModel, accountPrivate]
	accountResult = core.Result[serviceAccountModel, accountPrivate]
)

func (*serviceAccountResource) Fields(m *serviceAccountModel) core.Fields {
	return core.Fields{
		"id":         core.Field(&m.ID),
		"name":       core.Field(&m.Name),
		"roles":      core.Field(&m.Roles),
		"email":      core.Field(&m.Email),
		"org_id":     core.Field(&m.OrgID),
		"created_at": core.Field(&m.CreatedAt),
	}
}

func (*serviceAccountResource) Describe() core.Description {
	return core.Description{
		Name:     "service_account",
		Identity: map[string]string{"id": "ID of the service account, a UUID."},
	}
}

func (*serviceAccountResource) Schema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A service account: the identity with which CI, integrations and Terraform itself use SigNoz, independent of any person. It authenticates with its keys (`signoz_service_account_key`) and can do what its roles allow. " +
			"Destroying an account revokes all its keys immediately.",
		Attributes: map[string]schema.Attribute{
			"id": assigned("ID of the account, a UUID."),
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the account, unique among the active accounts of the organization: lowercase letters, digits and hyphens, a letter first, at most 50 characters (no digits on SigNoz v0.118). " +
					"Changing it renames the account in place; ID, email address, roles and keys stay. An imported account may keep an older name that breaks these rules.",
			},
			"roles": schema.SetAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Computed:    true,
				MarkdownDescription: "Names of the account's roles, such as `signoz-viewer`, `signoz-editor` or `signoz-admin`. " +
					"If set, Terraform manages all roles of the account: it removes a role that was assigned outside Terraform, and `[]` means none. " +
					"If unset, Terraform never touches the roles; assign them in SigNoz or with `signoz_service_account_role`. Don't use both on one account. " +
					"SigNoz before v0.123 keeps one role per account.",
				Validators: []validator.Set{setvalidator.NoNullValues()},
			},
			"email":      assigned("Email address that SigNoz derived from the account's original name. It never changes, and stays in use after the account was renamed."),
			"org_id":     assigned("ID of the organization that the account belongs to."),
			"created_at": assigned("Time at which the account was created (RFC 3339, UTC)."),
		},
	}
}

func (*serviceAccountResource) Validate(config serviceAccountModel) (diags diag.Diagnostics) {
	for _, element := range config.Roles.Elements() {
		if role, ok := element.(types.String); ok {
			checkRoleName(path.Root("roles"), role, &diags)
		}
	}
	return diags
}

// Plan checks a new name and new roles, plans null for omitted `roles`, and warns if the plan removes
// roles from the provider's own account.
func (r *serviceAccountResource) Plan(ctx context.Context, change accountChange) (planned core.Planned[serviceAccountModel]) {
	planned.Plan = change.Plan
	plan, diags := &planned.Plan, &planned.Diagnostics
	r.session.planMissing(diags)
	state := change.State()
	if values.Known(plan.Name) && !plan.Name.Equal(state.Name) {
		accountNameRule().check("name", plan.Name, diags)
	}
	if change.Config.Roles.IsNull() {
		plan.Roles = types.SetNull(types.StringType)
		if !state.Roles.IsNull() {
			diags.AddAttributeWarning(path.Root("roles"), fmt.Sprintf("Terraform stops managing the roles of the service account %q", state.Name.ValueString()),
				fmt.Sprintf("The configuration has no `roles`, so the plan shows them as null and leaves them alone. Nothing changes in SigNoz: the account keeps %s. To manage the roles, list them in `roles`; to remove all roles, set roles = [].", haveRoles(values.Strings(state.Roles))))
		}
		return planned
	}
	r.session.claimAllRoles(plan.ID, plan.Name, plan.Roles, diags)
	r.planRoles(ctx, state, *plan, diags)
	return planned
}

// planRoles asks the server, where it can be asked, whether the roles new in a plan exist
// and fit the server.
func (r *serviceAccountResource) planRoles(ctx context.Context, state, plan serviceAccountModel, diags *diag.Diagnostics) {
	if plan.Roles.IsUnknown() {
		return
	}
	before, after := values.Strings(state.Roles), values.Strings(plan.Roles)
	added := difference(after, before)
	r.session.checkNewRoles(ctx, added, path.Root("roles"), diags)
	if len(added) > 0 {
		r.session.checkRoleCount(ctx, after, before, path.Root("roles"), diags)
	}
	if diags.HasError() || len(after) < len(plan.Roles.Elements()) {
		return
	}
	if r.takesOwnRoles(ctx, state, before, after) {
		diags.AddAttributeWarning(path.Root("roles"), "The provider removes roles from its own service account",
			fmt.Sprintf("The provider authenticates with a key of this account, which will have %s. Without signoz-admin, the provider can't read or change service accounts, so the rest of this run and every later run would fail. "+
				"To do this on purpose, run Terraform with the key of another account that has signoz-admin.", onlyRoles(after)))
	}
}

// takesOwnRoles reports whether the plan removes a role from the account whose key signs the
// requests. If the roles weren't managed until now, it reads them from SigNoz.
func (r *serviceAccountResource) takesOwnRoles(ctx context.Context, state serviceAccountModel, before, after []string) bool {
	takenUp := state.Roles.IsNull()
	if state.ID.IsNull() || (!takenUp && len(difference(before, after)) == 0) {
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
		before = account.RoleNames()
	}
	return len(difference(before, after)) > 0
}

func (r *serviceAccountResource) PlanDestroy(ctx context.Context, account accountObject) (diags diag.Diagnostics) {
	_ = r.session.refuseOwnAccount(ctx, account.State.ID.ValueString(), account.State.Name.ValueString(), &diags) // Delete asks again
	r.session.warnEnding(account.State.ID.ValueString(), account.State.ID.ValueString(), &diags)
	return diags
}

// Create deletes the account again if it can't assign the roles. A tainted account in the state could
// not always be replaced: Terraform extends create_before_destroy of a key to its account, and the
// new account would need the name of the old one.
func (r *serviceAccountResource) Create(ctx context.Context, plan serviceAccountModel, result *accountResult) (diags diag.Diagnostics) {
	client := r.session.client
	name, wanted := plan.Name.ValueString(), values.Strings(plan.Roles)
	r.session.requireRoles(ctx, client, wanted, path.Root("roles"), &diags)
	if diags.HasError() {
		return diags
	}
	summary := fmt.Sprintf("Can't create service account %q", name)
	id, err := client.CreateServiceAccount(ctx, name)
	if signoz.IsConflict(err) {
		diags.AddAttributeError(path.Root("name"), summary, r.explainNameConflict(ctx, name, err))
		return diags
	}
	if err != nil {
		r.session.addError(ctx, &diags, summary, err)
		return diags
	}
	// From here on the account exists: whatever happens next, the state has it.
	made := serviceAccountModel{ID: types.StringValue(id), Name: plan.Name, Roles: plan.Roles}
	if len(wanted) > 0 {
		made.Roles = values.StringSet(nil)
	}
	result.Save(made, accountPrivate{})
	r.session.claimAllRoles(made.ID, made.Name, plan.Roles, &diags)

	held, err := client.SetRoles(ctx, id, wanted)
	if err == nil {
		var account *signoz.ServiceAccount
		if account, err = client.SharedServiceAccount(ctx, id); err == nil {
			created := newServiceAccountModel(account)
			created.Roles = plan.Roles // other roles on the server are drift, for the next plan
			result.Save(created, accountPrivate{})
			return diags
		}
	}
	if held != nil && !plan.Roles.IsNull() {
		made.Roles = values.StringSet(held)
		result.Save(made, accountPrivate{})
	}
	reason := r.session.explain(ctx, err)
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	if err := client.RemoveServiceAccount(cleanup, id); err != nil {
		diags.AddError(fmt.Sprintf("Service account %q was created, but isn't complete", name),
			fmt.Sprintf("It couldn't be deleted again either, so it is in the state, marked as tainted: the next apply replaces it. To have it completed instead, run terraform untaint with its address first.\n\n%s\n\nDeleting it failed: %s", reason, r.session.explain(ctx, err)))
		return diags
	}
	result.Remove()
	diags.AddError(summary, "The account was created, but couldn't be completed, so it was deleted again. Fix the cause, then apply again. "+reason)
	return diags
}

// takeBackTime bounds the deletion of an account that couldn't be completed, which a
// cancelled run still does.
const takeBackTime = 15 * time.Second

// explainNameConflict says which of the two kinds of conflict it is: a name in
// use, or an e-mail address that belongs to an account renamed since.
func (r *serviceAccountResource) explainNameConflict(ctx context.Context, name string, conflict error) string {
	accounts, err := r.session.client.ServiceAccounts(ctx)
	if err != nil {
		return fmt.Sprintf("An active account already has this name, or had it before it was renamed and keeps the email address derived from it. To manage the account with this configuration, import it: terraform import ADDRESS %s. %s", name, quote(conflict))
	}
	var renamed *signoz.ServiceAccount
	for i := range accounts {
		switch a := &accounts[i]; {
		case a.Deleted():
		case a.Name == name:
			return fmt.Sprintf("An active account with this name exists already, with the id %s. To manage it with this configuration, import it: terraform import ADDRESS %s, with the address of this resource. Otherwise choose another name. %s %s %s", a.ID, a.ID, replacesItself, formerSelf, quote(conflict))
		case strings.HasPrefix(a.Email, name+"@"):
			renamed = a
		}
	}
	if renamed != nil {
		return fmt.Sprintf("No active account has this name, but the account %q (id %s) had it before it was renamed, and keeps the email address %s, which the new account would get. "+
			"Choose another name, delete that account, or import it to manage it with this configuration: terraform import ADDRESS %s. %s", renamed.Name, renamed.ID, renamed.Email, renamed.ID, quote(conflict))
	}
	return "The name was in use a moment ago and is free now. " + formerSelf + " " + quote(conflict)
}

// replacesItself is what to do about a name that is in use by the very account that a run
// replaces.
const replacesItself = "If this run replaces the account itself (-replace, or a tainted account), the old one still has the name: Terraform applies create_before_destroy of a key to its account too, and names are unique. " +
	"To keep the account, drop -replace or run terraform untaint ADDRESS; to create it again, destroy it first: terraform destroy -target=ADDRESS."

// formerSelf is what to do about a name that is in use only because Terraform deletes and
// creates in any order.
const formerSelf = "If another resource in this configuration had this name, or you renamed this resource or changed its for_each key, the old object may be deleted by now: apply again. To keep it next time, add a moved block."

// Refresh reads the account from SigNoz. Where it can't, the account is as the state has it.
func (r *serviceAccountResource) Refresh(ctx context.Context, account accountObject) core.Refreshed[serviceAccountModel, accountPrivate] {
	result := core.Refreshed[serviceAccountModel, accountPrivate]{Object: account}
	state, diags := account.State, &result.Diagnostics
	id := state.ID.ValueString()
	if id == "" {
		result.Gone, result.State.ID = true, types.StringValue("") // Crossplane's upjet reads before it creates
		return result
	}
	if !r.session.mayRefresh(diags) {
		return result
	}
	read := r.session.client.ServiceAccountFromList
	if !state.Roles.IsNull() {
		read = r.session.client.SharedServiceAccount
	}
	found, err := read(ctx, id)
	switch {
	case err == nil && found.Deleted():
		result.Gone = true
	case signoz.IsAccountNotFound(err) && state.OrgID.ValueString() == "": // taken over from another provider
		result.Gone = true
	case err != nil:
		result.Gone = r.session.isGone(ctx, fmt.Sprintf("Can't read service account %q", state.Name.ValueString()), id, state.OrgID.ValueString(), err, diags)
	default:
		result.State = newServiceAccountModel(found)
		if state.Roles.IsNull() {
			result.State.Roles = state.Roles // not managed
		}
	}
	return result
}

func (r *serviceAccountResource) Update(ctx context.Context, change accountChange, result *accountResult) (diags diag.Diagnostics) {
	client := r.session.client
	plan, state := change.Plan, change.Prior.State
	id, summary := state.ID.ValueString(), fmt.Sprintf("Can't update service account %q", state.Name.ValueString())

	if !plan.Name.Equal(state.Name) {
		err := client.RenameServiceAccount(ctx, id, plan.Name.ValueString())
		if signoz.IsConflict(err) {
			diags.AddAttributeError(path.Root("name"), summary,
				fmt.Sprintf("Another active account is named %q already. Choose another name, or rename or delete that account first. %s", plan.Name.ValueString(), quote(err)))
			return diags
		}
		if err != nil {
			r.session.addError(ctx, &diags, summary, err)
			return diags
		}
		state.Name = plan.Name
		result.Save(state, accountPrivate{})
	}
	if !plan.Roles.IsNull() && !plan.Roles.Equal(state.Roles) {
		held, err := client.SetRoles(ctx, id, values.Strings(plan.Roles))
		if err != nil {
			if held != nil {
				state.Roles = values.StringSet(held)
				result.Save(state, accountPrivate{})
			}
			r.session.addRoleError(ctx, &diags, path.Root("roles"), summary, err)
			return diags
		}
	}
	result.Save(plan, accountPrivate{})
	return diags
}

func (r *serviceAccountResource) Delete(ctx context.Context, account accountObject) (diags diag.Diagnostics) {
	client := r.session.requireClient(&diags)
	if client == nil {
		return diags
	}
	id, name := account.State.ID.ValueString(), account.State.Name.ValueString()
	if err := r.session.refuseOwnAccount(ctx, id, name, &diags); err != nil {
		diags.AddError(fmt.Sprintf("Can't delete service account %q", name), "The provider first checks that it isn't deleting its own account, and that check failed. "+r.session.explain(ctx, err))
	}
	if diags.HasError() {
		return diags
	}
	if err := client.RemoveServiceAccount(ctx, id); err != nil {
		r.session.addError(ctx, &diags, fmt.Sprintf("Can't delete service account %q", name), err)
	}
	return diags
}

// Import takes the account's id or its name.
func (r *serviceAccountResource) Import(ctx context.Context, id string, identity map[string]string) (account accountObject, diags diag.Diagnostics) {
	if id == "" && len(identity) > 0 {
		checkIdentity(identity, &diags)
		id = identity["id"]
	} else if id == "" {
		diags.AddError("Invalid import id", "The import id is empty. It is the id or the name of the service account, such as ci.")
	}
	if diags.HasError() {
		return account, diags
	}
	found, wrong := findAccount(ctx, r.session.client, id)
	if wrong != nil {
		r.session.addProblem(ctx, &diags, wrong)
		return account, diags
	}
	account.State = newServiceAccountModel(found)
	return account, diags
}

// newServiceAccountModel maps an account to what Terraform keeps of it.
func newServiceAccountModel(account *signoz.ServiceAccount) serviceAccountModel {
	return serviceAccountModel{
		ID:        types.StringValue(account.ID),
		Name:      types.StringValue(account.Name),
		Roles:     values.StringSet(account.RoleNames()),
		Email:     types.StringValue(account.Email),
		OrgID:     types.StringValue(account.OrgID),
		CreatedAt: times.Timestamp(account.CreatedAt),
	}
}
