// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// defaultTokenLifetime is how long an access token works.
const defaultTokenLifetime = 30 * time.Minute

// session is a user's sign-in.
type session struct {
	user    *user
	expires time.Time
}

func (c *call) version() (status int, data any) {
	return http.StatusOK, bare{"version": c.server.options.reportedVersion, "ee": "Y", "setupCompleted": len(c.st.users) > 0}
}

func (c *call) health() (status int, data any) {
	return http.StatusOK, bare{"status": "ok"}
}

// register sets up a fresh server: its organisation and first administrator.
// A server that has one refuses (SigNoz: APIHandler.registerUser).
func (c *call) register() (status int, data any) {
	if len(c.st.users) > 0 {
		refusef(http.StatusBadRequest, "invalid_input", "self-registration is disabled")
	}
	body := decodeBody[struct{ Name, Email, Password, OrgName string }](c)
	email := parseEmail(body.Email)
	org := c.st.addOrganisation(newUUID(c.now), body.OrgName, c.now)
	u := c.st.addUser(org, body.Name, email, body.Password, c.now)
	return http.StatusOK, object{
		"id": u.id, "displayName": u.name, "email": u.email, "orgId": org.id, "isRoot": true, "status": "active",
		"createdAt": u.created, "updatedAt": u.created,
	}
}

// sessionContext lists where and how an e-mail address can sign in. An unknown
// address gets all organisations with exists false, so that nothing is given
// away (SigNoz: implsession.GetSessionContext).
func (c *call) sessionContext() (status int, data any) {
	email := parseEmail(c.req.URL.Query().Get("email"))
	orgs := []object{}
	for _, u := range c.st.users {
		if u.email == email {
			orgs = append(orgs, viewOrganisation(u.org, u.ssoOnly))
		}
	}
	exists := len(orgs) > 0
	if !exists {
		for _, org := range c.st.orgs {
			orgs = append(orgs, viewOrganisation(org, false))
		}
	}
	return http.StatusOK, object{"exists": exists, "orgs": orgs}
}

func viewOrganisation(org *organisation, ssoOnly bool) object {
	callback, password := []object{}, []object{{"provider": "email_password"}}
	if ssoOnly {
		callback, password = []object{{"provider": "saml", "url": "https://idp.example.com/sso?SAMLRequest=signoztest"}}, []object{}
	}
	return object{"id": org.id, "name": org.name, "authNSupport": object{"callback": callback, "password": password}}
}

func (c *call) signIn() (status int, data any) {
	body := decodeBody[struct{ Email, Password, OrgID string }](c)
	email, orgID := parseEmail(body.Email), parseUUID(body.OrgID)
	u := c.st.userIn(email, orgID)
	switch {
	case u == nil:
		refusef(http.StatusNotFound, "user_not_found", "user with email %s in org %s not found", email, orgID)
	case u.ssoOnly:
		refusef(http.StatusNotFound, "password_not_found", "user with email %s in org %s does not have password", email, orgID)
	case u.password != body.Password:
		refusef(http.StatusUnauthorized, "incorrect_password", "invalid email or password")
	}
	lifetime := c.server.options.tokenLifetime
	token := newToken(u, c.now.Add(lifetime))
	c.st.sessions[token] = session{u, c.now.Add(lifetime)}
	return http.StatusOK, object{
		"tokenType": "bearer", "accessToken": token, "refreshToken": newKeyValue(),
		// SigNoz rounds down what is left by then: 1799 seconds of 30 minutes.
		"expiresIn": int((lifetime - time.Nanosecond).Seconds()),
	}
}

func (st *state) userIn(email, orgID string) *user {
	for _, u := range st.users {
		if u.email == email && u.org.id == orgID {
			return u
		}
	}
	return nil
}

// newToken makes what looks like the JSON Web Tokens of SigNoz; nobody checks
// the signature, which is 32 random bytes.
func newToken(u *user, expires time.Time) string {
	signature := make([]byte, 32)
	fillRandom(signature)
	encode := base64.RawURLEncoding.EncodeToString
	claims := mustMarshal(object{"id": u.id, "email": u.email, "orgId": u.org.id, "exp": expires.Unix()})
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims) + "." + encode(signature)
}

// parseEmail normalises an address. SigNoz's own pattern is longer; what
// matters is that rubbish is refused and letters are lowered.
func parseEmail(text string) string {
	email := strings.ToLower(strings.TrimSpace(text))
	name, domain, found := strings.Cut(email, "@")
	if !found || name == "" || !strings.Contains(domain, ".") || strings.ContainsAny(email, " \t\r\n") || strings.Contains(domain, "@") {
		refusef(http.StatusBadRequest, "invalid_valuer", "invalid email %s", text)
	}
	return email
}
