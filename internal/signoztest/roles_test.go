// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRoles_threeGenerations(t *testing.T) {
	t.Parallel()
	both := []string{"signoz-editor", "signoz-viewer"}
	cases := []struct {
		version  Version
		nested   bool
		bindings bool
		roles    []string // after viewer, then editor
	}{
		{V0_118_0, true, false, []string{"signoz-editor"}},
		{V0_123_0, true, false, both},
		{V0_132_0, true, true, both},
		{V0_138_0, true, true, both},
		{Main, false, true, both},
	}
	for _, c := range cases {
		t.Run(string(c.version), func(t *testing.T) {
			t.Parallel()
			s := Start(t, WithVersion(c.version))
			a := s.CreateAccount("ci")
			for _, role := range []string{"signoz-viewer", "signoz-editor"} {
				nested := send(t, s, http.MethodPost, accountsPath+"/"+a.ID+"/roles", byKey(s.AdminKey()), `{"id":"`+s.RoleID(role)+`"}`)
				binding := send(t, s, http.MethodPost, bindingsPath, byKey(s.AdminKey()), `{"serviceAccountId":"`+a.ID+`","roleId":"`+s.RoleID(role)+`"}`)
				wantCall(t, nested, c.nested, http.StatusNoContent)
				wantCall(t, binding, c.bindings, http.StatusCreated)
			}
			if a, _ = s.Account(a.ID); !slices.Equal(a.Roles, c.roles) {
				t.Fatalf("roles %v, want %v", a.Roles, c.roles)
			}
		})
	}
}

// wantCall wants a status of a call the server has, and the web page otherwise.
func wantCall(t *testing.T, r reply, has bool, status int) {
	t.Helper()
	if has {
		wantStatus(t, r, status)
		return
	}
	if r.status != http.StatusOK || r.body != webPage {
		t.Fatalf("status %d, want the web page: %s", r.status, r.body)
	}
}

func TestBinding_isMadeOnce(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	body := `{"serviceAccountId":"` + a.ID + `","roleId":"` + s.RoleID("signoz-viewer") + `"}`
	first := dataOf[identifiable](t, admin(t, s, http.MethodPost, bindingsPath, body, http.StatusCreated))
	second := dataOf[identifiable](t, admin(t, s, http.MethodPost, bindingsPath, body, http.StatusCreated))
	if first != second {
		t.Fatalf("bindings %s and %s", first.ID, second.ID)
	}
	admin(t, s, http.MethodDelete, bindingsPath+"/"+first.ID, "", http.StatusNoContent)
	if a, _ = s.Account(a.ID); len(a.Roles) != 0 {
		t.Fatalf("roles %v", a.Roles)
	}
}

func TestBinding_needsBothIDs(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	for body, code := range map[string]string{
		`{"roleId":"` + s.RoleID("signoz-viewer") + `"}`: "service_account_invalid_input",
		`{"serviceAccountId":"` + a.ID + `"}`:            "service_account_invalid_input",
		`{"serviceAccountId":"x","roleId":"y"}`:          "invalid_valuer",
	} {
		wantProblem(t, admin(t, s, http.MethodPost, bindingsPath, body, http.StatusBadRequest), http.StatusBadRequest, code)
	}
}

// TestRoles_areLong: since v0.138 an account with a role is a body of about 15 kB.
func TestRoles_areLong(t *testing.T) {
	t.Parallel()
	for version, long := range map[Version]bool{V0_132_0: false, V0_138_0: true, Main: true} {
		s := Start(t, WithVersion(version))
		a := s.CreateAccount("ci", "signoz-editor")
		body := admin(t, s, http.MethodGet, accountsPath+"/"+a.ID, "", http.StatusOK).body
		if got := len(body) > 12_000 && len(body) < 20_000; got != long {
			t.Errorf("%s: %d bytes", version, len(body))
		}
		list := admin(t, s, http.MethodGet, rolesPath, "", http.StatusOK).body
		if strings.Contains(list, "transactionGroups") {
			t.Errorf("%s lists roles with their permissions", version)
		}
	}
}

