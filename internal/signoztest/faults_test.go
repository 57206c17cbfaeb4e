// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// createCI asks for an account, the request that most faults of these tests hit.
func createCI(t *testing.T, s *Server) (reply, error) {
	t.Helper()
	return trySend(t, s, http.MethodPost, accountsPath, byKey(s.AdminKey()), `{"name":"ci"}`)
}

// wantCarriedOut wants the account of createCI to be there, or not.
func wantCarriedOut(t *testing.T, s *Server, want bool) {
	t.Helper()
	if _, got := s.AccountByName("ci"); got != want {
		t.Fatalf("carried out: %t, want %t", got, want)
	}
}

func TestFault_breaksConnections(t *testing.T) {
	t.Parallel()
	cases := []struct {
		fault  Fault
		want   error // nil for one that has only a text
		text   string
		called string
	}{
		{Fault{Answer: Reset}, syscall.ECONNRESET, "", "reset"},
		{Fault{CarriedOut: true, Answer: Reset}, syscall.ECONNRESET, "", "carried out, reset"},
		{Fault{CarriedOut: true, Answer: Half}, io.ErrUnexpectedEOF, "", "carried out, half"},
		{Fault{CarriedOut: true, Answer: BodyOnly}, nil, `malformed HTTP response "{\"status\":\"success\"`, "carried out, body only"},
	}
	for _, c := range cases {
		t.Run(c.called, func(t *testing.T) {
			t.Parallel()
			s := Start(t)
			c.fault.Method, c.fault.Times = http.MethodPost, 1
			hit := s.Inject(c.fault)
			r, err := createCI(t, s)
			if err == nil || c.want != nil && !failedWith(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error %v, want %v%s", err, c.want, c.text)
			}
			if c.fault.Answer == Half && (r.status != http.StatusCreated || r.body == "" || json.Valid([]byte(r.body))) {
				t.Fatalf("%+v is no half of a 201", r)
			}
			wantCarriedOut(t, s, c.fault.CarriedOut)
			if last := s.Requests()[0]; last.Fault != c.called || hit.Hits() != 1 {
				t.Fatalf("%d hits, request %+v", hit.Hits(), last)
			}
			// The next one passes: it finds the name in use if the first was carried out.
			want := http.StatusCreated
			if c.fault.CarriedOut {
				want = http.StatusConflict
			}
			admin(t, s, http.MethodPost, accountsPath, `{"name":"ci"}`, want)
		})
	}
}

func TestFault_halfOfAnEmptyAnswer(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	s.Inject(Fault{CarriedOut: true, Answer: Half})
	if r, err := trySend(t, s, http.MethodDelete, accountsPath+"/"+a.ID, byKey(s.AdminKey()), ""); err == nil {
		t.Fatalf("an answer: %+v", r)
	}
	wantCarriedOut(t, s, false)
}

func TestFault_repliesWithAStatus(t *testing.T) {
	t.Parallel()
	cases := []struct {
		version Version
		status  int
		code    string
	}{
		{V0_118_0, http.StatusTooManyRequests, "too_many_requests"},
		{V0_138_0, http.StatusTooManyRequests, "too_many_requests"},
		{V0_138_0, http.StatusUnauthorized, "unauthenticated"},
		{V0_138_0, http.StatusInternalServerError, "internal"},
		{V0_138_0, http.StatusGatewayTimeout, "timeout"},
		{Main, http.StatusServiceUnavailable, "unknown"},
	}
	for _, c := range cases {
		for _, carriedOut := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %d carried out %t", c.version, c.status, carriedOut), func(t *testing.T) {
				t.Parallel()
				s := Start(t, WithVersion(c.version))
				s.Inject(Fault{CarriedOut: carriedOut, Answer: Reply{Status: c.status, RetryAfter: "7"}})
				r, err := createCI(t, s)
				if err != nil {
					t.Fatal(err)
				}
				wantProblem(t, r, c.status, c.code)
				if got := r.header.Get("Retry-After"); got != "7" {
					t.Fatalf("Retry-After %q", got)
				}
				typed := c.version != V0_118_0
				if got := strings.Contains(r.body, `"retry":{"delay":7000000000}`); got != typed {
					t.Fatalf("retry.delay: %t, want %t: %s", got, typed, r.body)
				}
				if got := r.header.Get("Content-Type"); (got == "application/json") != typed {
					t.Fatalf("content type %q", got)
				}
				wantCarriedOut(t, s, carriedOut)
				if last := s.Requests()[0]; last.Status != c.status {
					t.Fatalf("the log has status %d", last.Status)
				}
			})
		}
	}
}

