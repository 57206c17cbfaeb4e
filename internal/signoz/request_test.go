// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// after is what a fault that strikes once leads to.
type after int

const (
	repeated after = iota // one more request, and success
	refused               // no more request, and an error
	passed                // no more request, and success
)

// faultOutcome says what one fault at a call that creates nothing leads to.
type faultOutcome struct {
	name  string
	fault signoztest.Fault
	after after
}

func faultOutcomes() []faultOutcome {
	outcomes := []faultOutcome{
		{"reset before", signoztest.Fault{Answer: signoztest.Reset}, repeated},
		{"reset after", signoztest.Fault{CarriedOut: true, Answer: signoztest.Reset}, repeated},
		{"half response", signoztest.Fault{CarriedOut: true, Answer: signoztest.Half}, repeated},
		{"hang", signoztest.Fault{Delay: time.Millisecond, GiveUp: true, Answer: signoztest.Reset}, repeated},
		{"slow", signoztest.Fault{Delay: time.Millisecond, CarriedOut: true}, passed},
		{"garbled", signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Status: 502, Body: "<h1>Bad Gateway", ContentType: "text/html"}}, repeated},
		{"cut short", signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Status: 200, Body: `{"status":"succ`}}, repeated},
		{"wrong type", signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Status: 200, Body: `{"status":"success","data":"?"}`}}, refused},
		{"redirect away", signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: "https://elsewhere.invalid/"}}, refused},
	}
	for _, status := range []int{429, 500, 502, 503, 504} {
		outcomes = append(outcomes,
			faultOutcome{fmt.Sprintf("%d after", status), signoztest.Fault{CarriedOut: true, Answer: signoztest.Status(status)}, repeated})
	}
	for _, status := range []int{304, 400, 401, 403, 408, 409, 501} {
		outcomes = append(outcomes,
			faultOutcome{fmt.Sprintf("%d before", status), signoztest.Fault{Answer: signoztest.Status(status)}, refused})
	}
	return outcomes
}

func TestCalls_withEveryFault(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		for _, o := range operations() {
			for _, f := range faultOutcomes() {
				w := newWorld(t, signoztest.WithVersion(v))
				c := knowing(connect(t, w.server), v)
				fault := f.fault
				fault.Method, fault.Path, fault.Times = o.method, o.pathOn(v), 1
				w.server.Inject(fault)
				err := o.do(t.Context(), c, w)

				name := o.name + ", " + f.name
				// Where listing is forbidden, the account itself is read.
				want := f.after
				fallsBack := o.name == "account from list" && f.name == "403 before"
				sent, failed := 1, want == refused && !fallsBack
				if want == repeated {
					sent = 2
				}
				equal(t, name+": requests", w.server.CountRequests(o.method, o.pathOn(v)), sent)
				if (err != nil) != failed {
					t.Errorf("%s: error %v, want one: %v", name, err, failed)
				}
				if err == nil {
					w.checkDone(t, o.name)
				}
				w.server.Close()
			}
		}
	})
}

func TestAnswers_unreadableAreNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		if o.name != "roles" && o.name != "rename" && o.name != "revoke key" {
			continue // so many megabytes take their time, and they all take the same path
		}
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.Inject(signoztest.Fault{Method: o.method, Path: o.path, CarriedOut: true, Answer: signoztest.Giant})
			err := o.do(t.Context(), knowing(connect(t, w.server), w.server.Version()), w)
			var broken *ConnectionError
			equal(t, "too large", errors.As(err, &broken) && broken.Problem == ProblemTooLarge, true)
			equal(t, "requests", w.server.CountRequests("", ""), 1)
		})
	}
}

func TestAnswers_webPage(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Answer: signoztest.WebPage()})
		err := o.do(t.Context(), connect(t, w.server), w)
		equal(t, o.name, IsWebPage(err), true)
		equal(t, o.name+": no role call", errors.Is(err, ErrNoRoleCall), o.nestedPath != "")
		equal(t, o.name+": not found", IsNotFound(err), false)
	}
}

func TestRetries_areCounted(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{0, 1, 5} {
		for _, fault := range []signoztest.Fault{
			{Answer: signoztest.Status(503)},
			{Answer: signoztest.Reset},
		} {
			w := newWorld(t)
			w.server.Inject(fault)
			var seen attempts
			c := connect(t, w.server, maxRetries(retries), func(cfg *Config) { cfg.Observe = seen.observe })
			_, err := c.Roles(t.Context())
			equal(t, "failed", err != nil, true)
			equal(t, "attempts", len(seen.all), retries+1)
			equal(t, "requests", len(w.server.Requests()), retries+1)
			for i, a := range seen.all {
				equal(t, "number", a.Number, i+1)
				equal(t, "method and path", a.Method+" "+a.Path, "GET /api/v1/roles")
				equal(t, "status or error", (a.Status == 503) != (a.Err != nil), true)
			}
		}
	}
}

