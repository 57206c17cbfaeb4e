// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const (
	contextPath = "/api/v2/sessions/context"
	signInPath  = "/api/v2/sessions/email_password"
)

func asUser(email, password, orgID string) func(*Config) {
	return func(c *Config) { c.APIKey, c.Email, c.Password, c.OrgID = "", email, password, orgID }
}

func asAdmin() func(*Config) { return asUser(signoztest.AdminEmail, signoztest.AdminPassword, "") }

func TestSignIn_onEachVersion(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server, asAdmin())
		_, err := c.Keys(t.Context(), w.account.ID)
		must(t, err)
		must(t, c.RenameServiceAccount(t.Context(), w.account.ID, "renamed"))
		requests := w.server.Requests()
		equal(t, "requests", len(requests), 4)
		equal(t, "context", requests[0].Path, contextPath)
		equal(t, "sign-in", requests[1].Path, signInPath)
		equal(t, "signed", requests[2].Caller, signoztest.AdminEmail)
		for _, r := range requests {
			equal(t, r.Path+": key", r.Header.Get("SIGNOZ-API-KEY"), "")
			equal(t, r.Path+": signed", r.Header.Get("Authorization") != "", r.Path != contextPath && r.Path != signInPath)
		}
		_, err = c.Me(t.Context())
		equal(t, "a user is no account", IsNotFound(err), true)
	})
}

func TestSession_isRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithTokenLifetime(time.Minute))
	c := connect(t, w.server, asAdmin())
	must(t, c.RenameServiceAccount(t.Context(), w.account.ID, "renamed"))
	for i, create := range creations() {
		w.server.Clock().Advance(2 * time.Minute)
		before := w.objects(t)
		id, value, err := create.do(t.Context(), c, w)
		must(t, err)
		w.check(t, create.name, before, id, value, nil)
		equal(t, "sign-ins", w.server.CountRequests("", signInPath), i+2)
		if create.name == "key" {
			must(t, c.RevokeKey(t.Context(), w.account.ID, id))
		}
	}
}

func TestSignIn_onceForParallelWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithTokenLifetime(time.Minute))
	c := connect(t, w.server, asAdmin())
	for round := range 3 {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.ServiceAccount(t.Context(), w.account.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "sign-ins", w.server.CountRequests("", signInPath), round+1)
		w.server.Clock().Advance(2 * time.Minute)
	}
}

func TestSession_onlyTheRefusedTokenIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server, asAdmin())
	_, err := c.Keys(t.Context(), w.account.ID)
	must(t, err)
	token := c.allSecrets()[0]
	for refused, signIns := range map[string]int{"one from before": 1, token: 2} {
		w.server.ResetRequests()
		c.tokens.dropValue(refused)
		_, err = c.ServiceAccount(t.Context(), w.account.ID)
		must(t, err)
		equal(t, "sign-ins after giving up "+refused, w.server.CountRequests("", signInPath), signIns-1)
	}
}

func TestSession_refusedAgainIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Path: "/api/v1/**", Answer: signoztest.Status(401)})
	_, err := connect(t, w.server, asAdmin()).Roles(t.Context())
	equal(t, "unauthenticated", IsUnauthenticated(err), true)
	equal(t, "tries", w.server.CountRequests("", "/api/v1/roles"), 2)

	w.server.ResetRequests()
	_, err = connect(t, w.server).Roles(t.Context())
	equal(t, "unauthenticated with a key", IsUnauthenticated(err), true)
	equal(t, "tries with a key", w.server.CountRequests("", "/api/v1/roles"), 1)
}

func TestSignIn_explainsProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithOrganisations("acme", "globex"), signoztest.WithSSOOnlyUser("sso@example.com"))
	const nowhere = "019a0000-0000-7000-8000-000000000000"
	acme := w.server.AdminAccount().OrgID
	tests := []struct {
		name, email, password, org string
		problem                    SignInProblem
		orgs                       int
	}{
		{"several organisations", signoztest.AdminEmail, signoztest.AdminPassword, "", SignInSeveralOrgs, 2},
		{"unknown organisation", signoztest.AdminEmail, signoztest.AdminPassword, nowhere, SignInUnknownOrg, 2},
		{"wrong password", signoztest.AdminEmail, "wrong", acme, SignInWrongPassword, 0},
		{"unknown user", "nobody@example.com", "p", "", SignInUnknownUser, 2},
		{"no address", "nobody", "p", "", SignInInvalidEmail, 0},
		{"SSO only", "sso@example.com", "p", "", SignInNoPassword, 1},
	}
	for _, test := range tests {
		_, err := connect(t, w.server, asUser(test.email, test.password, test.org)).Roles(t.Context())
		var problem *SignInError
		if !errors.As(err, &problem) || problem.Problem != test.problem || len(problem.Orgs) != test.orgs || problem.Email != test.email {
			t.Errorf("%s: got %#v, want %s", test.name, err, test.problem)
		}
	}
	_, err := connect(t, w.server, asUser(signoztest.AdminEmail, signoztest.AdminPassword, acme)).Keys(t.Context(), w.account.ID)
	must(t, err)
}

func TestSignIn_failureIsSharedAndForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server, asAdmin(), maxRetries(0))
	w.server.Inject(signoztest.Fault{Path: signInPath, Times: 1, Answer: signoztest.Status(500)})
	_, err := c.Roles(t.Context())
	equal(t, "failed", err != nil, true)
	_, err = c.Roles(t.Context())
	must(t, err)
}

func TestSignIn_canBeCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Path: signInPath, Answer: signoztest.Hang})
	c := connect(t, w.server, asAdmin())
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	began := time.Now()
	for range 5 {
		wg.Go(func() {
			_, err := c.Keys(ctx, w.account.ID)
			equal(t, "cancelled", errors.Is(err, context.Canceled), true)
			_, err = c.CreateServiceAccount(ctx, "fresh")
			equal(t, "create cancelled", errors.Is(err, context.Canceled) && !isLost(err), true)
		})
	}
	waitUntil(t, func() bool { return w.server.CountRequests("", signInPath) > 0 })
	cancel()
	wg.Wait()
	promptly(t, "sign-in", began, 20*time.Second)
}

func TestSignIn_unusableTokens(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"status":"success","data":{}}`, `{"status":"success","data":{"accessToken":""}}`, `{"status":"success","data":{"accessToken":"a\nb"}}`,
	} {
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Path: signInPath, CarriedOut: true, Answer: signoztest.Reply{Body: body}})
		_, err := connect(t, w.server, asAdmin()).Roles(t.Context())
		equal(t, "failed", err != nil, true)
		equal(t, "asked for roles", w.server.CountRequests("", "/api/v1/roles"), 0)
	}
}
