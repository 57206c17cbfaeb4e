// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// This file follows a request from top to bottom: do sends a call in one or more attempts, which pass
// through the layers of newHTTP; judge decides what the result of an attempt means; shouldRetry and
// backoff decide whether and when the next attempt follows.

const (
	// A call may be retried until MaxRetries × retryWindow after its first attempt.
	retryWindow   = 40 * time.Second
	maxBackoff    = 10 * time.Second // caps the exponential backoff
	maxRetryAfter = time.Minute      // caps what a server may ask for
	outageTimeout = 5 * time.Second  // limits an attempt while the server is taken for down

	// createGrace is how long a create may go on after the run was cancelled: only its answer
	// contains the key's value. A role assignment may too, so that the state has the role.
	createGrace = 5 * time.Second

	maxAnswer      = 32 << 20 // bytes; the largest real one, a list of 10,000 keys, has about 3 MB
	maxErrorAnswer = 64 << 10 // bytes that are read of an answer that isn't a success
)

// newHTTP names the layers that a request passes through, the outermost first.
func (c *Client) newHTTP() *retryablehttp.Client {
	layers := []layer{
		c.waitForOutage, // one call retries on behalf of all while the server is down
		c.authenticate,  // as an account or as a user
		c.limit,         // sets the attempt's deadline
		c.observe,
		c.judge, // reads the answer whole and decides what it means
	}
	send := roundTrip(func(req *http.Request) (*http.Response, error) { return c.transport.RoundTrip(req) })
	for _, through := range slices.Backward(layers) {
		next := send
		send = func(req *http.Request) (*http.Response, error) { return through(exchangeOf(req.Context()), req, next) }
	}
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: send, CheckRedirect: checkRedirect},
		CheckRetry:   c.shouldRetry,
		Backoff:      c.backoff,
		RetryMax:     math.MaxInt / 2, // shouldRetry counts: a 429 isn't a failure
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// layer does its part of one attempt of an exchange, and has next do the rest.
type layer func(x *exchange, req *http.Request, next roundTrip) (*http.Response, error)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// call is one request of the API: what is sent and which answer means success.
type call struct {
	method string
	path   string // below the endpoint, segments escaped
	query  url.Values
	body   any // sent as JSON; nil: no body
	want   int // the one status that means success: SigNoz answers unknown calls 200

	// decode takes the data of a successful answer; nil if the answer has none. An error of decode
	// means that the response isn't the expected one.
	decode func(data []byte) error

	// doubts is set for a POST that creates another object each time it is carried out. It records
	// the attempts that may have been carried out.
	doubts *doubts

	bare         bool // the answer stands outside the {"status", "data"} envelope
	anonymous    bool // the request carries no credentials
	confidential bool // the answer holds a secret, so errors don't quote an unexpected answer

	retrying func() // when set, is called before a retry
}

// into decodes JSON into out.
func into[T any](out *T) func([]byte) error {
	return func(data []byte) error {
		var value T // fresh: out may hold fields of an earlier attempt
		err := json.Unmarshal(data, &value)
		if err == nil {
			*out = value
		}
		return err
	}
}

// require adds a condition on what decode has decoded.
func require(decode func([]byte) error, condition func() bool, otherwise string) func([]byte) error {
	return func(data []byte) error {
		if err := decode(data); err != nil || condition() {
			return err
		}
		return errors.New(otherwise)
	}
}

// below is a path with one more segment, escaped.
func below(path, segment string) string { return path + "/" + url.PathEscape(segment) }

