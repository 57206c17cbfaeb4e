// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"sync"
	"testing"
	"time"
)

func TestClock_standsStill(t *testing.T) {
	t.Parallel()
	c := NewClock(contractStart)
	c.Advance(time.Hour)
	if got := c.Now(); !got.Equal(contractStart.Add(time.Hour)) {
		t.Fatalf("after Advance it is %s", got)
	}
	c.Set(contractStart.Add(-time.Minute))
	if got := c.Now(); !got.Equal(contractStart.Add(-time.Minute)) {
		t.Fatalf("after Set it is %s", got)
	}
}

func TestClock_runsAndMoves(t *testing.T) {
	t.Parallel()
	c := New().Clock()
	before := time.Now()
	c.Advance(24 * time.Hour)
	if got := c.Now(); got.Before(before.Add(24*time.Hour)) || got.After(time.Now().Add(24*time.Hour)) {
		t.Fatalf("after Advance it is %s", got)
	}
	c.Set(contractStart)
	if got := c.Now(); got.Before(contractStart) || got.After(contractStart.Add(time.Minute)) {
		t.Fatalf("after Set it is %s", got)
	}
}

func TestClock_inParallel(t *testing.T) {
	t.Parallel()
	c := NewClock(contractStart)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			c.Advance(time.Second)
			c.Now()
		})
	}
	all.Wait()
	if got := c.Now(); !got.Equal(contractStart.Add(50 * time.Second)) {
		t.Fatalf("it is %s", got)
	}
}
