// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Account is a copy of a service account.
type Account struct {
	ID        string
	Name      string
	Email     string
	OrgID     string
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
	// Roles are the names of the account's roles, sorted. A deleted account
	// keeps them.
	Roles []string
}

// Key is a copy of an API key.
type Key struct {
	ID        string
	AccountID string
	Name      string
	Value     string
	// ExpiresAt is zero for a key that never expires.
	ExpiresAt      time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	LastObservedAt time.Time
}

// Request is a request that came to the server.
type Request struct {
	// Time is when it came, by the server's clock.
	Time time.Time
	// Duration is how long it took, in real time; 0 while it is under way.
	Duration time.Duration
	Method   string
	// Path is the path below the base path, and the whole path outside of it.
	Path   string
	Query  string
	Header http.Header
	Body   []byte
	// Status is what was answered, or would have been where a fault kept the
	// answer back; 0 for a request that was not carried out and not answered.
	Status int
	// Caller is the name of the account or the email of the user who signed
	// the request; "" for nobody, or when it was not carried out.
	Caller string
	// Fault describes the fault that struck, "" for none.
	Fault string
}

func snapshotAccount(a *account) Account {
	roles := make([]string, 0, len(a.bindings))
	for _, b := range a.bindings {
		roles = append(roles, b.role.name)
	}
	slices.Sort(roles)
	return Account{a.id, a.name, a.email, a.org.id, a.deleted, a.created, a.updated, roles}
}

func snapshotKey(k *key) Key {
	expiresAt := time.Time{}
	if k.expiresAt != 0 {
		expiresAt = time.Unix(int64(k.expiresAt), 0).UTC()
	}
	return Key{k.id, k.account.id, k.name, k.value, expiresAt, k.created, k.updated, k.observed}
}

// Accounts returns all accounts in order of creation, deleted ones too.
func (s *Server) Accounts() []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Account{}
	for _, org := range s.state.orgs {
		for _, a := range org.accounts {
			out = append(out, snapshotAccount(a))
		}
	}
	return out
}

// ActiveAccounts returns the accounts that aren't deleted, in order of creation.
func (s *Server) ActiveAccounts() []Account {
	return slices.DeleteFunc(s.Accounts(), func(a Account) bool { return a.Deleted })
}

// Account returns the account with an id, deleted or not.
func (s *Server) Account(id string) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.accounts[id]
	if a == nil {
		return Account{}, false
	}
	return snapshotAccount(a), true
}

// AccountByName returns the active account of a name.
func (s *Server) AccountByName(name string) (Account, bool) {
	for _, a := range s.ActiveAccounts() {
		if a.Name == name {
			return a, true
		}
	}
	return Account{}, false
}

// Keys returns the keys of an account in order of creation, expired ones too;
// none for an account that is deleted or isn't there.
func (s *Server) Keys(accountID string) []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Key{}
	if a := s.state.accounts[accountID]; a != nil {
		for _, k := range a.keys {
			out = append(out, snapshotKey(k))
		}
	}
	return out
}

// AllKeys returns the keys of all active accounts, account by account.
func (s *Server) AllKeys() []Key {
	out := []Key{}
	for _, a := range s.ActiveAccounts() {
		out = append(out, s.Keys(a.ID)...)
	}
	return out
}

// KeyByName returns the key of a name in an account.
func (s *Server) KeyByName(accountID, name string) (Key, bool) {
	for _, k := range s.Keys(accountID) {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

// KeyWorks reports whether a key's value would be let in now. Asking doesn't
// count as use.
func (s *Server) KeyWorks(value string) bool {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.state.keyValues[value]
	return k != nil && !k.expired(now)
}

// RoleID returns the id of a role of the first organisation that has it, ""
// if none does.
func (s *Server) RoleID(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, org := range s.state.orgs {
		if r := org.roleNamed(name); r != nil {
			return r.id
		}
	}
	return ""
}

// Requests returns the requests that came since the start or ResetRequests, in
// order of arrival, those under way too.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, 0, len(s.log.entries))
	for _, r := range s.log.entries {
		out = append(out, r.clone())
	}
	return out
}

// ResetRequests forgets the requests that came so far.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries = nil
}

// CountRequests counts the requests with a method and a path, "" for any. In
// the path, below the base path, * stands for any one segment and ** for one
// or more.
func (s *Server) CountRequests(method, pathPattern string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	n := 0
	for _, r := range s.log.entries {
		if (method == "" || method == r.Method) && matchPath(pathPattern, r.Path) {
			n++
		}
	}
	return n
}

// matchPath matches a path as CountRequests says.
func matchPath(pattern, path string) bool {
	if pattern == "" {
		return true
	}
	return matchSegments(strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.TrimPrefix(path, "/"), "/"))
}

func matchSegments(pattern, path []string) bool {
	if len(pattern) == 0 || len(path) == 0 {
		return len(pattern) == len(path)
	}
	if pattern[0] == "**" {
		return matchSegments(pattern[1:], path[1:]) || matchSegments(pattern, path[1:])
	}
	if pattern[0] != "*" && pattern[0] != path[0] {
		return false
	}
	return matchSegments(pattern[1:], path[1:])
}

// requestLog holds the requests that came.
type requestLog struct {
	mu       sync.Mutex
	entries  []*Request
	underWay int
	idle     sync.Cond // nothing is under way
}

func (l *requestLog) begin(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, r)
	l.underWay++
}

// update changes a request in the log, whose lock guards it.
func (l *requestLog) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *requestLog) finish(r *Request, took time.Duration) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Duration = took
	l.underWay--
	if l.underWay == 0 {
		l.idle.Broadcast()
	}
	return r.clone()
}

// waitIdle returns once no request is under way. Among those that are may be
// some whose client has left long ago, see [Fault].
func (l *requestLog) waitIdle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.underWay > 0 {
		l.idle.Wait()
	}
}

func (r *Request) clone() Request {
	out := *r
	out.Header = r.Header.Clone()
	out.Body = slices.Clone(r.Body)
	return out
}