func TestRoles_custom(t *testing.T) {
	t.Parallel()
	s := Start(t)
	id := s.CreateCustomRole("auditors")
	roles := dataOf[[]roleView](t, admin(t, s, http.MethodGet, rolesPath, "", http.StatusOK))
	if last := roles[len(roles)-1]; last.ID != id || last.Type != "custom" || last.Name != "auditors" {
		t.Fatalf("the last role is %+v", last)
	}
	a := s.CreateAccount("ci", "auditors")
	s.DeleteAccount(a.ID)
	err := s.DeleteCustomRole(id)
	if err == nil || !strings.Contains(err.Error(), "role_has_service_account_assignees") {
		t.Fatalf("error %v: a deleted account still holds the role", err)
	}

	b := s.CreateAccount("cd", "auditors")
	other := s.CreateCustomRole("others")
	s.GrantRole(b.ID, "others")
	s.RevokeRole(b.ID, "others")
	if err := s.DeleteCustomRole(other); err != nil {
		t.Fatal(err)
	}
	if s.RoleID("others") != "" {
		t.Fatal("the role is still there")
	}
}

func TestRoles_areNullForNone(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	var envelope struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	decode(t, admin(t, s, http.MethodGet, accountsPath+"/"+a.ID, "", http.StatusOK), &envelope)
	if got := string(envelope.Data["serviceAccountRoles"]); got != "null" {
		t.Fatalf("serviceAccountRoles is %s", got)
	}
}

// TestPermissions_areChecked: an account may do what the permissions of its custom roles
// say, and a refusal names the first one that is missing.
func TestPermissions_areChecked(t *testing.T) {
	t.Parallel()
	s := Start(t)
	mine, other := s.CreateAccount("mine"), s.CreateAccount("other")
	s.CreateCustomRole("watcher", "serviceaccount:list", "serviceaccount:read", "factor-api-key:list")
	s.CreateCustomRole("maker", "factor-api-key:create", "factor-api-key:delete", "serviceaccount:attach "+mine.ID)
	agent := s.CreateAccount("agent", "watcher", "maker")
	auth := byKey(s.CreateKey(agent.ID, "k", time.Time{}).Value)

	denied := func(permission, object string) string {
		return `service_account/` + agent.ID + ` is not authorized to perform ` + permission + ` on resource \"` + object + `\"`
	}
	keys := func(a Account) string { return accountsPath + "/" + a.ID + "/keys" }
	wantStatus(t, send(t, s, http.MethodGet, accountsPath, auth, ""), http.StatusOK)
	wantStatus(t, send(t, s, http.MethodGet, accountsPath+"/"+other.ID, auth, ""), http.StatusOK)
	wantStatus(t, send(t, s, http.MethodGet, keys(other), auth, ""), http.StatusOK)
	wantStatus(t, send(t, s, http.MethodPost, keys(mine), auth, `{"name":"new"}`), http.StatusCreated)
	for want, got := range map[string]reply{
		denied("serviceaccount:attach", other.ID): send(t, s, http.MethodPost, keys(other), auth, `{"name":"new"}`),
		denied("serviceaccount:detach", mine.ID):  send(t, s, http.MethodDelete, keys(mine)+"/"+s.Keys(mine.ID)[0].ID, auth, ""),
		denied("serviceaccount:update", mine.ID):  send(t, s, http.MethodPut, accountsPath+"/"+mine.ID, auth, `{"name":"renamed"}`),
	} {
		wantProblem(t, got, http.StatusForbidden, "authz_forbidden")
		if !strings.Contains(got.body, want) {
			t.Errorf("refused with %s, want %s", got.body, want)
		}
	}
	if len(s.Keys(mine.ID)) != 1 || len(s.Keys(other.ID)) != 0 {
		t.Error("what was refused was carried out")
	}
}
