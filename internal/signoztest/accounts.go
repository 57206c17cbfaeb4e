// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
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

type accountBody struct {
	Name string `json:"name"`
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

func (c *call) createAccount() (answer, *problem) {
	body, p := decodeBody[accountBody](c.body)
	if p != nil {
		return answer{}, p
	}
	if p := c.checkAccountName(body.Name); p != nil {
		return answer{}, p
	}
	org := c.caller.org
	id := newUUID(c.now)
	// The email is the one of the first name ever: an account renamed since
	// still blocks the name it was created with. The message names the id that
	// the new account would have had, not the one that is in the way.
	if org.byName[body.Name] != nil || org.byEmail[accountEmail(body.Name)] != nil {
		return answer{}, &problem{
			status: http.StatusConflict, code: "service_account_already_exists",
			message: fmt.Sprintf("service account with id: %s already exists", id),
		}
	}
	a := c.st.addAccount(org, id, body.Name, c.now)
	return answer{status: http.StatusCreated, data: identifiable{a.id}}, nil
}

func (c *call) listAccounts() (answer, *problem) {
	views := make([]accountView, 0, len(c.caller.org.accounts))
	for _, a := range c.caller.org.accounts {
		views = append(views, viewAccount(a))
	}
	return answer{status: http.StatusOK, data: views}, nil
}

func (c *call) getAccount() (answer, *problem) {
	a, p := c.accountInPath()
	if p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusOK, data: c.viewAccountWithRoles(a)}, nil
}

func (c *call) updateAccount() (answer, *problem) {
	id, p := parseUUID(c.id)
	if p != nil {
		return answer{}, p
	}
	return c.rename(id)
}

func (c *call) deleteAccount() (answer, *problem) {
	a, p := c.accountInPath()
	if p != nil {
		return answer{}, p
	}
	if p := c.refuseDeleted(a); p != nil {
		return answer{}, p
	}
	c.st.deleteAccount(a, c.now)
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) getMe() (answer, *problem) {
	a, p := c.findAccount(c.ownID())
	if p != nil {
		return answer{}, p
	}
	return answer{status: http.StatusOK, data: c.viewAccountWithRoles(a)}, nil
}

func (c *call) updateMe() (answer, *problem) {
	return c.rename(c.ownID())
}

// ownID is the id of the account whose key signs the request; a user has none.
func (c *call) ownID() string {
	if c.caller.account == nil {
		return zeroUUID
	}
	return c.caller.account.id
}

func (c *call) rename(id string) (answer, *problem) {
	body, p := decodeBody[accountBody](c.body)
	if p != nil {
		return answer{}, p
	}
	if p := c.checkAccountName(body.Name); p != nil {
		return answer{}, p
	}
	a, p := c.findAccount(id)
	if p != nil {
		return answer{}, p
	}
	if p := c.refuseDeleted(a); p != nil {
		return answer{}, p
	}
	if other := a.org.byName[body.Name]; other != nil && other != a {
		return answer{}, &problem{
			status: http.StatusConflict, code: "service_account_already_exists",
			message: fmt.Sprintf("service account with name: %s already exists", body.Name),
		}
	}
	c.st.renameAccount(a, body.Name, c.now)
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) checkAccountName(name string) *problem {
	if c.traits.accountName.pattern.MatchString(name) {
		return nil
	}
	return &problem{status: http.StatusBadRequest, code: "service_account_invalid_input", message: c.traits.accountName.refusal}
}

// accountInPath finds the account that the path names, deleted ones too.
func (c *call) accountInPath() (*account, *problem) {
	id, p := parseUUID(c.id)
	if p != nil {
		return nil, p
	}
	return c.findAccount(id)
}

func (c *call) findAccount(id string) (*account, *problem) {
	a := c.st.accounts[id]
	if a == nil || a.org != c.caller.org {
		return nil, &problem{
			status: http.StatusNotFound, code: "service_account_not_found",
			message: fmt.Sprintf("service account with id: %s doesn't exist in org: %s", id, c.caller.org.id),
		}
	}
	return a, nil
}

// refuseDeleted is the answer to operations on a deleted account: 404 since
// v0.121, 501 before.
func (c *call) refuseDeleted(a *account) *problem {
	if !a.deleted {
		return nil
	}
	if c.traits.deletedUnsupported {
		return &problem{
			status: http.StatusNotImplemented, code: "service_account_operation_unsupported",
			message: "this operation is not supported for disabled service account",
		}
	}
	return &problem{
		status: http.StatusNotFound, code: "service_account_not_found",
		message: fmt.Sprintf("an active service account with id: %s does not exist", a.id),
	}
}
