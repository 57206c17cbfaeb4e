// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	accountsPath = "/api/v1/service_accounts"
	mePath       = accountsPath + "/me"
	rolesPath    = "/api/v1/roles"
	bindingsPath = "/api/v1/service_account_roles"
)

func TestServer_hasAnAdministrator(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.AdminAccount()
	if a.Name != AdminAccountName || !slices.Equal(a.Roles, []string{adminRole}) || a.Deleted {
		t.Fatalf("the account is %+v", a)
	}
	me := dataOf[accountWithRolesView](t, admin(t, s, http.MethodGet, mePath, "", http.StatusOK))
	if me.ID != a.ID || me.OrgID != a.OrgID || me.Email != "terraform@signozserviceaccount.com" {
		t.Fatalf("me is %+v", me)
	}
	if s.Version() != Default {
		t.Fatalf("the version is %s", s.Version())
	}
}

func TestAccount_nameIsFreeAfterDeletion(t *testing.T) {
	t.Parallel()
	s := Start(t)
	old := s.CreateAccount("ci")
	admin(t, s, http.MethodPost, accountsPath, `{"name":"ci"}`, http.StatusConflict)
	admin(t, s, http.MethodDelete, accountsPath+"/"+old.ID, "", http.StatusNoContent)
	created := dataOf[identifiable](t, admin(t, s, http.MethodPost, accountsPath, `{"name":"ci"}`, http.StatusCreated))
	if a, ok := s.AccountByName("ci"); !ok || a.ID != created.ID {
		t.Fatalf("the account is %+v", a)
	}
	if a, ok := s.Account(old.ID); !ok || !a.Deleted {
		t.Fatalf("the old account is %+v", a)
	}
}

// A rename frees the name but not the email, which the next account of that
// name would need.
func TestAccount_keepsItsEmailWhenRenamed(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("first")
	admin(t, s, http.MethodPut, accountsPath+"/"+a.ID, `{"name":"second"}`, http.StatusNoContent)
	if a, _ = s.Account(a.ID); a.Name != "second" || a.Email != accountEmail("first") {
		t.Fatalf("the account is %+v", a)
	}
	taken := admin(t, s, http.MethodPost, accountsPath, `{"name":"first"}`, http.StatusConflict)
	wantProblem(t, taken, http.StatusConflict, "service_account_already_exists")
	for _, other := range s.Accounts() {
		if strings.Contains(taken.body, other.ID) {
			t.Fatalf("the message names an account there is: %s", taken.body)
		}
	}
	s.DeleteAccount(a.ID)
	admin(t, s, http.MethodPost, accountsPath, `{"name":"first"}`, http.StatusCreated)
}

func TestAccount_timesFollowTheClock(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock))
	a := s.CreateAccount("ci")
	clock.Advance(time.Hour)
	admin(t, s, http.MethodPut, accountsPath+"/"+a.ID, `{"name":"ci-two"}`, http.StatusNoContent)
	renamed, _ := s.Account(a.ID)
	if !renamed.CreatedAt.Equal(contractStart) || !renamed.UpdatedAt.Equal(contractStart.Add(time.Hour)) {
		t.Fatalf("the account is %+v", renamed)
	}
}

func TestAccount_deletedRefusesOperations(t *testing.T) {
	t.Parallel()
	cases := map[Version]struct {
		status int
		code   string
	}{
		V0_118_0: {http.StatusNotImplemented, "service_account_operation_unsupported"},
		V0_138_0: {http.StatusNotFound, "service_account_not_found"},
	}
	for version, want := range cases {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s := Start(t, WithVersion(version))
			a := s.CreateAccount("ci", "signoz-viewer")
			path := accountsPath + "/" + a.ID
			admin(t, s, http.MethodDelete, path, "", http.StatusNoContent)
			for _, again := range []struct{ method, path, body string }{
				{http.MethodDelete, path, ""},
				{http.MethodPut, path, `{"name":"other"}`},
				{http.MethodPost, path + "/keys", `{"name":"late"}`},
				{http.MethodPost, path + "/roles", `{"id":"` + s.RoleID("signoz-editor") + `"}`},
				{http.MethodDelete, path + "/roles/" + s.RoleID("signoz-viewer"), ""},
			} {
				wantProblem(t, admin(t, s, again.method, again.path, again.body, want.status), want.status, want.code)
			}
			view := dataOf[accountWithRolesView](t, admin(t, s, http.MethodGet, path, "", http.StatusOK))
			if view.Status != "deleted" || len(view.ServiceAccountRoles) != 1 {
				t.Fatalf("the deleted account is %+v", view)
			}
		})
	}
}