func TestConnect_nothingListens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Refuse()
	var seen attempts
	c := connect(t, w.server, maxRetries(2), func(cfg *Config) { cfg.Observe = seen.observe })
	_, err := c.CreateKey(t.Context(), w.account.ID, NewKey{Name: "fresh"})
	var broken *ConnectionError
	equal(t, "refused", errors.As(err, &broken) && broken.Problem == ProblemRefused, true)
	// It never left this machine, so it is certain that nothing was made.
	equal(t, "lost", isLost(err), false)
	equal(t, "attempts", len(seen.all), 3)
}

func TestThrottling_isNotCountedAsFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Times: 8, Answer: signoztest.Status(429)})
	must(t, connect(t, w.server, maxRetries(1)).RenameServiceAccount(t.Context(), w.account.ID, "renamed"))
	equal(t, "requests", len(w.server.Requests()), 9)
}

func TestThrottling_isNotRetriedWhereRetriesAreOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Status(429)})
	c := connect(t, w.server, maxRetries(0))
	equal(t, "rename", hasStatus(c.RenameServiceAccount(t.Context(), w.account.ID, "renamed"), http.StatusTooManyRequests), true)
	equal(t, "requests", len(w.server.Requests()), 1)
}

func TestThrottling_isBoundedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: 429, RetryAfter: "86400"}})
	c := connect(t, w.server, maxRetries(2))
	c.window = time.Second
	began := time.Now()
	_, err := c.Roles(t.Context())
	equal(t, "too many requests", hasStatus(err, http.StatusTooManyRequests), true)
	if took := time.Since(began); took < 2*c.window {
		t.Errorf("gave up after %v, with patience for %v", took, 2*c.window)
	}
	// The wait that a day was cut to ends with the patience: one more try, no third.
	equal(t, "requests", len(w.server.Requests()), 2)
}

func TestDelete_throttledButCarriedOutSucceeds(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		w.server.Inject(signoztest.Fault{Method: "DELETE", Times: 1, CarriedOut: true, Answer: signoztest.Status(429)})
		must(t, connect(t, w.server).DeleteServiceAccount(t.Context(), w.account.ID))
		equal(t, "requests", w.server.CountRequests("DELETE", ""), 2)
	})
}

