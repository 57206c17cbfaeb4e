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

func hasBindings(v signoztest.Version) bool {
	return v != signoztest.V0_118_0 && v != signoztest.V0_123_0
}

func TestRoles_assignedAndUnassignedInAllGenerations(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		first, err := c.assignRole(t.Context(), w.account.ID, w.editor)
		must(t, err)
		again, err := c.assignRole(t.Context(), w.account.ID, w.editor)
		must(t, err)
		equal(t, "the same binding", again, first)
		equal(t, "binding told", first != "", hasBindings(v))
		equal(t, "may replace", c.mayReplaceRoles(), !hasBindings(v))

		account, err := c.ServiceAccount(t.Context(), w.account.ID)
		must(t, err)
		var names []string
		for _, b := range account.Bindings {
			names = append(names, b.Role.Name)
		}
		slices.Sort(names)
		want := "signoz-editor signoz-viewer"
		if v == signoztest.V0_118_0 {
			want = "signoz-editor" // in place of the one before
		}
		equal(t, "roles", strings.Join(names, " "), want)
		for _, b := range account.Bindings {
			must(t, c.UnassignRole(t.Context(), w.account.ID, b))
		}
		left, _ := w.server.Account(w.account.ID)
		equal(t, "roles left", len(left.Roles), 0)

		_, err = c.assignRole(t.Context(), w.account.ID, "019a0000-0000-7000-8000-000000000000")
		equal(t, "unknown role", IsNotFound(err) && !errors.Is(err, ErrNoRoleCall), true)
		// The other way was tried once, by the very first call, where it was wrong.
		probes := w.server.CountRequests("POST", bindingsPath)
		if hasBindings(v) {
			equal(t, "nested calls", w.server.CountRequests("POST", "/api/v1/service_accounts/*/roles"), 0)
		} else {
			equal(t, "calls of bindings", probes, 1)
		}
	})
}

func TestRoles_generationIsFoundOutOnce(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.assignRole(t.Context(), w.account.ID, w.editor); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want := 21 // one learns from the web page that there are no bindings
		if hasBindings(v) {
			want = 20
		}
		equal(t, "requests", w.server.CountRequests("POST", ""), want)
	})
}

// TestRoles_nobodyWaitsForOneWhoFails: the call that is to find the generation out is
// told to come back much later, and the others go on at once.
func TestRoles_nobodyWaitsForOneWhoFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Reply{Status: 503, RetryAfter: "3600"}})
	failed := make(chan struct{})
	once := sync.OnceFunc(func() { close(failed) })
	c := connect(t, w.server, func(cfg *Config) { cfg.Observe = func(context.Context, Attempt) { once() } })
	first, leave := context.WithCancel(t.Context())
	defer leave()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.assignRole(first, w.account.ID, w.editor); !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
	})
	<-failed
	others, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 3 {
		wg.Go(func() {
			if _, err := c.assignRole(others, w.account.ID, w.editor); err != nil {
				t.Errorf("another: %v", err)
			}
			if err := c.UnassignRole(others, w.account.ID, RoleBinding{ID: w.binding.ID, RoleID: w.editor}); err != nil {
				t.Errorf("another: %v", err)
			}
			leave()
		})
	}
	wg.Wait()
}

func TestRoles_webPagesOfOthersAreNotLearnedFrom(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		for _, known := range []bool{false, true} {
			w := newWorld(t, signoztest.WithVersion(v))
			c := connect(t, w.server)
			if known {
				knowing(c, v)
			}
			w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.WebPage()})
			_, err := c.assignRole(t.Context(), w.account.ID, w.editor)
			must(t, err)
			must(t, c.UnassignRole(t.Context(), w.account.ID, w.binding))
			w.server.ResetRequests()
			_, err = c.assignRole(t.Context(), w.account.ID, w.editor)
			must(t, err)
			equal(t, "requests", len(w.server.Requests()), 1)
			if v == signoztest.Main || !hasBindings(v) {
				equal(t, "may replace", c.mayReplaceRoles(), !hasBindings(v))
			}
		}
	})
}

func TestRoles_webPagesUnderParallelFirstUse(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.WebPage()})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.assignRole(t.Context(), w.account.ID, w.editor); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if sent := w.server.CountRequests("POST", ""); sent > 22 {
			t.Errorf("%d requests, want at most two more than workers", sent)
		}
	})
}

func TestRoles_serverWithoutTheirCalls(t *testing.T) {
	t.Parallel()
	for _, fault := range []signoztest.Fault{
		{Answer: signoztest.WebPage()},
		{Answer: signoztest.Reply{Status: 404, Body: "404 page not found", ContentType: "text/plain"}},
		{Answer: signoztest.Reply{Status: 405, Body: "Method Not Allowed", ContentType: "text/plain"}},
	} {
		w := newWorld(t)
		w.server.Inject(fault)
		c := connect(t, w.server)
		_, err := c.assignRole(t.Context(), w.account.ID, w.editor)
		equal(t, "assign", errors.Is(err, ErrNoRoleCall), true)
		err = c.UnassignRole(t.Context(), w.account.ID, w.binding)
		equal(t, "unassign", errors.Is(err, ErrNoRoleCall), true)
		w.server.ClearFaults()
		_, err = c.assignRole(t.Context(), w.account.ID, w.editor)
		must(t, err)
		equal(t, "may replace", c.mayReplaceRoles(), false)
	}
}

func TestRoles_serverIsUpgradedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithVersion(signoztest.Main))
	c := knowing(connect(t, w.server), signoztest.V0_123_0)
	_, err := c.assignRole(t.Context(), w.account.ID, w.editor)
	must(t, err)
	equal(t, "may replace", c.mayReplaceRoles(), false)
	equal(t, "requests", len(w.server.Requests()), 2)
}

func TestRoles_lostGrantsAreRepeated(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := knowing(connect(t, w.server), v)
		w.server.Inject(signoztest.Fault{Times: 1, CarriedOut: true, Answer: signoztest.Reset})
		_, err := c.assignRole(t.Context(), w.account.ID, w.editor)
		must(t, err)
		w.server.Inject(signoztest.Fault{Times: 1, CarriedOut: true, Answer: signoztest.Reset})
		must(t, c.UnassignRole(t.Context(), w.account.ID, RoleBinding{ID: bindingOf(t, c, w), RoleID: w.editor}))
		account, _ := w.server.Account(w.account.ID)
		equal(t, "has the role", slices.Contains(account.Roles, "signoz-editor"), false)
	})
}

func bindingOf(t testing.TB, c *Client, w *world) string {
	t.Helper()
	account, err := c.ServiceAccount(t.Context(), w.account.ID)
	must(t, err)
	for _, b := range account.Bindings {
		if b.RoleID == w.editor {
			return b.ID
		}
	}
	t.Fatal("the role isn't bound")
	return ""
}

func TestRoles_listedOnceUntilRefreshed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server)
	for range 3 {
		_, err := c.Roles(t.Context())
		must(t, err)
	}
	equal(t, "lists", w.server.CountRequests(http.MethodGet, "/api/v1/roles"), 1)
	w.server.CreateCustomRole("auditor")
	c.roles.drop()
	roles, err := c.Roles(t.Context())
	must(t, err)
	equal(t, "roles", len(roles), 5)
	equal(t, "custom", roles[4].Custom(), true)
}
