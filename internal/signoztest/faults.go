// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FaultKind is a way in which a request goes wrong.
type FaultKind int

// The kinds of faults. "Carried out" means that the server did what was asked.
const (
	// ResetBefore resets the connection; the request is not carried out.
	ResetBefore FaultKind = iota + 1
	// ResetAfter carries the request out, then resets the connection: the
	// answer is lost.
	ResetAfter
	// HalfResponse carries the request out and sends half of the body under
	// the full Content-Length, then closes. Of an answer without a body, half
	// of its status line is sent.
	HalfResponse
	// Slow carries the request out after Delay, by default even if the client
	// has left by then; GiveUp changes that.
	Slow
	// StatusBefore answers Status; the request is not carried out.
	StatusBefore
	// StatusAfter carries the request out, then answers Status: v0.118 does so
	// with 429 to deletions of accounts.
	StatusAfter
	// HTML answers with the web page; the request is not carried out.
	HTML
	// Redirect sends the client to Location with Status, 307 if left out; the
	// request is not carried out.
	Redirect
	// Giant carries the request out and pads the body to more than 64 MiB of
	// valid JSON. An answer without a body becomes a 200 with one.
	Giant
	// BodyReplaced carries the request out and answers Body in place of the
	// real one, under the real status unless Status says otherwise.
	BodyReplaced
	// Hang never answers; the connection is cut after Delay, one minute if
	// left out, as by SigNoz's own timeout. The request is not carried out.
	Hang
)

// String names the kind as Request.Fault does.
func (k FaultKind) String() string {
	names := map[FaultKind]string{
		ResetBefore: "reset before", ResetAfter: "reset after", HalfResponse: "half response",
		Slow: "slow", StatusBefore: "status before", StatusAfter: "status after", HTML: "html",
		Redirect: "redirect", Giant: "giant", BodyReplaced: "body replaced", Hang: "hang",
	}
	if name, ok := names[k]; ok {
		return name
	}
	return fmt.Sprintf("FaultKind(%d)", int(k))
}

const (
	// hangLimit bounds a Hang without a Delay.
	hangLimit = time.Minute
	// giantPadding is more than 64 MiB.
	giantPadding = 65 << 20
)

// Fault says which requests go wrong, and how.
type Fault struct {
	Kind FaultKind

	// Method and Path choose requests, "" for any; Path is a pattern as in
	// Server.CountRequests. Match, where set, must agree as well; it may read
	// the request's body.
	Method string
	Path   string
	Match  func(*http.Request) bool

	// Skip lets so many matching requests pass first. Times is how many are
	// hit, 0 for no limit. Share is the part of the matching requests that is
	// hit, 0 for all; a generator seeded with Seed decides.
	Skip  int
	Times int
	Share float64
	Seed  int64

	// Delay passes, in real time, before the fault acts; see Slow and Hang.
	Delay time.Duration
	// GiveUp makes Slow not carry the request out if the client leaves before
	// Delay is over.
	GiveUp bool

	// Status, RetryAfter (the header's text) and Location are used as the
	// kinds say. Body and ContentType replace SigNoz's error envelope and its
	// content type; a Body is taken for JSON unless ContentType says otherwise.
	Status      int
	RetryAfter  string
	Location    string
	Body        string
	ContentType string
}

// Injection is a Fault at work.
type Injection struct {
	list   *faultList
	fault  Fault
	chance *rand.Rand
	seen   int
	hits   int
}

// Inject makes a fault strike requests from now on, and panics if the fault
// lacks what its kind needs. Of several faults that match a request, the one
// injected first and not used up strikes; those behind it don't see the request.
func (s *Server) Inject(f Fault) *Injection {
	f.check()
	i := &Injection{list: &s.faults, fault: f, chance: rand.New(rand.NewPCG(uint64(f.Seed), 0))}
	s.faults.add(i)
	return i
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.faults.clear()
}

// Hits returns how many requests the fault has struck.
func (i *Injection) Hits() int {
	i.list.mu.Lock()
	defer i.list.mu.Unlock()
	return i.hits
}

// Remove ends the fault. Requests that it has struck already go on as they are.
func (i *Injection) Remove() {
	i.list.remove(i)
}

func (f Fault) check() {
	if f.Kind < ResetBefore || f.Kind > Hang {
		panic(fmt.Sprintf("signoztest: there is no fault kind %d", int(f.Kind)))
	}
	needsStatus := f.Kind == StatusBefore || f.Kind == StatusAfter
	if needsStatus && (f.Status < 200 || f.Status > 599) {
		panic(fmt.Sprintf("signoztest: a fault %q needs a Status", f.Kind))
	}
	if f.Kind == Redirect && f.Location == "" {
		panic("signoztest: a redirect needs a Location")
	}
	if f.Share < 0 || f.Share > 1 {
		panic(fmt.Sprintf("signoztest: a Share is between 0 and 1, not %v", f.Share))
	}
}

