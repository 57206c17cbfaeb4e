// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// adminRole is the role that may do everything. In the community edition, which
// has no custom roles, it is what all account, key and role calls ask for.
const adminRole = "signoz-admin"

// managedRoles are the roles every organisation has, in the order they are
// listed, each with its description.
func managedRoles() [][2]string {
	return [][2]string{
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
	TransactionGroups json.RawMessage `json:"transactionGroups,omitempty"`
}

type bindingView struct {
	ID               string    `json:"id"`
	CreatedAt        time.Time `json:"createdAt"`
	UpdatedAt        time.Time `json:"updatedAt"`
	ServiceAccountID string    `json:"serviceAccountId"`
	RoleID           string    `json:"roleId"`
	Role             roleView  `json:"role"`
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
		view.TransactionGroups = r.transactionGroups
	}
	return view
}

func (c *call) viewBinding(b *binding) bindingView {
	return bindingView{b.id, b.created, b.created, b.account.id, b.role.id, c.viewRoleInFull(b.role)}
}

func (c *call) listRoles() (status int, data any) {
	views := make([]roleView, 0, len(c.caller.org.roles))
	for _, r := range c.caller.org.roles {
		views = append(views, viewRole(r))
	}
	return http.StatusOK, views
}

func (c *call) getRole() (status int, data any) {
	r := c.role(c.pathID())
	if !c.traits.singleRole {
		refusef(http.StatusNotImplemented, "role_unsupported", "not implemented") // SigNoz's own words
	}
	return http.StatusOK, c.viewRoleInFull(r)
}

func (c *call) listAccountRoles() (status int, data any) {
	a := c.account(c.pathID())
	views := make([]roleView, 0, len(a.bindings))
	for _, b := range a.bindings {
		views = append(views, c.viewRoleInFull(b.role))
	}
	return http.StatusOK, views
}

// assignNested is the older way to assign a role: POST below the account.
func (c *call) assignNested() (status int, data any) {
	accountID := c.pathID()
	c.assign(accountID, decodeBody[identifiable](c).ID)
	return http.StatusNoContent, nil
}

// createBinding is the newer way to assign a role. Assigning it again gives
// the binding that is there.
func (c *call) createBinding() (status int, data any) {
	body := decodeBody[struct{ ServiceAccountID, RoleID string }](c)
	b := c.assign(requiredUUID("serviceAccountId", body.ServiceAccountID), requiredUUID("roleId", body.RoleID))
	return http.StatusCreated, identifiable{b.id}
}

func requiredUUID(field, text string) string {
	if text == "" {
		refusef(http.StatusBadRequest, "service_account_invalid_input", "%s is required", field)
	}
	return parseUUID(text)
}

// assign looks for the role first, then for the account, as SigNoz does.
func (c *call) assign(accountID, roleID string) *binding {
	r := c.role(parseUUID(roleID))
	return c.st.grant(c.activeAccount(accountID), r, !c.traits.additiveRoles, c.now)
}

// removeNested takes a role from an account, or does nothing where the account
// hasn't got it.
func (c *call) removeNested() (status int, data any) {
	accountID, r := c.pathID(), c.role(c.pathSub())
	if b := c.activeAccount(accountID).binding(r); b != nil {
		c.st.unbind(b)
	}
	return http.StatusNoContent, nil
}

func (c *call) getBinding() (status int, data any) {
	return http.StatusOK, c.viewBinding(c.binding(c.pathID()))
}

func (c *call) deleteBinding() (status int, data any) {
	b := c.binding(c.pathID())
	c.activeAccount(b.account.id)
	c.st.unbind(b)
	return http.StatusNoContent, nil
}

func (c *call) binding(id string) *binding {
	b := c.st.bindings[id]
	if b == nil || b.account.org != c.caller.org {
		refusef(http.StatusNotFound, "service_account_role_not_found", "service account role with id: %s doesn't exist in org: %s", id, c.caller.org.id)
	}
	return b
}

func (c *call) role(id string) *role {
	r := c.st.roles[id]
	if r == nil || r.org != c.caller.org {
		refusef(http.StatusNotFound, "role_not_found", "role with id: %s doesn't exist", id)
	}
	return r
}

// transactionGroupsOf builds a role's list of permissions, as long as real
// ones: about 15 kB for the roles that may write.
func transactionGroupsOf(role string) json.RawMessage {
	kinds := "notification-channel route-policy apdex-setting auth-domain session cloud-integration " +
		"cloud-integration-service integration dashboard public-dashboard ingestion-key ingestion-limit " +
		"pipeline user-preference org-preference quick-filter ttl-setting rule planned-maintenance " +
		"saved-view trace-funnel factor-password factor-api-key license subscription"
	verbs := []string{"create", "list", "read", "update", "delete"}
	switch role {
	case "signoz-viewer":
		verbs = []string{"list", "read"}
	case "signoz-anonymous":
		verbs = []string{"read"}
	}
	var groups []string
	for kind := range strings.FieldsSeq(kinds) {
		for _, verb := range verbs {
			groups = append(groups, fmt.Sprintf(`{"relation":%q,"objectGroup":{"resource":{"type":"metaresource","kind":%q},"selectors":["*"]}}`, verb, kind))
		}
	}
	return json.RawMessage("[" + strings.Join(groups, ",") + "]")
}
