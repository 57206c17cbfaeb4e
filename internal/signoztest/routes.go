// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

// call is one request on its way through the server. It lives under the
// server's lock.
type call struct {
	server *Server
	st     *state
	traits traits
	now    time.Time
	req    *http.Request
	body   []byte
	caller caller
	// id and sub are the first and second variable segment of the path.
	id  string
	sub string
}

// caller is who signs a request: a user, or an account with one of its keys.
type caller struct {
	org     *organisation
	user    *user
	account *account
}

func (c caller) known() bool { return c.user != nil || c.account != nil }

// name is the caller's name in request logs.
func (c caller) name() string {
	switch {
	case c.account != nil:
		return c.account.name
	case c.user != nil:
		return c.user.email
	default:
		return ""
	}
}

// subject is the caller's name in detailed denials.
func (c caller) subject() string {
	if c.account != nil {
		return "service_account/" + c.account.id
	}
	return "user/" + c.user.id
}

// isAdmin: users of this server are administrators, accounts need the role.
func (c caller) isAdmin() bool {
	return c.user != nil || c.account != nil && c.account.hasRole(adminRole)
}

// access is what a route asks of its caller.
type access int

const (
	open   access = iota // nothing
	signed               // any valid credentials
	admins               // the administrator role
)

// route is one call the server knows. In the pattern, {id} and {sub} stand for
// any one segment.
type route struct {
	method  string
	pattern string
	access  access
	// scope and object word a detailed denial: what is asked for, and which
	// variable of the path names the object ("" for none).
	scope  string
	object string
	// selector and subSelector are the types of object as which the
	// authorization layer checks {id} and {sub}; "" leaves that to the handler.
	selector    string
	subSelector string
	handle      func(*call) (answer, *problem)
}

// routesOf returns the calls that a version has.
func routesOf(t traits) []route {
	// v0.123 judged key calls by their account, later servers by the key.
	keysSelector, keySelector := "", "metaresource"
	if t.denial == denySubjects {
		keysSelector, keySelector = "serviceaccount", ""
	}
	routes := []route{
		{method: "GET", pattern: "/api/v1/version", handle: (*call).version},
		{method: "GET", pattern: "/api/v1/health", handle: (*call).health},
		{method: "POST", pattern: "/api/v1/register", handle: (*call).register},
		{method: "GET", pattern: "/api/v2/sessions/context", handle: (*call).sessionContext},
		{method: "POST", pattern: "/api/v2/sessions/email_password", handle: (*call).signIn},
		{method: "POST", pattern: "/api/v2/sessions/rotate", handle: (*call).rotate},
		{method: "DELETE", pattern: "/api/v2/sessions", handle: (*call).signOut},

		{method: "GET", pattern: "/api/v1/service_accounts/me", access: signed, handle: (*call).getMe},
		{method: "PUT", pattern: "/api/v1/service_accounts/me", access: signed, handle: (*call).updateMe},

		{method: "POST", pattern: "/api/v1/service_accounts", access: admins, scope: "serviceaccount:create", handle: (*call).createAccount},
		{method: "GET", pattern: "/api/v1/service_accounts", access: admins, scope: "serviceaccount:list", handle: (*call).listAccounts},
		{method: "GET", pattern: "/api/v1/service_accounts/{id}", access: admins, scope: "serviceaccount:read", object: "id", selector: "serviceaccount", handle: (*call).getAccount},
		{method: "PUT", pattern: "/api/v1/service_accounts/{id}", access: admins, scope: "serviceaccount:update", object: "id", selector: "serviceaccount", handle: (*call).updateAccount},
		{method: "DELETE", pattern: "/api/v1/service_accounts/{id}", access: admins, scope: "serviceaccount:delete", object: "id", selector: "serviceaccount", handle: (*call).deleteAccount},
		{method: "GET", pattern: "/api/v1/service_accounts/{id}/roles", access: admins, scope: "serviceaccount:read", object: "id", selector: "serviceaccount", handle: (*call).listAccountRoles},

		{method: "POST", pattern: "/api/v1/service_accounts/{id}/keys", access: admins, scope: "factor-api-key:create", selector: "serviceaccount", handle: (*call).createKey},
		{method: "GET", pattern: "/api/v1/service_accounts/{id}/keys", access: admins, scope: "factor-api-key:list", selector: keysSelector, handle: (*call).listKeys},
		{method: "PUT", pattern: "/api/v1/service_accounts/{id}/keys/{sub}", access: admins, scope: "factor-api-key:update", object: "sub", selector: keysSelector, subSelector: keySelector, handle: (*call).updateKey},
		{method: "DELETE", pattern: "/api/v1/service_accounts/{id}/keys/{sub}", access: admins, scope: "factor-api-key:delete", object: "sub", selector: keysSelector, subSelector: keySelector, handle: (*call).revokeKey},

		{method: "GET", pattern: "/api/v1/roles", access: admins, scope: "role:list", handle: (*call).listRoles},
		{method: "GET", pattern: "/api/v1/roles/{id}", access: admins, scope: "role:read", object: "id", handle: (*call).getRole},
		{method: "POST", pattern: "/api/v1/roles", access: admins, scope: "role:create", handle: (*call).refuseCustomRole},
		{method: "DELETE", pattern: "/api/v1/roles/{id}", access: admins, scope: "role:delete", object: "id", handle: (*call).refuseCustomRole},
	}
	if t.nestedRoles {
		routes = append(routes,
			route{method: "POST", pattern: "/api/v1/service_accounts/{id}/roles", access: admins, scope: "serviceaccount:attach", object: "id", selector: "serviceaccount", handle: (*call).assignNested},
			route{method: "DELETE", pattern: "/api/v1/service_accounts/{id}/roles/{sub}", access: admins, scope: "serviceaccount:detach", object: "id", selector: "serviceaccount", handle: (*call).removeNested},
		)
	}
	if t.bindings {
		routes = append(routes,
			route{method: "POST", pattern: "/api/v1/service_account_roles", access: admins, scope: "serviceaccount:attach", handle: (*call).createBinding},
			route{method: "GET", pattern: "/api/v1/service_account_roles/{id}", access: admins, scope: "serviceaccount:read", handle: (*call).getBinding},
			route{method: "DELETE", pattern: "/api/v1/service_account_roles/{id}", access: admins, scope: "serviceaccount:detach", handle: (*call).deleteBinding},
		)
	}
	return routes
}

