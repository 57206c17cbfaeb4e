// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"strings"
	"sync"
)

// shared is one answer of the server that many callers want, such as the key list of an account
// while Terraform refreshes its keys. The first caller's request serves all until drop is called.
// An error is returned to those who waited for it and then forgotten, since it may pass; a
// refused sign-in is final, and kept.
type shared[T comparable] struct {
	mu      sync.Mutex
	current *flight[T]
}

// flight is one request whose answer is shared.
type flight[T comparable] struct {
	done    chan struct{}
	value   T
	err     error
	waiting int
	cancel  context.CancelFunc
}

// get returns the shared value, fetching it if nobody has. The request goes on as long as
// anybody waits for it: one caller's cancelled context doesn't fail the others.
func (s *shared[T]) get(ctx context.Context, fetch func(context.Context) (T, error)) (value T, err error) {
	if err := ctx.Err(); err != nil {
		return value, err
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
		return value, ctx.Err()
	}
}

func (s *shared[T]) run(ctx context.Context, f *flight[T], fetch func(context.Context) (T, error)) {
	defer f.cancel()
	f.value, f.err = fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, final := as[*SignInError](f.err); f.err != nil && !final && s.current == f {
		s.current = nil
	}
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
		s.current = nil
	}
}

// drop makes the next get ask the server again, even while a request is under way: it may
// have been answered before the write that calls for the drop.
func (s *shared[T]) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
}

// dropValue is drop unless another caller has dropped this bad value before.
func (s *shared[T]) dropValue(bad T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.over() && s.current.value == bad {
		s.current = nil
	}
}

// read returns the value that get has fetched, else the zero value. It sends nothing.
func (s *shared[T]) read() (value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.over() {
		value = s.current.value
	}
	return value
}

func (f *flight[T]) over() bool {
	if f == nil {
		return false
	}
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// byID holds a T for each of many ids, which are UUIDs: upper and lower case mean the same.
type byID[T any] struct {
	mu  sync.Mutex
	all map[string]*T
}

func (b *byID[T]) of(id string) *T {
	b.mu.Lock()
	defer b.mu.Unlock()
	id = strings.ToLower(id)
	if b.all == nil {
		b.all = make(map[string]*T)
	}
	if b.all[id] == nil {
		b.all[id] = new(T)
	}
	return b.all[id]
}

// list is a list of objects with an index, such as by id.
type list[T any] struct {
	all []T
	by  map[string]*T
}

func newList[T any](all []T, key func(*T) string) *list[T] {
	l := &list[T]{all: all, by: make(map[string]*T, len(all))}
	for i := range all {
		l.by[key(&all[i])] = &all[i]
	}
	return l
}

func (l *list[T]) items() []T {
	if l == nil {
		return nil
	}
	return l.all
}

// find returns a copy of one object, nil where there is none.
func (l *list[T]) find(key string) *T {
	if l == nil || l.by[key] == nil {
		return nil
	}
	found := *l.by[key]
	return &found
}
