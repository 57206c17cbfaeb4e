// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The user and the account that a server has unless it is Fresh.
const (
	AdminEmail       = "admin@example.com"
	AdminPassword    = "password123Z$"
	AdminAccountName = "terraform"
)

const (
	// maxRequestBody bounds what a client may send.
	maxRequestBody = 8 << 20
	// closePatience is how long Close waits for requests under way before it cuts them.
	closePatience = 250 * time.Millisecond
	// resumePatience bounds how long Resume tries to get its port back.
	resumePatience = 5 * time.Second
)

// Server is a SigNoz. Make it with New or Start. It is an http.Handler, and
// all its methods are safe for concurrent use.
type Server struct {
	// URL is the server's address with its base path and without a slash at
	// the end. It is empty until the server listens.
	URL string

	options options
	traits  traits
	mux     *http.ServeMux
	clock   *Clock

	mu       sync.Mutex // guards the fields below
	state    *state
	adminID  string
	adminKey string

	log         requestLog
	faults      faultList
	connections *connections

	netMu    sync.Mutex // guards the fields below
	address  string
	serving  *listening
	closing  chan struct{}
	isClosed bool
}

// listening is one period between Listen or Resume and Close or Refuse.
type listening struct {
	http *http.Server
	done chan struct{} // closed when nothing is accepted any more
}

// TB is the part of testing.TB that Start needs; it keeps the testing package
// out of programs that use this one.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// New returns a server that doesn't listen: use it as a handler, or call
// Listen. It panics on options that make no sense.
//
// Unless it is Fresh there are the organisation "acme", the user AdminEmail
// with AdminPassword, and the account AdminAccountName with the role
// signoz-admin and a key, AdminKey.
func New(opts ...Option) *Server {
	o := newOptions(opts)
	o.check()
	t := traitsOf(o.version)
	s := &Server{
		options:     o,
		traits:      t,
		clock:       o.clock,
		state:       newState(),
		closing:     make(chan struct{}),
		connections: newConnections(),
	}
	s.mux = s.newMux()
	s.log.idle.L = &s.log.mu
	if !o.fresh {
		s.seed("")
	}
	return s
}

