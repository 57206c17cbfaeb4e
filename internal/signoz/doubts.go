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

// When the answer to a create is lost, the object may exist or not. Sending the create again
// settles that: names are unique, so it succeeds or is answered 409. After a 409, the object of
// this name is ours only if it was made during an attempt that is in doubt, by the server's clock,
// and is still as the create makes it.

// serverTimeout is when SigNoz itself gives a request up.
const serverTimeout = 60 * time.Second

// doubts are the attempts at one create that may have been carried out without a usable answer.
type doubts struct {
	began   time.Time // from when the time for retries counts
	periods []period
	last    *LostAnswerError
	looked  time.Time // when it was last begun to find out what they did
}

// period is when, on our clock, an attempt may have been carried out. Its end may lie ahead.
type period struct{ from, to time.Time }

func newDoubts() *doubts { return &doubts{began: time.Now()} }

// add notes an attempt. goesOn means that the server may still be at it.
func (d *doubts) add(sent time.Time, goesOn bool, err *LostAnswerError) {
	p := period{from: sent, to: time.Now()}
	if goesOn {
		p.to = sent.Add(serverTimeout)
	}
	d.periods, d.last = append(d.periods, p), err
}

func (d *doubts) any() bool { return len(d.periods) > 0 }

// openAt reports whether the server may have been at an attempt at that time, or later.
func (d *doubts) openAt(t time.Time) bool {
	return slices.ContainsFunc(d.periods, func(p period) bool { return p.to.After(t) })
}

// report is the error of a create that has left nothing behind: failure, and that an attempt
// may still be carried out where that is so.
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

// unresolved is the error of a create of which it can't be found out, or set right, what it did.
func (d *doubts) unresolved(err error) error { return &UnresolvedError{Lost: d.last, Err: err} }

// resolveTime bounds the look at the server after a run was cancelled or its patience ended.
// A substitute key that is just being made then has createGrace and another resolveTime.
const resolveTime = 10 * time.Second

// resolving is the context for finding out what a create did that ended with failure.
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
	originUnknown origin = iota // it was made between attempts in doubt, or the server's clock isn't known
	somebodyElse                // it was made before them
	thisCreate                  // it was made during one
)

// clock is what is known of the server's clock: when it showed server, ours was between
// earliest and latest. The zero clock knows nothing.
type clock struct {
	mu                       sync.Mutex
	server, earliest, latest time.Time
}

// learnFrom reads the server's clock off the id of what was created, or off the id that an
// account would have had which was refused with a 409.
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

// learn notes that the server's clock showed a time, to the millisecond, between two times of ours.
// Where that contradicts what was known, a clock was set since.
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

// known reports whether an id has told the server's clock.
func (c *clock) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.server.IsZero()
}

// originOf decides who made an object, created at that time of the server's clock. An object
// that somebody else made during an attempt in doubt, or nearer to one than the time that one
// request takes, can't be told from our own.
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
