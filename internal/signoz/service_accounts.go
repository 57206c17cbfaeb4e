// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
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

	Bindings []RoleBinding `json:"serviceAccountRoles"` // the roles that it holds; nil in lists
}

// RoleBinding says that an account holds a role.
type RoleBinding struct {
	ID     string `json:"id"`
	RoleID string `json:"roleId"`
	Role   Role   `json:"role"`
}

// Deleted reports whether the account was deleted. The server still reads and lists such an
// account, but none of its keys work, and its name is free again.
func (a *ServiceAccount) Deleted() bool { return a.Status == "deleted" }

// AccountDeletedError says that the account was deleted. Deleted accounts can't be brought back.
type AccountDeletedError struct{ Account *ServiceAccount }

func (e *AccountDeletedError) Error() string {
	return "service account " + strconv.Quote(e.Account.Name) + " was deleted"
}

const accountsPath = "/api/v1/service_accounts"

// ServiceAccount reads one account with its roles, also a deleted one.
func (c *Client) ServiceAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	return c.readAccount(ctx, id, id)
}

// readAccount reads an account and checks its id (any, if wantedID is empty): a proxy may return the
// answer to another request, and the account would then seem to be changed or gone.
func (c *Client) readAccount(ctx context.Context, segment, wantedID string) (*ServiceAccount, error) {
	var account ServiceAccount
	decode := require(into(&account), func() bool { return account.ID != "" }, "the account has no id")
	decode = require(decode, func() bool { return wantedID == "" || strings.EqualFold(account.ID, wantedID) }, "it is about an account with another id")
	if err := c.do(ctx, call{method: http.MethodGet, path: below(accountsPath, segment), want: http.StatusOK, decode: decode}); err != nil {
		return nil, err
	}
	c.knownOrg.Store(&account.OrgID)
	return &account, nil
}

// SharedServiceAccount is ServiceAccount with a shared answer, which is kept until a write of this
// client may have changed the account. Don't change the account that it returns.
func (c *Client) SharedServiceAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	return c.details.of(id).get(ctx, func(ctx context.Context) (*ServiceAccount, error) {
		return c.ServiceAccount(ctx, id)
	})
}

// liveAccount reads the account anew. A deleted one is an [*AccountDeletedError].
func (c *Client) liveAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	c.details.of(id).drop()
	account, err := c.SharedServiceAccount(ctx, id)
	if err == nil && account.Deleted() {
		return nil, &AccountDeletedError{Account: account}
	}
	return account, err
}

// ServiceAccounts lists all accounts, deleted ones included, without roles. The
// slice is shared: don't change it.
func (c *Client) ServiceAccounts(ctx context.Context) ([]ServiceAccount, error) {
	accounts, err := c.accounts.get(ctx, c.listAccounts)
	return accounts.items(), err
}

func (c *Client) listAccounts(ctx context.Context) (*list[ServiceAccount], error) {
	var all []ServiceAccount
	if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath, want: http.StatusOK, decode: into(&all)}); err != nil {
		return nil, err
	}
	if len(all) > 0 {
		c.knownOrg.Store(&all[0].OrgID) // all are of one organisation
	}
	return newList(all, func(a *ServiceAccount) string { return a.ID }), nil
}

// ServiceAccountFromList finds one account, without its roles, in the list that all callers share,
// or reads the account itself if the signer may not list accounts. If there is no such account,
// IsAccountNotFound is true for the error.
func (c *Client) ServiceAccountFromList(ctx context.Context, id string) (*ServiceAccount, error) {
	if c.accountsRefused.Load() {
		return c.ServiceAccount(ctx, id)
	}
	accounts, err := c.accounts.get(ctx, c.listAccounts)
	if IsForbidden(err) {
		c.accountsRefused.CompareAndSwap(false, answeredBySigNoz(err)) // a proxy's 403 may pass
		return c.ServiceAccount(ctx, id)
	}
	if account := accounts.find(id); account != nil || err != nil {
		return account, err
	}
	return nil, &Error{
		Method: http.MethodGet, Path: accountsPath, Status: http.StatusNotFound,
		Code: codeAccountNotFound, Message: "the list of service accounts has no account with id " + id,
	}
}

// Me reads the account whose key signs the requests.
func (c *Client) Me(ctx context.Context) (*ServiceAccount, error) {
	return c.me.get(ctx, func(ctx context.Context) (*ServiceAccount, error) {
		return c.readAccount(ctx, "me", "")
	})
}

// OwnAccountID is the id of the account whose key signs the requests. It is asked for once: no
// write changes it.
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
	if c.SignsAsUser() {
		return c.orgToSignIn.get(ctx, c.findOrgToSignIn)
	}
	account, err := c.Me(ctx)
	if err != nil {
		return "", err
	}
	return account.OrgID, nil
}

// KnownOrgID is the id of the organization that the requests are signed in to, as far as an
// answer has shown it by now; empty otherwise. It sends nothing.
func (c *Client) KnownOrgID() string { return *c.knownOrg.Load() }

// accountChanged drops the shared answers that a write to an account may have made stale.
func (c *Client) accountChanged(id string) {
	c.accounts.drop()
	c.rolesChanged(id)
}