// Start returns a server that listens on a loopback port until the test ends.
func Start(t TB, opts ...Option) *Server {
	t.Helper()
	s := New(opts...)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatalf("start a SigNoz: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Rebuild gives the server a new database, as if the old one had been lost: the
// first organisation has the id orgID, as SIGNOZ_USER_ROOT_ORG_ID sets it, or a
// new one for "". It has the user AdminEmail and, made anew, the account
// AdminAccountName. That has the AdminKey from before, which no real server
// could give it, so that who uses that key can go on.
func (s *Server) Rebuild(orgID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.adminKey
	s.state = newState()
	s.seed(orgID)
	k := s.state.keyValues[s.adminKey]
	s.state.keyValues = map[string]*key{before: k}
	k.value, s.adminKey = before, before
}

// LoseAccounts rebuilds the server with the organisation that it has.
func (s *Server) LoseAccounts() { s.Rebuild(s.AdminAccount().OrgID) }

// seed fills an empty state; "" stands for any id of the first organisation.
func (s *Server) seed(orgID string) {
	now := s.clock.Now().UTC()
	for _, name := range s.options.organisations {
		if orgID == "" {
			orgID = newUUID(now)
		}
		org := s.state.addOrganisation(orgID, name, now)
		s.state.addUser(org, "admin", AdminEmail, AdminPassword, now)
		orgID = ""
	}
	first := s.state.orgs[0]
	for _, email := range s.options.ssoOnlyUsers {
		s.state.addUser(first, email, email, "", now).ssoOnly = true
	}
	a := s.state.addAccount(first, newUUID(now), AdminAccountName, now)
	s.state.grant(a, first.roleNamed(adminRole), false, now)
	s.adminID = a.id
	s.adminKey = s.state.addKey(a, AdminAccountName, 0, now).value
}

// Version returns the version whose behaviour the server shows.
func (s *Server) Version() Version { return s.options.version }

// Clock returns the time the server lives in.
func (s *Server) Clock() *Clock { return s.clock }

// AdminKey returns the value of the account AdminAccountName's key; "" on a
// Fresh server.
func (s *Server) AdminKey() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.adminKey
}

// AdminAccount returns the account AdminAccountName as it is now; the zero
// Account on a Fresh server.
func (s *Server) AdminAccount() Account {
	s.mu.Lock()
	id := s.adminID
	s.mu.Unlock()
	a, _ := s.Account(id)
	return a
}

// Listen starts serving on a TCP address such as "127.0.0.1:0" and sets URL.
func (s *Server) Listen(address string) error {
	s.netMu.Lock()
	defer s.netMu.Unlock()
	if s.isClosed || s.serving != nil || s.address != "" {
		return errors.New("the server listens already, or was closed")
	}
	listener, err := listen(address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	s.address = listener.Addr().String()
	s.URL = "http://" + s.address + s.options.basePath
	s.serving = s.serve(listener)
	return nil
}

func (s *Server) serve(listener net.Listener) *listening {
	l := &listening{
		http: &http.Server{
			Handler:           s,
			ConnState:         s.connections.track,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			// Injected faults cut connections on purpose: don't log them.
			ErrorLog: log.New(io.Discard, "", 0),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(l.done)
		// Serve returns only when the server is closed; its error says nothing else.
		_ = l.http.Serve(listener)
	}()
	return l
}

// Close stops the server: requests that hang or wait are given up, others get
// a short time to end. Closing twice is fine. What the server holds stays readable.
func (s *Server) Close() {
	s.netMu.Lock()
	defer s.netMu.Unlock()
	if s.isClosed {
		return
	}
	s.isClosed = true
	close(s.closing)
	if s.serving == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	_ = s.serving.http.Shutdown(ctx)
	s.stopServing()
}

// Refuse makes the server unreachable: connections to its port are refused,
// those that are open are cut. It panics on a server that doesn't listen.
func (s *Server) Refuse() {
	s.netMu.Lock()
	defer s.netMu.Unlock()
	if s.serving == nil {
		panic("signoztest: Refuse on a server that doesn't listen")
	}
	s.stopServing()
}

func (s *Server) stopServing() {
	// The only errors are those of closing connections that are gone already.
	_ = s.serving.http.Close()
	<-s.serving.done
	s.serving = nil
}

// Resume makes a server that refuses reachable again, on the same port. It
// panics on a server that doesn't refuse, or when the port is lost.
func (s *Server) Resume() {
	s.netMu.Lock()
	defer s.netMu.Unlock()
	if s.isClosed || s.address == "" || s.serving != nil {
		panic("signoztest: Resume on a server that doesn't refuse")
	}
	listener, err := listenAgain(s.address)
	if err != nil {
		panic(fmt.Sprintf("signoztest: Resume: %v", err))
	}
	s.serving = s.serve(listener)
}

// listenAgain takes a port that was given back just before. A connection to
// elsewhere may hold it for a short time as its own.
func listenAgain(address string) (net.Listener, error) {
	deadline := time.Now().Add(resumePatience)
	for {
		listener, err := listen(address)
		if err == nil || time.Now().After(deadline) {
			return listener, err
		}
		<-time.After(5 * time.Millisecond)
	}
}

func listen(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	return net.ListenTCP("tcp", resolved)
}

// exchange is one request and what is done with it.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	req    *http.Request
	inside bool     // whether the path was below the base path
	entry  *Request // in the log; its Path is the one below the base path
}

// ServeHTTP answers a request, or does what an injected fault says.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	started := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequestBody))
	if err != nil {
		http.Error(w, "can't read the request", http.StatusBadRequest)
		return
	}
	path, inside := s.belowBase(req.URL.Path)
	entry := &Request{
		Time: s.clock.Now().UTC(), Method: req.Method, Path: path, Query: req.URL.RawQuery,
		Header: req.Header.Clone(), Body: body,
	}
	x := &exchange{server: s, w: w, req: req, inside: inside, entry: entry}
	s.log.begin(entry)
	// Deferred, since a fault may end the exchange with a panic.
	defer func() {
		if finished := s.log.finish(entry, time.Since(started)); s.options.requestLog != nil {
			s.options.requestLog(finished)
		}
	}()
	if !s.wait(s.options.requestDelay, nil) {
		x.reset()
		return
	}
	if f := s.faults.pick(req, path, body); f != nil {
		s.log.update(func() { entry.Fault = f.String() })
		x.serveFault(*f)
		return
	}
	x.write(x.carryOut())
}

// belowBase takes the base path off. Paths outside it stay whole.
func (s *Server) belowBase(p string) (below string, inside bool) {
	base := s.options.basePath
	if base == "" {
		return p, true
	}
	if below, found := strings.CutPrefix(p, base); found && (below == "" || below[0] == '/') {
		return below, true
	}
	return p, false
}

// carryOut does what the request asks for, whether or not anyone learns of it.
func (x *exchange) carryOut() *response {
	out := x.dispatch()
	x.server.log.update(func() { x.entry.Status, x.entry.Caller = out.status, out.caller })
	return out
}

func (x *exchange) dispatch() *response {
	path := x.entry.Path
	// Outside its base path SigNoz answers to health checks only.
	if !x.inside && path != "/api/v1/health" {
		return newResponse(http.StatusNotFound, "text/plain; charset=utf-8", []byte("404 page not found\n"))
	}
	if clean := cleanPath(path); clean != path {
		out := newResponse(http.StatusMovedPermanently, "", nil)
		// The base path is missing from the Location of real servers too, since
		// their router doesn't know of it.
		out.header.Set("Location", (&url.URL{Path: clean, RawQuery: x.req.URL.RawQuery}).String())
		return out
	}
	inner := x.req.WithContext(x.req.Context()) // a copy
	inner.URL = &url.URL{Path: path, RawQuery: x.req.URL.RawQuery}
	inner.Body = io.NopCloser(bytes.NewReader(x.entry.Body))
	out := newResponse(http.StatusOK, "", nil)
	x.server.mux.ServeHTTP(out, inner)
	return out
}

// write sends an answer, compressed for those who accept it, as SigNoz does.
func (x *exchange) write(r *response) {
	x.server.log.update(func() { x.entry.Status = r.status })
	header := x.w.Header()
	maps.Copy(header, r.header)
	header.Set("Date", x.server.clock.Now().UTC().Format(http.TimeFormat))
	body := r.body
	if len(body) > 0 {
		header.Add("Vary", "Accept-Encoding")
		if acceptsGzip(x.req) {
			header.Set("Content-Encoding", "gzip")
			body = compress(body)
		}
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if r.header.Get("Content-Type") == "" {
		header["Content-Type"] = nil // keeps net/http from guessing one
	}
	x.w.WriteHeader(r.status)
	// A client that left gets no answer; the request log has it.
	_, _ = x.w.Write(body)
}

func acceptsGzip(req *http.Request) bool {
	for part := range strings.SplitSeq(req.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) == "gzip" && strings.TrimSpace(weight) != "q=0" {
			return true
		}
	}
	return false
}

// gzipWriters are kept because making one costs far more than using it.
var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

func compress(body []byte) []byte {
	var out bytes.Buffer
	z, ok := gzipWriters.Get().(*gzip.Writer)
	if !ok {
		panic("signoztest: the pool of gzip writers holds something else")
	}
	defer gzipWriters.Put(z)
	z.Reset(&out)
	// Writing to a buffer can't fail.
	_, _ = z.Write(body)
	_ = z.Close()
	return out.Bytes()
}

// wait lets real time pass. It reports false if the server closes before, or
// if gone, which may be nil, does.
func (s *Server) wait(d time.Duration, gone <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-gone:
		return false
	case <-s.closing:
		return false
	}
}
