// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// heldOn asks the server, not the client, for the roles of an account.
func heldOn(t testing.TB, s *signoztest.Server, id string) string {
	t.Helper()
	account, ok := s.Account(id)
	if !ok {
		t.Fatalf("no account %s", id)
	}
	return sortedList(account.Roles)
}

func sortedList(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestSetRoles_onEachVersion(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		steps := []struct{ names, want string }{
			{"signoz-editor", "signoz-editor"},
			{"signoz-editor", "signoz-editor"},
			{"", ""},
			{"signoz-admin", "signoz-admin"},
		}
		if v != signoztest.V0_118_0 {
			steps = append(steps, []struct{ names, want string }{
				{"signoz-viewer signoz-admin", "signoz-admin signoz-viewer"},
				{"signoz-editor signoz-viewer", "signoz-editor signoz-viewer"},
			}...)
		}
		for _, step := range steps {
			held, err := c.SetRoles(t.Context(), w.account.ID, strings.Fields(step.names))
			must(t, err)
			equal(t, "told as held", strings.Join(held, " "), step.want)
			equal(t, "held is known", held != nil, true)
			equal(t, "held", heldOn(t, w.server, w.account.ID), step.want)
		}
		w.server.ResetRequests()
		account, err := c.SharedServiceAccount(t.Context(), w.account.ID)
		must(t, err)
		equal(t, "as read afterwards", strings.Join(account.RoleNames(), " "), steps[len(steps)-1].want)
	})
}

// A new account is created, given its roles and read: nothing more.
func TestSetRoles_newAccountIsNotReadFirst(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := knowing(connect(t, w.server), v)
		roles := []string{"signoz-editor", "signoz-viewer"}
		if v == signoztest.V0_118_0 {
			roles = roles[:1]
		}
		id, err := c.CreateServiceAccount(t.Context(), "fresh")
		must(t, err)
		_, err = c.SetRoles(t.Context(), id, roles)
		must(t, err)
		account, err := c.SharedServiceAccount(t.Context(), id)
		must(t, err)
		equal(t, "roles", strings.Join(account.RoleNames(), " "), strings.Join(roles, " "))
		equal(t, "reads", w.server.CountRequests("GET", "/api/v1/service_accounts/*"), 1)

		// Later it may have been given others, which are to be taken.
		w.server.GrantRole(id, "signoz-admin")
		held, err := c.SetRoles(t.Context(), id, roles[:1])
		must(t, err)
		equal(t, "held", strings.Join(held, " "), roles[0])
		equal(t, "held", heldOn(t, w.server, id), roles[0])
	})
}

func TestSetRoles_grantsBeforeItTakes(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := knowing(connect(t, w.server), v)
		_, err := c.SetRoles(t.Context(), w.account.ID, []string{"signoz-editor"})
		must(t, err)
		var order []string
		for _, r := range w.server.Requests() {
			if r.Method != http.MethodGet {
				order = append(order, r.Method)
			}
		}
		want := "POST DELETE"
		if v == signoztest.V0_118_0 {
			want = "POST" // which has replaced the other
		}
		equal(t, "order", strings.Join(order, " "), want)
	})
}

func TestSetRoles_unknownNamesChangeNothing(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		held, err := c.SetRoles(t.Context(), w.account.ID, []string{"signoz-editor", "SigNoz-Admin"})
		var unknown *UnknownRolesError
		if !errors.As(err, &unknown) {
			t.Fatalf("got %v", err)
		}
		equal(t, "unknown", strings.Join(unknown.Names, " "), "SigNoz-Admin")
		equal(t, "those that there are", len(unknown.Roles), 4)
		equal(t, "told as held", strings.Join(held, " "), "signoz-viewer")
		equal(t, "writes", w.server.CountRequests("POST", "")+w.server.CountRequests("DELETE", ""), 0)
		_, err = c.GrantRole(t.Context(), w.account.ID, "SigNoz-Admin")
		equal(t, "granting one", errors.As(err, &unknown), true)
		equal(t, "writes", w.server.CountRequests("POST", ""), 0)
	})
}

// A role that was made since the list was read is found; the list is read once more for
// all who miss it.
func TestCheckRoles_readsTheListOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server)
	unknown, err := c.CheckRoles(t.Context(), []string{"signoz-viewer"})
	must(t, err)
	equal(t, "all known", unknown == nil, true)
	w.server.CreateCustomRole("auditor")
	unknown, err = c.CheckRoles(t.Context(), []string{"auditor", "signoz-viewer"})
	must(t, err)
	equal(t, "all known", unknown == nil, true)
	equal(t, "lists", w.server.CountRequests("GET", "/api/v1/roles"), 2)
	unknown, err = c.CheckRoles(t.Context(), []string{"nobody"})
	must(t, err)
	equal(t, "unknown", unknown != nil && unknown.Names[0] == "nobody", true)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Status(403), Path: "/api/v1/roles"})
	_, err = c.CheckRoles(t.Context(), []string{"nobody"})
	equal(t, "forbidden", IsForbidden(err), true)
}

