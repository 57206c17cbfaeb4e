// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// outages are the ways in which a server is down.
func outages() map[string]func(*http.Request) (*http.Response, error) {
	gateway := func(status int) func(*http.Request) (*http.Response, error) {
		return func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(bytes.NewBufferString("<html>")), Request: req}, nil
		}
	}
	return map[string]func(*http.Request) (*http.Response, error){
		"refused": func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		},
		"black hole": func(req *http.Request) (*http.Response, error) {
			if trace := httptrace.ContextClientTrace(req.Context()); trace.WroteHeaders != nil {
				trace.WroteHeaders()
			}
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		},
		"bad gateway": gateway(http.StatusBadGateway),
		"unavailable": gateway(http.StatusServiceUnavailable),
	}
}

// fleet is how many objects a run has, and workers how many Terraform treats at once.
const fleet, workers = 200, 10

// run reads many accounts with as many workers as Terraform has.
func run(c *Client, n int) (failed int) {
	var (
		next, errs atomic.Int64
		wg         sync.WaitGroup
	)
	for range workers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := c.ServiceAccount(context.Background(), fmt.Sprintf("account-%d", i)); err != nil {
					errs.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return int(errs.Load())
}

// handlerTransport carries requests out in process, unless the server is down.
type handlerTransport struct {
	handler  http.Handler
	down     func(*http.Request) (*http.Response, error)
	from, to time.Time // when it is down; a zero end: for ever
	requests atomic.Int64
}

func (h *handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	h.requests.Add(1)
	if now := time.Now(); !now.Before(h.from) && (h.to.IsZero() || now.Before(h.to)) {
		return h.down(req)
	}
	<-time.After(10 * time.Millisecond)
	if h.handler == nil {
		body := fmt.Sprintf(`{"status":"success","data":{"id":%q}}`, req.URL.Path[len(accountsPath)+1:])
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(body)), Request: req}, nil
	}
	recorder, received := httptest.NewRecorder(), req.Clone(req.Context())
	if received.Body == nil {
		received.Body = http.NoBody
	}
	h.handler.ServeHTTP(recorder, received)
	resp := recorder.Result()
	resp.Request = req
	return resp, nil
}

func throughTransport(t testing.TB, h http.RoundTripper, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{Endpoint: "http://signoz.example", APIKey: "k", MaxRetries: DefaultMaxRetries}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	must(t, err)
	c.transport = h
	return c
}

// A run against a server that is down costs one patience, not one for each object.
func TestOutage_costsOnePatience(t *testing.T) {
	t.Parallel()
	for name, down := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &handlerTransport{down: down}
				c := throughTransport(t, h)
				began := time.Now()
				equal(t, "failed", run(c, fleet), fleet)
				if sent := h.requests.Load(); sent > fleet+DefaultMaxRetries {
					t.Errorf("%d requests for %d objects", sent, fleet)
				}
				limit := 45 * time.Second
				if name == "black hole" { // nine attempts of 30 seconds, then one of 5 for each object
					limit = 9*DefaultRequestTimeout + 45*time.Second + fleet/workers*outageTimeout
				}
				if took := time.Since(began); took > limit {
					t.Errorf("took %v", took)
				}

				// As soon as something answers, there is patience again.
				h.to = time.Now()
				equal(t, "failed afterwards", run(c, fleet), 0)
				h.from, h.to = time.Now(), time.Now().Add(time.Second)
				equal(t, "failed in a short outage", run(c, 1), 0)
			})
		})
	}
}

// A server that comes back while a call waits for it costs no object.
func TestOutage_restartIsSatOut(t *testing.T) {
	t.Parallel()
	for name, down := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &handlerTransport{down: down, from: time.Now().Add(55 * time.Millisecond)}
				h.to = h.from.Add(4 * time.Second)
				c := throughTransport(t, h)
				equal(t, "failed", run(c, fleet), 0)
				if sent := h.requests.Load(); sent > fleet+2*workers+DefaultMaxRetries {
					t.Errorf("%d requests for %d objects", sent, fleet)
				}
			})
		})
	}
}

// The call on which the others wait may be cancelled; another one takes its place.
func TestOutage_cancelledProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &handlerTransport{down: outages()["refused"], to: time.Now().Add(5 * time.Second)}
		c := throughTransport(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.ServiceAccount(ctx, "first")
			equal(t, "cancelled", errors.Is(err, context.Canceled), true)
		})
		synctest.Wait()
		for range workers {
			wg.Go(func() {
				_, err := c.ServiceAccount(t.Context(), "other")
				must(t, err)
			})
		}
		<-time.After(time.Millisecond)
		cancel()
		wg.Wait()
	})
}

// Signing in takes part in no waiting: the call on which all wait may need it.
func TestOutage_asUser(t *testing.T) {
	t.Parallel()
	for _, lifetime := range []time.Duration{time.Hour, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			inner := signoztest.New(signoztest.WithTokenLifetime(lifetime))
			h := &handlerTransport{handler: inner, down: outages()["refused"], from: time.Now().Add(25 * time.Millisecond)}
			h.to = h.from.Add(3 * time.Second)
			c := throughTransport(t, h, asAdmin())
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for range 5 {
						_, err := c.ServiceAccount(t.Context(), inner.AdminAccount().ID)
						must(t, err)
						<-time.After(500 * time.Millisecond)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestOutage_probeThatMustSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := signoztest.New()
		h := &handlerTransport{handler: inner, down: outages()["refused"], from: time.Now().Add(time.Hour)}
		c := throughTransport(t, h, asAdmin())
		_, err := c.Roles(t.Context())
		must(t, err)
		h.from, h.to = time.Now(), time.Now().Add(2*time.Second)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.ServiceAccount(t.Context(), inner.AdminAccount().ID)
			must(t, err)
		})
		synctest.Wait() // it waits for its first retry
		c.tokens.dropValue(c.allSecrets()[0])
		began := time.Now()
		wg.Wait()
		promptly(t, "the sign-in", began, 20*time.Second)
	})
}

// A host name that doesn't exist is a mistake, which no waiting mends.
func TestOutage_unknownHostIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	for temporary, want := range map[bool]int64{false: 1, true: 1 + DefaultMaxRetries} {
		synctest.Test(t, func(t *testing.T) {
			h := &handlerTransport{down: func(*http.Request) (*http.Response, error) {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "signoz.example", IsNotFound: !temporary, IsTemporary: temporary}}
			}}
			_, err := throughTransport(t, h).Roles(t.Context())
			equal(t, "problem", problemOf(err), ProblemHostUnknown)
			equal(t, "requests", h.requests.Load(), want)
		})
	}
}

// What a refused sign-in costs doesn't grow with the number of objects: lock-outs would follow.
func TestSignIn_refusedOnceForAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server, asUser(signoztest.AdminEmail, "wrong", ""))
	for range 50 {
		_, err := c.ServiceAccount(t.Context(), w.account.ID)
		var problem *SignInError
		equal(t, "refused", errors.As(err, &problem) && problem.Problem == SignInWrongPassword, true)
	}
	equal(t, "sign-ins", w.server.CountRequests("POST", signInPath), 1)
}