func TestFault_repliesWithABody(t *testing.T) {
	t.Parallel()
	s := Start(t)
	for _, after := range []string{"", "86400", "Wed, 21 Oct 2037 07:28:00 GMT", "soon", "-1", "99999999999999999999"} {
		hit := s.Inject(Fault{Answer: Reply{Status: http.StatusBadGateway, RetryAfter: after, Body: "<h1>proxy</h1>", ContentType: "text/html"}})
		r, err := createCI(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if r.status != http.StatusBadGateway || r.body != "<h1>proxy</h1>" || r.header.Get("Content-Type") != "text/html" || r.header.Get("Retry-After") != after {
			t.Fatalf("%+v", r)
		}
		hit.Remove()
	}
	s.Inject(Fault{CarriedOut: true, Answer: Status(http.StatusNoContent)})
	admin(t, s, http.MethodPost, accountsPath, `{"name":"ci"}`, http.StatusNoContent)
	wantCarriedOut(t, s, true)
}

func TestFault_webPage(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Inject(Fault{Answer: WebPage()})
	r, err := createCI(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if r.status != http.StatusOK || r.body != webPage || r.header.Get("Content-Type") != htmlContentType {
		t.Fatalf("%+v", r)
	}
	wantCarriedOut(t, s, false)
}

func TestFault_redirects(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308} {
		s := Start(t)
		s.Inject(Fault{Answer: Reply{Status: status, Location: "https://elsewhere.example/x"}})
		r, err := createCI(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if r.status != status || r.body != "" || r.header.Get("Location") != "https://elsewhere.example/x" {
			t.Fatalf("%+v", r)
		}
		wantCarriedOut(t, s, false)
	}
}

func TestFault_giantAnswer(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Inject(Fault{CarriedOut: true, Answer: Giant})
	r, err := createCI(t, s)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, reply{status: r.status}, http.StatusCreated)
	wantCarriedOut(t, s, true)
	a, _ := s.AccountByName("ci")
	wantGiant(t, r.body, `{"status":"success","data":{"id":"`+a.ID+`"},"padding":""}`)
	empty := admin(t, s, http.MethodDelete, accountsPath+"/"+a.ID, "", http.StatusOK)
	wantGiant(t, empty.body, `{"padding":""}`)
}

// wantGiant wants a body that is too long, and a given one without its padding.
func wantGiant(t *testing.T, body, without string) {
	t.Helper()
	if len(body) <= 64<<20 {
		t.Fatalf("%d bytes", len(body))
	}
	begin, rest, _ := strings.Cut(body, `"padding":"`)
	if got := begin + `"padding":"` + strings.TrimLeft(rest, "x"); got != without {
		t.Fatalf("without its padding it is %.200s", got)
	}
}

func TestFault_replacesTheBody(t *testing.T) {
	t.Parallel()
	s := Start(t)
	hit := s.Inject(Fault{Times: 1, CarriedOut: true, Answer: Reply{Body: `{"status":"success","data":{"id":7}}`}})
	r, err := createCI(t, s)
	if err != nil || r.status != http.StatusCreated || r.body != `{"status":"success","data":{"id":7}}` {
		t.Fatalf("%+v, %v", r, err)
	}
	wantCarriedOut(t, s, true)
	hit.Remove()
	s.Inject(Fault{CarriedOut: true, Answer: Status(http.StatusOK)})
	if r := admin(t, s, http.MethodPost, accountsPath, `{"name":"cd"}`, http.StatusOK); r.body != "" {
		t.Fatalf("%+v", r)
	}
}

func TestFault_delays(t *testing.T) {
	t.Parallel()
	s := Start(t)
	const delay = 50 * time.Millisecond
	s.Inject(Fault{Delay: delay, CarriedOut: true})
	started := time.Now()
	r, err := createCI(t, s)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r, http.StatusCreated)
	if took := time.Since(started); took < delay {
		t.Fatalf("it took %s", took)
	}
}

