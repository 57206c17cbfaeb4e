// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// failedWith is errors.Is that knows Windows too, which has numbers of its own for
// connections refused and reset that Go doesn't take for the others'.
func failedWith(err, want error) bool {
	windows := map[error]syscall.Errno{syscall.ECONNREFUSED: 10061, syscall.ECONNRESET: 10054}
	number, known := windows[want]
	return errors.Is(err, want) || known && errors.Is(err, number)
}

func TestServer_refusesAndResumes(t *testing.T) {
	t.Parallel()
	s := Start(t)
	url := s.URL
	for range 3 {
		s.Refuse()
		if _, err := createCI(t, s); !failedWith(err, syscall.ECONNREFUSED) {
			t.Fatalf("error %v, want a refused connection", err)
		}
		s.Resume()
		admin(t, s, http.MethodGet, mePath, "", http.StatusOK)
	}
	if s.URL != url {
		t.Fatalf("the URL moved from %s to %s", url, s.URL)
	}
	wantPanic(t, "doesn't refuse", s.Resume)
	wantPanic(t, "doesn't listen", New().Refuse)
}

// TestServer_refusalCutsOpenConnections: a client may hold one from before.
func TestServer_refusalCutsOpenConnections(t *testing.T) {
	t.Parallel()
	s := Start(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	get := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/health", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	s.Refuse()
	if err := get(); err == nil {
		t.Fatal("an answer from a server that refuses")
	}
}

func TestServer_closes(t *testing.T) {
	t.Parallel()
	s := New()
	s.Close() // one that never listened
	if err := s.Listen("127.0.0.1:0"); err == nil {
		t.Fatal("a closed server listens")
	}
	s = Start(t)
	if err := s.Listen("127.0.0.1:0"); err == nil {
		t.Fatal("a server listens twice")
	}
	s.Close()
	s.Close()
	if _, err := createCI(t, s); !failedWith(err, syscall.ECONNREFUSED) {
		t.Fatalf("error %v, want a refused connection", err)
	}
	if len(s.Accounts()) != 1 {
		t.Fatal("what the server held is lost")
	}
	if err := New().Listen("127.0.0.1:no"); err == nil {
		t.Fatal("no error for an address that is none")
	}
}

// failingTB records what Start does to a test.
type failingTB struct {
	failure  string
	cleanups []func()
}

func (f *failingTB) Helper()            {}
func (f *failingTB) Cleanup(run func()) { f.cleanups = append(f.cleanups, run) }
func (f *failingTB) Fatalf(format string, args ...any) {
	f.failure = fmt.Sprintf(format, args...)
}

func TestServer_closesWithTheTest(t *testing.T) {
	t.Parallel()
	tb := &failingTB{}
	s := Start(tb)
	admin(t, s, http.MethodGet, mePath, "", http.StatusOK)
	if tb.failure != "" || len(tb.cleanups) != 1 {
		t.Fatalf("failure %q, %d cleanups", tb.failure, len(tb.cleanups))
	}
	tb.cleanups[0]()
	if _, err := createCI(t, s); !failedWith(err, syscall.ECONNREFUSED) {
		t.Fatalf("error %v, want a refused connection", err)
	}
}

func TestOptions_refuseNonsense(t *testing.T) {
	t.Parallel()
	wantPanic(t, "no version", func() { New(WithVersion("v0.1.0")) })
	wantPanic(t, "at least one name", func() { New(WithOrganisations()) })
}

func TestServer_basePath(t *testing.T) {
	t.Parallel()
	s := Start(t, WithBasePath("/signoz/"))
	if !strings.HasSuffix(s.URL, "/signoz") {
		t.Fatalf("the URL is %s", s.URL)
	}
	hit := s.Inject(Fault{Path: mePath, CarriedOut: true})
	admin(t, s, http.MethodGet, mePath, "", http.StatusOK)
	if s.CountRequests(http.MethodGet, mePath) != 1 || hit.Hits() != 1 {
		t.Fatalf("paths are not relative to the base path: %+v", s.Requests())
	}
	// Real servers leave the base path out of this one.
	if got := admin(t, s, http.MethodGet, "//api/v1/service_accounts?a=b", "", http.StatusMovedPermanently).header.Get("Location"); got != accountsPath+"?a=b" {
		t.Fatalf("location %q", got)
	}
	root := strings.TrimSuffix(s.URL, "/signoz")
	for path, want := range map[string]int{
		accountsPath: http.StatusNotFound, "/signozother" + accountsPath: http.StatusNotFound,
		"/api/v1/health": http.StatusOK, "/signoz/api/v1/health": http.StatusOK, "/signoz": http.StatusMovedPermanently,
	} {
		outside := &Server{URL: root, adminKey: s.AdminKey()}
		if got := send(t, outside, http.MethodGet, path, byKey(s.AdminKey()), "").status; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	if New(WithBasePath("/")).options.basePath != "" {
		t.Error("/ is a base path")
	}
}

func TestServer_webPageForUnknownCalls(t *testing.T) {
	t.Parallel()
	s := Start(t)
	for _, call := range []struct{ method, path string }{
		{http.MethodGet, "/"},
		{http.MethodGet, "/settings/keys"},
		{http.MethodGet, "/api/v1/service_accounts/x/keys/y"},
		{http.MethodPost, mePath},
		{http.MethodPatch, accountsPath},
		{http.MethodGet, accountsPath + "/"},
		{http.MethodGet, "/api/v2/service_accounts"},
	} {
		r := send(t, s, call.method, call.path, authorization{}, "")
		if r.status != http.StatusOK || r.body != webPage || r.header.Get("Content-Type") != htmlContentType {
			t.Errorf("%s %s: %+v", call.method, call.path, r)
		}
	}
}

func TestServer_cleansPaths(t *testing.T) {
	t.Parallel()
	s := Start(t)
	for path, want := range map[string]string{
		"/api//v1/roles":        "/api/v1/roles",
		"/api/v1/roles//":       "/api/v1/roles/",
		"/api/./v1/x/../roles":  "/api/v1/roles",
		"//api/v1/roles?x=%20y": "/api/v1/roles?x=%20y",
		"//elsewhere.example/":  "/elsewhere.example/",
	} {
		r := admin(t, s, http.MethodGet, path, "", http.StatusMovedPermanently)
		if got := r.header.Get("Location"); got != want {
			t.Errorf("%s: location %q, want %q", path, got, want)
		}
	}
}

func TestServer_compressesOnRequest(t *testing.T) {
	t.Parallel()
	s := Start(t)
	for accept, compressed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "": false, "identity": false, "gzip;q=0": false,
	} {
		r := send(t, s, http.MethodGet, rolesPath, byKey(s.AdminKey()), "")
		plain := r.body // net/http unpacks what it asked for itself

		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+rolesPath, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
		req.Header.Set("Accept-Encoding", accept)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = resp.Body
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("%q: compressed %t", accept, got)
		} else if compressed {
			if body, err = gzip.NewReader(resp.Body); err != nil {
				t.Fatal(err)
			}
		}
		data, err := io.ReadAll(body)
		if err != nil || string(data) != plain {
			t.Errorf("%q: %v, body %s", accept, err, data)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestServer_delaysRequests(t *testing.T) {
	t.Parallel()
	const delay = 30 * time.Millisecond
	s := Start(t, WithRequestDelay(delay))
	admin(t, s, http.MethodGet, mePath, "", http.StatusOK)
	if took := s.Requests()[0].Duration; took < delay {
		t.Fatalf("it took %s", took)
	}
}

func TestServer_isAHandler(t *testing.T) {
	t.Parallel()
	s := New()
	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, mePath, http.NoBody)
	req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
	s.ServeHTTP(w, req)
	if w.Code != http.StatusOK || s.URL != "" {
		t.Fatalf("status %d, URL %q", w.Code, s.URL)
	}
}

func TestServer_refusesTooLargeRequests(t *testing.T) {
	t.Parallel()
	s := New()
	w := httptest.NewRecorder()
	body := io.LimitReader(zeros{}, maxRequestBody+1)
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, accountsPath, body))
	if w.Code != http.StatusBadRequest {
		t.Fatalf("status %d", w.Code)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestServer_inParallel has many clients and the test itself at one server, for the
// race detector, and counts what comes of it.
func TestServer_inParallel(t *testing.T) {
	t.Parallel()
	s := Start(t)
	fault := s.Inject(Fault{Method: http.MethodDelete, Share: 0.5, Answer: Status(http.StatusTooManyRequests)})
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			name := fmt.Sprintf("worker-%d", i)
			created := dataOf[identifiable](t, send(t, s, http.MethodPost, accountsPath, byKey(s.AdminKey()), `{"name":"`+name+`"}`))
			s.GrantRole(created.ID, "signoz-viewer")
			key := s.CreateKey(created.ID, "k", time.Time{})
			if !s.KeyWorks(key.Value) {
				t.Errorf("the key of %s doesn't work", name)
			}
			send(t, s, http.MethodGet, accountsPath, byKey(s.AdminKey()), "")
			send(t, s, http.MethodGet, mePath, byKey(key.Value), "")
			s.Clock().Advance(time.Second)
			s.Requests()
			for send(t, s, http.MethodDelete, accountsPath+"/"+created.ID, byKey(s.AdminKey()), "").status == http.StatusTooManyRequests {
				continue
			}
			fault.Hits()
		})
	}
	all.Wait()
	if active := s.ActiveAccounts(); len(active) != 1 || len(s.Accounts()) != 17 || len(s.AllKeys()) != 1 {
		t.Fatalf("left over: %+v", active)
	}
	if got, want := s.CountRequests(http.MethodDelete, ""), 16+fault.Hits(); got != want {
		t.Fatalf("%d deletions, want %d", got, want)
	}
}

