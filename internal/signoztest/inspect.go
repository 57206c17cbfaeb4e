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

// Account is a service account as the server holds it, at one moment.
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

// Key is an API key as the server holds it, at one moment.
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

func snapshotKeys(a *account) []Key {
	out := make([]Key, 0, a.keys.count())
	for k := range a.keys.all() {
		out = append(out, snapshotKey(k))
	}
	return out
}

// Accounts returns all accounts in order of creation, deleted ones too.
func (s *Server) Accounts() []Account {
	return s.selectAccounts(func(*account) bool { return true })
}

// ActiveAccounts returns the accounts that aren't deleted, in order of creation.
func (s *Server) ActiveAccounts() []Account {
	return s.selectAccounts(func(a *account) bool { return !a.deleted })
}

func (s *Server) selectAccounts(wanted func(*account) bool) []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Account{}
	for _, org := range s.state.orgs {
		for _, a := range org.accounts {
			if wanted(a) {
				out = append(out, snapshotAccount(a))
			}
		}
	}
	return out
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
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, org := range s.state.orgs {
		if a := org.byName[name]; a != nil {
			return snapshotAccount(a), true
		}
	}
	return Account{}, false
}

// Keys returns the keys of an account in order of creation, expired ones too;
// none for an account that is deleted or isn't there.
func (s *Server) Keys(accountID string) []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.accounts[accountID]
	if a == nil {
		return []Key{}
	}
	return snapshotKeys(a)
}

// AllKeys returns the keys of all active accounts, account by account.
func (s *Server) AllKeys() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Key{}
	for _, org := range s.state.orgs {
		for _, a := range org.accounts {
			out = append(out, snapshotKeys(a)...)
		}
	}
	return out
}

// KeyByName returns the key of a name in an account.
func (s *Server) KeyByName(accountID, name string) (Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.state.accounts[accountID]
	if a == nil || a.keyNames[name] == nil {
		return Key{}, false
	}
	return snapshotKey(a.keyNames[name]), true
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
	return s.log.all()
}

// WaitIdle returns once no request is under way. Among those that are may be some whose
// client has left long ago, see [Fault].
func (s *Server) WaitIdle() { <-s.log.idle() }

// ResetRequests forgets the requests that came so far.
func (s *Server) ResetRequests() {
	s.log.reset()
}

// CountRequests counts the requests with a method and a path, "" for any. In
// the path, below the base path, * stands for any one segment and ** for one
// or more.
func (s *Server) CountRequests(method, pathPattern string) int {
	return s.log.count(func(r *Request) bool {
		return (method == "" || method == r.Method) && matchPath(pathPattern, r.Path)
	})
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
	entries  []*logEntry
	underWay int
	waiting  []chan struct{} // closed once nothing is under way
}

// logEntry is a request in the log. The log's lock guards it.
type logEntry struct {
	request Request
}

func (l *requestLog) begin(now time.Time, req *http.Request, path string, body []byte) *logEntry {
	entry := &logEntry{Request{
		Time: now.UTC(), Method: req.Method, Path: path, Query: req.URL.RawQuery,
		Header: req.Header.Clone(), Body: body,
	}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry)
	l.underWay++
	return entry
}

func (l *requestLog) fault(entry *logEntry, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.request.Fault = what
}

func (l *requestLog) outcome(entry *logEntry, status int, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.request.Status = status
	entry.request.Caller = who
}

func (l *requestLog) status(entry *logEntry, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.request.Status = status
}

func (l *requestLog) finish(entry *logEntry, took time.Duration) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.request.Duration = took
	l.underWay--
	if l.underWay == 0 {
		for _, idle := range l.waiting {
			close(idle)
		}
		l.waiting = nil
	}
	return entry.snapshot()
}

func (l *requestLog) idle() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	idle := make(chan struct{})
	if l.underWay == 0 {
		close(idle)
		return idle
	}
	l.waiting = append(l.waiting, idle)
	return idle
}

func (e *logEntry) snapshot() Request {
	r := e.request
	r.Header = r.Header.Clone()
	r.Body = slices.Clone(r.Body)
	return r
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Request, 0, len(l.entries))
	for _, e := range l.entries {
		out = append(out, e.snapshot())
	}
	return out
}

// count counts the requests that a function picks; it may not keep or change them.
func (l *requestLog) count(picked func(*Request) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.entries {
		if picked(&e.request) {
			n++
		}
	}
	return n
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}
