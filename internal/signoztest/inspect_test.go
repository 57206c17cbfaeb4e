// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestPathPattern_matches(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, path string
		want          bool
	}{
		{"", "/anything/at/all", true},
		{"/api/v1/roles", "/api/v1/roles", true},
		{"/api/v1/roles", "/api/v1/roles/x", false},
		{"/api/v1/roles", "/api/v1", false},
		{"api/v1/roles", "/api/v1/roles", true},
		{"/api/v1/service_accounts/*", "/api/v1/service_accounts/x", true},
		{"/api/v1/service_accounts/*", "/api/v1/service_accounts", false},
		{"/api/v1/service_accounts/*", "/api/v1/service_accounts/x/keys", false},
		{"/api/v1/service_accounts/*/keys", "/api/v1/service_accounts/x/keys", true},
		{"/api/v1/service_accounts/*/keys/*", "/api/v1/service_accounts/x/keys/y", true},
		{"/api/v1/service_accounts/**", "/api/v1/service_accounts", false},
		{"/api/v1/service_accounts/**", "/api/v1/service_accounts/x", true},
		{"/api/v1/service_accounts/**", "/api/v1/service_accounts/x/keys/y", true},
		{"**", "/x", true},
		{"**/keys", "/api/v1/service_accounts/x/keys", true},
		{"**/keys", "/api/v1/service_accounts/x/keys/y", false},
		{"/api/**/y", "/api/v1/service_accounts/x/keys/y", true},
		{"/api/v*/roles", "/api/v1/roles", false}, // a * is a whole segment
	}
	for _, c := range cases {
		if got := matchPath(c.pattern, c.path); got != c.want {
			t.Errorf("%q matches %q: %t", c.pattern, c.path, got)
		}
	}
}

func TestRequests_areRecorded(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	logged := make(chan Request, 10)
	s := Start(t, WithClock(clock), WithRequestLog(func(r Request) { logged <- r }))
	admin(t, s, http.MethodPost, accountsPath+"?dry=1", `{"name":"Not Valid"}`, http.StatusBadRequest)
	send(t, s, http.MethodGet, mePath, byToken(signInTo(t, s, "acme")), "")
	send(t, s, http.MethodGet, mePath, byKey("unknown"), "")
	requests := s.Requests()
	first := requests[0]
	if first.Method != http.MethodPost || first.Path != accountsPath || first.Query != "dry=1" || first.Status != http.StatusBadRequest ||
		string(first.Body) != `{"name":"Not Valid"}` || first.Header.Get("SIGNOZ-API-KEY") != s.AdminKey() ||
		first.Caller != AdminAccountName || first.Fault != "" || !first.Time.Equal(contractStart) || first.Duration <= 0 {
		t.Fatalf("the first is %+v", first)
	}
	callers := make([]string, 0, len(requests))
	for _, r := range requests {
		callers = append(callers, r.Caller)
	}
	if want := []string{AdminAccountName, "", "", AdminEmail, ""}; !slices.Equal(callers, want) {
		t.Fatalf("callers %q, want %q", callers, want)
	}
	if got := <-logged; got.Path != first.Path || got.Status != first.Status {
		t.Fatalf("logged %+v", got)
	}

	// What is given out is the caller's own.
	first.Body[0] = 'x'
	first.Header.Set("SIGNOZ-API-KEY", "")
	if again := s.Requests()[0]; again.Body[0] != '{' || again.Header.Get("SIGNOZ-API-KEY") == "" {
		t.Fatal("a snapshot changes the log")
	}

	if got := s.CountRequests("", ""); got != 5 {
		t.Fatalf("%d requests", got)
	}
	if got := s.CountRequests(http.MethodGet, accountsPath+"/*"); got != 2 {
		t.Fatalf("%d times me", got)
	}
	s.ResetRequests()
	if len(s.Requests()) != 0 || s.CountRequests("", "") != 0 {
		t.Fatal("requests are left")
	}
}

func TestAccount_isACopy(t *testing.T) {
	t.Parallel()
	s := New()
	a := s.CreateAccount("ci", "signoz-viewer")
	a.Roles[0] = "changed"
	if again, _ := s.Account(a.ID); again.Roles[0] != "signoz-viewer" {
		t.Fatal("a snapshot changes the server")
	}
}

