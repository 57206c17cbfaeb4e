// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
	"net/http"
	"path"
	"slices"
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
	caller caller
}

// caller is who signs a request: a user, or an account with one of its keys.
type caller struct {
	org     *organisation
	user    *user
	account *account
}

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

// may reports whether the caller has a permission on an object, "" for one that
// the path doesn't name. Users of this server are administrators.
func (c caller) may(permission, object string) bool {
	return c.user != nil || slices.ContainsFunc(c.account.bindings, func(b *binding) bool {
		return b.role.name == adminRole || slices.ContainsFunc(b.role.permissions, func(held string) bool {
			return held == permission || object != "" && held == permission+" "+object
		})
	})
}

// access is what a route asks of its caller before it looks at permissions.
type access int

const (
	signed access = iota // any valid credentials
	open                 // nothing
)

// route is one call the server knows.
type route struct {
	pattern string // of http.ServeMux
	handle  func(*call) (status int, data any)
	// needs are the permissions that the call takes, in the order in which their
	// lack is reported. {id} and {sub} behind one stand for the object it is on.
	needs  []string
	access access
	// selector and subSelector are the types of object as which the
	// authorization layer checks {id} and {sub}; "" leaves that to the handler.
	selector    string
	subSelector string
}

// routesOf returns the calls that a version has.
func routesOf(t traits) []route {
	const (
		accounts = "/api/v1/service_accounts"
		bindings = "/api/v1/service_account_roles"
	)
	// v0.123 judged key calls by their account, later servers by the key.
	keysSelector, keySelector := "", "metaresource"
	if t.denial == denySubjects {
		keysSelector, keySelector = "serviceaccount", ""
	}
	routes := []route{
		{pattern: "GET /api/v1/version", access: open, handle: (*call).version},
		{pattern: "GET /api/v1/health", access: open, handle: (*call).health},
		{pattern: "POST /api/v1/register", access: open, handle: (*call).register},
		{pattern: "GET /api/v2/sessions/context", access: open, handle: (*call).sessionContext},
		{pattern: "POST /api/v2/sessions/email_password", access: open, handle: (*call).signIn},

		{pattern: "GET " + accounts + "/me", handle: (*call).getMe},
		{pattern: "PUT " + accounts + "/me", handle: (*call).updateMe},

		{pattern: "POST " + accounts, needs: []string{"serviceaccount:create"}, handle: (*call).createAccount},
		{pattern: "GET " + accounts, needs: []string{"serviceaccount:list"}, handle: (*call).listAccounts},
		{pattern: "GET " + accounts + "/{id}", needs: []string{"serviceaccount:read {id}"}, selector: "serviceaccount", handle: (*call).getAccount},
		{pattern: "PUT " + accounts + "/{id}", needs: []string{"serviceaccount:update {id}"}, selector: "serviceaccount", handle: (*call).updateAccount},
		{pattern: "DELETE " + accounts + "/{id}", needs: []string{"serviceaccount:delete {id}"}, selector: "serviceaccount", handle: (*call).deleteAccount},
		{pattern: "GET " + accounts + "/{id}/roles", needs: []string{"serviceaccount:read {id}"}, selector: "serviceaccount", handle: (*call).listAccountRoles},

		{pattern: "POST " + accounts + "/{id}/keys", needs: []string{"factor-api-key:create", "serviceaccount:attach {id}"}, selector: "serviceaccount", handle: (*call).createKey},
		{pattern: "GET " + accounts + "/{id}/keys", needs: []string{"factor-api-key:list"}, selector: keysSelector, handle: (*call).listKeys},
		{pattern: "PUT " + accounts + "/{id}/keys/{sub}", needs: []string{"factor-api-key:update {sub}"}, selector: keysSelector, subSelector: keySelector, handle: (*call).updateKey},
		{pattern: "DELETE " + accounts + "/{id}/keys/{sub}", needs: []string{"factor-api-key:delete {sub}", "serviceaccount:detach {id}"}, selector: keysSelector, subSelector: keySelector, handle: (*call).revokeKey},

		{pattern: "GET /api/v1/roles", needs: []string{"role:list"}, handle: (*call).listRoles},
		{pattern: "GET /api/v1/roles/{id}", needs: []string{"role:read {id}"}, handle: (*call).getRole},
	}
	if t.nestedRoles {
		routes = append(routes,
			route{pattern: "POST " + accounts + "/{id}/roles", needs: []string{"serviceaccount:attach {id}", "role:attach"}, selector: "serviceaccount", handle: (*call).assignNested},
			route{pattern: "DELETE " + accounts + "/{id}/roles/{sub}", needs: []string{"serviceaccount:detach {id}", "role:detach {sub}"}, selector: "serviceaccount", handle: (*call).removeNested},
		)
	}
	if t.bindings {
		routes = append(routes,
			route{pattern: "POST " + bindings, needs: []string{"serviceaccount:attach", "role:attach"}, handle: (*call).createBinding},
			route{pattern: "GET " + bindings + "/{id}", needs: []string{"serviceaccount:read"}, handle: (*call).getBinding},
			route{pattern: "DELETE " + bindings + "/{id}", needs: []string{"serviceaccount:detach", "role:detach"}, handle: (*call).deleteBinding},
		)
	}
	return routes
}

