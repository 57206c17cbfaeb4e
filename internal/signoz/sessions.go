// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// apiKeyHeader carries a service account's key. SigNoz ignores it in a request
// that has any Authorization header.
const apiKeyHeader = "SIGNOZ-API-KEY"

// credentials sign requests.
type credentials interface {
	// sign puts a signature on req and returns it, for renew to know which one was refused.
	sign(ctx context.Context, c *Client, req *http.Request) (signature string, err error)
	// renew gives up a signature that was refused. False means that there is no other.
	renew(refused string) bool
	// secrets came up during the run and are to be kept out of errors.
	secrets() []string
}

func newCredentials(cfg Config) (credentials, error) {
	switch {
	case cfg.APIKey != "" && (cfg.Email != "" || cfg.Password != ""):
		return nil, &ConfigError{Field: "api_key", Message: "it excludes email and password: sign in either with a key or as a user"}
	case cfg.APIKey != "":
		if !validHeaderValue(cfg.APIKey) {
			return nil, &ConfigError{Field: "api_key", Message: "it holds a line break or another character that can't travel in a header. Take the value alone, without what was around it when it was copied"}
		}
		return apiKey(cfg.APIKey), nil
	case cfg.Email == "":
		return nil, &ConfigError{Field: "api_key", Message: "it is empty, and there is no email and password to sign in with instead"}
	case cfg.Password == "":
		return nil, &ConfigError{Field: "password", Message: "email is set, so the password must be too"}
	}
	return &userSession{email: cfg.Email, password: cfg.Password, orgID: cfg.OrgID}, nil
}

func validHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r > 0x7e })
}

// apiKey signs with a service account's key.
type apiKey string

func (k apiKey) sign(_ context.Context, _ *Client, req *http.Request) (string, error) {
	req.Header.Set(apiKeyHeader, string(k))
	return "", nil
}

func (apiKey) renew(string) bool { return false }

func (apiKey) secrets() []string { return nil } // known from the configuration

// userSession signs with a user's access token, which it gets at the first
// request and again whenever the server refuses it: tokens end after half an
// hour or so, in the middle of a long run.
type userSession struct {
	email, password, orgID string

	org    shared[string] // the organisation's id
	tokens shared[string]

	mu      sync.Mutex
	issued  []string     // every token of this run, for secrets
	refused *SignInError // is final: repeating it, object by object, locks users out
}

func (s *userSession) secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issued)
}

func (s *userSession) sign(ctx context.Context, c *Client, req *http.Request) (string, error) {
	token, err := s.tokens.get(ctx, func(ctx context.Context) (string, error) { return s.signInOnce(ctx, c) })
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return token, nil
}

func (s *userSession) renew(refused string) bool {
	// Of many workers whose token was refused one drops it, and none drops the
	// one that another got meanwhile.
	s.tokens.dropIf(func(token string) bool { return token == refused })
	return true
}

// SignInError says why a user's sign-in was refused.
type SignInError struct {
	Problem SignInProblem
	Email   string
	OrgID   string
	Orgs    []Organisation // to choose from, or those that there are
	Err     error          // the server's own words, may be nil
}

// SignInProblem is what stands in the way of a sign-in.
type SignInProblem string

// The problems a sign-in can have.
const (
	SignInWrongPassword SignInProblem = "e-mail address or password refused"
	SignInUnknownUser   SignInProblem = "no such user"
	SignInUnknownOrg    SignInProblem = "the user is in no such organisation"
	SignInSeveralOrgs   SignInProblem = "the user is in several organisations"
	SignInNoPassword    SignInProblem = "the organisation signs in by SSO only"
	SignInInvalidEmail  SignInProblem = "not an e-mail address"
)

func (e *SignInError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("signing in as %s: %s: %v", e.Email, e.Problem, e.Err)
	}
	return fmt.Sprintf("signing in as %s: %s", e.Email, e.Problem)
}

func (e *SignInError) Unwrap() error { return e.Err }

// Organisation is one that a user can sign in to.
type Organisation struct{ ID, Name string }

func (s *userSession) signInOnce(ctx context.Context, c *Client) (string, error) {
	s.mu.Lock()
	refused := s.refused
	s.mu.Unlock()
	if refused != nil {
		return "", refused
	}
	token, err := s.signIn(ctx, c)
	if errors.As(err, &refused) {
		s.mu.Lock()
		s.refused = refused
		s.mu.Unlock()
	}
	return token, err
}

func (s *userSession) signIn(ctx context.Context, c *Client) (string, error) {
	orgID, err := s.organisationOnce(ctx, c)
	if err != nil {
		return "", err
	}
	body := struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		OrgID    string `json:"orgId"`
	}{s.email, s.password, orgID}
	var session struct {
		AccessToken string `json:"accessToken"`
	}
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v2/sessions/email_password", body: body, want: http.StatusOK, anonymous: true, confidential: true, decode: into(&session)})
	switch {
	case hasCode(err, codeWrongCredentials) || IsUnauthenticated(err):
		return "", &SignInError{Problem: SignInWrongPassword, Email: s.email, OrgID: orgID, Err: err}
	case err != nil:
		return "", fmt.Errorf("signing in as %s: %w", s.email, err)
	case !validHeaderValue(session.AccessToken) || session.AccessToken == "":
		return "", fmt.Errorf("signing in as %s: the server gave no usable access token", s.email)
	}
	s.mu.Lock()
	s.issued = append(s.issued, session.AccessToken)
	s.mu.Unlock()
	return session.AccessToken, nil
}

func (s *userSession) organisationOnce(ctx context.Context, c *Client) (string, error) {
	return s.org.get(ctx, func(ctx context.Context) (string, error) { return s.organisation(ctx, c) })
}

// organisation finds the id of the organisation to sign in to.
func (s *userSession) organisation(ctx context.Context, c *Client) (string, error) {
	query := url.Values{"email": {s.email}, "ref": {c.base.String()}}
	var session struct {
		Exists bool `json:"exists"`
		Orgs   []struct {
			ID    string `json:"id"`
			Name  string `json:"name"`
			AuthN struct {
				Password []struct{} `json:"password"`
			} `json:"authNSupport"`
		} `json:"orgs"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/api/v2/sessions/context", query: query, want: http.StatusOK, anonymous: true, decode: into(&session)})
	if IsInvalidInput(err) {
		return "", &SignInError{Problem: SignInInvalidEmail, Email: s.email, Err: err}
	}
	if err != nil {
		return "", fmt.Errorf("signing in as %s: %w", s.email, err)
	}
	problem := &SignInError{Email: s.email, OrgID: s.orgID}
	for _, org := range session.Orgs {
		problem.Orgs = append(problem.Orgs, Organisation{ID: org.ID, Name: org.Name})
	}
	switch {
	case !session.Exists || len(session.Orgs) == 0:
		problem.Problem = SignInUnknownUser
		return "", problem
	case s.orgID == "" && len(session.Orgs) > 1:
		problem.Problem = SignInSeveralOrgs
		return "", problem
	}
	for _, org := range session.Orgs {
		if s.orgID != "" && org.ID != s.orgID {
			continue
		}
		if len(org.AuthN.Password) == 0 {
			problem.Problem = SignInNoPassword
			return "", problem
		}
		return org.ID, nil
	}
	problem.Problem = SignInUnknownOrg
	return "", problem
}