func TestServer_lacksWhatWasNotMade(t *testing.T) {
	t.Parallel()
	s := New()
	if _, ok := s.Account("x"); ok {
		t.Error("an account")
	}
	if _, ok := s.AccountByName("x"); ok {
		t.Error("an account by name")
	}
	if _, ok := s.KeyByName("x", "y"); ok {
		t.Error("a key of no account")
	}
	if _, ok := s.KeyByName(s.AdminAccount().ID, "y"); ok {
		t.Error("a key")
	}
	if len(s.Keys("x")) != 0 || s.RoleID("x") != "" || s.KeyWorks("") || s.KeyWorks("x") {
		t.Error("something else")
	}
}

func TestServer_changesWithoutRequests(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock))
	a := s.CreateAccount("ci", "signoz-viewer", "signoz-editor")
	s.RevokeRole(a.ID, "signoz-viewer")
	s.GrantRole(a.ID, adminRole)
	s.RenameAccount(a.ID, "renamed")
	a, _ = s.Account(a.ID)
	if a.Name != "renamed" || !slices.Equal(a.Roles, []string{adminRole, "signoz-editor"}) {
		t.Fatalf("the account is %+v", a)
	}

	// A key that has expired already can be made here only.
	key := s.CreateKey(a.ID, "k", contractStart.Add(-time.Second))
	if s.KeyWorks(key.Value) || !key.ExpiresAt.Equal(contractStart.Add(-time.Second)) {
		t.Fatalf("the key is %+v", key)
	}
	s.UpdateKey(a.ID, key.ID, "renamed", contractStart.Add(time.Second))
	if !s.KeyWorks(key.Value) {
		t.Fatal("the key doesn't work")
	}
	s.UpdateKey(a.ID, key.ID, "renamed", time.Time{})
	if got := s.Keys(a.ID)[0]; got.Name != "renamed" || !got.ExpiresAt.IsZero() || got.AccountID != a.ID {
		t.Fatalf("the key is %+v", got)
	}
	s.RevokeKey(a.ID, key.ID)
	if s.KeyWorks(key.Value) || len(s.Keys(a.ID)) != 0 {
		t.Fatal("the key is still there")
	}
	s.DeleteAccount(a.ID)
	if got, _ := s.Account(a.ID); !got.Deleted || len(s.ActiveAccounts()) != 1 || len(s.Accounts()) != 2 {
		t.Fatalf("the account is %+v", got)
	}
	if len(s.Requests()) != 0 {
		t.Fatalf("requests %+v", s.Requests())
	}
}

func TestGrantRole_replacesOnOneRoleServers(t *testing.T) {
	t.Parallel()
	s := New(WithVersion(V0_118_0))
	a := s.CreateAccount("ci", "signoz-viewer")
	s.GrantRole(a.ID, "signoz-editor")
	if a, _ = s.Account(a.ID); !slices.Equal(a.Roles, []string{"signoz-editor"}) {
		t.Fatalf("roles %v", a.Roles)
	}
}

func TestServer_panicsOnMisuse(t *testing.T) {
	t.Parallel()
	s := New()
	a := s.CreateAccount("ci")
	b := s.CreateAccount("cd")
	k := s.CreateKey(a.ID, "k", time.Time{})
	l := s.CreateKey(a.ID, "l", time.Time{})
	deleted := s.CreateAccount("gone")
	s.DeleteAccount(deleted.ID)
	s.CreateCustomRole("custom")
	cases := []struct {
		message string
		misuse  func()
	}{
		{"is taken", func() { s.CreateAccount("ci") }},
		{"no role", func() { s.CreateAccount("other", "SigNoz-Admin") }},
		{"is taken", func() { s.RenameAccount(a.ID, "cd") }},
		{"no active account", func() { s.RenameAccount(deleted.ID, "x") }},
		{"no active account", func() { s.DeleteAccount(deleted.ID) }},
		{"no active account", func() { s.GrantRole("x", "signoz-viewer") }},
		{"no role", func() { s.GrantRole(a.ID, "x") }},
		{"hasn't got", func() { s.RevokeRole(a.ID, "signoz-viewer") }},
		{"is taken", func() { s.CreateKey(a.ID, "k", time.Time{}) }},
		{"is taken", func() { s.UpdateKey(a.ID, k.ID, "l", time.Time{}) }},
		{"no key", func() { s.UpdateKey(b.ID, l.ID, "x", time.Time{}) }},
		{"no key", func() { s.RevokeKey(a.ID, "x") }},
		{"is taken", func() { s.CreateCustomRole("custom") }},
		{"no custom role", func() { _ = s.DeleteCustomRole(s.RoleID("signoz-viewer")) }},
		{"nobody has registered", func() { New(Fresh()).CreateAccount("ci") }},
	}
	for _, c := range cases {
		wantPanic(t, c.message, c.misuse)
	}
	// A panic must not leave the server locked.
	s.Accounts()
}
