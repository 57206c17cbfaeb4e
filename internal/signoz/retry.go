// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// What limits the waiting of one call.
const (
	// retryWindow times MaxRetries is how long after its first attempt a call may
	// still be repeated: 5 minutes 20 seconds by default.
	retryWindow = 40 * time.Second
	// maxBackoff caps the exponential backoff.
	maxBackoff = 10 * time.Second
	// maxRetryAfter caps what a server may ask for. Nothing forbids a Retry-After of a day.
	maxRetryAfter = time.Minute
)

// retry decides for one call which attempts are repeated and when.
//
// Repeated are transport errors, 429, 500, 502, 503 and 504; of calls that create
// something only 429 and requests that never left this machine, because
// anything else may have been carried out.
//
// MaxRetries counts the repeats after errors. A 429 isn't counted: the server
// is well and asks for patience, and v0.118 to v0.122 answer three out of four
// role grants of ten parallel workers that way, so that any small count is used up
// by chance. What bounds both is time: nothing is repeated later than
// MaxRetries × 40 s after the first attempt. So a call takes at most that long
// plus one RequestTimeout, which covers the redirects of an attempt too.
//
// Some operations are several calls: one that a user's session signs may need
// to sign in first (two calls) and be sent again, and a create whose answer was lost is
// sent again within the same bound and then looked into, see [Client.CreateKey].
type retry struct {
	client   *Client
	attempt  *attempt
	creates  bool
	failing  func() // may be nil
	began    time.Time
	failures int // repeats after anything but a 429
	repeats  int
}

func (r *retry) deadline() time.Time {
	return r.began.Add(r.client.patience())
}

// patience is how long after its first attempt a call may still be repeated.
func (c *Client) patience() time.Duration {
	const atMost = 1 << 20 // keeps the product from overflowing; it is more than a year
	return time.Duration(max(0, min(c.cfg.MaxRetries, atMost))) * c.window
}

// check implements [retryablehttp.CheckRetry]. The response is nil on transport errors.
func (r *retry) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if resp == nil && err == nil {
		return false, nil
	}
	if err == nil && !repeatableStatus(resp.StatusCode, r.creates) {
		return false, nil
	}
	if r.client.cfg.MaxRetries <= 0 || ctx.Err() != nil || isPermanent(err) {
		return false, err
	}
	if err != nil && r.creates && r.attempt.unsure {
		return false, err
	}
	throttled := resp != nil && resp.StatusCode == http.StatusTooManyRequests
	if !throttled {
		r.failures++
	}
	if r.failures > r.client.cfg.MaxRetries || !time.Now().Before(r.deadline()) {
		return false, err
	}
	r.repeats++
	if r.failing != nil {
		r.failing()
	}
	return true, nil
}

// backoff implements [retryablehttp.Backoff]: exponential with full jitter, so
// that many workers answered 429 at the same moment don't come back together.
func (r *retry) backoff(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
	wait := jittered(r.client.cfg.RetryWait, r.repeats)
	if asked, ok := askedDelay(resp, time.Now()); ok {
		// The jitter on top keeps those apart who were told the same delay.
		wait = min(asked, maxRetryAfter) + wait/2
	}
	return max(0, min(wait, time.Until(r.deadline())))
}

// jittered picks a wait before repeat n (from 1): between an eighth of and the
// whole of base·2ⁿ⁻¹, capped.
func jittered(base time.Duration, n int) time.Duration {
	ceiling := maxBackoff
	if n < 16 {
		ceiling = min(maxBackoff, base<<(n-1))
	}
	floor := ceiling / 8
	return floor + time.Duration(rand.Int64N(int64(ceiling-floor)+1)) //nolint:gosec // spreading out, not secrecy
}

// askedDelay reads how long the server wants the client to wait: Retry-After in
// seconds or as a date, else the delay of SigNoz's error envelope (nanoseconds).
func askedDelay(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	if delay, ok := retryAfter(resp.Header, now); ok {
		return delay, true
	}
	body, ok := resp.Body.(*bufferedBody)
	if !ok {
		return 0, false
	}
	envelope, ok := parseErrorEnvelope(body.bytes)
	if !ok || envelope.Error.Retry == nil || envelope.Error.Retry.Delay <= 0 {
		return 0, false
	}
	return time.Duration(envelope.Error.Retry.Delay), true
}