// oneRoleServers are the two kinds of servers that keep one role: those that say their version
// and those that don't.
func oneRoleServers(t *testing.T, test func(t *testing.T, w *world, c *Client, saysVersion bool)) {
	t.Helper()
	for _, reported := range []string{"v0.118.0", "<unset>"} {
		for _, known := range []bool{false, true} {
			name := reported
			if known {
				name += ", generation known"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion(reported))
				c := connect(t, w.server)
				if known {
					knowing(c, signoztest.V0_118_0)
				}
				test(t, w, c, reported != "<unset>")
			})
		}
	}
}

func TestSetRoles_secondRoleOnOneRoleServer(t *testing.T) {
	t.Parallel()
	oneRoleServers(t, func(t *testing.T, w *world, c *Client, _ bool) {
		for _, names := range []string{"signoz-editor signoz-viewer", "signoz-editor signoz-admin"} {
			held, err := c.SetRoles(t.Context(), w.account.ID, strings.Fields(names))
			var one *OneRoleError
			if !errors.As(err, &one) {
				t.Fatalf("got %v", err)
			}
			equal(t, "told as held", strings.Join(held, " "), "signoz-viewer")
			equal(t, "held", heldOn(t, w.server, w.account.ID), "signoz-viewer")
			equal(t, "taken", w.server.CountRequests("DELETE", ""), 0) // it has a role throughout
		}
	})
}

func TestSetRoles_givingBackFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithVersion(signoztest.V0_118_0), signoztest.WithReportedVersion("<unset>"))
	c := knowing(connect(t, w.server, maxRetries(0)), signoztest.V0_118_0)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Status(403), Method: "POST", Path: "/api/v1/service_accounts/*/roles", Skip: 1})
	held, err := c.SetRoles(t.Context(), w.account.ID, []string{"signoz-editor", "signoz-viewer"})
	var one *OneRoleError
	if !errors.As(err, &one) || one.Lost == nil || !IsForbidden(err) {
		t.Fatalf("got %v", err)
	}
	equal(t, "told as held", strings.Join(held, " "), "signoz-editor")
	equal(t, "held", heldOn(t, w.server, w.account.ID), "signoz-editor")
}

func TestGrantRole_onEachVersion(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		_, err := c.GrantRole(t.Context(), w.account.ID, "signoz-viewer")
		var held *RoleHeldError
		if !errors.As(err, &held) || held.Account.Name != "ci" {
			t.Fatalf("held already: got %v", err)
		}
		empty := w.server.CreateAccount("empty")
		ids := []string{empty.ID}
		if v != signoztest.V0_118_0 {
			ids = append(ids, w.account.ID) // besides signoz-viewer
		}
		for _, id := range ids {
			before := heldOn(t, w.server, id)
			binding, err := c.GrantRole(t.Context(), id, "signoz-editor")
			must(t, err)
			account, err := c.ServiceAccount(t.Context(), id)
			must(t, err)
			equal(t, "binding", binding.ID, account.Binding("signoz-editor").ID)
			equal(t, "held", heldOn(t, w.server, id), strings.TrimSpace("signoz-editor "+before))
			must(t, c.RevokeRole(t.Context(), id, "signoz-editor"))
			must(t, c.RevokeRole(t.Context(), id, "signoz-editor"))
			equal(t, "held", heldOn(t, w.server, id), before)
		}
		w.server.DeleteAccount(empty.ID)
		var deleted *AccountDeletedError
		_, err = c.GrantRole(t.Context(), empty.ID, "signoz-editor")
		equal(t, "deleted account", errors.As(err, &deleted) && deleted.Account.Name == "empty", true)
		_, err = c.SetRoles(t.Context(), empty.ID, []string{"signoz-editor"})
		equal(t, "deleted account", errors.As(err, &deleted), true)
		must(t, c.RevokeRole(t.Context(), empty.ID, "signoz-editor"))
		must(t, c.RevokeRole(t.Context(), "019a0000-0000-7000-8000-000000000000", "signoz-editor"))
	})
}

func TestGrantRole_secondRoleOnOneRoleServer(t *testing.T) {
	t.Parallel()
	oneRoleServers(t, func(t *testing.T, w *world, c *Client, saysVersion bool) {
		_, err := c.GrantRole(t.Context(), w.account.ID, "signoz-editor")
		var one *OneRoleError
		if !errors.As(err, &one) {
			t.Fatalf("got %v", err)
		}
		equal(t, "account", one.Account, "ci")
		equal(t, "told as held", strings.Join(one.Held, " "), "signoz-viewer")
		equal(t, "held", heldOn(t, w.server, w.account.ID), "signoz-viewer")
		if saysVersion { // then the account keeps its role throughout
			equal(t, "grants", w.server.CountRequests("POST", ""), 0)
		}
	})
}