// TestFault_delayOutlastsTheClient: the request is carried out all the same,
// unless the fault gives up.
func TestFault_delayOutlastsTheClient(t *testing.T) {
	t.Parallel()
	for _, giveUp := range []bool{false, true} {
		t.Run(fmt.Sprintf("give up %t", giveUp), func(t *testing.T) {
			t.Parallel()
			done := make(chan Request, 1)
			s := Start(t, WithRequestLog(func(r Request) { done <- r }))
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			arrived := func(*http.Request) bool { leave(); return true }
			s.Inject(Fault{Delay: 200 * time.Millisecond, GiveUp: giveUp, CarriedOut: true, Match: arrived})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+accountsPath, strings.NewReader(`{"name":"ci"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
				t.Fatal("the client left, and got an answer")
			}
			s.log.waitIdle()
			if r := <-done; !strings.HasPrefix(r.Fault, "late, ") {
				t.Fatalf("request %+v", r)
			}
			wantCarriedOut(t, s, !giveUp)
		})
	}
}

// TestServer_waitsUntilDisconnected: a request that was sent before the client closed its connection is
// carried out before the wait is over, however late the server comes to accept it.
func TestServer_waitsUntilDisconnected(t *testing.T) {
	t.Parallel()
	s := Start(t)
	for i := range 50 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"name":"ci-%d"}`, i)
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nSIGNOZ-API-KEY: %s\r\nContent-Length: %d\r\n\r\n%s", accountsPath, s.AdminKey(), len(body), body)
		_ = conn.Close()
		s.WaitDisconnected()
		if got := len(s.ActiveAccounts()); got != i+2 {
			t.Fatalf("%d accounts after %d requests", got-1, i+1)
		}
	}
	s.Refuse()
	s.WaitDisconnected()
}

// TestFault_hangs: the request may have been carried out before the silence.
func TestFault_hangs(t *testing.T) {
	t.Parallel()
	for _, carriedOut := range []bool{false, true} {
		t.Run(fmt.Sprintf("until the client leaves, carried out: %t", carriedOut), func(t *testing.T) {
			t.Parallel()
			done := make(chan Request, 1)
			s := Start(t, WithRequestLog(func(r Request) { done <- r }))
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			s.Inject(Fault{CarriedOut: carriedOut, Answer: Hang, Match: func(*http.Request) bool { leave(); return true }})
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+accountsPath, strings.NewReader(`{"name":"ci"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
			if resp, err := http.DefaultClient.Do(req); err == nil {
				_ = resp.Body.Close()
				t.Fatal("an answer")
			}
			<-done
			wantCarriedOut(t, s, carriedOut)
		})
	}
	t.Run("until the server closes", func(t *testing.T) {
		t.Parallel()
		s := Start(t)
		s.Inject(Fault{Answer: Hang, Match: func(*http.Request) bool { go s.Close(); return true }})
		if r, err := createCI(t, s); err == nil {
			t.Fatalf("an answer: %+v", r)
		}
		wantCarriedOut(t, s, false)
	})
	t.Run("until it is enough", func(t *testing.T) {
		t.Parallel()
		s := Start(t)
		s.Inject(Fault{Delay: 10 * time.Millisecond, GiveUp: true, Answer: Reset})
		if _, err := createCI(t, s); !failedWith(err, syscall.ECONNRESET) {
			t.Fatalf("error %v", err)
		}
	})
}

func TestFault_choosesRequests(t *testing.T) {
	t.Parallel()
	s := Start(t)
	hit := s.Inject(Fault{Method: http.MethodGet, Path: accountsPath + "/*", Skip: 1, Times: 2, Answer: Status(http.StatusTeapot)})
	get := func(path string) int {
		t.Helper()
		return send(t, s, http.MethodGet, path, byKey(s.AdminKey()), "").status
	}
	got := []int{
		get(accountsPath), // another path
		send(t, s, http.MethodPut, mePath, byKey(s.AdminKey()), `{"name":"terraform"}`).status, // another method
		get(mePath), get(mePath), get(rolesPath), get(mePath), get(mePath),
	}
	want := []int{200, 204, 200, 418, 200, 418, 200}
	if fmt.Sprint(got) != fmt.Sprint(want) || hit.Hits() != 2 {
		t.Fatalf("got %v with %d hits, want %v", got, hit.Hits(), want)
	}
}

func TestFault_choosesByBody(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Inject(Fault{Answer: Status(http.StatusTeapot), Match: func(req *http.Request) bool {
		body, err := io.ReadAll(req.Body)
		return err == nil && bytes.Contains(body, []byte("cursed"))
	}})
	admin(t, s, http.MethodPost, accountsPath, `{"name":"cursed"}`, http.StatusTeapot)
	admin(t, s, http.MethodPost, accountsPath, `{"name":"blessed"}`, http.StatusCreated)
}

func TestFault_hitsAShare(t *testing.T) {
	t.Parallel()
	pattern := func(seed int64) string {
		s := New()
		s.Inject(Fault{Share: 0.75, Seed: seed, Answer: Status(http.StatusTooManyRequests)})
		var out strings.Builder
		for range 200 {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, mePath, http.NoBody))
			if w.Code == http.StatusTooManyRequests {
				out.WriteByte('x')
				continue
			}
			out.WriteByte('.')
		}
		return out.String()
	}
	first := pattern(1)
	if hits := strings.Count(first, "x"); hits < 130 || hits > 170 {
		t.Fatalf("%d of 200 were hit", hits)
	}
	if again := pattern(1); again != first {
		t.Fatalf("the same seed gave\n%s and\n%s", first, again)
	}
	if other := pattern(2); other == first {
		t.Fatal("another seed gave the same")
	}
}

func TestFault_oneAtATime(t *testing.T) {
	t.Parallel()
	s := Start(t)
	first := s.Inject(Fault{Times: 1, Answer: Status(502)})
	second := s.Inject(Fault{Answer: Status(503)})
	get := func(want int) {
		t.Helper()
		wantStatus(t, send(t, s, http.MethodGet, mePath, byKey(s.AdminKey()), ""), want)
	}
	get(502)
	if second.Hits() != 0 {
		t.Fatal("two faults struck one request")
	}
	get(503)
	second.Remove()
	get(200)
	s.Inject(Fault{Answer: Status(504)})
	get(504)
	s.ClearFaults()
	get(200)
	if first.Hits() != 1 || second.Hits() != 1 {
		t.Fatalf("%d and %d hits", first.Hits(), second.Hits())
	}
}

func TestFault_refusesNonsense(t *testing.T) {
	t.Parallel()
	s := New()
	for message, f := range map[string]Fault{
		"no answer of its own":    {},
		"the status 0":            {Answer: Reply{Body: "{}"}},
		"the status 99":           {CarriedOut: true, Answer: Status(99)},
		"there is no answer":      {CarriedOut: true, Answer: Astray(99)},
		"needs a request that is": {Answer: Giant},
		"a Share is":              {Share: 1.5, Answer: WebPage()},
	} {
		wantPanic(t, message, func() { s.Inject(f) })
	}
}

// TestFault_overTLS: the server is a handler for httptest's servers too.
func TestFault_overTLS(t *testing.T) {
	t.Parallel()
	s := New()
	secure := httptest.NewUnstartedServer(s)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	for answer, want := range map[Answer]error{Reset: syscall.ECONNRESET, Half: io.ErrUnexpectedEOF} {
		hit := s.Inject(Fault{Times: 1, CarriedOut: true, Answer: answer})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, secure.URL+accountsPath, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := secure.Client().Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if !failedWith(err, want) || hit.Hits() != 1 {
			t.Errorf("%s: error %v", answer, err)
		}
	}
}

// TestFault_withoutANetwork: used as a handler only, a cut connection aborts it.
func TestFault_withoutANetwork(t *testing.T) {
	t.Parallel()
	s := New()
	s.Inject(Fault{Answer: Reset})
	defer func() {
		err, ok := recover().(error)
		if !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Fatalf("panic %v", err)
		}
		if len(s.Requests()) != 1 || s.Requests()[0].Fault != "reset" {
			t.Fatalf("requests %+v", s.Requests())
		}
	}()
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, mePath, http.NoBody))
}
