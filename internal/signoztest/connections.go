// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net"
	"net/http"
	"sync"
)

// connections are those that are open.
type connections struct {
	mu      sync.Mutex
	changed sync.Cond
	open    map[net.Conn]struct{}
}

func newConnections() *connections {
	c := &connections{open: make(map[net.Conn]struct{})}
	c.changed.L = &c.mu
	return c
}

// track is for [http.Server]'s ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	case http.StateActive, http.StateIdle:
		return
	}
	c.changed.Broadcast()
}

// wait returns once the open connections are as asked for.
func (c *connections) wait(until func(open map[net.Conn]struct{}) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !until(c.open) {
		c.changed.Wait()
	}
}

// WaitDisconnected returns once no request is under way and all connections are closed,
// those that the server hasn't accepted yet included: what clients sent before they
// closed theirs has then been carried out. It waits for ever for a client that keeps one.
func (s *Server) WaitDisconnected() {
	s.netMu.Lock()
	address := s.address
	s.netMu.Unlock()
	// Connections are accepted in the order in which they were made, so all others are
	// known when this one is.
	if probe, err := net.Dial("tcp", address); err == nil { //nolint:noctx // to a listener of this process
		s.connections.wait(func(open map[net.Conn]struct{}) bool {
			for conn := range open {
				if conn.RemoteAddr().String() == probe.LocalAddr().String() {
					return true
				}
			}
			return false
		})
		_ = probe.Close() // gone already, at worst
		s.connections.wait(func(open map[net.Conn]struct{}) bool { return len(open) == 0 })
	}
	s.log.waitIdle()
}
