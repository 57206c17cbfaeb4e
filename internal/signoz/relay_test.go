// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// relay passes bytes on between clients and a server, and may swallow what travels over the
// connections that are open, as a firewall does that has forgotten them: nobody is told.
type relay struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	swallow  []*atomic.Bool
	wg       sync.WaitGroup
}

func startRelay(t testing.TB, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &relay{listener: listener, target: target}
	var conns []net.Conn
	r.wg.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				_ = in.Close()
				continue
			}
			swallow := new(atomic.Bool)
			r.mu.Lock()
			r.swallow, conns = append(r.swallow, swallow), append(conns, in, out)
			r.mu.Unlock()
			r.wg.Go(func() { pass(out, in, swallow) })
			r.wg.Go(func() { pass(in, out, swallow) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		r.mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

func pass(to io.WriteCloser, from io.Reader, swallow *atomic.Bool) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !swallow.Load() {
			_, _ = to.Write(buffer[:n])
		}
		if err != nil {
			if !swallow.Load() {
				_ = to.Close()
			}
			return
		}
	}
}

// forget swallows what travels over all connections that are open now.
func (r *relay) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.swallow {
		s.Store(true)
	}
}

// Connections that are dead without anybody having said so cost each call at most one attempt.
func TestDeadConnections_areReplaced(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for _, test := range []struct {
		name        string
		tls, http2  bool
		atOnce      int
		connections int // at least
	}{
		{"HTTP/1.1, plain", false, false, 1, 1}, {"HTTP/1.1, plain, many", false, false, 8, 8},
		{"HTTP/1.1, TLS", true, false, 1, 1}, {"HTTP/1.1, TLS, many", true, false, 8, 8},
		{"HTTP/2", true, true, 1, 1}, {"HTTP/2, many", true, true, 8, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inner := signoztest.New(signoztest.WithRequestDelay(20 * time.Millisecond))
			var s *httptest.Server
			if test.tls {
				s = serveTLSOver(t, inner, ca, test.http2)
			} else {
				s = httptest.NewServer(inner)
				t.Cleanup(s.Close)
			}
			scheme, target, _ := strings.Cut(s.URL, "://")
			r := startRelay(t, target)
			var seen attempts
			c, err := New(Config{
				Endpoint: scheme + "://" + r.listener.Addr().String(), APIKey: inner.AdminKey(), TLS: TLSConfig{CACertificate: ca.pem},
				RequestTimeout: 3 * time.Second, MaxRetries: 1, RetryWait: time.Millisecond, Observe: seen.observe,
			})
			must(t, err)
			t.Cleanup(c.Close)
			read := func(when string) {
				var wg sync.WaitGroup
				for range test.atOnce {
					wg.Go(func() {
						if _, err := c.ServiceAccount(t.Context(), inner.AdminAccount().ID); err != nil {
							t.Errorf("%s: %v", when, err)
						}
					})
				}
				wg.Wait()
			}
			read("first")
			r.mu.Lock()
			if open := len(r.swallow); open < test.connections {
				t.Errorf("%d connections, want at least %d", open, test.connections)
			}
			r.mu.Unlock()
			r.forget()
			read("after the connections died")
			for _, a := range seen.all {
				if a.Number > 2 {
					t.Errorf("attempt %d", a.Number)
				}
			}
			r.mu.Lock()
			before := len(r.swallow)
			r.mu.Unlock()
			read("over new connections")
			r.mu.Lock()
			if opened := len(r.swallow) - before; test.http2 && opened > 0 {
				t.Errorf("%d more connections, though there is a living one", opened)
			}
			r.mu.Unlock()
		})
	}
}

// Load balancers drop idle connections after a minute, some without a word.
func TestIdleConnections_areGivenUpFirst(t *testing.T) {
	t.Parallel()
	transport, err := newTransport(TLSConfig{}, DefaultRequestTimeout)
	must(t, err)
	if transport.IdleConnTimeout >= time.Minute || transport.IdleConnTimeout <= 0 {
		t.Errorf("idle connections are kept for %v", transport.IdleConnTimeout)
	}
}