// router finds routes by method and path. Patterns are few, but a server under
// load asks often, so they are grouped by their number of segments.
type router struct {
	bySegments map[int][]compiledRoute
}

type compiledRoute struct {
	route
	segments []string
}

func newRouter(routes []route) *router {
	r := &router{bySegments: make(map[int][]compiledRoute)}
	for _, rt := range routes {
		segments := strings.Split(rt.pattern, "/")
		r.bySegments[len(segments)] = append(r.bySegments[len(segments)], compiledRoute{rt, segments})
	}
	return r
}

// find returns the route of a request and its path variables.
func (r *router) find(method, urlPath string) (found route, id, sub string, ok bool) {
	segments := strings.Split(urlPath, "/")
	for _, candidate := range r.bySegments[len(segments)] {
		if candidate.method != method {
			continue
		}
		if id, sub, ok = candidate.match(segments); ok {
			return candidate.route, id, sub, true
		}
	}
	return route{}, "", "", false
}

func (cr compiledRoute) match(segments []string) (id, sub string, ok bool) {
	for i, want := range cr.segments {
		got := segments[i]
		switch {
		case want == "{id}" && got != "":
			id = got
		case want == "{sub}" && got != "":
			sub = got
		case want != got:
			return "", "", false
		}
	}
	return id, sub, true
}

// dispatch carries a request out and gives the whole answer back, and the name
// of who sent it. p is the path below the base path.
func (s *Server) dispatch(req *http.Request, p string, body []byte) (*response, string) {
	if clean := cleanPath(p); clean != p {
		return redirectToClean(req, clean), ""
	}
	rt, id, sub, ok := s.router.find(req.Method, p)
	if !ok {
		return webPageResponse(), ""
	}
	a, prob, who := s.carryOut(req, rt, id, sub, body)
	if prob != nil {
		return renderProblem(prob, s.traits), who
	}
	return renderAnswer(a), who
}

