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
	"strings"
	"sync"
	"time"
)

// Fault makes requests fail: which requests, whether the server carries them
// out, and what the client gets.
type Fault struct {
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

	// Delay passes, in real time, before the server does anything. If the
	// client leaves before that, the request is carried out all the same, unless
	// GiveUp is set.
	Delay  time.Duration
	GiveUp bool

	// CarriedOut is whether the server does what the request asks for.
	CarriedOut bool
	// Answer is what the client gets, nil for the server's own answer.
	Answer Answer
}

// Answer replaces the server's own answer: a Reply, or a broken answer (Astray).
type Answer interface {
	fmt.Stringer
	// send is given the server's own answer, nil if the request was not carried out.
	send(x *exchange, own *response)
	// check returns what is wrong with the answer, "" for nothing.
	check(carriedOut bool) string
}

// Reply is an answer with a chosen status, header and body.
type Reply struct {
	Status     int    // 0 for the status of the server's own answer
	RetryAfter string // the header's text
	Location   string
	// Body is taken for JSON unless ContentType says otherwise. Without it a
	// Status of 400 or more comes in SigNoz's error envelope.
	Body        string
	ContentType string
}

// Status is a Reply with a status and nothing more.
func Status(status int) Reply { return Reply{Status: status} }

// WebPage is SigNoz's web page in place of JSON.
func WebPage() Reply {
	return Reply{Status: http.StatusOK, Body: webPage, ContentType: htmlContentType}
}

// Astray is an answer that doesn't arrive as the server's own would.
type Astray int

// The ways in which an answer goes astray. Half, BodyOnly and Giant are made of
// the server's own answer, so that they need a request that is carried out.
const (
	// Reset resets the connection.
	Reset Astray = iota + 1
	// Hang sends nothing for a minute, SigNoz's own limit, or until the client
	// leaves, and then resets the connection.
	Hang
	// Half sends half of the body under the full Content-Length, then closes.
	// Of an answer without a body, half of its status line is sent.
	Half
	// BodyOnly sends the body without status line and header.
	BodyOnly
	// Giant pads the body to more than 64 MiB of valid JSON. An answer without
	// a body becomes a 200 with one.
	Giant
)

const (
	// hangLimit is how long SigNoz works on a request before it gives up.
	hangLimit = time.Minute
	// giantPadding is more than 64 MiB.
	giantPadding = 65 << 20
)

// Injection is a Fault at work.
type Injection struct {
	list   *faultList
	fault  Fault
	chance *rand.Rand
	seen   int
	hits   int
}

// Inject makes a fault strike requests from now on, and panics if the fault
// makes no sense. Of several faults that match a request, the one
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
	if f.Share < 0 || f.Share > 1 {
		panic(fmt.Sprintf("signoztest: a Share is between 0 and 1, not %v", f.Share))
	}
	problem := ""
	switch {
	case f.Answer != nil:
		problem = f.Answer.check(f.CarriedOut)
	case !f.CarriedOut:
		problem = "a request that is not carried out has no answer of its own"
	}
	if problem != "" {
		panic("signoztest: " + problem)
	}
}

// String describes what the fault does to a request, as in Request.Fault.
func (f Fault) String() string {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "late")
	}
	if f.GiveUp {
		parts = append(parts, "given up if the client leaves")
	}
	if f.CarriedOut {
		parts = append(parts, "carried out")
	}
	if f.Answer != nil {
		parts = append(parts, f.Answer.String())
	}
	return strings.Join(parts, ", ")
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
	var gone <-chan struct{}
	if f.GiveUp {
		gone = x.req.Context().Done()
	}
	if !x.server.wait(f.Delay, gone) {
		x.reset()
		return
	}
	var own *response
	if f.CarriedOut {
		own = x.carryOut()
	}
	if f.Answer == nil {
		x.write(own)
		return
	}
	f.Answer.send(x, own)
}

func (r Reply) String() string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s %s %s", r.Status, r.RetryAfter, r.Location, r.Body))
}

func (r Reply) check(carriedOut bool) string {
	if r.Status == 0 && carriedOut || r.Status >= 200 && r.Status <= 599 {
		return ""
	}
	return fmt.Sprintf("a reply can't have the status %d", r.Status)
}

func (r Reply) send(x *exchange, own *response) {
	status := r.Status
	if status == 0 {
		status = own.status
	}
	out := r.response(status, x.server.traits)
	if r.ContentType != "" {
		out.header.Set("Content-Type", r.ContentType)
	}
	if r.RetryAfter != "" {
		out.header.Set("Retry-After", r.RetryAfter)
	}
	if r.Location != "" {
		out.header.Set("Location", r.Location)
	}
	x.write(out)
}

func (r Reply) response(status int, t traits) *response {
	if r.Body != "" {
		return newResponse(status, "application/json", []byte(r.Body))
	}
	if status < http.StatusBadRequest {
		return newResponse(status, "", nil)
	}
	p := statusProblem(status)
	// SigNoz sets the envelope's retry.delay together with the header.
	const aYear = 365 * 24 * 60 * 60
	if seconds, err := strconv.Atoi(r.RetryAfter); err == nil && seconds > 0 && seconds <= aYear {
		p.retryAfter = time.Duration(seconds) * time.Second
	}
	out := newResponse(0, "", nil)
	p.write(out, t)
	return out
}

func (a Astray) String() string {
	names := map[Astray]string{Reset: "reset", Hang: "hang", Half: "half", BodyOnly: "body only", Giant: "giant"}
	if name, ok := names[a]; ok {
		return name
	}
	return fmt.Sprintf("Astray(%d)", int(a))
}

func (a Astray) check(carriedOut bool) string {
	if a < Reset || a > Giant {
		return "there is no answer " + a.String()
	}
	if a >= Half && !carriedOut {
		return fmt.Sprintf("an answer %q needs a request that is carried out", a)
	}
	return ""
}

func (a Astray) send(x *exchange, own *response) {
	switch a {
	case Reset:
		x.reset()
	case Hang:
		x.server.wait(hangLimit, x.req.Context().Done())
		x.reset()
	case Half:
		x.writeHalf(own)
	case BodyOnly:
		x.cut(own.body)
	case Giant:
		x.writeGiant(own)
	}
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
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	if len(r.body) == 0 {
		x.cut([]byte(head[:len("HTTP/1.1 2")]))
		return
	}
	var out bytes.Buffer
	out.WriteString(head)
	r.header.Set("Content-Length", strconv.Itoa(len(r.body)))
	_ = r.header.Write(&out)
	out.WriteString("\r\n")
	out.Write(r.body[:len(r.body)/2])
	x.cut(out.Bytes())
}

// cut writes to the connection as it is, and closes it.
func (x *exchange) cut(raw []byte) {
	conn := x.hijack()
	// The client finds the connection closed, whatever becomes of the write.
	_, _ = conn.Write(raw)
	_ = conn.Close()
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
	x.server.log.update(func() { x.entry.Status = status })
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
