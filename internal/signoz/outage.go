// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"sync"
	"time"
)

// outage makes all calls share one patience while the server doesn't answer at all: one call
// retries, the others wait for what becomes of it. Once its retries are used up, the server is
// taken for down, and each further call gets one attempt, until something answers.
type outage struct {
	mu      sync.Mutex
	probe   *exchange     // the call that retries
	settled chan struct{} // closed when there is no such call any more
	down    bool
}

// mayRetry reports whether a call that got no answer may be retried.
func (o *outage) mayRetry(x *exchange) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return false
	}
	if o.probe == nil {
		o.probe, o.settled = x, make(chan struct{})
	}
	return true
}

// wait returns once no other call is probing and reports whether the server may be asked again: not
// when the patience with it has ended, that of the other call or, at until, the own one. A sign-in
// doesn't wait: the call that probes may need it.
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

// patienceEnded notes that a call has used its retries up.
func (o *outage) patienceEnded(x *exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probe == x {
		o.down = true
		o.settle()
	}
}

// ended notes that a call is over, for whatever reason; another one may probe then.
func (o *outage) ended(x *exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.probe == x {
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