func (f Fault) matches(req *http.Request, path string, body []byte) bool {
	if f.Method != "" && f.Method != req.Method || !matchPath(f.Path, path) {
		return false
	}
	if f.Match == nil {
		return true
	}
	copied := req.Clone(req.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return f.Match(copied)
}

// faultList holds the faults at work, in order of injection.
type faultList struct {
	mu         sync.Mutex
	injections []*Injection
}

func (l *faultList) add(i *Injection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injections = append(l.injections, i)
}

func (l *faultList) remove(i *Injection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injections = slices.DeleteFunc(l.injections, func(other *Injection) bool { return other == i })
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.injections = nil
}

// pick returns the fault that strikes a request, nil for none. Matching calls
// foreign code, so it happens outside the lock.
func (l *faultList) pick(req *http.Request, path string, body []byte) *Fault {
	l.mu.Lock()
	injections := slices.Clone(l.injections)
	l.mu.Unlock()
	for _, i := range injections {
		if i.fault.matches(req, path, body) && l.strikes(i) {
			return &i.fault
		}
	}
	return nil
}

// strikes counts a matching request and decides whether it is hit.
func (l *faultList) strikes(i *Injection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.injections, i) {
		return false
	}
	i.seen++
	if i.seen <= i.fault.Skip || i.fault.Times > 0 && i.hits >= i.fault.Times {
		return false
	}
	if i.fault.Share > 0 && i.chance.Float64() >= i.fault.Share {
		return false
	}
	i.hits++
	return true
}

// serveFault does to the exchange what the fault says.
func (x *exchange) serveFault(f Fault) {
	if !x.passTime(f) {
		x.reset()
		return
	}
	switch f.Kind {
	case ResetBefore, Hang:
		x.reset()
	case ResetAfter:
		x.carryOut()
		x.reset()
	case HalfResponse:
		x.writeHalf(x.carryOut())
	case Slow:
		x.write(x.carryOut())
	case StatusBefore:
		x.write(x.statusResponse(f))
	case StatusAfter:
		x.carryOut()
		x.write(x.statusResponse(f))
	case HTML:
		page := webPageResponse()
		page.status = statusOr(f.Status, page.status)
		x.write(page)
	case Redirect:
		r := newResponse(statusOr(f.Status, http.StatusTemporaryRedirect), "", nil)
		r.header.Set("Location", f.Location)
		x.write(r)
	case Giant:
		x.writeGiant(x.carryOut())
	case BodyReplaced:
		r := x.carryOut()
		x.write(newResponse(statusOr(f.Status, r.status), contentTypeOr(f.ContentType), []byte(f.Body)))
	}
}

// passTime waits as long as the fault says and reports whether to go on.
func (x *exchange) passTime(f Fault) bool {
	gone := x.req.Context().Done()
	switch {
	case f.Kind == Hang && f.Delay == 0:
		return x.server.wait(hangLimit, gone)
	case f.Kind == Hang, f.Kind == Slow && f.GiveUp:
		return x.server.wait(f.Delay, gone)
	default:
		return x.server.wait(f.Delay, nil)
	}
}

func statusOr(status, fallback int) int {
	if status == 0 {
		return fallback
	}
	return status
}

func contentTypeOr(contentType string) string {
	if contentType == "" {
		return "application/json"
	}
	return contentType
}

// statusResponse answers a status in SigNoz's envelope, unless the fault has a
// body of its own.
func (x *exchange) statusResponse(f Fault) *response {
	r := x.statusBody(f)
	if f.RetryAfter != "" {
		r.header.Set("Retry-After", f.RetryAfter)
	}
	if f.Location != "" {
		r.header.Set("Location", f.Location)
	}
	return r
}

func (x *exchange) statusBody(f Fault) *response {
	if f.Body != "" {
		return newResponse(f.Status, contentTypeOr(f.ContentType), []byte(f.Body))
	}
	if f.Status == http.StatusNoContent || f.Status == http.StatusNotModified {
		return newResponse(f.Status, "", nil)
	}
	p := statusProblem(f.Status)
	// SigNoz sets the envelope's retry.delay together with the header.
	const aYear = 365 * 24 * 60 * 60
	if seconds, err := strconv.Atoi(f.RetryAfter); err == nil && seconds > 0 && seconds <= aYear {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	r := renderProblem(p, x.server.traits)
	if f.ContentType != "" {
		r.header.Set("Content-Type", f.ContentType)
	}
	return r
}

// hijack takes the connection over; without one to take (a recorder in place
// of a network) the handler is aborted, which clients see as a broken connection too.
func (x *exchange) hijack() net.Conn {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// reset ends the connection with a TCP reset.
func (x *exchange) reset() {
	conn := x.hijack()
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // no farewell either
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without lingering, closing sends RST in place of FIN.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// writeHalf sends the head of an answer and half of its body, then closes.
func (x *exchange) writeHalf(r *response) {
	conn := x.hijack()
	// The client finds the connection closed, whatever becomes of these writes.
	defer func() { _ = conn.Close() }()
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	if len(r.body) == 0 {
		_, _ = io.WriteString(conn, head[:len("HTTP/1.1 2")])
		return
	}
	var out bytes.Buffer
	out.WriteString(head)
	r.header.Set("Content-Length", strconv.Itoa(len(r.body)))
	_ = r.header.Write(&out)
	out.WriteString("\r\n")
	out.Write(r.body[:len(r.body)/2])
	_, _ = conn.Write(out.Bytes())
}

// writeGiant sends the answer's object with one more member, far too long. The
// length is not announced, so that a client has to count for itself.
func (x *exchange) writeGiant(r *response) {
	object := bytes.TrimSuffix(bytes.TrimSpace(r.body), []byte("}"))
	separator := ","
	if len(object) == 0 {
		object, separator = []byte("{"), ""
	}
	status := r.status
	if status == http.StatusNoContent {
		status = http.StatusOK
	}
	x.server.log.status(x.entry, status)
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(status)
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	parts := [][]byte{object, []byte(separator + `"padding":"`)}
	for range giantPadding / len(chunk) {
		parts = append(parts, chunk)
	}
	parts = append(parts, []byte(`"}`))
	for _, part := range parts {
		if _, err := x.w.Write(part); err != nil {
			return // the client has seen enough
		}
	}
}
