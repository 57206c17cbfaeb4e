// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The methods of this file simulate changes made outside Terraform, such as in the web interface:
// they change the server's objects without a request. They panic on invalid arguments, which are a
// mistake of the test.

// lock locks the server's state; what happens before unlock happens now.
func (s *Server) lock() (now time.Time, unlock func()) {
	s.mu.Lock()
	return s.clock.Now().UTC(), s.mu.Unlock
}

// CreateAccount makes an account with roles in the first organisation. The
// name is not checked, so that accounts can be made which break today's rules,
// as those do that were migrated from legacy API keys.
func (s *Server) CreateAccount(name string, roles ...string) Account {
	now, unlock := s.lock()
	defer unlock()
	org := s.firstOrganisation()
	if org.byName[name] != nil || org.byEmail[accountEmail(name)] != nil {
		panic(fmt.Sprintf("signoztest: the account name %q or its email is taken", name))
	}
	a := s.state.addAccount(org, newUUID(now), name, now)
	for _, role := range roles {
		s.state.grant(a, mustRole(org, role), !s.traits.additiveRoles, now)
	}
	return snapshotAccount(a)
}

// RenameAccount renames an active account.
func (s *Server) RenameAccount(id, name string) {
	now, unlock := s.lock()
	defer unlock()
	a := s.mustAccount(id)
	if other := a.org.byName[name]; other != nil && other != a {
		panic(fmt.Sprintf("signoztest: the account name %q is taken", name))
	}
	s.state.renameAccount(a, name, now)
}

// DeleteAccount deletes an active account, softly as SigNoz does.
func (s *Server) DeleteAccount(id string) {
	now, unlock := s.lock()
	defer unlock()
	s.state.deleteAccount(s.mustAccount(id), now)
}

// GrantRole gives an active account a role by name; on v0.118 in place of the
// one it has.
func (s *Server) GrantRole(accountID, role string) {
	now, unlock := s.lock()
	defer unlock()
	a := s.mustAccount(accountID)
	s.state.grant(a, mustRole(a.org, role), !s.traits.additiveRoles, now)
}

// RevokeRole takes a role by name from an active account that has it.
func (s *Server) RevokeRole(accountID, role string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.mustAccount(accountID)
	b := a.binding(mustRole(a.org, role))
	if b == nil {
		panic(fmt.Sprintf("signoztest: account %q hasn't got the role %q", a.name, role))
	}
	s.state.unbind(b)
}

// CreateKey makes a key in an active account. A zero expiresAt means never;
// one in the past is fine here. Fractions of a second are cut off.
func (s *Server) CreateKey(accountID, name string, expiresAt time.Time) Key {
	now, unlock := s.lock()
	defer unlock()
	a := s.mustAccount(accountID)
	if a.keyNames[name] != nil {
		panic(fmt.Sprintf("signoztest: the key name %q is taken", name))
	}
	return snapshotKey(s.state.addKey(a, name, expirySeconds(expiresAt), now))
}

// UpdateKey sets the name and the expiry of a key, as CreateKey does.
func (s *Server) UpdateKey(accountID, keyID, name string, expiresAt time.Time) {
	now, unlock := s.lock()
	defer unlock()
	k := s.mustKey(accountID, keyID)
	if other := k.account.keyNames[name]; other != nil && other != k {
		panic(fmt.Sprintf("signoztest: the key name %q is taken", name))
	}
	s.state.updateKey(k, name, expirySeconds(expiresAt), now)
}

// RevokeKey revokes a key.
func (s *Server) RevokeKey(accountID, keyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.revokeKey(s.mustKey(accountID, keyID))
}

// CreateCustomRole makes a custom role in the first organisation, which only
// the enterprise edition can, and returns its id. Each permission is a verb on
// a kind of object, "serviceaccount:read", and on a single object if its id
// follows behind a space.
func (s *Server) CreateCustomRole(name string, permissions ...string) string {
	now, unlock := s.lock()
	defer unlock()
	org := s.firstOrganisation()
	if org.roleNamed(name) != nil {
		panic(fmt.Sprintf("signoztest: the role name %q is taken", name))
	}
	r := s.state.addRole(org, name, now)
	r.custom, r.permissions = true, permissions
	return r.id
}

// DeleteCustomRole deletes a custom role. SigNoz refuses while an account has
// it, a deleted one too: the error is the one it gives then.
func (s *Server) DeleteCustomRole(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.state.roles[id]
	if r == nil || !r.custom {
		panic(fmt.Sprintf("signoztest: there is no custom role %s", id))
	}
	if r.holders > 0 {
		return errors.New("role_has_service_account_assignees: role has active service account assignments, remove them before deleting")
	}
	delete(s.state.roles, r.id)
	r.org.roles = slices.DeleteFunc(r.org.roles, func(other *role) bool { return other == r })
	return nil
}

func (s *Server) firstOrganisation() *organisation {
	if len(s.state.orgs) == 0 {
		panic("signoztest: nobody has registered on this server yet")
	}
	return s.state.orgs[0]
}

func (s *Server) mustAccount(id string) *account {
	a := s.state.accounts[id]
	if a == nil || a.deleted {
		panic(fmt.Sprintf("signoztest: there is no active account %s", id))
	}
	return a
}

func (s *Server) mustKey(accountID, keyID string) *key {
	k := s.state.keys[keyID]
	if k == nil || k.account != s.mustAccount(accountID) {
		panic(fmt.Sprintf("signoztest: there is no key %s in account %s", keyID, accountID))
	}
	return k
}

func mustRole(org *organisation, name string) *role {
	r := org.roleNamed(name)
	if r == nil {
		panic(fmt.Sprintf("signoztest: there is no role %q", name))
	}
	return r
}

func expirySeconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.Unix())
}
