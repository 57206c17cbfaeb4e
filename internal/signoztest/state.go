// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/json"
	"slices"
	"time"
)

// state is what the server holds. Its owner, the Server, locks around every
// use; nothing that a handler returns may point into it.
type state struct {
	orgs      []*organisation
	users     []*user
	accounts  map[string]*account
	keys      map[string]*key
	keyValues map[string]*key
	roles     map[string]*role
	bindings  map[string]*binding
	sessions  map[string]session // by access token
}

func newState() *state {
	return &state{
		accounts:  make(map[string]*account),
		keys:      make(map[string]*key),
		keyValues: make(map[string]*key),
		roles:     make(map[string]*role),
		bindings:  make(map[string]*binding),
		sessions:  make(map[string]session),
	}
}

// organisation holds accounts and roles. Names and emails are unique among its
// active accounts only, so the indexes don't hold deleted ones.
type organisation struct {
	id       string
	name     string
	accounts []*account // in order of creation, deleted ones too
	byName   map[string]*account
	byEmail  map[string]*account
	roles    []*role
}

type user struct {
	id       string
	name     string
	email    string
	password string
	ssoOnly  bool
	org      *organisation
	created  time.Time
}

type account struct {
	id       string
	name     string
	email    string
	deleted  bool
	org      *organisation
	created  time.Time
	updated  time.Time
	bindings []*binding
	keys     []*key // in order of creation
	keyNames map[string]*key
}

type key struct {
	id        string
	account   *account
	name      string
	value     string
	expiresAt uint64 // unix seconds, 0: never
	created   time.Time
	updated   time.Time
	observed  time.Time
}

type role struct {
	id          string
	name        string
	description string
	custom      bool
	org         *organisation
	created     time.Time
	holders     int // bindings to it, those of deleted accounts too
	// permissions are those of a custom role, see Server.CreateCustomRole.
	permissions []string
	// transactionGroups never change once made, so answers may share them.
	transactionGroups json.RawMessage
}

type binding struct {
	id      string
	account *account
	role    *role
	created time.Time
}

func (k *key) expired(now time.Time) bool {
	return inPast(k.expiresAt, now)
}

// inPast reports whether an expiry (unix seconds, 0: never) lies before now.
// The conversion wraps for absurd values, as it does in SigNoz.
func inPast(expiresAt uint64, now time.Time) bool {
	return expiresAt != 0 && now.After(time.Unix(int64(expiresAt), 0))
}

// binding returns the account's binding of a role, if it has one.
func (a *account) binding(r *role) *binding {
	for _, b := range a.bindings {
		if b.role == r {
			return b
		}
	}
	return nil
}

func (st *state) addOrganisation(id, name string, now time.Time) *organisation {
	org := &organisation{
		id: id, name: name,
		byName:  make(map[string]*account),
		byEmail: make(map[string]*account),
	}
	st.orgs = append(st.orgs, org)
	for _, nameAndDescription := range managedRoles() {
		st.addRole(org, nameAndDescription[0], now).description = nameAndDescription[1]
	}
	return org
}

func (st *state) addRole(org *organisation, name string, now time.Time) *role {
	r := &role{id: newUUID(now), name: name, org: org, created: now, transactionGroups: transactionGroupsOf(name)}
	org.roles = append(org.roles, r)
	st.roles[r.id] = r
	return r
}

func (org *organisation) roleNamed(name string) *role {
	for _, r := range org.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

func (st *state) addUser(org *organisation, name, email, password string, now time.Time) *user {
	u := &user{id: newUUID(now), name: name, email: email, password: password, org: org, created: now}
	st.users = append(st.users, u)
	return u
}

// addAccount makes an active account. The caller has seen that name and email are free.
func (st *state) addAccount(org *organisation, id, name string, now time.Time) *account {
	a := &account{
		id: id, name: name, email: accountEmail(name), org: org,
		created: now, updated: now, keyNames: make(map[string]*key),
	}
	st.accounts[a.id] = a
	org.accounts = append(org.accounts, a)
	org.byName[a.name] = a
	org.byEmail[a.email] = a
	return a
}

func (st *state) renameAccount(a *account, name string, now time.Time) {
	delete(a.org.byName, a.name)
	a.name = name
	a.updated = now
	a.org.byName[name] = a
}

// deleteAccount marks an account deleted and revokes its keys. Its role
// bindings stay, as history.
func (st *state) deleteAccount(a *account, now time.Time) {
	for _, k := range a.keys {
		delete(st.keys, k.id)
		delete(st.keyValues, k.value)
	}
	a.keys = nil
	a.keyNames = make(map[string]*key)
	delete(a.org.byName, a.name)
	delete(a.org.byEmail, a.email)
	a.deleted = true
	a.updated = now
}

func (st *state) addKey(a *account, name string, expiresAt uint64, now time.Time) *key {
	k := &key{
		id: newUUID(now), account: a, name: name, value: newKeyValue(),
		expiresAt: expiresAt, created: now, updated: now, observed: now,
	}
	st.keys[k.id] = k
	st.keyValues[k.value] = k
	a.keys = append(a.keys, k)
	a.keyNames[name] = k
	return k
}

func (st *state) updateKey(k *key, name string, expiresAt uint64, now time.Time) {
	delete(k.account.keyNames, k.name)
	k.name = name
	k.expiresAt = expiresAt
	k.updated = now
	k.account.keyNames[name] = k
}

func (st *state) revokeKey(k *key) {
	delete(st.keys, k.id)
	delete(st.keyValues, k.value)
	delete(k.account.keyNames, k.name)
	at := slices.Index(k.account.keys, k)
	k.account.keys = slices.Delete(k.account.keys, at, at+1)
}

// grant gives an account a role, once. With replace it is the only one after.
func (st *state) grant(a *account, r *role, replace bool, now time.Time) *binding {
	held := a.binding(r)
	if replace {
		for _, b := range slices.Clone(a.bindings) {
			if b != held {
				st.unbind(b)
			}
		}
	}
	if held != nil {
		return held
	}
	b := &binding{id: newUUID(now), account: a, role: r, created: now}
	a.bindings = append(a.bindings, b)
	st.bindings[b.id] = b
	r.holders++
	return b
}

func (st *state) unbind(b *binding) {
	delete(st.bindings, b.id)
	b.role.holders--
	b.account.bindings = slices.DeleteFunc(b.account.bindings, func(other *binding) bool { return other == b })
}