// TestServer_closesDuringRequests: nothing waits for a client that waits.
func TestServer_closesDuringRequests(t *testing.T) {
	t.Parallel()
	s := Start(t, WithRequestDelay(time.Hour))
	arrived := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+mePath, http.NoBody)
		if err != nil {
			arrived <- err
			return
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		arrived <- err
	}()
	for len(s.Requests()) == 0 && ctx.Err() == nil {
		<-time.After(time.Millisecond)
	}
	s.Close()
	if err := <-arrived; err == nil || ctx.Err() != nil {
		t.Fatalf("error %v", err)
	}
}

// TestServer_rebuilds: of the old database nothing is left. The organisation of a given
// id is there again, and the administrator's key.
func TestServer_rebuilds(t *testing.T) {
	t.Parallel()
	s := Start(t, WithOrganisations("acme", "beta"))
	before, lost := s.AdminAccount(), s.CreateAccount("ci", "signoz-viewer")
	key, role := s.CreateKey(lost.ID, "deploy", time.Time{}), s.CreateCustomRole("auditor")
	s.LoseAccounts()
	after := s.AdminAccount()
	if after.OrgID != before.OrgID || after.ID == before.ID || len(s.Accounts()) != 1 || s.KeyWorks(key.Value) || s.RoleID("auditor") != "" {
		t.Fatalf("the account was %+v and is %+v; there are %+v", before, after, s.Accounts())
	}
	for _, path := range []string{accountsPath + "/" + lost.ID, rolesPath + "/" + role, accountsPath + "/" + before.ID} {
		admin(t, s, http.MethodGet, path, "", http.StatusNotFound)
	}
	admin(t, s, http.MethodPost, accountsPath, `{"name":"ci"}`, http.StatusCreated)
	signInTo(t, s, "beta")
	s.Rebuild("")
	if s.AdminAccount().OrgID == before.OrgID {
		t.Fatal("another organisation has the same id")
	}
	admin(t, s, http.MethodGet, mePath, "", http.StatusOK)
}

// TestServer_datesAnswers by the server's clock, whoever else's they are.
func TestServer_datesAnswers(t *testing.T) {
	t.Parallel()
	s := Start(t, WithClock(NewClock(contractStart)))
	for _, path := range []string{mePath, "/", "//", mePath} {
		if got, want := send(t, s, http.MethodGet, path, byKey(s.AdminKey()), "").header.Get("Date"), "Fri, 21 Aug 2026 10:00:00 GMT"; got != want {
			t.Errorf("%s is dated %q, want %q", path, got, want)
		}
		s.Inject(Fault{Path: mePath, Answer: Status(http.StatusBadGateway)})
	}
}