// exchange is one call on its way. The layers find it in the context of the request.
type exchange struct {
	call     call
	began    time.Time
	until    time.Time // when the present attempt times out
	attempts int
	failures int    // retries after anything but a 429
	token    string // that signed the last attempt
	renewed  bool   // a refused token was renewed
	unsigned bool   // signing in failed

	// Of the last attempt:
	answer *answer // nil: none came
	err    error   // nil: success
	lost   bool    // it may have been carried out
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// do carries out one call. Every request takes this path. Where the call creates something and its
// last attempt may have been carried out without a usable answer, the error is a [*LostAnswerError].
func (c *Client) do(ctx context.Context, call call) error {
	x := &exchange{call: call, began: time.Now()}
	if call.doubts != nil {
		x.began = call.doubts.began
	}
	req, err := c.newRequest(context.WithValue(ctx, exchangeKey{}, x), call)
	if err != nil {
		return fmt.Errorf("preparing %s %s: %w", call.method, call.path, err)
	}
	resp, err := c.http.Do(req)
	c.outage.ended(x, false)
	if err == nil {
		_ = resp.Body.Close() // it was read by judge
	} else if x.answer != nil || x.err == nil || ctx.Err() != nil { // redirect refused, or run cancelled
		x.err = c.connectionError(call, err)
	}
	if x.lost && !answerIn(x.err).WebPage { // the web page is the error to report
		return &LostAnswerError{Method: call.method, Path: call.path, Err: x.err}
	}
	return x.err
}

func (c *Client) newRequest(ctx context.Context, call call) (*retryablehttp.Request, error) {
	var body any
	if call.body != nil {
		payload, err := json.Marshal(call.body)
		if err != nil {
			return nil, err
		}
		body = payload
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, call.method, c.address(call), body)
	if err != nil {
		return nil, err
	}
	for name, value := range c.cfg.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// address is where a call is sent. [url.URL.JoinPath] would decode the path, which is escaped.
func (c *Client) address(call call) string {
	address := c.base.String() + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	return address
}

// waitForOutage lets a retry wait while another call finds out whether the server is back.
func (c *Client) waitForOutage(x *exchange, req *http.Request, next roundTrip) (*http.Response, error) {
	back := x.attempts == 0 || c.outage.wait(req.Context(), x, x.began.Add(c.patience()))
	if err := req.Context().Err(); err != nil {
		return nil, err // nothing is begun after a cancellation
	}
	if !back {
		return nil, x.err // of the last attempt
	}
	return next(req)
}

func (c *Client) authenticate(x *exchange, req *http.Request, next roundTrip) (*http.Response, error) {
	if x.call.anonymous {
		return next(req)
	}
	signed := req.Clone(req.Context()) // a RoundTripper mustn't change the request
	var err error
	if x.token, err = c.sign(req.Context(), signed); err != nil {
		x.answer, x.err, x.lost, x.unsigned = nil, err, false, true
		return nil, err
	}
	return next(signed)
}

// limit bounds the time of one attempt, redirects included. An attempt at creating something, or
// at assigning a role, outlives the cancellation of the run by createGrace; others end with it.
func (c *Client) limit(x *exchange, req *http.Request, next roundTrip) (*http.Response, error) {
	if req.Response == nil { // not redirected
		x.attempts++
		timeout := c.cfg.RequestTimeout
		if x.call.doubts == nil && c.outage.isDown() {
			timeout = min(timeout, outageTimeout)
		}
		x.until = time.Now().Add(timeout)
	}
	ctx := req.Context()
	if x.call.method == http.MethodPost && !x.call.anonymous {
		outliving, release := outlive(ctx, c.createGrace)
		defer release()
		ctx = outliving
	}
	ctx, cancel := context.WithDeadlineCause(ctx, x.until, errTimeout)
	defer cancel()
	return next(req.WithContext(ctx))
}

// outlive is a context that ends a while after ctx was cancelled.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(own, func() { timer.Stop() })
	})
	return own, func() { stop(); cancel() }
}

// observe reports each attempt, and each redirect as one of its own, to [Config.Observe].
func (c *Client) observe(x *exchange, req *http.Request, next roundTrip) (*http.Response, error) {
	began := time.Now()
	resp, err := next(req)
	if c.cfg.Observe != nil {
		seen := Attempt{Method: req.Method, Path: x.call.path, Number: x.attempts, Duration: time.Since(began), Err: c.presentable(err)}
		if resp != nil {
			seen.Status = resp.StatusCode
		}
		c.cfg.Observe(req.Context(), seen)
	}
	return resp, err
}

