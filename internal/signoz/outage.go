// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"sync"
	"time"
)

// outage makes all calls share the retries of one while the server doesn't answer at all: one call,
// the probe, retries, and the others wait for the probe. Once the probe's retries are used up, the
// server counts as down, and each further call gets one attempt, until something answers.
type outage struct {
	mu      sync.Mutex
	probe   *exchange
	settled chan struct{} // closed when there is no probe any more
	down    bool
}

// mayRetry reports whether a call that got no answer may be retried.
func (o *outage) mayRetry(x *exchange) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probe == nil && !o.down {
		o.probe, o.settled = x, make(chan struct{})
	}
	return !o.down
}

// wait returns once no other call is the probe, at the latest at until. It reports whether x may
// be retried. A sign-in doesn't wait: the probe may need it.
func (o *outage) wait(ctx context.Context, x *exchange, until time.Time) bool {
	o.mu.Lock()
	probe, settled, down := o.probe, o.settled, o.down
	o.mu.Unlock()
	switch {
	case !x.unanswered() || x.call.anonymous || probe == x:
		return true
	case probe == nil:
		return !down
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	select {
	case <-settled:
		return !o.isDown()
	case <-ctx.Done():
		return false
	}
}

// answered notes that something answered.
func (o *outage) answered() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = false
	o.settle()
}

// ended notes that call x won't be retried. If x was the probe and its retries are used up, the
// server counts as down; otherwise another call may become the probe.
func (o *outage) ended(x *exchange, usedUp bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probe == x {
		o.down = usedUp
		o.settle()
	}
}

func (o *outage) settle() {
	if o.probe != nil {
		o.probe = nil
		close(o.settled)
	}
}

func (o *outage) isDown() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.down
}
