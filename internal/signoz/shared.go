// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"strings"
	"sync"
)

// shared is one answer of the server that many callers want at the same time,
// such as the key list of an account while Terraform refreshes each key of it.
// The first caller's request serves all who ask until drop is called; errors
// are handed to those who waited for them and then forgotten, so that a passing
// fault isn't remembered.
type shared[T any] struct {
	mu      sync.Mutex
	current *flight[T]
}

// flight is one request whose answer is shared.
type flight[T any] struct {
	done    chan struct{}
	value   T
	err     error
	waiting int
	cancel  context.CancelFunc
}

// get returns the shared value, fetching it if nobody has. The request goes on
// as long as anybody waits for it: one caller's cancelled context doesn't fail
// the others.
func (s *shared[T]) get(ctx context.Context, fetch func(context.Context) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var zero T
		return zero, err
	}
	s.mu.Lock()
	f := s.current
	if f == nil {
		fetchCtx, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // run calls it, and leave
		f = &flight[T]{done: make(chan struct{}), cancel: cancel}
		s.current = f
		go s.run(fetchCtx, f, fetch)
	}
	f.waiting++
	s.mu.Unlock()

	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		s.leave(f)
		var zero T
		return zero, ctx.Err()
	}
}

func (s *shared[T]) run(ctx context.Context, f *flight[T], fetch func(context.Context) (T, error)) {
	defer f.cancel()
	f.value, f.err = fetch(ctx)
	s.mu.Lock()
	if f.err != nil && s.current == f {
		s.current = nil
	}
	s.mu.Unlock()
	close(f.done)
}

// leave gives up waiting; the last one to leave ends the request.
func (s *shared[T]) leave(f *flight[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiting--
	if f.waiting > 0 {
		return
	}
	f.cancel()
	if s.current == f {
		select {
		case <-f.done: // it ended just now; the value is good
		default:
			s.current = nil
		}
	}
}

// drop makes the next get ask the server again. A request under way goes on for
// those who wait for it already, but isn't handed to later callers: it may have
// been answered before the write that calls for the drop.
func (s *shared[T]) drop() {
	s.mu.Lock()
	s.current = nil
	s.mu.Unlock()
}

// dropIf is drop for a value that turned out to be bad. A request under way stays.
func (s *shared[T]) dropIf(bad func(T) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return
	}
	select {
	case <-s.current.done:
		if bad(s.current.value) {
			s.current = nil
		}
	default:
	}
}

// sharedByID is a shared value for each of many ids, which are UUIDs: upper and
// lower case mean the same.
type sharedByID[T any] struct {
	mu   sync.Mutex
	byID map[string]*shared[T]
}

func (s *sharedByID[T]) of(id string) *shared[T] {
	id = strings.ToLower(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = make(map[string]*shared[T])
	}
	v := s.byID[id]
	if v == nil {
		v = &shared[T]{}
		s.byID[id] = v
	}
	return v
}

// read is the value that a get has brought, if there is one; it asks nothing.
func (s *shared[T]) read() (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return value, false
	}
	select {
	case <-s.current.done:
		return s.current.value, s.current.err == nil
	default:
		return value, false
	}
}