// judge carries out one attempt and decides what it means: success, an error, a doubt.
func (c *Client) judge(x *exchange, req *http.Request, next roundTrip) (*http.Response, error) {
	sent, left, creates := time.Now(), new(atomic.Bool), x.call.doubts != nil
	traced := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{WroteHeaders: func() { left.Store(true) }})
	resp, err := next(req.WithContext(traced))
	x.answer = nil
	if err == nil {
		x.answer, err = readAnswer(resp, sent)
	}
	if err != nil {
		if errors.Is(context.Cause(req.Context()), errTimeout) {
			c.closeIdleConnections() // this connection may be dead, and idle ones too
		}
		x.err, x.lost, resp = c.connectionError(x.call, err), creates && left.Load(), nil
	} else {
		resp.Request = req // for backoff
		x.err = c.errorOf(x.call, x.answer)
		x.lost = creates && x.err != nil && x.answer.leavesOpen(x.call.want)
		c.clock.learnFrom(x)
		if !x.unanswered() {
			c.outage.answered()
		}
	}
	if x.lost {
		x.call.doubts.add(sent, x.gaveUp(err), &LostAnswerError{Method: x.call.method, Path: x.call.path, Err: x.err})
		// A 429 is a clear answer, though v0.118 may have carried the request out.
		x.lost = x.status() != http.StatusTooManyRequests
	}
	return resp, err
}

// status is that of the last attempt's answer; 0: none came.
func (x *exchange) status() int {
	if x.answer == nil {
		return 0
	}
	return x.answer.status
}

// unanswered reports whether nobody answered the last attempt, or only a gateway that found
// no SigNoz behind it.
func (x *exchange) unanswered() bool {
	switch x.status() {
	case 0:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !answeredBySigNoz(x.err)
	}
	return false
}

// gaveUp reports whether the last attempt ended because the client (err) or a gateway stopped
// waiting, so that the server may go on with it. Google's load balancer answers 502 then,
// Cloudflare 524.
func (x *exchange) gaveUp(err error) bool {
	if x.answer == nil {
		p := connectionProblem(err)
		return p == ProblemTimeout || p == ProblemCancelled || connectionLost(err)
	}
	return slices.Contains([]int{http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout, 524}, x.answer.status)
}

// shouldRetry is the one policy of retrying.
//
// Retried are transport errors, 429, 500, 502, 503 and 504; of creates also whatever leaves
// open if it was carried out, since names are unique: the next attempt creates the object or is
// answered 409.
//
// MaxRetries counts the retries after errors. A 429 isn't counted: v0.118 to v0.122 answer it
// to three out of four role grants of ten parallel workers. Time bounds both: nothing is retried
// later than MaxRetries × 40 s after the first attempt, so a call takes at most that long plus
// one RequestTimeout. While the server is down, all calls share the retries of one.
func (c *Client) shouldRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	x := exchangeOf(ctx)
	if ctx.Err() != nil || x.err == nil {
		return false, err
	}
	if IsUnauthenticated(x.err) && c.SignsAsUser() && !x.call.anonymous && !x.unsigned && !x.renewed {
		// Tokens end: sign in again, once. The request was refused, so repeating it is safe.
		c.tokens.dropValue(x.token)
		x.renewed = true
		return true, nil
	}
	if c.cfg.MaxRetries <= 0 || !x.retryable(err) {
		return false, err
	}
	if x.status() != http.StatusTooManyRequests {
		x.failures++
	}
	left := time.Until(x.began.Add(c.patience()))
	if x.answer == nil { // backoff gets no response then, and can't cap the wait
		left -= longestWait(c.cfg.RetryWait, x.attempts)
	}
	if x.failures > c.cfg.MaxRetries || left <= 0 {
		c.outage.ended(x, true)
		return false, err
	}
	if x.unanswered() && !c.outage.mayRetry(x) {
		return false, err
	}
	if x.call.retrying != nil {
		x.call.retrying()
	}
	return true, nil
}

func (x *exchange) retryable(err error) bool {
	switch {
	case x.lost:
		return true
	case x.unsigned: // after retries of its own
		return false
	case x.answer == nil:
		return !isPermanent(err)
	}
	return slices.Contains([]int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, x.answer.status)
}

// patience is how long after its first attempt a call may still be retried.
func (c *Client) patience() time.Duration {
	const atMost = 1 << 20 // keeps the product from overflowing; it is more than a year
	return time.Duration(max(0, min(c.cfg.MaxRetries, atMost))) * c.window
}

