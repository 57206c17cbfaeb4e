// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// Role is a set of permissions that an account can hold.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"` // managed (SigNoz's own) or custom
}

// Custom reports whether the role was made by the organisation.
func (r *Role) Custom() bool { return r.Type == "custom" }

// Roles lists the roles of the organisation. The slice is shared: don't change it.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	roles, err := c.roles.get(ctx, c.listRoles)
	return roles.items(), err
}

func (c *Client) listRoles(ctx context.Context) (*list[Role], error) {
	var all []Role
	err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/roles", want: http.StatusOK, decode: into(&all)})
	return newList(all, func(r *Role) string { return r.Name }), err
}

// The API has two kinds of calls to assign roles. Since v0.132 a binding is an object of its own,
// service_account_roles; up to v0.138 there are calls below the account's path. SigNoz answers a call
// that it lacks with its web page: the client then tries the other, and remembers which one worked.
const bindingsPath = "/api/v1/service_account_roles"

// roleGeneration is the kind of role calls that worked last.
type roleGeneration = int32

const (
	generationUnknown roleGeneration = iota
	generationBindings
	generationNested // assigning may replace the account's role: it does on v0.118 to v0.122
)

func (c *Client) mayReplaceRoles() bool { return c.roleGeneration.Load() == generationNested }

// assignRole gives a role to an account. Assigning a role that the account has
// already succeeds. The binding's id is empty where the server doesn't return it.
func (c *Client) assignRole(ctx context.Context, accountID, roleID string) (bindingID string, err error) {
	defer c.rolesChanged(accountID)
	binding := struct {
		AccountID string `json:"serviceAccountId"`
		RoleID    string `json:"roleId"`
	}{accountID, roleID}
	var created RoleBinding // the answer has only the id
	// Assigning a role again returns the same binding: these POSTs are idempotent and need no doubts.
	err = c.byGeneration(ctx,
		call{method: http.MethodPost, path: bindingsPath, body: binding, want: http.StatusCreated, decode: into(&created)},
		call{method: http.MethodPost, path: below(accountsPath, accountID) + "/roles", body: map[string]string{"id": roleID}, want: http.StatusNoContent})
	return created.ID, err
}

// UnassignRole takes a role from an account. Taking one that it doesn't have
// (any more) succeeds.
func (c *Client) UnassignRole(ctx context.Context, accountID string, binding RoleBinding) error {
	defer c.rolesChanged(accountID)
	err := c.byGeneration(ctx,
		call{method: http.MethodDelete, path: below(bindingsPath, binding.ID), want: http.StatusNoContent},
		call{method: http.MethodDelete, path: below(below(accountsPath, accountID)+"/roles", binding.RoleID), want: http.StatusNoContent})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// ErrNoRoleCall says that the server has the calls of neither generation.
var ErrNoRoleCall = errors.New("the server has no call for the roles of service accounts")

// byGeneration sends the call that worked last and, if the server lacks it, the other one. It
// remembers only a call that SigNoz answered: a web page may come from a proxy.
func (c *Client) byGeneration(ctx context.Context, byBinding, nested call) error {
	release, err := c.awaitGeneration(ctx)
	if err != nil {
		return err
	}
	defer release()
	calls := map[roleGeneration]call{generationBindings: byBinding, generationNested: nested}
	first, second := generationBindings, generationNested
	if c.mayReplaceRoles() {
		first, second = second, first
	}
	for _, generation := range []roleGeneration{first, second, first} {
		call := calls[generation]
		call.retrying = release
		err = c.do(ctx, call)
		if lacksCall(err) {
			continue
		}
		if answeredBySigNoz(err) {
			c.roleGeneration.Store(generation)
		}
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoRoleCall, err)
}

// awaitGeneration lets the first role call find out which kind the server has, so that parallel
// workers don't all try the wrong one. The others wait until the first call is done or about to be
// retried: while the server is failing, no call waits for the retries of another.
func (c *Client) awaitGeneration(ctx context.Context) (release func(), err error) {
	if c.asking.CompareAndSwap(false, true) {
		return sync.OnceFunc(func() { close(c.asked) }), nil
	}
	select {
	case <-c.asked:
		return func() {}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
