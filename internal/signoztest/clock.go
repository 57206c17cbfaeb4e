// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"sync"
	"time"
)

// Clock is the clock of a Server. Expiry of keys and sessions and all
// timestamps follow it; network delays don't. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	base   func() time.Time
	offset time.Duration // from base
}

// NewClock returns a clock that stands still at start until it is moved.
func NewClock(start time.Time) *Clock {
	return &Clock{base: func() time.Time { return start }}
}

// newRunningClock returns a clock that follows real time.
func newRunningClock() *Clock {
	return &Clock{base: time.Now}
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base().Add(c.offset).Round(0)
}

// Advance moves the clock by d, back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Set moves the clock to t. A clock that follows real time goes on from there.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = t.Sub(c.base())
}