// A binding of a deleted account can be read, but not deleted any more.
func TestBinding_staysWithADeletedAccount(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci", "signoz-viewer")
	view := dataOf[accountWithRolesView](t, admin(t, s, http.MethodGet, accountsPath+"/"+a.ID, "", http.StatusOK))
	path := bindingsPath + "/" + view.ServiceAccountRoles[0].ID
	s.DeleteAccount(a.ID)
	admin(t, s, http.MethodGet, path, "", http.StatusOK)
	wantProblem(t, admin(t, s, http.MethodDelete, path, "", http.StatusNotFound), http.StatusNotFound, "service_account_not_found")
}

// TestID_isOrderedByTime: ids are UUIDs of version 7, as SigNoz makes them.
func TestID_isOrderedByTime(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := New(WithClock(clock))
	last := s.AdminAccount().ID
	for i := range 10 {
		clock.Advance(time.Millisecond)
		id := s.CreateAccount(strings.Repeat("a", i+1)).ID
		if !uuidText.MatchString(id) || id[14] != '7' || !strings.ContainsRune("89ab", rune(id[19])) || id <= last {
			t.Fatalf("%s follows %s", id, last)
		}
		last = id
	}
}

func TestAccount_legacyNameWorks(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("Legacy_Key.1")
	key := s.CreateKey(a.ID, "old", time.Time{})
	me := dataOf[accountView](t, send(t, s, http.MethodGet, mePath, byKey(key.Value), ""))
	if me.Name != "Legacy_Key.1" {
		t.Fatalf("me is %+v", me)
	}
	admin(t, s, http.MethodPut, accountsPath+"/"+a.ID, `{"name":"Legacy_Key.1"}`, http.StatusBadRequest)
}

func TestAccount_ofAnotherOrganisationIsNotFound(t *testing.T) {
	t.Parallel()
	s := Start(t, WithOrganisations("acme", "beta"))
	a := s.CreateAccount("ci")
	key := s.CreateKey(a.ID, "k", time.Time{})
	beta := signInTo(t, s, "beta")
	for _, call := range []struct{ method, path, code string }{
		{http.MethodGet, accountsPath + "/" + a.ID, "service_account_not_found"},
		{http.MethodDelete, accountsPath + "/" + a.ID, "service_account_not_found"},
		{http.MethodDelete, accountsPath + "/" + a.ID + "/keys/" + key.ID, "service_account_not_found"},
		{http.MethodGet, rolesPath + "/" + s.RoleID("signoz-viewer"), "role_not_found"},
	} {
		wantProblem(t, send(t, s, call.method, call.path, byToken(beta), ""), http.StatusNotFound, call.code)
	}
	if list := dataOf[[]accountView](t, send(t, s, http.MethodGet, accountsPath, byToken(beta), "")); len(list) != 0 {
		t.Fatalf("beta has %+v", list)
	}
	// Names are unique in their organisation only.
	wantStatus(t, send(t, s, http.MethodPost, accountsPath, byToken(beta), `{"name":"ci"}`), http.StatusCreated)
}

func TestID_mustBeAUUID(t *testing.T) {
	t.Parallel()
	const some = "/01a20456-0000-7000-8000-000000000000"
	cases := []struct {
		version Version
		method  string
		path    string
		code    string
	}{
		{V0_118_0, http.MethodGet, accountsPath + "/x", "invalid_valuer"},
		{V0_118_0, http.MethodDelete, accountsPath + some + "/keys/x", "invalid_valuer"},
		{V0_123_0, http.MethodGet, accountsPath + "/x/keys", "invalid_selector"},
		{V0_123_0, http.MethodPut, accountsPath + some + "/keys/x", "invalid_valuer"},
		{V0_138_0, http.MethodDelete, accountsPath + "/x", "invalid_selector"},
		{V0_138_0, http.MethodGet, accountsPath + "/x/keys", "invalid_valuer"},
		{V0_138_0, http.MethodPut, accountsPath + some + "/keys/x", "invalid_selector"},
		{V0_138_0, http.MethodDelete, bindingsPath + "/x", "invalid_valuer"},
		{V0_138_0, http.MethodGet, rolesPath + "/x", "invalid_valuer"},
	}
	for _, c := range cases {
		t.Run(string(c.version)+" "+c.method+" "+c.path, func(t *testing.T) {
			t.Parallel()
			s := Start(t, WithVersion(c.version))
			wantProblem(t, admin(t, s, c.method, c.path, `{}`, http.StatusBadRequest), http.StatusBadRequest, c.code)
		})
	}
}