// backoff implements [retryablehttp.Backoff]: the wait that the server asks for, else an exponential
// one. Jitter spreads the retries of workers that got a 429 at the same time.
func (c *Client) backoff(_, _ time.Duration, retries int, resp *http.Response) time.Duration {
	wait := jittered(c.cfg.RetryWait, retries+1)
	if resp == nil {
		return wait
	}
	x := exchangeOf(resp.Request.Context())
	if x.answer.status == http.StatusUnauthorized {
		return 0
	}
	if asked, ok := x.answer.askedDelay(); ok {
		wait = min(asked, maxRetryAfter) + wait/2
	}
	return max(0, min(wait, time.Until(x.began.Add(c.patience()))))
}

// jittered picks a wait before retry n (from 1): between an eighth of and the
// whole of base·2ⁿ⁻¹, capped.
func jittered(base time.Duration, n int) time.Duration {
	ceiling := longestWait(base, n)
	floor := ceiling / 8
	return floor + time.Duration(rand.Int64N(int64(ceiling-floor)+1)) //nolint:gosec // spreading out, not secrecy
}

func longestWait(base time.Duration, n int) time.Duration {
	return min(maxBackoff, base<<max(0, min(n-1, 16)))
}

// answer is what came back of one attempt, read whole.
type answer struct {
	status         int
	header         http.Header
	body           []byte
	sent, received time.Time // on our clock
}

// readAnswer reads an answer whole inside the attempt, whose time limit covers it. Half an answer
// is retried like a transport error.
func readAnswer(resp *http.Response, sent time.Time) (*answer, error) {
	defer resp.Body.Close()
	limit := maxAnswer
	if resp.StatusCode >= 300 {
		limit = maxErrorAnswer
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	text := bytes.TrimSpace(body)
	switch {
	case len(body) > maxAnswer:
		return nil, errTooLarge
	case err == nil && resp.StatusCode < 300 && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") &&
		bytes.HasPrefix(text, []byte("{")) && !bytes.HasSuffix(text, []byte("}")):
		err = io.ErrUnexpectedEOF // a proxy passed a part on as if it were the whole
	}
	if err != nil {
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
	}
	resp.Body = http.NoBody
	return &answer{status: resp.StatusCode, header: resp.Header, body: body[:min(len(body), limit)], sent: sent, received: time.Now()}, nil
}

func (a *answer) webPage() bool {
	return strings.HasPrefix(strings.ToLower(a.header.Get("Content-Type")), "text/html")
}

// leavesOpen reports whether, after this answer to a create, the server may have carried the create
// out: for example if a proxy answered in its place.
func (a *answer) leavesOpen(want int) bool {
	switch {
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests:
		return true
	case a.status >= 300:
		return a.status >= 500 && a.status != http.StatusNotImplemented
	}
	// An unexpected success leaves it open. The web page with status 200 doesn't: SigNoz
	// answers unknown calls with it.
	return a.status == want || !a.webPage()
}

// errorOf decides whether an answer is the success that the call needs, and decodes it.
func (c *Client) errorOf(call call, a *answer) error {
	if a.status != call.want || a.webPage() {
		return c.errorFrom(call, a)
	}
	if call.decode == nil {
		return nil
	}
	data, err := a.body, error(nil)
	if !call.bare {
		data, err = unwrap(a.body)
	}
	if err == nil {
		err = call.decode(data)
	}
	if err == nil {
		return nil
	}
	malformed := &Error{Method: call.method, Path: call.path, Status: a.status, Message: "unexpected response"}
	if !call.confidential {
		malformed.Message = c.excerpt(malformed.Message + ": " + err.Error())
	}
	return malformed
}

// unwrap takes the data of a success out of SigNoz's envelope.
func unwrap(body []byte) ([]byte, error) {
	var envelope struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, err
	}
	if envelope.Status != "success" || len(envelope.Data) == 0 || string(envelope.Data) == "null" {
		return nil, errors.New("the answer has no data")
	}
	return envelope.Data, nil
}

// askedDelay reads how long the server wants the client to wait: Retry-After in seconds or as a
// date, else the delay of SigNoz's error envelope (nanoseconds). Invalid values are ignored.
func (a *answer) askedDelay() (time.Duration, bool) {
	text, now := a.header.Get("Retry-After"), a.received
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
			now = date // the server's clock, which Retry-After was made with
		}
		return max(0, at.Sub(now)), true
	}
	envelope, _ := parseErrorEnvelope(a.body)
	delay := max(0, time.Duration(envelope.Error.Retry.Delay))
	return delay, delay > 0
}