// retryAfter reads the header of that name. What makes no sense counts as not said.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	said := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(said, 10, 64); err == nil {
		if seconds < 0 {
			return 0, false
		}
		return time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(said)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date // the server's clock, which Retry-After was made with
	}
	return max(0, at.Sub(now)), true
}

func repeatableStatus(status int, creates bool) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !creates
	}
	return false
}

// send carries out one call with its repeats and returns the last answer.
// Where the call creates something and may have been carried out although no
// usable answer came, the error is a [*LostAnswerError].
func (c *Client) send(ctx context.Context, call call, payload []byte) (*answer, error) {
	if call.began.IsZero() {
		call.began = time.Now()
	}
	answer, err := c.sendSigned(ctx, call, payload)
	if err != nil || answer.status != http.StatusUnauthorized || call.anonymous || isWebPage(answer) {
		return answer, err
	}
	// A user's token ends after half an hour or so: sign in again, once. The
	// request was refused, so repeating it is safe whatever it does.
	if !c.auth.renew(answer.signature) {
		return answer, nil
	}
	return c.sendSigned(ctx, call, payload)
}

func (c *Client) sendSigned(ctx context.Context, call call, payload []byte) (*answer, error) {
	var body any
	if payload != nil {
		body = payload
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, call.method, c.address(call), body)
	if err != nil {
		return nil, fmt.Errorf("preparing %s %s: %w", call.method, call.path, err)
	}
	for name, value := range c.cfg.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept", "application/json")
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	var signature string
	if !call.anonymous {
		if signature, err = c.auth.sign(ctx, c, req.Request); err != nil {
			return nil, err
		}
	}

	attempt := &attempt{client: c, path: call.path, creates: call.creates}
	policy := &retry{client: c, attempt: attempt, creates: call.creates, failing: call.failing, began: call.began}
	doer := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: attempt, CheckRedirect: checkRedirect},
		RetryMax:     math.MaxInt / 2, // policy counts
		CheckRetry:   policy.check,
		Backoff:      policy.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := doer.Do(req)
	if err != nil {
		connErr := c.connectionError(call, err)
		if call.creates && attempt.unsure {
			return nil, &LostAnswerError{Method: call.method, Path: call.path, Err: connErr}
		}
		return nil, connErr
	}
	defer resp.Body.Close()
	read, ok := resp.Body.(*bufferedBody)
	if !ok {
		return nil, errors.New("the answer wasn't read by the client's own transport")
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: read.bytes, sent: read.sent, received: read.received, signature: signature}
	if call.creates && leavesOpen(call, a, attempt.unsure) {
		return nil, &LostAnswerError{Method: call.method, Path: call.path, Err: c.errorFrom(call, a)}
	}
	return a, nil
}

// address is where a call is sent. [url.URL.JoinPath] would clean and decode the
// call's path, which is escaped already.
func (c *Client) address(call call) string {
	host := url.URL{Scheme: c.base.Scheme, Host: c.base.Host}
	address := host.String() + c.base.EscapedPath() + call.path
	if len(call.query) > 0 {
		address += "?" + call.query.Encode()
	}
	return address
}

// leavesOpen tells whether the last answer to a call that creates something
// leaves open if the server, or one behind the proxy that answered, did what was asked.
func leavesOpen(call call, a *answer, unsure bool) bool {
	switch {
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooManyRequests:
		return true
	case unsure && a.status != call.want:
		return true // this attempt did nothing, but an earlier one may have
	case a.status >= 500:
		return a.status != http.StatusNotImplemented
	case a.status >= 300:
		return false
	}
	// A success that isn't the one that was due; but the web page, with its 200,
	// is how SigNoz answers calls that it lacks.
	wrongPage := isWebPage(a) && a.status == call.want
	return wrongPage || (a.status != call.want && !isWebPage(a))
}
