// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// When the answer to a create is lost, the object may exist or not. Sending the
// create again settles that: names are unique, so it succeeds or is answered
// 409. What the 409 leaves open is whose object has the name, and the only mark
// that it carries is the time it was made at. This file decides by that time,
// without trusting the two clocks to agree.

// losses are the attempts at one create that may have been carried out although
// no usable answer came.
type losses struct {
	periods []period
	last    error
}

// period is when, on our clock, a lost attempt may have been carried out. A zero
// end says that the server may still be at it.
type period struct{ from, to time.Time }

func (l *losses) any() bool { return len(l.periods) > 0 }

// began is when the first lost attempt was sent.
func (l *losses) began() time.Time { return l.periods[0].from }

func (l *losses) add(sent time.Time, err error) {
	f := period{from: sent, to: time.Now()}
	if stillUnderWay(err) {
		f.to = time.Time{}
	}
	l.periods = append(l.periods, f)
	l.last = err
}

// stillUnderWay tells of a loss where somebody gave up waiting, so that the
// server may carry the request out later.
func stillUnderWay(lost error) bool {
	var broken *ConnectionError
	if errors.As(lost, &broken) {
		return broken.Problem == ProblemTimeout || broken.Problem == ProblemCancelled
	}
	return hasStatus(lost, http.StatusGatewayTimeout) || hasStatus(lost, http.StatusRequestTimeout)
}

// unwrapped is what to report when a lost create has left nothing behind. An
// answer that says itself what is wrong, a 429 say, is reported as that.
func (l *losses) unwrapped() error {
	var e *Error
	if !errors.As(l.last, &e) {
		return l.last
	}
	refusal := e.Status >= 300 && e.Status < 500 && e.Status != http.StatusRequestTimeout
	if refusal || e.WebPage {
		return e
	}
	return l.last
}

// reported is what to report of a create that failed when nothing of it was found:
// failure, and that a lost attempt may still be carried out where that is so.
func (l *losses) reported(failure error) error {
	mayCome := slices.ContainsFunc(l.periods, func(p period) bool { return p.to.IsZero() })
	var lost *LostAnswerError
	switch {
	case errors.As(failure, &lost):
		return &LostAnswerError{Method: lost.Method, Path: lost.Path, Err: lost.Err, MayCome: mayCome}
	case mayCome && errors.As(l.last, &lost):
		return &LostAnswerError{Method: lost.Method, Path: lost.Path, Err: failure, MayCome: true}
	}
	return failure
}

// moment is a point on the server's clock that lies, on ours, between the
// sending of a request and the coming of its answer.
type moment struct {
	at             time.Time // cut to idPrecision
	sent, received time.Time
}

// momentOfID is the moment at which the server made this id to answer a request.
// It is zero for an id that doesn't tell. The Date header wouldn't do: it is
// coarse, and proxies set it by a clock of their own.
func (f answerFacts) momentOfID(id string) moment {
	at, _ := timeOfUUID(id)
	return moment{at: at, sent: f.sent, received: f.received}
}

// idPrecision is what the time in an id is cut to.
const idPrecision = time.Millisecond

// maker is who made the object that stands in the way of a create.
type maker int

const (
	// somebodyElse made it before the create began.
	somebodyElse maker = iota
	// thisCreate made it: it was made while a lost attempt was under way.
	thisCreate
	// unknownMaker: it was made since, but not while an attempt was under way as
	// far as can be told; or the server's clock isn't known.
	unknownMaker
)

// makerOf tells whose an object is that the server made at created. The clocks are
// held together by one moment known on both, so a wrong clock on either side
// does no harm. What is left uncertain is the time one request takes: an object
// that somebody else made less than that before, or during, a lost attempt
// can't be told from our own.
func (l *losses) makerOf(created time.Time, known moment) maker {
	if known.at.IsZero() {
		return unknownMaker
	}
	since := created.Sub(known.at)
	earliest := known.sent.Add(since - idPrecision)
	latest := known.received.Add(since)
	if latest.Before(l.began()) {
		return somebodyElse
	}
	for _, f := range l.periods {
		if !latest.Before(f.from) && (f.to.IsZero() || !earliest.After(f.to)) {
			return thisCreate
		}
	}
	return unknownMaker
}

// claims are the ids of the objects that this client's creates have made. Two
// resources of the same name, created in parallel by mistake, must not both
// take the one object for their own.
type claims struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

// take claims an object. False means that another create has claimed it.
func (c *claims) take(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.ids[id]; taken {
		return false
	}
	if c.ids == nil {
		c.ids = make(map[string]struct{})
	}
	c.ids[id] = struct{}{}
	return true
}

// takeOut removes an object, and reports whether it was there.
func (c *claims) takeOut(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.ids[id]
	delete(c.ids, id)
	return there
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// momentOfConflict reads the server's clock off a 409: its message names the id
// that the refused account would have had.
func momentOfConflict(err error) moment {
	var e *Error
	if !errors.As(err, &e) {
		return moment{}
	}
	return e.facts.momentOfID(uuidPattern.FindString(e.Message))
}

// timeOfUUID reads the time, in milliseconds, that a UUID of version 7 was made at
// (RFC 9562). SigNoz's ids are of that version.
func timeOfUUID(id string) (time.Time, bool) {
	m := uuidPattern.FindStringSubmatch(id)
	if len(m) != 2 || m[0] != id || m[1] != "7" {
		return time.Time{}, false
	}
	millis, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(millis), true
}

// patienceEnded tells whether a create whose answers get lost has been tried
// often and long enough. The limits are those of the retries of other calls.
func (c *Client) patienceEnded(began time.Time, repeats int) bool {
	return repeats >= c.cfg.MaxRetries || time.Since(began) > c.patience()
}

// pause waits before create number repeat+2 of one call.
func (c *Client) pause(ctx context.Context, repeat int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(jittered(c.cfg.RetryWait, repeat+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// recoverTime bounds the look at the server after a run was cancelled or its
// patience ended. A substitute key that is just being made then has createGrace
// and another recoverTime to be cleared away.
const recoverTime = 10 * time.Second

// lastLook is a context for what must still be done when a create is given up.
func lastLook(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recoverTime)
}
