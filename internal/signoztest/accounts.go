// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net/http"
	"time"
)

// accountEmail is the address an account gets when it is created; it never
// changes afterwards, whatever the account is renamed to.
func accountEmail(name string) string {
	return name + "@signozserviceaccount.com"
}

type accountView struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Status    string    `json:"status"`
	OrgID     string    `json:"orgId"`
}

type accountWithRolesView struct {
	accountView
	// Null, not an empty list, for an account without roles.
	ServiceAccountRoles []bindingView `json:"serviceAccountRoles"`
}

type identifiable struct {
	ID string `json:"id"`
}

func viewAccount(a *account) accountView {
	status := "active"
	if a.deleted {
		status = "deleted"
	}
	return accountView{a.id, a.created, a.updated, a.name, a.email, status, a.org.id}
}

func (c *call) viewAccountWithRoles(a *account) accountWithRolesView {
	view := accountWithRolesView{accountView: viewAccount(a)}
	for _, b := range a.bindings {
		view.ServiceAccountRoles = append(view.ServiceAccountRoles, c.viewBinding(b))
	}
	return view
}

func (c *call) createAccount() (status int, data any) {
	name := c.accountName()
	org := c.caller.org
	id := newUUID(c.now)
	// The email is the one of the first name ever: an account renamed since
	// still blocks the name it was created with. The message names the id that
	// the new account would have had, not the one that is in the way.
	if org.byName[name] != nil || org.byEmail[accountEmail(name)] != nil {
		refusef(http.StatusConflict, "service_account_already_exists", "service account with id: %s already exists", id)
	}
	c.st.addAccount(org, id, name, c.now)
	return http.StatusCreated, identifiable{id}
}

func (c *call) listAccounts() (status int, data any) {
	views := make([]accountView, 0, len(c.caller.org.accounts))
	for _, a := range c.caller.org.accounts {
		views = append(views, viewAccount(a))
	}
	return http.StatusOK, views
}

func (c *call) getAccount() (status int, data any) {
	return http.StatusOK, c.viewAccountWithRoles(c.account(c.pathID()))
}

func (c *call) updateAccount() (status int, data any) { return c.rename(c.pathID()) }

func (c *call) deleteAccount() (status int, data any) {
	c.st.deleteAccount(c.activeAccount(c.pathID()), c.now)
	return http.StatusNoContent, nil
}

func (c *call) getMe() (status int, data any) {
	return http.StatusOK, c.viewAccountWithRoles(c.account(c.ownID()))
}

func (c *call) updateMe() (status int, data any) { return c.rename(c.ownID()) }

// ownID is the id of the account whose key signs the request; a user has none.
func (c *call) ownID() string {
	if c.caller.account == nil {
		return zeroUUID
	}
	return c.caller.account.id
}

func (c *call) rename(id string) (status int, data any) {
	name := c.accountName()
	a := c.activeAccount(id)
	if other := a.org.byName[name]; other != nil && other != a {
		refusef(http.StatusConflict, "service_account_already_exists", "service account with name: %s already exists", name)
	}
	c.st.renameAccount(a, name, c.now)
	return http.StatusNoContent, nil
}

// accountName reads the body of both writing calls.
func (c *call) accountName() string {
	body := decodeBody[struct {
		Name string `json:"name"`
	}](c)
	if !c.traits.accountName.pattern.MatchString(body.Name) {
		refusef(http.StatusBadRequest, "service_account_invalid_input", "%s", c.traits.accountName.refusal)
	}
	return body.Name
}

// account finds an account, deleted ones too.
func (c *call) account(id string) *account {
	a := c.st.accounts[id]
	if a == nil || a.org != c.caller.org {
		refusef(http.StatusNotFound, "service_account_not_found", "service account with id: %s doesn't exist in org: %s", id, c.caller.org.id)
	}
	return a
}

// activeAccount finds an account for an operation that deleted ones refuse:
// with 404 since v0.121, 501 before.
func (c *call) activeAccount(id string) *account {
	a := c.account(id)
	switch {
	case !a.deleted:
	case c.traits.deletedUnsupported:
		refusef(http.StatusNotImplemented, "service_account_operation_unsupported", "this operation is not supported for disabled service account")
	default:
		refusef(http.StatusNotFound, "service_account_not_found", "an active service account with id: %s does not exist", id)
	}
	return a
}