// Of two roles that are granted at the same time, the account gets one, and the other is refused.
func TestGrantRole_twoAtOnceOnOneRoleServer(t *testing.T) {
	t.Parallel()
	oneRoleServers(t, func(t *testing.T, w *world, c *Client, _ bool) {
		account := w.server.CreateAccount("empty")
		var (
			mu      sync.Mutex
			granted []string
			refused int
			wg      sync.WaitGroup
		)
		for _, role := range []string{"signoz-editor", "signoz-viewer", "signoz-admin"} {
			wg.Go(func() {
				_, err := c.GrantRole(t.Context(), account.ID, role)
				mu.Lock()
				defer mu.Unlock()
				var one *OneRoleError
				switch {
				case err == nil:
					granted = append(granted, role)
				case errors.As(err, &one):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "refused", refused, 2)
		equal(t, "held", heldOn(t, w.server, account.ID), strings.Join(granted, " "))
	})
}

// What a grant or a removal that failed has done is decided by looking.
func TestRoles_lostAnswersAreDecidedByLooking(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		for _, fault := range []signoztest.Fault{
			{CarriedOut: true, Answer: signoztest.Reset, Method: "POST"},
			{CarriedOut: true, Answer: signoztest.Status(502), Method: "POST"},
		} {
			fault.Path = "/api/v1/service_account*/**"
			w := newWorld(t, signoztest.WithVersion(v))
			c := knowing(connect(t, w.server, maxRetries(0)), v)
			account := w.server.CreateAccount("empty")
			w.server.Inject(fault)
			binding, err := c.GrantRole(t.Context(), account.ID, "signoz-editor")
			must(t, err)
			equal(t, "binding", binding.Role.Name, "signoz-editor")
			equal(t, "has an id", binding.ID != "", true)

			another := w.server.CreateAccount("another")
			held, err := c.SetRoles(t.Context(), another.ID, []string{"signoz-editor"})
			must(t, err)
			equal(t, "held", strings.Join(held, " "), "signoz-editor")
			w.server.ClearFaults()

			fault.Method = "DELETE"
			w.server.Inject(fault)
			held, err = c.SetRoles(t.Context(), another.ID, nil)
			must(t, err)
			equal(t, "roles left", len(held), 0)
		}
	})
}

func TestGrantRole_whatCannotBeLookedAtIsUnresolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := knowing(connect(t, w.server, maxRetries(0)), signoztest.Main)
	w.server.Inject(signoztest.Fault{CarriedOut: true, Answer: signoztest.Reset, Method: "POST"})
	w.server.Inject(signoztest.Fault{Answer: signoztest.Status(503), Method: "GET", Path: "/api/v1/service_accounts/*", Skip: 1})
	_, err := c.GrantRole(t.Context(), w.account.ID, "signoz-editor")
	var unresolved *UnresolvedError
	equal(t, "unresolved", errors.As(err, &unresolved), true)
	held, err := c.SetRoles(t.Context(), w.account.ID, nil)
	equal(t, "nothing is known", held == nil && err != nil, true)
}

// Cancelled while the server is at it, a grant tells what it has done.
func TestSetRoles_cancelledInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := knowing(connect(t, w.server, func(cfg *Config) {
		cfg.Observe = func(_ context.Context, a Attempt) {
			if a.Method == http.MethodPost {
				cancel()
			}
		}
	}), signoztest.Main)
	held, err := c.SetRoles(ctx, w.account.ID, []string{"signoz-editor", "signoz-admin", "signoz-viewer"})
	equal(t, "cancelled", errors.Is(err, context.Canceled), true)
	equal(t, "told as held", strings.Join(held, " "), "signoz-editor signoz-viewer")
	equal(t, "held", heldOn(t, w.server, w.account.ID), "signoz-editor signoz-viewer")
}

// A run that is cancelled while SigNoz assigns a role still learns that the account has it:
// otherwise the state would lack a role that the next apply can't assign again.
func TestRoles_cancelledAssignmentMayFinish(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := knowing(connect(t, w.server), v)
		account := w.server.CreateAccount("empty")
		ctx, cancel := context.WithCancel(t.Context())
		w.server.Inject(signoztest.Fault{Method: "POST", Delay: 20 * time.Millisecond, CarriedOut: true, Match: func(*http.Request) bool {
			cancel()
			return true
		}})
		binding, err := c.GrantRole(ctx, account.ID, "signoz-editor")
		must(t, err)
		equal(t, "binding", binding.Role.Name, "signoz-editor")
		equal(t, "cancelled", ctx.Err() != nil, true)
	})
}
