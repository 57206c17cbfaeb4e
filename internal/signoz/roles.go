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
	return c.roles.get(ctx, func(ctx context.Context) ([]Role, error) {
		var roles []Role
		if err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/roles", want: http.StatusOK, decode: into(&roles)}); err != nil {
			return nil, err
		}
		return roles, nil
	})
}

// RefreshRoles makes the next Roles ask the server again, for a role that may
// have been made since.
func (c *Client) RefreshRoles() { c.roles.drop() }

// The API of roles had three generations. Since v0.132 a binding is an object of
// its own, service_account_roles; up to v0.138 roles could be assigned below the
// account. Servers answer calls that they lack with their web page, and that is
// how the client tells them apart; which one worked last is remembered.
const bindingsPath = "/api/v1/service_account_roles"

// AssignRole gives a role to an account. Assigning a role that the account has
// already succeeds. On v0.118 to v0.122 an account has one role, and assigning
// replaces it. The binding's id is empty where the server doesn't tell it.
func (c *Client) AssignRole(ctx context.Context, accountID, roleID string) (bindingID string, err error) {
	defer c.rolesChanged(accountID)
	err = c.byGeneration(ctx,
		func(retrying func()) (err error) {
			bindingID, err = c.assignByBinding(ctx, accountID, roleID, retrying)
			return err
		},
		func(retrying func()) error { return c.assignNested(ctx, accountID, roleID, retrying) })
	return bindingID, err
}

// MayReplaceRoles reports whether assigning a role may have replaced the one before: the
// server has only the calls of the generations that include v0.118 to v0.122.
func (c *Client) MayReplaceRoles() bool { return c.roleGeneration.Load() == generationNested }

// UnassignRole takes a role from an account. Taking one that it doesn't have
// (any more) succeeds.
func (c *Client) UnassignRole(ctx context.Context, accountID string, binding RoleBinding) error {
	defer c.rolesChanged(accountID)
	err := c.byGeneration(ctx,
		func(retrying func()) error {
			return c.do(ctx, call{method: http.MethodDelete, path: bindingsPath + segments(binding.ID), want: http.StatusNoContent, retrying: retrying})
		},
		func(retrying func()) error {
			path := accountsPath + segments(accountID) + "/roles" + segments(binding.RoleID)
			return c.do(ctx, call{method: http.MethodDelete, path: path, want: http.StatusNoContent, retrying: retrying})
		})
	if IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Client) assignByBinding(ctx context.Context, accountID, roleID string, retrying func()) (string, error) {
	body := struct {
		AccountID string `json:"serviceAccountId"`
		RoleID    string `json:"roleId"`
	}{accountID, roleID}
	// Not marked as creating: assigned twice, the server answers with the same
	// binding, so this POST may be repeated like a PUT.
	var binding struct {
		ID string `json:"id"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: bindingsPath, body: body, want: http.StatusCreated, retrying: retrying, decode: into(&binding)})
	return binding.ID, err
}

func (c *Client) assignNested(ctx context.Context, accountID, roleID string, retrying func()) error {
	body := struct {
		ID string `json:"id"`
	}{roleID}
	return c.do(ctx, call{method: http.MethodPost, path: accountsPath + segments(accountID) + "/roles", body: body, want: http.StatusNoContent, retrying: retrying})
}

// ErrNoRoleCall says that the server knows neither way of assigning roles.
var ErrNoRoleCall = errors.New("the server has no call for the roles of service accounts")

// roleGeneration is which of the two ways a server is thought to have.
type roleGeneration = int32

const (
	generationUnknown roleGeneration = iota
	generationBindings
	generationNested
)

// byGeneration tries the way that this server is thought to have and, where it
// lacks the call, the other. Only a way that worked is remembered: after a web
// page that came for another reason, from a proxy say, servers that have both ways
// are used by the older one, and others as before.
func (c *Client) byGeneration(ctx context.Context, byBinding, nested func(retrying func()) error) error {
	release, err := c.awaitGeneration(ctx)
	if err != nil {
		return err
	}
	defer release()

	type way struct {
		generation roleGeneration
		try        func(retrying func()) error
	}
	first, second := way{generationBindings, byBinding}, way{generationNested, nested}
	if c.roleGeneration.Load() == generationNested {
		first, second = second, first
	}
	// The first once more, since its web page may have been a proxy's.
	for _, w := range []way{first, second, first} {
		err = w.try(release)
		if lacksCall(err) {
			continue
		}
		if answeredBySigNoz(err) {
			c.roleGeneration.Store(w.generation)
		}
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoRoleCall, err)
}

// awaitGeneration lets the first call of all go ahead and find the server's generation
// out, so that twenty workers don't all learn the same. The others wait until it
// calls release, which it does at the latest when its first attempt has failed: while a
// server is failing, each call waits for itself alone.
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
