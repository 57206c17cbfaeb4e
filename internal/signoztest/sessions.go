// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// defaultTokenLifetime is how long an access token works; it can be renewed
// with its refresh token for refreshLifetime.
const (
	defaultTokenLifetime = 30 * time.Minute
	refreshLifetime      = 30 * 24 * time.Hour
)

// session is a user's sign-in.
type session struct {
	user    *user
	expires time.Time
}

type registerBody struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
	OrgName  string `json:"orgName"`
}

type registeredView struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"displayName"`
	Email       string    `json:"email"`
	OrgID       string    `json:"orgId"`
	IsRoot      bool      `json:"isRoot"`
	Status      string    `json:"status"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

type sessionContextView struct {
	Exists bool             `json:"exists"`
	Orgs   []orgContextView `json:"orgs"`
}

type orgContextView struct {
	ID           string           `json:"id"`
	Name         string           `json:"name"`
	AuthNSupport authNSupportView `json:"authNSupport"`
}

type authNSupportView struct {
	Callback []callbackView `json:"callback"`
	Password []passwordView `json:"password"`
}

type callbackView struct {
	Provider string `json:"provider"`
	URL      string `json:"url"`
}

type passwordView struct {
	Provider string `json:"provider"`
}

type signInBody struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	OrgID    string `json:"orgId"`
}

type rotateBody struct {
	RefreshToken string `json:"refreshToken"`
}

type tokenView struct {
	TokenType    string `json:"tokenType"`
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"` // seconds
}

type tokenClaims struct {
	UserID    string `json:"id"`
	Email     string `json:"email"`
	OrgID     string `json:"orgId"`
	ExpiresAt int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
}

type versionView struct {
	Version        string `json:"version"`
	EE             string `json:"ee"`
	SetupCompleted bool   `json:"setupCompleted"`
}

type healthView struct {
	Status string `json:"status"`
}

func (c *call) version() (answer, *problem) {
	view := versionView{c.server.options.reportedVersion, "Y", len(c.st.users) > 0}
	return answer{status: http.StatusOK, data: view, bare: true}, nil
}

func (c *call) health() (answer, *problem) {
	return answer{status: http.StatusOK, data: healthView{"ok"}, bare: true}, nil
}

// register sets up a fresh server: its organisation and first administrator.
// A server that has one refuses (SigNoz: APIHandler.registerUser).
func (c *call) register() (answer, *problem) {
	if len(c.st.users) > 0 {
		return answer{}, &problem{status: http.StatusBadRequest, code: "invalid_input", message: "self-registration is disabled"}
	}
	body, p := decodeBody[registerBody](c.body)
	if p != nil {
		return answer{}, p
	}
	email, p := parseEmail(body.Email)
	if p != nil {
		return answer{}, p
	}
	org := c.st.addOrganisation(body.OrgName, c.now)
	u := c.st.addUser(org, body.Name, email, body.Password, c.now)
	return answer{status: http.StatusOK, data: registeredView{
		ID: u.id, DisplayName: u.name, Email: u.email, OrgID: org.id, IsRoot: true, Status: "active",
		CreatedAt: u.created, UpdatedAt: u.created,
	}}, nil
}

// sessionContext tells how an e-mail address can sign in, and where. An
// unknown address gets all organisations with exists false, so that nothing is
// given away (SigNoz: implsession.GetSessionContext).
func (c *call) sessionContext() (answer, *problem) {
	email, p := parseEmail(c.req.URL.Query().Get("email"))
	if p != nil {
		return answer{}, p
	}
	view := sessionContextView{Orgs: []orgContextView{}}
	for _, u := range c.st.users {
		if u.email == email {
			view.Exists = true
			view.Orgs = append(view.Orgs, c.viewOrgContext(u.org, u.ssoOnly))
		}
	}
	if view.Exists {
		return answer{status: http.StatusOK, data: view}, nil
	}
	for _, org := range c.st.orgs {
		view.Orgs = append(view.Orgs, c.viewOrgContext(org, false))
	}
	return answer{status: http.StatusOK, data: view}, nil
}

