// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func TestShared_oneRequestForManyCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server)
	w.server.Inject(signoztest.Fault{Delay: 10 * time.Millisecond, CarriedOut: true})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if key, err := c.Key(t.Context(), w.account.ID, w.key.ID); err != nil || key == nil {
				t.Errorf("got %v, %v", key, err)
			}
			if _, err := c.ServiceAccountFromList(t.Context(), w.account.ID); err != nil {
				t.Error(err)
			}
			if _, err := c.Me(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := c.ServerVersion(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := c.Roles(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "requests", len(w.server.Requests()), 5)
}

func TestShared_ownWritesAreSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server)
	names := func() (account, me, key string) {
		t.Helper()
		a, err := c.ServiceAccountFromList(t.Context(), w.account.ID)
		must(t, err)
		m, err := c.Me(t.Context())
		must(t, err)
		k, err := c.Key(t.Context(), w.account.ID, w.key.ID)
		must(t, err)
		if k == nil {
			return a.Name, m.Name, ""
		}
		return a.Name, m.Name, k.Name
	}
	names()
	must(t, c.RenameServiceAccount(t.Context(), w.account.ID, "renamed"))
	must(t, c.RenameServiceAccount(t.Context(), w.server.AdminAccount().ID, "admin"))
	must(t, c.UpdateKey(t.Context(), w.account.ID, w.key.ID, "rotated", time.Time{}))
	account, me, key := names()
	equal(t, "names", account+" "+me+" "+key, "renamed admin rotated")

	made, err := c.CreateKey(t.Context(), w.account.ID, NewKey{Name: "second"})
	must(t, err)
	second, err := c.Key(t.Context(), w.account.ID, made.ID)
	must(t, err)
	equal(t, "the new key is listed", second != nil, true)
	must(t, c.RevokeKey(t.Context(), w.account.ID, w.key.ID))
	_, _, key = names()
	equal(t, "revoked", key, "")

	id, err := c.CreateServiceAccount(t.Context(), "fresh")
	must(t, err)
	_, err = c.ServiceAccountFromList(t.Context(), id)
	must(t, err)
	must(t, c.DeleteServiceAccount(t.Context(), id))
	fresh, err := c.ServiceAccountFromList(t.Context(), id)
	must(t, err)
	equal(t, "deleted", fresh.Deleted(), true)

	_, err = c.assignRole(t.Context(), w.server.AdminAccount().ID, w.editor)
	must(t, err)
	mine, err := c.Me(t.Context())
	must(t, err)
	equal(t, "own roles", len(mine.Bindings), 2)
}

func TestShared_failedWriteDropsTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server, maxRetries(0))
	_, err := c.Keys(t.Context(), w.account.ID)
	must(t, err)
	w.server.Inject(signoztest.Fault{Method: "DELETE", CarriedOut: true, Answer: signoztest.Reset})
	equal(t, "failed", c.RevokeKey(t.Context(), w.account.ID, w.key.ID) != nil, true)
	keys, err := c.Keys(t.Context(), w.account.ID)
	must(t, err)
	equal(t, "keys", len(keys), 0)
}

func TestShared_errorsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server, maxRetries(0))
	w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Status(http.StatusInternalServerError)})
	_, err := c.Roles(t.Context())
	equal(t, "failed", err != nil, true)
	_, err = c.Roles(t.Context())
	must(t, err)
}

// gate is a fetch that a test lets through by hand.
type gate struct {
	began chan struct{}
	open  chan struct{}
	mu    sync.Mutex
	calls int
}

func newGate() *gate { return &gate{began: make(chan struct{}, 10), open: make(chan struct{})} }

func (g *gate) fetch(ctx context.Context) (int, error) {
	g.mu.Lock()
	g.calls++
	call := g.calls
	g.mu.Unlock()
	g.began <- struct{}{}
	select {
	case <-g.open:
		return call, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func TestShared_cancelledCallerFailsNoOther(t *testing.T) {
	t.Parallel()
	var s shared[int]
	g := newGate()
	first, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.get(first, g.fetch)
		failed <- err
	}()
	<-g.began // the request is the first caller's
	got := make(chan int)
	joined := s.current
	go func() {
		v, _ := s.get(t.Context(), g.fetch)
		got <- v
	}()
	waitUntil(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return joined.waiting == 2
	})
	cancel()
	equal(t, "cancelled", errors.Is(<-failed, context.Canceled), true)
	close(g.open)
	equal(t, "value", <-got, 1)
}

func TestShared_lastToLeaveEndsTheRequest(t *testing.T) {
	t.Parallel()
	var s shared[int]
	g := newGate()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		_, err := s.get(ctx, func(ctx context.Context) (int, error) {
			v, err := g.fetch(ctx)
			ended <- err
			return v, err
		})
		done <- err
	}()
	<-g.began
	cancel()
	equal(t, "request ended", errors.Is(<-ended, context.Canceled), true)
	equal(t, "caller's error", errors.Is(<-done, context.Canceled), true)
	close(g.open)
	// Nobody who comes later joins the one that was ended.
	v, err := s.get(t.Context(), g.fetch)
	must(t, err)
	equal(t, "value", v, 2)
}

func TestShared_droppedDuringARequest(t *testing.T) {
	t.Parallel()
	var s shared[int]
	g := newGate()
	before := make(chan int)
	go func() {
		v, _ := s.get(t.Context(), g.fetch)
		before <- v
	}()
	<-g.began
	s.drop()
	later := make(chan int)
	go func() {
		v, _ := s.get(t.Context(), g.fetch)
		later <- v
	}()
	<-g.began // a request of its own
	close(g.open)
	equal(t, "before", <-before, 1)
	equal(t, "later", <-later, 2)
	v, err := s.get(t.Context(), g.fetch)
	must(t, err)
	equal(t, "kept", v, 2)
	s.dropValue(1)
	v, _ = s.get(t.Context(), g.fetch)
	equal(t, "still kept", v, 2)
	s.dropValue(2)
	v, _ = s.get(t.Context(), g.fetch)
	equal(t, "asked again", v, 3)
}

func TestShared_nothingIsFetchedForACancelledCaller(t *testing.T) {
	t.Parallel()
	var s shared[int]
	g := newGate()
	close(g.open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		_, err := s.get(ctx, g.fetch)
		equal(t, "cancelled", errors.Is(err, context.Canceled), true)
	}
	equal(t, "calls", g.calls, 0)
}

func TestShared_underStress(t *testing.T) {
	t.Parallel()
	var s byID[shared[int]]
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for n := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%7 == i%7 {
					cancel()
				}
				v, err := s.of("a").get(ctx, func(context.Context) (int, error) { return 7, nil })
				if err == nil && v != 7 {
					t.Errorf("got %d", v)
				}
				if n%5 == 0 {
					s.of("a").drop()
				}
				cancel()
			}
		})
	}
	wg.Wait()
}

// waitUntil waits for what another goroutine is about to do.
func waitUntil(t testing.TB, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !happened(); {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
		<-time.After(time.Millisecond)
	}
}