// newMux routes the calls of the server's version. All that is left, a wrong
// method on a known path too, is the web page.
func (s *Server) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range routesOf(s.traits) {
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, req *http.Request) { s.carryOut(rt, w, req) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", htmlContentType)
		w.Header().Set("Cache-Control", "no-cache, no-store, must-revalidate, max-age=0")
		_, _ = w.Write([]byte(webPage)) // to memory, see response
	})
	return mux
}

// carryOut runs a route's handler under the lock; encoding the answer, which
// is what costs, happens outside.
func (s *Server) carryOut(rt route, w http.ResponseWriter, req *http.Request) {
	c := &call{server: s, traits: s.traits, now: s.clock.Now().UTC(), req: req}
	status, data, refused := c.run(rt)
	if out, ok := w.(*response); ok {
		out.caller = c.caller.name()
	}
	if refused != nil {
		refused.write(w, s.traits)
		return
	}
	writeJSON(w, status, data)
}

// run returns what the handler returns, or the problem that it panics with:
// handlers refuse from any depth, as SigNoz's own return errors from any depth.
func (c *call) run(rt route) (status int, data any, refused *problem) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *problem:
			refused = p
		default:
			panic(p)
		}
	}()
	c.st = c.server.state
	c.caller = c.identify()
	c.authorize(rt)
	status, data = rt.handle(c)
	return status, data, nil
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

func (c *call) authorize(rt route) {
	if rt.access == open {
		return
	}
	if c.caller.org == nil {
		panic(unauthenticated())
	}
	// Since v0.123 the authorization layer meets an id in the path before the
	// call itself does, and refuses what is no UUID in its own words.
	for _, in := range []struct{ kind, id string }{{rt.selector, c.req.PathValue("id")}, {rt.subSelector, c.req.PathValue("sub")}} {
		if c.traits.selectors && in.kind != "" && !uuidPattern.MatchString(in.id) {
			refusef(http.StatusBadRequest, "invalid_selector", "invalid selector for type %s: %s", in.kind, in.id)
		}
	}
	for _, need := range rt.needs {
		permission, variable, _ := strings.Cut(need, " ")
		object := c.req.PathValue(strings.Trim(variable, "{}"))
		if !c.caller.may(permission, object) {
			refusef(http.StatusForbidden, "authz_forbidden", "%s", c.denial(permission, object))
		}
	}
}

// denial words a refusal as the version does.
func (c *call) denial(permission, object string) string {
	switch {
	case c.traits.denial == denySubjects && !strings.HasPrefix(permission, "role:"):
		return "subjects are not authorized for requested access"
	case c.traits.denial != denyDetailed:
		return "only admins can access this resource"
	case object == "":
		return fmt.Sprintf("%s is not authorized to perform %s", c.caller.subject(), permission)
	default:
		return fmt.Sprintf("%s is not authorized to perform %s on resource %q", c.caller.subject(), permission, object)
	}
}

// pathID and pathSub return the ids in the path, normalised.
func (c *call) pathID() string  { return parseUUID(c.req.PathValue("id")) }
func (c *call) pathSub() string { return parseUUID(c.req.PathValue("sub")) }

// cleanPath is the path SigNoz's router wants: no doubled slashes, no dots, a
// slash at the end kept.
func cleanPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}