// carryOut runs a route's handler under the lock; encoding the answer, which
// is what costs, happens outside.
func (s *Server) carryOut(req *http.Request, rt route, id, sub string, body []byte) (answer, *problem, string) {
	now := s.clock.Now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, st: s.state, traits: s.traits, now: now, req: req, body: body, id: id, sub: sub}
	c.caller = c.identify()
	if p := c.authorize(rt); p != nil {
		return answer{}, p, c.caller.name()
	}
	who := c.caller.name() // before the call renames it
	a, p := rt.handle(c)
	return a, p, who
}

// identify finds out who signs the request. Any Authorization header is judged
// alone: a key beside it is ignored.
func (c *call) identify() caller {
	if header := c.req.Header.Get("Authorization"); header != "" {
		return c.identifyUser(header)
	}
	k := c.st.keyValues[c.req.Header.Get("SIGNOZ-API-KEY")]
	if k == nil || k.expired(c.now) {
		return caller{}
	}
	k.observed = c.now
	return caller{org: k.account.org, account: k.account}
}

func (c *call) identifyUser(header string) caller {
	const prefix = "Bearer "
	token := header
	if len(header) >= len(prefix) && strings.EqualFold(header[:len(prefix)], prefix) {
		token = header[len(prefix):]
	}
	s, ok := c.st.sessions[token]
	if !ok || c.now.After(s.expires) {
		return caller{}
	}
	return caller{org: s.user.org, user: s.user}
}

func (c *call) authorize(rt route) *problem {
	if rt.access == open {
		return nil
	}
	if !c.caller.known() {
		return unauthenticated()
	}
	if rt.access == signed {
		return nil
	}
	if p := c.checkSelector(rt); p != nil {
		return p
	}
	if c.caller.isAdmin() {
		return nil
	}
	return c.deny(rt)
}

// checkSelector: since v0.123 the authorization layer meets an id in the path
// before the call itself does, and refuses what is no UUID in its own words.
func (c *call) checkSelector(rt route) *problem {
	if !c.traits.selectors {
		return nil
	}
	if rt.selector != "" && !uuidPattern.MatchString(c.id) {
		return invalidSelector(rt.selector, c.id)
	}
	if rt.subSelector != "" && !uuidPattern.MatchString(c.sub) {
		return invalidSelector(rt.subSelector, c.sub)
	}
	return nil
}

func invalidSelector(kind, id string) *problem {
	return &problem{
		status: http.StatusBadRequest, code: "invalid_selector",
		message: fmt.Sprintf("invalid selector for type %s: %s", kind, id),
	}
}

func (c *call) deny(rt route) *problem {
	message := "only admins can access this resource"
	switch {
	case c.traits.denial == denyDetailed:
		message = fmt.Sprintf("%s is not authorized to perform %s%s", c.caller.subject(), rt.scope, c.denied(rt))
	case c.traits.denial == denySubjects && !strings.HasPrefix(rt.scope, "role:"):
		message = "subjects are not authorized for requested access"
	}
	return &problem{status: http.StatusForbidden, code: "authz_forbidden", message: message}
}

// denied names the object of a denial, where there is one.
func (c *call) denied(rt route) string {
	switch rt.object {
	case "id":
		return fmt.Sprintf(" on resource %q", c.id)
	case "sub":
		return fmt.Sprintf(" on resource %q", c.sub)
	default:
		return ""
	}
}

// cleanPath is the path SigNoz's router wants: no doubled slashes, no dots, a
// slash at the end kept.
func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	if p[0] != '/' {
		p = "/" + p
	}
	clean := path.Clean(p)
	if p[len(p)-1] == '/' && clean != "/" {
		clean += "/"
	}
	return clean
}

// redirectToClean sends the caller to the cleaned path: 301 without a body or
// content type. The base path is missing from the Location of real servers
// too, since their router doesn't know of it.
func redirectToClean(req *http.Request, clean string) *response {
	u := *req.URL
	u.Scheme, u.Host, u.User, u.RawPath = "", "", nil, ""
	u.Path = clean
	r := newResponse(http.StatusMovedPermanently, "", nil)
	r.header.Set("Location", u.String())
	return r
}
