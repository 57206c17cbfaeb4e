// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ServiceAccount is a machine identity of SigNoz.
type ServiceAccount struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"` // made from the first name, never changes
	Status    string    `json:"status"`
	OrgID     string    `json:"orgId"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	// Bindings are the roles that the account holds. Only answers about one
	// account have them, lists don't.
	Bindings []RoleBinding `json:"serviceAccountRoles"`
}

// RoleBinding says that an account holds a role.
type RoleBinding struct {
	ID     string `json:"id"`
	RoleID string `json:"roleId"`
	Role   Role   `json:"role"`
}

// Deleted reports whether the account was deleted. Deletion is soft: the server
// still answers for such an account and lists it, but none of its keys work,
// and its name is free again.
func (a *ServiceAccount) Deleted() bool { return a.Status == "deleted" }

// accountList is the answer of the account list, found by id too.
type accountList struct {
	all  []ServiceAccount
	byID map[string]int
}

const accountsPath = "/api/v1/service_accounts"

// ServiceAccount reads one account with its roles. It answers for deleted
// accounts too.
func (c *Client) ServiceAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	path := accountsPath + segments(id)
	account, err := c.readAccount(ctx, path)
	if err == nil && !strings.EqualFold(account.ID, id) {
		// Something between has answered with another request's answer: what a
		// state would take from it would lose the account that was asked for.
		return nil, &Error{Method: http.MethodGet, Path: path, Status: http.StatusOK, Message: "the answer isn't what SigNoz answers: it is about an account with another id"}
	}
	return account, err
}

func (c *Client) readAccount(ctx context.Context, path string) (*ServiceAccount, error) {
	var account ServiceAccount
	if err := c.do(ctx, call{method: http.MethodGet, path: path, want: http.StatusOK, decode: into(&account)}); err != nil {
		return nil, err
	}
	if account.ID == "" {
		return nil, &Error{Method: http.MethodGet, Path: path, Status: http.StatusOK, Message: "the answer isn't what SigNoz answers: the account has no id"}
	}
	c.knownOrg.Store(&account.OrgID)
	return &account, nil
}

// SharedServiceAccount is ServiceAccount for those who may share one answer, as
// the resources that refresh the roles of one account: it is asked for once and
// kept until an own write may have changed it. Don't change what it returns.
func (c *Client) SharedServiceAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	return c.details.of(id).get(ctx, func(ctx context.Context) (*ServiceAccount, error) {
		return c.ServiceAccount(ctx, id)
	})
}

// ServiceAccounts lists all accounts, deleted ones included, without roles. The
// slice is shared: don't change it.
func (c *Client) ServiceAccounts(ctx context.Context) ([]ServiceAccount, error) {
	list, err := c.accountList(ctx)
	if err != nil {
		return nil, err
	}
	return list.all, nil
}

func (c *Client) accountList(ctx context.Context) (*accountList, error) {
	return c.accounts.get(ctx, func(ctx context.Context) (*accountList, error) {
		var list accountList
		if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath, want: http.StatusOK, decode: into(&list.all)}); err != nil {
			return nil, err
		}
		list.byID = make(map[string]int, len(list.all))
		for i := range list.all {
			list.byID[list.all[i].ID] = i
			c.knownOrg.Store(&list.all[i].OrgID)
		}
		return &list, nil
	})
}

// ServiceAccountFromList finds one account, without its roles, in the list that
// all callers share. Where the signer may not list accounts, it reads the
// account itself. An account that isn't there gives an error that IsNotFound knows.
func (c *Client) ServiceAccountFromList(ctx context.Context, id string) (*ServiceAccount, error) {
	if c.accountsRefused.Load() {
		return c.ServiceAccount(ctx, id)
	}
	list, err := c.accountList(ctx)
	if IsForbidden(err) {
		// One that isn't SigNoz's own, a proxy's say, may pass.
		c.accountsRefused.CompareAndSwap(false, answeredBySigNoz(err))
		return c.ServiceAccount(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	i, ok := list.byID[id]
	if !ok {
		return nil, &Error{
			Method: http.MethodGet, Path: accountsPath, Status: http.StatusNotFound,
			Code: codeAccountNotFound, Message: "the list of service accounts has no account with id " + id,
		}
	}
	account := list.all[i]
	return &account, nil
}

// Me reads the account whose key signs the requests.
func (c *Client) Me(ctx context.Context) (*ServiceAccount, error) {
	return c.me.get(ctx, func(ctx context.Context) (*ServiceAccount, error) {
		return c.readAccount(ctx, accountsPath+"/me")
	})
}

// OwnAccountID is the id of the account whose key signs the requests. It is asked
// for once: unlike the rest of what Me tells, no write changes it.
func (c *Client) OwnAccountID(ctx context.Context) (string, error) {
	return c.ownID.get(ctx, func(ctx context.Context) (string, error) {
		account, err := c.Me(ctx)
		if err != nil {
			return "", err
		}
		return account.ID, nil
	})
}

// OrgID is the id of the organisation that the requests are signed in to.
func (c *Client) OrgID(ctx context.Context) (string, error) {
	if session, ok := c.auth.(*userSession); ok {
		return session.organisationOnce(ctx, c)
	}
	account, err := c.Me(ctx)
	if err != nil {
		return "", err
	}
	return account.OrgID, nil
}

// KnownOrgID is the id of the organization that the requests are signed in to, as far as
// an answer has told it by now; empty otherwise. It asks nothing.
func (c *Client) KnownOrgID() string {
	if id := c.knownOrg.Load(); id != nil {
		return *id
	}
	return ""
}

// accountsChanged forgets what an own write may have changed.
func (c *Client) accountsChanged() {
	c.accounts.drop()
	c.me.drop()
}

// accountChanged is accountsChanged for a write to one account.
func (c *Client) accountChanged(id string) {
	c.accountsChanged()
	c.details.of(id).drop()
}

// rolesChanged is for a write to the roles of one account, which lists don't tell.
func (c *Client) rolesChanged(accountID string) {
	c.me.drop()
	c.details.of(accountID).drop()
}

type accountName struct {
	Name string `json:"name"`
}

// CreateServiceAccount makes an account and returns its id. If the answer is
// lost, it finds out whether the account was made, and returns the id of the
// account that this very call made; an account that was there before, or that somebody else
// made meanwhile, is never returned. It says so with an [*UnresolvedError] when it can't find out.
//
// How long that may take is the same as for [Client.CreateKey].
func (c *Client) CreateServiceAccount(ctx context.Context, name string) (string, error) {
	defer c.accountsChanged()
	var doubts doubts
	id, failure := c.postAccount(ctx, name, &doubts)
	if failure == nil || !doubts.any() {
		return id, failure
	}
	ctx, cancel := doubts.resolving(ctx, failure)
	defer cancel()
	account, err := c.findActive(ctx, name)
	if err != nil {
		return "", doubts.unresolved(err)
	}
	if account == nil { // after a 409 its e-mail address is taken, by an account that was renamed since
		return "", doubts.report(failure)
	}
	if !c.clock.knowsServer() {
		// The name is taken, so this makes nothing: its 409 tells the server's clock.
		id, err := c.postAccount(ctx, name, &doubts)
		if err == nil {
			return id, nil // the one in the way has gone meanwhile
		}
		if !IsConflict(err) {
			return "", doubts.unresolved(err)
		}
	}
	whose := c.clock.originOf(account.CreatedAt, &doubts)
	if whose == thisCreate {
		if whose, err = c.untouched(ctx, account); err != nil {
			return "", doubts.unresolved(err)
		}
	}
	switch {
	case whose == originUnknown && IsConflict(failure):
		return "", doubts.unresolved(failure)
	case whose == originUnknown:
		return "", doubts.unresolved(errMadeMeanwhile)
	case whose == somebodyElse || !c.claims.take(account.ID):
		return "", doubts.report(failure)
	}
	c.created.take(account.ID)
	return account.ID, nil
}

var errMadeMeanwhile = errors.New("an object of this name was made meanwhile, and it can't be told by whom")

func (c *Client) postAccount(ctx context.Context, name string, doubts *doubts) (string, error) {
	var created struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, call{
		method: http.MethodPost, path: accountsPath, body: accountName{name}, want: http.StatusCreated, creates: true, doubts: doubts,
		decode: func(data []byte) error {
			if err := into(&created)(data); err != nil || created.ID != "" {
				return err
			}
			return errors.New("the answer has no id")
		},
	})
	if err == nil {
		c.claims.take(created.ID)
		c.created.take(created.ID)
	}
	return created.ID, err
}

// untouched decides whether an account that was made during an attempt in doubt is as creating
// leaves it. One that was changed, or has roles or keys, somebody else has made.
func (c *Client) untouched(ctx context.Context, account *ServiceAccount) (origin, error) {
	if changedSince(account.CreatedAt, account.UpdatedAt) {
		return somebodyElse, nil
	}
	details, err := c.ServiceAccount(ctx, account.ID)
	if err != nil || len(details.Bindings) > 0 {
		return somebodyElse, err
	}
	keys, err := c.listKeys(ctx, account.ID)
	if err != nil && !IsForbidden(err) || len(keys) > 0 {
		return somebodyElse, err
	}
	return thisCreate, nil
}

// changedSince reports whether a time that SigNoz sets when it creates an object, and moves later,
// was moved. At first the two may be some microseconds apart.
func changedSince(created, moved time.Time) bool { return moved.Sub(created) > time.Millisecond }

// findActive asks the server, not the shared list, for the active account of that name.
func (c *Client) findActive(ctx context.Context, name string) (*ServiceAccount, error) {
	var list []ServiceAccount
	if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath, want: http.StatusOK, decode: into(&list)}); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Name == name && !list[i].Deleted() {
			return &list[i], nil
		}
	}
	return nil, nil
}

// RenameServiceAccount gives the account another name. Its e-mail address stays.
func (c *Client) RenameServiceAccount(ctx context.Context, id, name string) error {
	defer c.accountChanged(id)
	return c.do(ctx, call{method: http.MethodPut, path: accountsPath + segments(id), body: accountName{name}, want: http.StatusNoContent})
}

// DeleteServiceAccount deletes the account and with it revokes its keys.
// Deleting what is gone already succeeds: v0.118 answers 429 to deletions that
// it carried out, and 404 or 501 to the repeat.
func (c *Client) DeleteServiceAccount(ctx context.Context, id string) error {
	defer func() {
		c.accountChanged(id)
		c.keys.of(id).drop()
	}()
	err := c.do(ctx, call{method: http.MethodDelete, path: accountsPath + segments(id), want: http.StatusNoContent})
	if IsAccountNotFound(err) {
		return nil
	}
	return err
}
