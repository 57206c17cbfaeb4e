// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// When the answer to a create is lost, the object may or may not exist. The client sends the create
// again: names are unique, so the create succeeds or is answered 409. After a 409, the object of this
// name counts as created by this call only if, by the server's clock, it was created during an attempt
// in doubt, and hasn't been used or changed since.

// serverTimeout is how long SigNoz works on a request before it gives up.
const serverTimeout = 60 * time.Second

// doubts are the attempts at one create that may have been carried out without a usable answer.
type doubts struct {
	began   time.Time // start of the first attempt; the time for retries counts from here
	periods []period
	last    *LostAnswerError
	looked  time.Time // when resolving last began
}

// period is when, by this machine's clock, an attempt may be carried out. Its end may be in the future.
type period struct{ from, to time.Time }

func newDoubts() *doubts { return &doubts{began: time.Now()} }

// add notes an attempt in doubt. goesOn means that the server may still be working on it.
func (d *doubts) add(sent time.Time, goesOn bool, err *LostAnswerError) {
	p := period{from: sent, to: time.Now()}
	if goesOn {
		p.to = sent.Add(serverTimeout)
	}
	d.periods, d.last = append(d.periods, p), err
}

func (d *doubts) any() bool { return len(d.periods) > 0 }

// openAt reports whether the server may have been working on an attempt at time t or later.
func (d *doubts) openAt(t time.Time) bool {
	return slices.ContainsFunc(d.periods, func(p period) bool { return p.to.After(t) })
}

// report is the error of a create that left no object behind: failure, with MayCome set if the
// server may still carry out an attempt.
func (d *doubts) report(failure error) error {
	if !d.openAt(d.looked) {
		return failure
	}
	reported := LostAnswerError{Method: d.last.Method, Path: d.last.Path, Err: failure, MayCome: true}
	if lost, ok := as[*LostAnswerError](failure); ok {
		reported.Err = lost.Err
	}
	return &reported
}

// unresolved is the error of a create that couldn't be resolved.
func (d *doubts) unresolved(err error) error { return &UnresolvedError{Lost: d.last, Err: err} }

// resolveTime bounds resolving after a run was cancelled or the time for retries is over. If a
// substitute key is being created then, it has createGrace and another resolveTime.
const resolveTime = 10 * time.Second

// resolving returns the context for resolving a create that ended with failure.
func (d *doubts) resolving(ctx context.Context, failure error) (context.Context, context.CancelFunc) {
	d.looked = time.Now()
	if IsConflict(failure) {
		return outlive(ctx, resolveTime)
	}
	return context.WithTimeout(context.WithoutCancel(ctx), resolveTime)
}

// origin is who made an object that stands in the way of a create.
type origin int

const (
	originUnknown origin = iota // made between attempts in doubt, or the server's clock isn't known
	somebodyElse                // made before the attempts in doubt
	thisCreate                  // made during an attempt in doubt
)

// clock is what is known of the server's clock: when it showed server, ours was between
// earliest and latest. The zero clock knows nothing.
type clock struct {
	mu                       sync.Mutex
	server, earliest, latest time.Time
}

// learnFrom reads the server's clock from the id of a created object, or from the id in a 409, which
// SigNoz had already made for the account that it then refused.
func (c *clock) learnFrom(x *exchange) {
	var id string
	switch {
	case x.call.doubts != nil && x.err == nil:
		id = uuidPattern.FindString(string(x.answer.body))
	case x.call.doubts != nil && hasCode(x.err, codeAccountExists):
		id = uuidPattern.FindString(x.err.Error())
	}
	if server, ok := timeOfUUID(id); ok {
		c.learn(server, x.answer.sent, x.answer.received)
	}
}

// learn notes that the server's clock showed server, to the millisecond, at some time between sent and
// received. An observation that contradicts the earlier ones replaces them: a clock was set since.
func (c *clock) learn(server, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent = sent.Add(-time.Millisecond)
	if !c.server.IsZero() {
		since := server.Sub(c.server)
		earliest, latest := c.earliest.Add(since), c.latest.Add(since)
		if !earliest.After(received) && !latest.Before(sent) {
			if earliest.After(sent) {
				sent = earliest
			}
			if latest.Before(received) {
				received = latest
			}
		}
	}
	c.server, c.earliest, c.latest = server, sent, received
}

// known reports whether the client has learned the server's clock.
func (c *clock) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.server.IsZero()
}

// originOf decides who made an object that was created at this time by the server's clock. It also
// returns thisCreate for an object that somebody else made during an attempt in doubt, or so close to
// one that the precision of clock, the duration of a request, can't tell them apart.
func (c *clock) originOf(created time.Time, d *doubts) origin {
	if !c.known() {
		return originUnknown
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	since := created.Sub(c.server)
	earliest, latest := c.earliest.Add(since), c.latest.Add(since)
	switch {
	case latest.Before(d.periods[0].from):
		return somebodyElse
	case slices.ContainsFunc(d.periods, func(p period) bool { return !latest.Before(p.from) && !earliest.After(p.to) }):
		return thisCreate
	}
	return originUnknown
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// timeOfUUID reads the time, in milliseconds, that a UUID of version 7 was made at
// (RFC 9562). SigNoz's ids are of that version.
func timeOfUUID(id string) (time.Time, bool) {
	m := uuidPattern.FindStringSubmatch(id)
	if len(m) != 2 || m[0] != id || m[1] != "7" {
		return time.Time{}, false
	}
	millis, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	return time.UnixMilli(millis), err == nil
}