func TestBackoff_delaysAskedFor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	header := func(pairs ...string) http.Header {
		h := make(http.Header)
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	tests := []struct {
		name   string
		header http.Header
		body   string
		want   time.Duration
		ok     bool
	}{
		{"nothing", header(), "", 0, false},
		{"seconds", header("Retry-After", "7"), "", 7 * time.Second, true},
		{"none", header("Retry-After", "0"), "", 0, true},
		{"a day", header("Retry-After", "86400"), "", time.Minute, true},
		{"more than fits", header("Retry-After", "99999999999999999999"), "", 0, false},
		{"negative", header("Retry-After", "-5"), "", 0, false},
		{"garbage", header("Retry-After", "soon"), "", 0, false},
		{"fraction", header("Retry-After", "1.5"), "", 0, false},
		{"date", header("Retry-After", "Fri, 21 Aug 2026 12:00:09 GMT"), "", 9 * time.Second, true},
		{"date in the past", header("Retry-After", "Fri, 21 Aug 2026 11:00:00 GMT"), "", 0, true},
		{"date by the server's clock", header("Retry-After", "Sat, 01 Jan 2000 00:00:04 GMT", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"), "", 4 * time.Second, true},
		{"envelope", header(), `{"status":"error","error":{"code":"c","message":"m","retry":{"delay":3000000000}}}`, 3 * time.Second, true},
		{"header before envelope", header("Retry-After", "7"), `{"error":{"code":"c","retry":{"delay":3000000000}}}`, 7 * time.Second, true},
		{"garbage before envelope", header("Retry-After", "soon"), `{"error":{"code":"c","retry":{"delay":3000000000}}}`, 3 * time.Second, true},
		{"negative envelope", header(), `{"error":{"code":"c","retry":{"delay":-1}}}`, 0, false},
		{"empty envelope", header(), `{"error":{"code":"c","retry":{}}}`, 0, false},
		{"no envelope", header(), `<html>`, 0, false},
	}
	for _, test := range tests {
		got, ok := (&answer{header: test.header, body: []byte(test.body), received: now}).askedDelay()
		if got != test.want || ok != test.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestBackoff_growsSpreadsAndIsCapped(t *testing.T) {
	t.Parallel()
	base := 250 * time.Millisecond
	for n, ceiling := range map[int]time.Duration{
		1: base, 2: 2 * base, 4: 8 * base, 6: 8 * time.Second, 7: maxBackoff, 15: maxBackoff, 16: maxBackoff, 1000: maxBackoff,
	} {
		least, most := time.Duration(1<<62), time.Duration(0)
		for range 2000 {
			wait := jittered(base, n)
			least, most = min(least, wait), max(most, wait)
		}
		if least < ceiling/8 || most > ceiling {
			t.Errorf("repeat %d: between %v and %v, want within %v and %v", n, least, most, ceiling/8, ceiling)
		}
		// Full jitter: twenty workers mustn't come back together.
		if least > ceiling/4 || most < ceiling*3/4 {
			t.Errorf("repeat %d: between %v and %v, which doesn't spread over %v", n, least, most, ceiling)
		}
	}
}

// answered is the response to a call that began then, as backoff gets it.
func answered(a *answer, began time.Time) *http.Response {
	req := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	return &http.Response{Request: req.WithContext(context.WithValue(req.Context(), exchangeKey{}, &exchange{began: began, answer: a}))}
}

func TestBackoff_honoursWhatTheServerAsks(t *testing.T) {
	t.Parallel()
	c := &Client{cfg: Config{MaxRetries: 8, RetryWait: time.Second}, window: retryWindow}
	tests := []struct {
		after     string
		retries   int // before this one
		from, to  time.Duration
		remaining time.Duration // of the patience
	}{
		{"5", 0, 5 * time.Second, 5500 * time.Millisecond, time.Hour},
		{"0", 0, 0, 500 * time.Millisecond, time.Hour},
		{"86400", 0, maxRetryAfter, maxRetryAfter + 500*time.Millisecond, time.Hour},
		{"soon", 0, 125 * time.Millisecond, time.Second, time.Hour},
		{"86400", 0, 900 * time.Millisecond, time.Second, time.Second},
		{"5", 0, 0, 0, -time.Second},
	}
	for _, test := range tests {
		resp := answered(&answer{header: http.Header{"Retry-After": {test.after}}, received: time.Now()}, time.Now().Add(test.remaining-c.patience()))
		if wait := c.backoff(0, 0, test.retries, resp); wait < test.from || wait > test.to {
			t.Errorf("Retry-After %s with %v left: waits %v, want %v to %v", test.after, test.remaining, wait, test.from, test.to)
		}
	}
}

func TestPatience_doesNotOverflow(t *testing.T) {
	t.Parallel()
	for retries, want := range map[int]time.Duration{
		-1: 0, 0: 0, 8: 320 * time.Second, int(^uint(0) >> 1): (1 << 20) * retryWindow,
	} {
		c := &Client{cfg: Config{MaxRetries: retries}, window: retryWindow}
		equal(t, fmt.Sprint(retries), c.patience(), want)
	}
}

func TestAttempt_isLimitedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Hang})
	c := connect(t, w.server, requestTimeout(200*time.Millisecond), maxRetries(10))
	_, err := c.Roles(t.Context())
	must(t, err)

	w.server.Inject(signoztest.Fault{Answer: signoztest.Hang})
	_, err = connect(t, w.server, requestTimeout(10*time.Millisecond), maxRetries(1)).Roles(t.Context())
	var broken *ConnectionError
	equal(t, "timeout", errors.As(err, &broken) && broken.Problem == ProblemTimeout, true)
}

func TestRedirects_countIntoTheLimitOfAnAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Each hop is within the limit, all together aren't.
	w.server.Inject(signoztest.Fault{Delay: 60 * time.Millisecond, Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: "/api/v1/roles"}})
	var seen attempts
	c := connect(t, w.server, requestTimeout(150*time.Millisecond), maxRetries(0), func(cfg *Config) { cfg.Observe = seen.observe })
	_, err := c.Roles(t.Context())
	var broken *ConnectionError
	equal(t, "timeout", errors.As(err, &broken) && broken.Problem == ProblemTimeout, true)
	for _, a := range seen.all {
		equal(t, "number", a.Number, 1)
	}
}

func TestCancel_whileWaiting(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: 429, RetryAfter: "3600"}})
		c := knowing(connect(t, w.server, func(cfg *Config) {
			cfg.Observe = func(context.Context, Attempt) { cancel() }
		}), w.server.Version())
		began := time.Now()
		err := o.do(ctx, c, w)
		promptly(t, o.name, began, 20*time.Second)
		equal(t, o.name+": failed", err != nil, true)
		equal(t, o.name+": requests", len(w.server.Requests()), 1)
	}
}

func TestCancel_inFlight(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.server.Inject(signoztest.Fault{Answer: signoztest.Hang, Match: func(*http.Request) bool { cancel(); return true }})
		began := time.Now()
		err := o.do(ctx, knowing(connect(t, w.server), w.server.Version()), w)
		promptly(t, o.name, began, 20*time.Second)
		equal(t, o.name+": cancelled", errors.Is(err, context.Canceled), true)
	}
}

func TestCancel_nothingIsBegunAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := connect(t, w.server)
	for _, o := range operations() {
		equal(t, o.name, errors.Is(o.do(ctx, c, w), context.Canceled), true)
	}
	_, err := c.CreateServiceAccount(ctx, "fresh")
	equal(t, "account", errors.Is(err, context.Canceled) && !isLost(err), true)
	_, err = c.CreateKey(ctx, w.account.ID, NewKey{Name: "fresh"})
	equal(t, "key", errors.Is(err, context.Canceled) && !isLost(err), true)
	equal(t, "requests", len(w.server.Requests()), 0)
}

// promptly checks that something ended long before what it was waiting for.
// The limit leaves room for a busy machine.
func promptly(t testing.TB, what string, began time.Time, limit time.Duration) {
	t.Helper()
	if took := time.Since(began); took > limit {
		t.Errorf("%s: took %v", what, took)
	}
}
