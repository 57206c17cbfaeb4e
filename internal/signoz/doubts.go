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

// When the answer to a create is lost, the object may exist or not. Sending the create again
// settles that: names are unique, so it succeeds or is answered 409. What the 409 leaves open is
// whose object has the name, and the only mark that it carries is the time it was made at: it is
// ours only if it was made during an attempt that is in doubt, on the server's clock, which
// needn't agree with ours, and if it is as the create makes it.

// serverTimeout is when SigNoz itself gives a request up.
const serverTimeout = 60 * time.Second

// doubts are the attempts at one create that may have been carried out although no usable
// answer came.
type doubts struct {
	periods []period
	last    error
	looked  time.Time // when it was last begun to find out what they did
}

func newDoubts() *doubts { return &doubts{} }

// period is when, on our clock, an attempt may have been carried out. Its end may lie ahead.
type period struct{ from, to time.Time }

// add notes an attempt. goesOn means that the server may still be at it.
func (d *doubts) add(sent time.Time, goesOn bool, call call, err error) {
	p := period{from: sent, to: time.Now()}
	if goesOn {
		p.to = sent.Add(serverTimeout)
	}
	d.periods = append(d.periods, p)
	d.last = &LostAnswerError{Method: call.method, Path: call.path, Err: err}
}

func (d *doubts) any() bool { return len(d.periods) > 0 }

// openAt reports whether the server may have been at an attempt at that time, or later.
func (d *doubts) openAt(t time.Time) bool {
	return slices.ContainsFunc(d.periods, func(p period) bool { return p.to.After(t) })
}

// report is the error of a create of which nothing is left that was found: failure, and that
// an attempt may still be carried out where that is so.
func (d *doubts) report(failure error) error {
	var lost *LostAnswerError
	if !d.openAt(d.looked) || !errors.As(d.last, &lost) {
		return failure
	}
	reported := &LostAnswerError{Method: lost.Method, Path: lost.Path, Err: failure, MayCome: true}
	if errors.As(failure, &lost) {
		reported.Err = lost.Err
	}
	return reported
}

// unresolved is the error of a create of which it can't be found out, or set right, what it did.
func (d *doubts) unresolved(err error) error { return &UnresolvedError{Lost: d.last, Err: err} }

// resolveTime bounds the look at the server after a run was cancelled or the patience with it
// ended. A substitute key that is just being made then has createGrace and another resolveTime
// to be cleared away.
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
	// originUnknown: it was made since the first attempt that is in doubt, but not during
	// one; or the server's clock isn't known.
	originUnknown origin = iota
	// somebodyElse made it.
	somebodyElse
	// thisCreate made it: it was made during an attempt that is in doubt.
	thisCreate
)

// clock is what answers have told of the server's clock.
type clock struct {
	mu    sync.Mutex
	epoch time.Time // the monotonic reading that offsets are counted from
	ids   offset    // by the times in ids that the server made for a request
	dates offset    // by Date headers: coarse, and proxies set them by clocks of their own
}

// offset is how far the server's clock is ahead of ours: between least and most.
type offset struct {
	known       bool
	least, most time.Duration
}

// learn takes in that the server's clock showed a time between at and at+precision when it
// made an answer. What contradicts that was learned before a clock was set.
func (c *clock) learn(o *offset, at time.Time, precision time.Duration, a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := at.Sub(c.epoch.Round(0))
	least, most := since-a.received.Sub(c.epoch), since+precision-a.sent.Sub(c.epoch)
	if o.known && max(least, o.least) <= min(most, o.most) {
		least, most = max(least, o.least), min(most, o.most)
	}
	*o = offset{known: true, least: least, most: most}
}

// learnFrom reads the server's clock off an answer: its Date header, the id of what was
// created, and the id that an account would have had which was refused with a 409.
func (c *clock) learnFrom(x *exchange) {
	a := x.answer
	if at, err := http.ParseTime(a.header.Get("Date")); err == nil {
		c.learn(&c.dates, at, time.Second, a)
	}
	var id string
	switch {
	case x.call.creates && x.err == nil:
		id = uuidPattern.FindString(string(a.body))
	case x.call.creates && hasCode(x.err, codeAccountExists):
		id = uuidPattern.FindString(x.err.Error())
	}
	if at, ok := timeOfUUID(id); ok {
		c.learn(&c.ids, at, time.Millisecond, a)
	}
}

// knowsServer reports whether an id has told the server's clock.
func (c *clock) knowsServer() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ids.known
}

// originOf decides who made an object, created at that time of the server's clock. What is
// left uncertain is the time that one request takes: an object that somebody else made less than
// that before, or during, an attempt in doubt can't be told from our own.
func (c *clock) originOf(created time.Time, d *doubts) origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ids.known {
		return originUnknown
	}
	since := created.Sub(c.epoch.Round(0))
	earliest, latest := since-c.ids.most, since-c.ids.least
	if latest < d.periods[0].from.Sub(c.epoch) {
		return somebodyElse
	}
	for _, p := range d.periods {
		if latest >= p.from.Sub(c.epoch) && earliest <= p.to.Sub(c.epoch) {
			return thisCreate
		}
	}
	return originUnknown
}

// ServerTime estimates what SigNoz's clock shows when the local one shows local. It sends nothing:
// it knows what answers have told, to the millisecond where this client has created something,
// else to the second by the Date header, which a proxy may have set. False means that no
// answer has told anything yet.
func (c *Client) ServerTime(local time.Time) (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	o := c.clock.ids
	if !o.known {
		o = c.clock.dates
	}
	return local.Add((o.least + o.most) / 2), o.known
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
