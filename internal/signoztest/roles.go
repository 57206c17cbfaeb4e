// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
	"net/http"
	"time"
)

// adminRole is the role that all account, key and role calls ask for.
const adminRole = "signoz-admin"

type managedRole struct {
	name        string
	description string
}

// managedRoles are the roles every organisation has, in the order they are listed.
func managedRoles() []managedRole {
	return []managedRole{
		{adminRole, "Role assigned to users who have full administrative access to SigNoz resources."},
		{"signoz-editor", "Role assigned to users who can create, edit, and manage SigNoz resources but do not have full administrative privileges."},
		{"signoz-viewer", "Role assigned to users who have read-only access to SigNoz resources."},
		{"signoz-anonymous", "Role assigned to anonymous users for access to public resources."},
	}
}

type roleView struct {
	ID          string    `json:"id"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Type        string    `json:"type"`
	OrgID       string    `json:"orgId"`
	// TransactionGroups is what the role permits: long, and served since
	// v0.138 wherever one role is shown in full, but not in the list of roles.
	TransactionGroups []transactionGroup `json:"transactionGroups,omitempty"`
}

type transactionGroup struct {
	Relation    string      `json:"relation"`
	ObjectGroup objectGroup `json:"objectGroup"`
}

type objectGroup struct {
	Resource  resourceRef `json:"resource"`
	Selectors []string    `json:"selectors"`
}

type resourceRef struct {
	Type string `json:"type"`
	Kind string `json:"kind"`
}

type bindingView struct {
	ID               string    `json:"id"`
	CreatedAt        time.Time `json:"createdAt"`
	UpdatedAt        time.Time `json:"updatedAt"`
	ServiceAccountID string    `json:"serviceAccountId"`
	RoleID           string    `json:"roleId"`
	Role             roleView  `json:"role"`
}

type nestedRoleBody struct {
	ID string `json:"id"`
}

type bindingBody struct {
	ServiceAccountID string `json:"serviceAccountId"`
	RoleID           string `json:"roleId"`
}

func viewRole(r *role) roleView {
	kind := "managed"
	if r.custom {
		kind = "custom"
	}
	return roleView{ID: r.id, CreatedAt: r.created, UpdatedAt: r.created, Name: r.name, Description: r.description, Type: kind, OrgID: r.org.id}
}

// viewRoleInFull adds the permissions where the version shows them.
func (c *call) viewRoleInFull(r *role) roleView {
	view := viewRole(r)
	if c.traits.permissionLists {
		view.TransactionGroups = r.permissions
	}
	return view
}

func (c *call) viewBinding(b *binding) bindingView {
	return bindingView{b.id, b.created, b.created, b.account.id, b.role.id, c.viewRoleInFull(b.role)}
}

func (c *call) listRoles() (answer, *problem) {
	views := make([]roleView, 0, len(c.caller.org.roles))
	for _, r := range c.caller.org.roles {
		views = append(views, viewRole(r))
	}
	return answer{status: http.StatusOK, data: views}, nil
}

func (c *call) getRole() (answer, *problem) {
	id, p := parseUUID(c.id)
	if p != nil {
		return answer{}, p
	}
	r, p := c.findRole(id)
	if p != nil {
		return answer{}, p
	}
	if !c.traits.singleRole {
		return answer{}, roleUnsupported()
	}
	return answer{status: http.StatusOK, data: c.viewRoleInFull(r)}, nil
}

// refuseCustomRole is what the community edition answers to whoever makes or
// deletes a role (SigNoz: pkg/authz/openfgaauthz).
func (c *call) refuseCustomRole() (answer, *problem) {
	return answer{}, roleUnsupported()
}

// roleUnsupported is SigNoz's own answer, word for word, as the transcript of v0.132.0
// has it; nothing is missing here.
func roleUnsupported() *problem {
	return &problem{status: http.StatusNotImplemented, code: "role_unsupported", message: "not implemented"}
}

func (c *call) listAccountRoles() (answer, *problem) {
	a, p := c.accountInPath()
	if p != nil {
		return answer{}, p
	}
	views := make([]roleView, 0, len(a.bindings))
	for _, b := range a.bindings {
		views = append(views, c.viewRoleInFull(b.role))
	}
	return answer{status: http.StatusOK, data: views}, nil
}

// assignNested is the older way to assign a role: POST below the account.
func (c *call) assignNested() (answer, *problem) {
	accountID, p := parseUUID(c.id)
	if p != nil {
		return answer{}, p
	}
	body, p := decodeBody[nestedRoleBody](c.body)
	if p != nil {
		return answer{}, p
	}
	if _, p := c.assign(accountID, body.ID); p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusNoContent}, nil
}

// createBinding is the newer way to assign a role. Assigning it again gives
// the binding that is there.
func (c *call) createBinding() (answer, *problem) {
	body, p := decodeBody[bindingBody](c.body)
	if p != nil {
		return answer{}, p
	}
	accountID, p := requiredUUID("serviceAccountId", body.ServiceAccountID)
	if p != nil {
		return answer{}, p
	}
	roleID, p := requiredUUID("roleId", body.RoleID)
	if p != nil {
		return answer{}, p
	}
	b, p := c.assign(accountID, roleID)
	if p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusCreated, data: identifiable{b.id}}, nil
}

func requiredUUID(field, text string) (string, *problem) {
	if text == "" {
		return "", &problem{status: http.StatusBadRequest, code: "service_account_invalid_input", message: field + " is required"}
	}
	return parseUUID(text)
}

// assign looks for the role first, then for the account, as SigNoz does.
func (c *call) assign(accountID, roleText string) (*binding, *problem) {
	roleID, p := parseUUID(roleText)
	if p != nil {
		return nil, p
	}
	r, p := c.findRole(roleID)
	if p != nil {
		return nil, p
	}
	a, p := c.findAccount(accountID)
	if p != nil {
		return nil, p
	}
	if p := c.refuseDeleted(a); p != nil {
		return nil, p
	}
	return c.st.grant(a, r, !c.traits.additiveRoles, c.now), nil
}

// removeNested takes a role from an account, or does nothing where the account
// hasn't got it.
func (c *call) removeNested() (answer, *problem) {
	accountID, p := parseUUID(c.id)
	if p != nil {
		return answer{}, p
	}
	roleID, p := parseUUID(c.sub)
	if p != nil {
		return answer{}, p
	}
	r, p := c.findRole(roleID)
	if p != nil {
		return answer{}, p
	}
	a, p := c.findAccount(accountID)
	if p != nil {
		return answer{}, p
	}
	if p := c.refuseDeleted(a); p != nil {
		return answer{}, p
	}
	if b := a.binding(r); b != nil {
		c.st.unbind(b)
	}
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) getBinding() (answer, *problem) {
	b, p := c.bindingInPath()
	if p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusOK, data: c.viewBinding(b)}, nil
}

func (c *call) deleteBinding() (answer, *problem) {
	b, p := c.bindingInPath()
	if p != nil {
		return answer{}, p
	}
	if p := c.refuseDeleted(b.account); p != nil {
		return answer{}, p
	}
	c.st.unbind(b)
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) bindingInPath() (*binding, *problem) {
	id, p := parseUUID(c.id)
	if p != nil {
		return nil, p
	}
	b := c.st.bindings[id]
	if b == nil || b.account.org != c.caller.org {
		return nil, &problem{
			status: http.StatusNotFound, code: "service_account_role_not_found",
			message: fmt.Sprintf("service account role with id: %s doesn't exist in org: %s", id, c.caller.org.id),
		}
	}
	return b, nil
}

func (c *call) findRole(id string) (*role, *problem) {
	r := c.st.roles[id]
	if r == nil || r.org != c.caller.org {
		return nil, &problem{
			status: http.StatusNotFound, code: "role_not_found",
			message: fmt.Sprintf("role with id: %s doesn't exist", id),
		}
	}
	return r, nil
}

// permissionKinds are the kinds of things that SigNoz's permissions speak of.
func permissionKinds() []string {
	return []string{
		"notification-channel", "route-policy", "apdex-setting", "auth-domain", "session",
		"cloud-integration", "cloud-integration-service", "integration", "dashboard",
		"public-dashboard", "ingestion-key", "ingestion-limit", "pipeline", "user-preference",
		"org-preference", "quick-filter", "ttl-setting", "rule", "planned-maintenance",
		"saved-view", "trace-funnel", "factor-password", "factor-api-key", "license",
		"subscription",
	}
}

// permissionsOf builds the permission list of a role, as long as real ones:
// about 15 kB of JSON for the roles that may write.
func permissionsOf(role string) []transactionGroup {
	verbs := []string{"create", "list", "read", "update", "delete"}
	switch role {
	case "signoz-viewer":
		verbs = []string{"list", "read"}
	case "signoz-anonymous":
		verbs = []string{"read"}
	}
	groups := make([]transactionGroup, 0, len(verbs)*len(permissionKinds()))
	for _, kind := range permissionKinds() {
		for _, verb := range verbs {
			groups = append(groups, transactionGroup{verb, objectGroup{resourceRef{"metaresource", kind}, []string{"*"}}})
		}
	}
	return groups
}
