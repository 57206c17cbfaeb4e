// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// RoleNames lists, sorted, the names of the roles that the account holds.
func (a *ServiceAccount) RoleNames() []string {
	names := make([]string, 0, len(a.Bindings))
	for _, b := range a.Bindings {
		names = append(names, b.Role.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Binding finds the account's binding of a role; nil if the account doesn't hold the role.
func (a *ServiceAccount) Binding(role string) *RoleBinding {
	i := slices.IndexFunc(a.Bindings, func(b RoleBinding) bool { return b.Role.Name == role })
	if i < 0 {
		return nil
	}
	return &a.Bindings[i]
}

// UnknownRolesError says that SigNoz has no roles of these names.
type UnknownRolesError struct {
	Names []string
	Roles []Role // the existing roles; the slice is shared: don't change it
}

func (e *UnknownRolesError) Error() string {
	return "SigNoz has no role named " + strings.Join(e.Names, ", ")
}

// RoleHeldError says that the account holds the role already.
type RoleHeldError struct {
	Account *ServiceAccount
	Role    string
}

func (e *RoleHeldError) Error() string {
	return fmt.Sprintf("service account %q holds the role %s already", e.Account.Name, e.Role)
}

// OneRoleError says that the server keeps one role per account, as v0.118 to v0.122 do,
// so the account can't hold all roles that are wanted.
type OneRoleError struct {
	Version Version
	Account string   // its name, empty where it wasn't read
	Wanted  []string // the roles that the account should hold
	Held    []string // the roles that it holds; nil if they aren't known

	// Lost, when set, is the error of assigning the replaced role again.
	Lost error
}

func (e *OneRoleError) Error() string {
	text := fmt.Sprintf("this SigNoz (%s) keeps one role per service account (several are possible since v0.123), but %d are wanted: %s",
		e.Version, len(e.Wanted), strings.Join(e.Wanted, ", "))
	if e.Held != nil {
		text += ". The account has " + listRoles(e.Held) + " now"
	}
	if e.Lost != nil {
		text += ". Giving back the role that was replaced failed: " + e.Lost.Error()
	}
	return text
}

func (e *OneRoleError) Unwrap() error { return e.Lost }

func listRoles(names []string) string {
	if len(names) == 0 {
		return "no role"
	}
	return strings.Join(names, ", ")
}

// CheckRoles returns the roles that don't exist as an error value, nil if all exist.
// The second error says why the roles couldn't be listed.
func (c *Client) CheckRoles(ctx context.Context, names []string) (*UnknownRolesError, error) {
	_, err := c.rolesNamed(ctx, names)
	if unknown, ok := as[*UnknownRolesError](err); ok {
		return unknown, nil
	}
	return nil, err
}

// rolesNamed finds roles by name. Where one is unknown, it reads the list once more, since the role
// may be new, before it returns an [*UnknownRolesError].
func (c *Client) rolesNamed(ctx context.Context, names []string) (map[string]*Role, error) {
	if len(names) == 0 {
		return nil, nil
	}
	for again := false; ; again = true {
		roles, err := c.roles.get(ctx, c.listRoles)
		if err != nil {
			return nil, err
		}
		unknown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return roles.by[name] != nil })
		if len(unknown) == 0 {
			return roles.by, nil
		}
		if again {
			return nil, &UnknownRolesError{Names: unknown, Roles: roles.all}
		}
		c.roles.dropValue(roles)
	}
}

// SetRoles makes the account hold exactly the roles of these names. It grants the missing roles
// before it removes others. held lists the roles that the account holds afterwards, sorted; nil if
// they aren't known. Unknown names give an [*UnknownRolesError] before anything is changed. On a
// server that keeps one role per account, several names give a [*OneRoleError], and the account
// keeps a role that it had before.
//
// The account is read first, unless this client has just created it. If SetRoles has changed
// nothing after it read the account, the next [Client.SharedServiceAccount] needs no request.
func (c *Client) SetRoles(ctx context.Context, accountID string, names []string) (held []string, err error) {
	unlock := c.lockRoles(accountID)
	defer unlock()
	before := &ServiceAccount{ID: accountID}
	if _, isNew := c.newAccounts.LoadAndDelete(accountID); !isNew {
		if before, err = c.liveAccount(ctx, accountID); err != nil {
			return nil, err
		}
	}
	held = before.RoleNames()
	missing := without(names, held)
	roles, err := c.rolesNamed(ctx, missing)
	if err != nil {
		return held, err
	}
	if len(missing) > 0 && c.mayReplaceRoles() {
		if err := c.checkOneRole(ctx, before, names); err != nil {
			return held, err
		}
	}
	for _, role := range missing {
		_, err := c.assignRole(ctx, accountID, roles[role].ID)
		if left, err := c.confirm(ctx, accountID, role, true, err); err != nil {
			return left, fmt.Errorf("granting the role %s: %w", role, err)
		}
		held = append(held, role)
	}
	account := before
	if len(missing) > 0 && c.mayReplaceRoles() && (len(names) > 1 || len(before.Bindings) > 0) {
		// Assigning may have replaced what the account held.
		if account, err = c.lookAtRoles(ctx, accountID); err != nil {
			return nil, err
		}
		held = account.RoleNames()
		if len(without(names, held)) > 0 {
			return c.restoreRole(ctx, before, account, names)
		}
	}
	return c.takeOthers(ctx, account, names, held)
}

// takeOthers removes all roles from the account except those to keep.
func (c *Client) takeOthers(ctx context.Context, account *ServiceAccount, keep, held []string) ([]string, error) {
	for _, binding := range account.Bindings {
		role := binding.Role.Name
		if slices.Contains(keep, role) {
			continue
		}
		err := c.UnassignRole(ctx, account.ID, binding)
		if left, err := c.confirm(ctx, account.ID, role, false, err); err != nil {
			return left, fmt.Errorf("taking the role %s: %w", role, err)
		}
		held = without(held, []string{role})
	}
	slices.Sort(held)
	return slices.Compact(held), nil
}

// confirm reads the account after a role change that failed, since the server may have carried it
// out. Beside an error it returns the roles that the account holds, nil if they aren't known.
func (c *Client) confirm(ctx context.Context, accountID, role string, holds bool, failure error) ([]string, error) {
	if failure == nil {
		return nil, nil
	}
	account, err := c.lookAtRoles(ctx, accountID)
	switch {
	case err != nil:
		return nil, failure
	case (account.Binding(role) != nil) == holds && ctx.Err() == nil:
		return nil, nil
	}
	return account.RoleNames(), failure
}

// GrantRole grants an account one more role. It returns a [*RoleHeldError] if the account holds the
// role already, an [*AccountDeletedError] if it is deleted, and a [*OneRoleError] for a second role
// on a server that keeps one per account; the account then has its former role. After a failure,
// GrantRole reads the account and succeeds if the account holds the role now. An [*UnresolvedError]
// says that reading it failed too.
//
// The binding has no id if SigNoz granted the role but reading the id failed. A binding returned
// together with an error means that the account holds the role.
func (c *Client) GrantRole(ctx context.Context, accountID, role string) (RoleBinding, error) {
	roles, err := c.rolesNamed(ctx, []string{role})
	if err != nil {
		return RoleBinding{}, err
	}
	unlock := c.lockRoles(accountID)
	defer unlock()
	defer c.rolesChanged(accountID)
	c.newAccounts.Delete(accountID) // from now on the account may hold a role
	before, err := c.liveAccount(ctx, accountID)
	if err != nil {
		return RoleBinding{}, err
	}
	if before.Binding(role) != nil {
		return RoleBinding{}, &RoleHeldError{Account: before, Role: role}
	}
	if c.roleGeneration.Load() != generationBindings {
		if err := c.checkOneRole(ctx, before, append(before.RoleNames(), role)); err != nil {
			return RoleBinding{}, err
		}
	}
	binding := RoleBinding{RoleID: roles[role].ID, Role: *roles[role]}
	binding.ID, err = c.assignRole(ctx, accountID, binding.RoleID)
	if err == nil && binding.ID != "" {
		return binding, nil
	}
	return c.confirmGrant(ctx, before, binding, err)
}

// confirmGrant reads the account where assigning a role failed, or where the server doesn't return
// the binding's id and may have replaced another role.
func (c *Client) confirmGrant(ctx context.Context, before *ServiceAccount, binding RoleBinding, failure error) (RoleBinding, error) {
	role, held := binding.Role.Name, before.RoleNames()
	account, err := c.lookAtRoles(ctx, before.ID)
	switch {
	case IsAccountNotFound(err): // a deleted account holds no role
		return RoleBinding{}, cmp.Or(failure, err)
	case err != nil && failure != nil:
		return RoleBinding{}, &UnresolvedError{Lost: failure, Err: err}
	case err != nil:
		return binding, failure // failure is nil: the role is granted, only the binding's id is unknown
	}
	granted := account.Binding(role)
	if granted == nil {
		return RoleBinding{}, cmp.Or(failure, changedByOthers([]string{role}, account.RoleNames()))
	}
	if len(without(held, account.RoleNames())) > 0 {
		if _, one := c.keepsOneRole(ctx); one {
			left, err := c.restoreRole(ctx, before, account, append(held, role))
			if slices.Contains(left, role) {
				return *granted, err
			}
			return RoleBinding{}, err
		}
	}
	return *granted, nil
}

func changedByOthers(wanted, held []string) error {
	return fmt.Errorf("SigNoz accepted the roles %s, but the account has %s; somebody else may be changing it at the same time", listRoles(wanted), listRoles(held))
}

// RevokeRole removes the role of this name from the account. It succeeds if the account doesn't
// hold the role or doesn't exist any more.
func (c *Client) RevokeRole(ctx context.Context, accountID, role string) error {
	unlock := c.lockRoles(accountID)
	defer unlock()
	account, err := c.liveAccount(ctx, accountID)
	if IsAccountNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if binding := account.Binding(role); binding != nil {
		return c.UnassignRole(ctx, accountID, *binding)
	}
	return nil
}

// restoreRole handles an account that lacks a wanted role after an assignment. On a server that
// keeps one role per account, it assigns the former role again. It returns the roles that the account
// holds, and an error that says why they aren't the wanted ones.
func (c *Client) restoreRole(ctx context.Context, before, now *ServiceAccount, wanted []string) ([]string, error) {
	held := now.RoleNames()
	version, one := c.keepsOneRole(ctx)
	if !one || len(wanted) < 2 {
		return held, changedByOthers(wanted, held)
	}
	problem := &OneRoleError{Version: version, Account: now.Name, Wanted: wanted, Held: held}
	if len(before.Bindings) == 0 || now.Binding(before.Bindings[0].Role.Name) != nil {
		return held, problem
	}
	ctx, cancel := outlive(ctx, resolveTime)
	defer cancel()
	_, problem.Lost = c.assignRole(ctx, before.ID, before.Bindings[0].RoleID)
	problem.Held = []string{before.Bindings[0].Role.Name}
	if problem.Lost != nil {
		problem.Held = nil
		if now, err := c.ServiceAccount(ctx, before.ID); err == nil {
			problem.Held = now.RoleNames()
		}
	}
	return problem.Held, problem
}

// keepsOneRole reports whether assigning a role replaces the account's former role. It assumes so
// for a server of unknown version that has the older role calls.
func (c *Client) keepsOneRole(ctx context.Context) (Version, bool) {
	version, _ := c.ServerVersion(ctx) // empty where it can't be read
	_, _, known := version.numbers()
	return version, version.OneRoleOnly() || (!known && c.mayReplaceRoles())
}

// CheckRoleCount returns a [*OneRoleError] where more than one role is wanted and the server
// is known to keep one per account. held is what the account holds now.
func (c *Client) CheckRoleCount(ctx context.Context, wanted, held []string) error {
	if len(wanted) < 2 {
		return nil
	}
	version, err := c.ServerVersion(ctx)
	if err != nil || !version.OneRoleOnly() {
		return nil //nolint:nilerr // the apply finds out
	}
	return &OneRoleError{Version: version, Wanted: wanted, Held: held}
}

// checkOneRole is CheckRoleCount for an account that was read.
func (c *Client) checkOneRole(ctx context.Context, account *ServiceAccount, wanted []string) error {
	err := c.CheckRoleCount(ctx, wanted, account.RoleNames())
	if one, ok := as[*OneRoleError](err); ok {
		one.Account = account.Name
	}
	return err
}

// lookAtRoles reads the account after a change of its roles, even if the run was cancelled.
func (c *Client) lookAtRoles(ctx context.Context, id string) (*ServiceAccount, error) {
	ctx, release := outlive(ctx, resolveTime)
	defer release()
	return c.liveAccount(ctx, id)
}

// without lists what a has and b lacks.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// lockRoles serializes the changes of an account's roles if assigning one may replace another:
// two concurrent changes would each find that the account has no role.
func (c *Client) lockRoles(accountID string) (unlock func()) {
	if c.roleGeneration.Load() == generationBindings {
		return func() {}
	}
	lock := c.roleLocks.of(accountID)
	lock.Lock()
	return lock.Unlock
}

// RemoveServiceAccount unassigns the account's custom roles, and then deletes it: SigNoz keeps the
// bindings of deleted accounts, and a custom role that is bound to one can never be deleted. Where
// the organization has no custom roles, as in the community edition, the account isn't read.
// An account that doesn't exist any more is success.
func (c *Client) RemoveServiceAccount(ctx context.Context, id string) error {
	roles, err := c.Roles(ctx)
	if err != nil {
		return fmt.Errorf("looking for custom roles to remove from it first: %w", err)
	}
	if slices.ContainsFunc(roles, func(role Role) bool { return role.Custom() }) {
		account, err := c.ServiceAccount(ctx, id)
		if IsAccountNotFound(err) || (err == nil && account.Deleted()) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, binding := range account.Bindings {
			if !binding.Role.Custom() {
				continue
			}
			if err := c.UnassignRole(ctx, id, binding); err != nil {
				return fmt.Errorf("removing the custom role %s: %w", binding.Role.Name, err)
			}
		}
	}
	return c.DeleteServiceAccount(ctx, id)
}