func (c *call) viewOrgContext(org *organisation, ssoOnly bool) orgContextView {
	view := orgContextView{ID: org.id, Name: org.name}
	if ssoOnly {
		view.AuthNSupport = authNSupportView{
			Callback: []callbackView{{"saml", "https://idp.example.com/sso?SAMLRequest=signoztest"}},
			Password: []passwordView{},
		}
		return view
	}
	view.AuthNSupport = authNSupportView{Callback: []callbackView{}, Password: []passwordView{{"email_password"}}}
	return view
}

func (c *call) signIn() (answer, *problem) {
	body, p := decodeBody[signInBody](c.body)
	if p != nil {
		return answer{}, p
	}
	email, p := parseEmail(body.Email)
	if p != nil {
		return answer{}, p
	}
	orgID, p := parseUUID(body.OrgID)
	if p != nil {
		return answer{}, p
	}
	u := c.st.userIn(email, orgID)
	if u == nil {
		return answer{}, &problem{
			status: http.StatusNotFound, code: "user_not_found",
			message: fmt.Sprintf("user with email %s in org %s not found", email, orgID),
		}
	}
	if u.ssoOnly {
		return answer{}, &problem{
			status: http.StatusNotFound, code: "password_not_found",
			message: fmt.Sprintf("user with email %s in org %s does not have password", email, orgID),
		}
	}
	if u.password != body.Password {
		return answer{}, &problem{status: http.StatusUnauthorized, code: "incorrect_password", message: "invalid email or password"}
	}
	return answer{status: http.StatusOK, data: c.issueToken(u)}, nil
}

func (st *state) userIn(email, orgID string) *user {
	for _, u := range st.users {
		if u.email == email && u.org.id == orgID {
			return u
		}
	}
	return nil
}

// rotate renews a token with its refresh token. The request must carry a token
// too, but an expired one will do: renewing it is what the call is for.
func (c *call) rotate() (answer, *problem) {
	body, p := decodeBody[rotateBody](c.body)
	if p != nil {
		return answer{}, p
	}
	if c.req.Header.Get("Authorization") == "" {
		return answer{}, unauthenticated()
	}
	s, ok := c.st.refreshes[body.RefreshToken]
	if !ok || c.now.After(s.expires) {
		return answer{}, &problem{status: http.StatusUnauthorized, code: "unauthenticated", message: "failed to parse jwt token"}
	}
	return answer{status: http.StatusOK, data: c.issueToken(s.user)}, nil
}

// signOut ends nothing: with the default tokenizer the token stays good until
// it expires (SigNoz: jwttokenizer.DeleteToken).
func (c *call) signOut() (answer, *problem) {
	if c.req.Header.Get("Authorization") == "" {
		return answer{}, unauthenticated()
	}
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) issueToken(u *user) tokenView {
	lifetime := c.server.options.tokenLifetime
	access := c.server.signToken(u, c.now, c.now.Add(lifetime))
	refresh := c.server.signToken(u, c.now, c.now.Add(refreshLifetime))
	c.st.sessions[access] = session{u, c.now.Add(lifetime)}
	c.st.refreshes[refresh] = session{u, c.now.Add(refreshLifetime)}
	return tokenView{
		TokenType: "bearer", AccessToken: access, RefreshToken: refresh,
		// A moment has passed when SigNoz counts: 30 minutes are 1799 seconds.
		ExpiresIn: int((lifetime - time.Nanosecond).Seconds()),
	}
}

// signToken makes a JSON Web Token (HS256), which is what SigNoz hands out.
func (s *Server) signToken(u *user, now, expires time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := mustMarshal(tokenClaims{u.id, u.email, u.org.id, expires.Unix(), now.Unix()})
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, s.tokenSecret)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// parseEmail normalises an address. SigNoz's own pattern is longer; what
// matters is that rubbish is refused and letters are lowered.
func parseEmail(text string) (string, *problem) {
	email := strings.ToLower(strings.TrimSpace(text))
	name, domain, found := strings.Cut(email, "@")
	if !found || name == "" || !strings.Contains(domain, ".") || strings.ContainsAny(email, " \t\r\n") || strings.Contains(domain, "@") {
		return "", &problem{status: http.StatusBadRequest, code: "invalid_valuer", message: "invalid email " + text}
	}
	return email, nil
}
