// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import "sync"

// sharedMap is a map that is safe for concurrent use. The zero value is empty.
type sharedMap[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]V
}

// get returns the zero value for a key that isn't there.
func (m *sharedMap[K, V]) get(key K) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[key]
}

// set returns the value that was there before.
func (m *sharedMap[K, V]) set(key K, value V) (before V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = make(map[K]V)
	}
	before = m.entries[key]
	m.entries[key] = value
	return before
}
