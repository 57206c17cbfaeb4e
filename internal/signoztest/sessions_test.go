// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	contextPath = "/api/v2/sessions/context?ref=http%3A%2F%2Flocalhost&email="
	signInPath  = "/api/v2/sessions/email_password"
)

// What the tests read of the answers.
type (
	sessionContextView struct {
		Exists bool
		Orgs   []struct {
			ID, Name     string
			AuthNSupport struct{ Callback, Password []any }
		}
	}
	tokenView struct {
		TokenType, AccessToken string
		ExpiresIn              int
	}
	versionView struct {
		Version, EE    string
		SetupCompleted bool
	}
)

// signInTo signs the administrator in to an organisation, as a client does.
func signInTo(t *testing.T, s *Server, organisation string) (token string) {
	t.Helper()
	return signIn(t, s, organisation).AccessToken
}

func signIn(t *testing.T, s *Server, organisation string) tokenView {
	t.Helper()
	found := dataOf[sessionContextView](t, send(t, s, http.MethodGet, contextPath+AdminEmail, authorization{}, ""))
	for _, org := range found.Orgs {
		if org.Name == organisation {
			r := send(t, s, http.MethodPost, signInPath, authorization{}, credentials(AdminEmail, AdminPassword, org.ID))
			wantStatus(t, r, http.StatusOK)
			return dataOf[tokenView](t, r)
		}
	}
	t.Fatalf("no organisation %q in %+v", organisation, found)
	return tokenView{}
}

func credentials(email, password, org string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q,"orgId":%q}`, email, password, org)
}

func TestServer_fresh(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s := Start(t, Fresh(), WithVersion(version))
			if s.AdminKey() != "" || s.AdminAccount().ID != "" || len(s.Accounts()) != 0 {
				t.Fatal("a fresh server holds something")
			}
			if found := dataOf[sessionContextView](t, send(t, s, http.MethodGet, contextPath+AdminEmail, authorization{}, "")); found.Exists || len(found.Orgs) != 0 {
				t.Fatalf("the context is %+v", found)
			}
			wantSetup(t, s, false)
			wantProblem(t, send(t, s, http.MethodPost, "/api/v1/register", authorization{}, `{"name":"a","orgName":"acme","email":"rubbish","password":"p"}`),
				http.StatusBadRequest, "invalid_valuer")
			body := fmt.Sprintf(`{"name":"admin","orgName":"acme","email":%q,"password":%q}`, AdminEmail, AdminPassword)
			wantStatus(t, send(t, s, http.MethodPost, "/api/v1/register", authorization{}, body), http.StatusOK)
			wantSetup(t, s, true)
			wantProblem(t, send(t, s, http.MethodPost, "/api/v1/register", authorization{}, body), http.StatusBadRequest, "invalid_input")
			token := signInTo(t, s, "acme")
			wantStatus(t, send(t, s, http.MethodPost, accountsPath, byToken(token), `{"name":"first"}`), http.StatusCreated)
			s.CreateAccount("second", "signoz-viewer") // there is an organisation now
		})
	}
}

func wantSetup(t *testing.T, s *Server, completed bool) {
	t.Helper()
	var view versionView
	decode(t, send(t, s, http.MethodGet, "/api/v1/version", authorization{}, ""), &view)
	if view.SetupCompleted != completed {
		t.Fatalf("the version is %+v", view)
	}
}

func TestServer_reportsAVersion(t *testing.T) {
	t.Parallel()
	for want, options := range map[string][]Option{"<unset>": nil, "v0.119.3": {WithReportedVersion("v0.119.3")}} {
		var view versionView
		decode(t, send(t, Start(t, options...), http.MethodGet, "/api/v1/version", authorization{}, ""), &view)
		if view.Version != want || view.EE != "Y" {
			t.Errorf("the version is %+v, want %q", view, want)
		}
	}
}

func TestSession_context(t *testing.T) {
	t.Parallel()
	s := Start(t, WithOrganisations("acme", "beta"), WithSSOOnlyUser("Sso@example.com"))
	cases := map[string]struct {
		exists   bool
		orgs     int
		password int // ways to sign in to the first organisation
		callback int
	}{
		AdminEmail:            {true, 2, 1, 0},
		"ADMIN@example.com":   {true, 2, 1, 0},
		"sso@example.com":     {true, 1, 0, 1},
		"nobody@example.com":  {false, 2, 1, 0},
		"nobody@elsewhere.eu": {false, 2, 1, 0},
	}
	for email, want := range cases {
		got := dataOf[sessionContextView](t, send(t, s, http.MethodGet, contextPath+email, authorization{}, ""))
		if got.Exists != want.exists || len(got.Orgs) != want.orgs {
			t.Errorf("%s: %+v", email, got)
			continue
		}
		if support := got.Orgs[0].AuthNSupport; len(support.Password) != want.password || len(support.Callback) != want.callback {
			t.Errorf("%s: %+v", email, support)
		}
	}
	for _, email := range []string{"", "rubbish", "@example.com", "a@b", "a@b@c.d"} {
		wantProblem(t, send(t, s, http.MethodGet, contextPath+email, authorization{}, ""), http.StatusBadRequest, "invalid_valuer")
	}
}

func TestSession_refusals(t *testing.T) {
	t.Parallel()
	s := Start(t, WithSSOOnlyUser("sso@example.com"))
	org := s.AdminAccount().OrgID
	cases := map[string]struct {
		body   string
		status int
		code   string
	}{
		"wrong password": {credentials(AdminEmail, "nope", org), http.StatusUnauthorized, "incorrect_password"},
		"unknown user":   {credentials("nobody@example.com", AdminPassword, org), http.StatusNotFound, "user_not_found"},
		"unknown org":    {credentials(AdminEmail, AdminPassword, zeroUUID), http.StatusNotFound, "user_not_found"},
		"no org":         {credentials(AdminEmail, AdminPassword, ""), http.StatusBadRequest, "invalid_valuer"},
		"no email":       {credentials("", AdminPassword, org), http.StatusBadRequest, "invalid_valuer"},
		"SSO only":       {credentials("sso@example.com", "", org), http.StatusNotFound, "password_not_found"},
		"broken":         {`{`, http.StatusBadRequest, "invalid_request_body"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantProblem(t, send(t, s, http.MethodPost, signInPath, authorization{}, c.body), c.status, c.code)
		})
	}
}

func TestSession_expires(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock), WithTokenLifetime(time.Minute))
	token := signIn(t, s, "acme")
	if token.ExpiresIn != 59 || token.TokenType != "bearer" || strings.Count(token.AccessToken, ".") != 2 {
		t.Fatalf("the token is %+v", token)
	}
	clock.Advance(time.Minute)
	wantStatus(t, send(t, s, http.MethodGet, accountsPath, byToken(token.AccessToken), ""), http.StatusOK)
	clock.Advance(time.Nanosecond)
	wantProblem(t, send(t, s, http.MethodGet, accountsPath, byToken(token.AccessToken), ""), http.StatusUnauthorized, "unauthenticated")
}

func TestMe_ofAUser(t *testing.T) {
	t.Parallel()
	s := Start(t)
	token := signInTo(t, s, "acme")
	wantProblem(t, send(t, s, http.MethodGet, mePath, byToken(token), ""), http.StatusNotFound, "service_account_not_found")
	wantProblem(t, send(t, s, http.MethodPut, mePath, byToken(token), `{"name":"x"}`), http.StatusNotFound, "service_account_not_found")
}
