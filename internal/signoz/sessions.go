// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// apiKeyHeader carries a service account's key. SigNoz ignores it in a request
// that has any Authorization header.
const apiKeyHeader = "SIGNOZ-API-KEY"

// checkCredentials refuses a configuration with no credentials, or with both a key and a user.
func checkCredentials(cfg *Config) error {
	switch {
	case cfg.APIKey != "" && (cfg.Email != "" || cfg.Password != ""):
		return &ConfigError{Field: "api_key", Message: "it excludes email and password: sign in either with a key or as a user"}
	case !validHeaderValue(cfg.APIKey):
		return &ConfigError{Field: "api_key", Message: "it holds a line break or another character that can't travel in a header. Take the value alone, without what was around it when it was copied"}
	case cfg.APIKey == "" && cfg.Email == "":
		return &ConfigError{Field: "api_key", Message: "it is empty, and there is no email and password to sign in with instead"}
	case cfg.APIKey == "" && cfg.Password == "":
		return &ConfigError{Field: "password", Message: "email is set, so the password must be too"}
	}
	return nil
}

func validHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// sign signs a request with the account's key, or with a user's token: got at the first request
// and again whenever the server refuses it, since tokens end after half an hour or so. It returns
// the token, to tell which one was refused.
func (c *Client) sign(ctx context.Context, req *http.Request) (token string, err error) {
	if !c.SignsAsUser() {
		req.Header.Set(apiKeyHeader, c.cfg.APIKey)
		return "", nil
	}
	if token, err = c.tokens.get(ctx, c.signIn); err == nil {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return token, err
}

// SignInError says why a user's sign-in was refused. It is final for the run: repeating
// a sign-in for each object would lock the user out.
type SignInError struct {
	Problem SignInProblem
	Email   string
	OrgID   string
	Orgs    []Organisation // the user's organisations
	Err     error          // the server's error, may be nil
}

// SignInProblem is what stands in the way of a sign-in.
type SignInProblem string

// The problems a sign-in can have.
const (
	SignInWrongPassword SignInProblem = "email address or password refused"
	SignInUnknownUser   SignInProblem = "no such user"
	SignInUnknownOrg    SignInProblem = "the user is in no such organisation"
	SignInSeveralOrgs   SignInProblem = "the user is in several organisations"
	SignInNoPassword    SignInProblem = "the organisation signs in by SSO only"
	SignInInvalidEmail  SignInProblem = "not an email address"
)

func (e *SignInError) Error() string {
	text := fmt.Sprintf("signing in as %s: %s", e.Email, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *SignInError) Unwrap() error { return e.Err }

// Organisation is one that a user can sign in to.
type Organisation struct{ ID, Name string }

// signIn gets a token for the user.
func (c *Client) signIn(ctx context.Context) (string, error) {
	orgID, err := c.orgToSignIn.get(ctx, c.findOrgToSignIn)
	if err != nil {
		return "", err
	}
	body := map[string]string{"email": c.cfg.Email, "password": c.cfg.Password, "orgId": orgID}
	var session struct {
		AccessToken string `json:"accessToken"`
	}
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v2/sessions/email_password", body: body, want: http.StatusOK, anonymous: true, confidential: true, decode: into(&session)})
	switch {
	case hasCode(err, codeWrongCredentials) || IsUnauthenticated(err):
		return "", &SignInError{Problem: SignInWrongPassword, Email: c.cfg.Email, OrgID: orgID, Err: err}
	case err != nil:
		return "", fmt.Errorf("signing in as %s: %w", c.cfg.Email, err)
	case !validHeaderValue(session.AccessToken) || session.AccessToken == "":
		return "", fmt.Errorf("signing in as %s: the server gave no usable access token", c.cfg.Email)
	}
	c.secretsMu.Lock()
	defer c.secretsMu.Unlock()
	c.secrets = append([]string{session.AccessToken}, c.secrets...)
	return session.AccessToken, nil
}

// findOrgToSignIn finds the id of the user's organisation: the only one, or the configured one.
func (c *Client) findOrgToSignIn(ctx context.Context) (string, error) {
	type organisation struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		AuthN struct {
			Password []struct{} `json:"password"`
		} `json:"authNSupport"`
	}
	var session struct {
		Exists bool           `json:"exists"`
		Orgs   []organisation `json:"orgs"`
	}
	query := url.Values{"email": {c.cfg.Email}, "ref": {c.base.String()}}
	err := c.do(ctx, call{method: http.MethodGet, path: "/api/v2/sessions/context", query: query, want: http.StatusOK, anonymous: true, decode: into(&session)})
	if IsInvalidInput(err) {
		return "", &SignInError{Problem: SignInInvalidEmail, Email: c.cfg.Email, Err: err}
	}
	if err != nil {
		return "", fmt.Errorf("signing in as %s: %w", c.cfg.Email, err)
	}
	refused := &SignInError{Email: c.cfg.Email, OrgID: c.cfg.OrgID}
	var chosen []organisation
	for _, org := range session.Orgs {
		refused.Orgs = append(refused.Orgs, Organisation{ID: org.ID, Name: org.Name})
		if c.cfg.OrgID == "" || c.cfg.OrgID == org.ID {
			chosen = append(chosen, org)
		}
	}
	switch {
	case !session.Exists || len(session.Orgs) == 0:
		refused.Problem = SignInUnknownUser
	case len(chosen) == 0:
		refused.Problem = SignInUnknownOrg
	case len(chosen) > 1:
		refused.Problem = SignInSeveralOrgs
	case len(chosen[0].AuthN.Password) == 0:
		refused.Problem = SignInNoPassword
	default:
		return chosen[0].ID, nil
	}
	return "", refused
}