// rolesChanged is accountChanged for the roles of an account, which lists don't have.
func (c *Client) rolesChanged(id string) {
	c.me.drop()
	c.details.of(id).drop()
}

// CreateServiceAccount makes an account and returns its id. If the answer is lost, it returns the
// id of the account that this very call made, never of one that was there before or that somebody
// else made meanwhile. An [*UnresolvedError] says that it couldn't find out. It takes as long as
// [Client.CreateKey] may.
func (c *Client) CreateServiceAccount(ctx context.Context, name string) (string, error) {
	defer c.accounts.drop()
	doubts := newDoubts()
	id, failure := c.postAccount(ctx, name, doubts)
	if failure == nil || !doubts.any() {
		return id, failure
	}
	ctx, cancel := doubts.resolving(ctx, failure)
	defer cancel()
	account, err := c.findActive(ctx, name)
	if err != nil {
		return "", doubts.unresolved(err)
	}
	if account == nil { // a 409 then means that a renamed account still has the e-mail address
		return "", doubts.report(failure)
	}
	if !c.clock.known() {
		// The name is taken, so this create fails, and clock learns the server's time from its 409.
		id, err := c.postAccount(ctx, name, doubts)
		if err == nil {
			return id, nil // the name has become free meanwhile
		}
		if !IsConflict(err) {
			return "", doubts.unresolved(err)
		}
	}
	whose := c.clock.originOf(account.CreatedAt, doubts)
	if whose == thisCreate {
		if whose, err = c.untouched(ctx, account); err != nil {
			return "", doubts.unresolved(err)
		}
	}
	switch {
	case whose == originUnknown:
		return "", doubts.unresolved(madeMeanwhile(failure))
	case whose == somebodyElse || !c.claim(account.ID):
		return "", doubts.report(failure)
	}
	c.newAccounts.Store(account.ID, nil)
	return account.ID, nil
}

// madeMeanwhile is the error for an object of unknown origin that has the name of a failed create.
func madeMeanwhile(failure error) error {
	if IsConflict(failure) {
		return failure
	}
	return errors.New("an object of this name was made meanwhile, and it isn't known by whom")
}

// claim notes that a create returns the object with this id, and reports whether no other create has
// returned it: two resources may have the same name by mistake.
func (c *Client) claim(id string) bool {
	_, taken := c.claimed.LoadOrStore(id, nil)
	return !taken
}

func (c *Client) postAccount(ctx context.Context, name string, doubts *doubts) (string, error) {
	var created ServiceAccount // the answer has only the id
	err := c.do(ctx, call{
		method: http.MethodPost, path: accountsPath, body: map[string]string{"name": name}, want: http.StatusCreated, doubts: doubts,
		decode: require(into(&created), func() bool { return created.ID != "" }, "the answer has no id"),
	})
	if err != nil {
		return "", err
	}
	c.claim(created.ID)
	c.newAccounts.Store(created.ID, nil)
	return created.ID, nil
}

// untouched decides who made an account that was made during an attempt in doubt: somebody else
// where it was changed since, or has roles or keys.
func (c *Client) untouched(ctx context.Context, account *ServiceAccount) (origin, error) {
	if changedSince(account.CreatedAt, account.UpdatedAt) {
		return somebodyElse, nil
	}
	details, err := c.ServiceAccount(ctx, account.ID)
	if err != nil || len(details.Bindings) > 0 {
		return somebodyElse, err
	}
	keys, err := c.FreshKeys(ctx, account.ID)
	if err != nil && !IsForbidden(err) || len(keys) > 0 {
		return somebodyElse, err
	}
	return thisCreate, nil
}

// changedSince reports whether a time that SigNoz sets when it creates an object was moved since.
// At first it may be some microseconds later than the creation; no use or change is that soon.
func changedSince(created, moved time.Time) bool { return moved.Sub(created) >= time.Millisecond }

// findActive asks the server, not the list read before, for the active account of that name.
func (c *Client) findActive(ctx context.Context, name string) (*ServiceAccount, error) {
	c.accounts.drop()
	accounts, err := c.ServiceAccounts(ctx)
	i := slices.IndexFunc(accounts, func(a ServiceAccount) bool { return a.Name == name && !a.Deleted() })
	if i < 0 {
		return nil, err
	}
	return &accounts[i], nil
}

// RenameServiceAccount gives the account another name. Its e-mail address stays.
func (c *Client) RenameServiceAccount(ctx context.Context, id, name string) error {
	defer c.accountChanged(id)
	return c.do(ctx, call{method: http.MethodPut, path: below(accountsPath, id), body: map[string]string{"name": name}, want: http.StatusNoContent})
}

// DeleteServiceAccount deletes the account and revokes its keys. Deleting what is gone already
// succeeds: v0.118 answers 429 to deletions that it carried out, and 404 or 501 to the retry.
func (c *Client) DeleteServiceAccount(ctx context.Context, id string) error {
	defer c.accountChanged(id)
	defer c.keys.of(id).drop()
	err := c.do(ctx, call{method: http.MethodDelete, path: below(accountsPath, id), want: http.StatusNoContent})
	if IsAccountNotFound(err) {
		return nil
	}
	return err
}
