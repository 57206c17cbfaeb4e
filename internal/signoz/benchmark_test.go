// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// replay answers every request with what a SigNoz answered once, so that what is
// measured is the client alone.
func replay(b *testing.B, s *signoztest.Server, path string) *Client {
	b.Helper()
	recorder := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
	s.ServeHTTP(recorder, req)
	if recorder.Code != http.StatusOK {
		b.Fatalf("%s: %d", path, recorder.Code)
	}
	body := recorder.Body.Bytes()
	b.SetBytes(int64(len(body)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	c, err := New(Config{Endpoint: server.URL, APIKey: s.AdminKey()})
	must(b, err)
	b.Cleanup(c.Close)
	return c
}

// An account with a role is about 15 kB, nearly all of it the role's permissions.
func BenchmarkAccountWithRoles(b *testing.B) {
	s := signoztest.New()
	account := s.CreateAccount("ci", "signoz-admin", "signoz-editor", "signoz-viewer")
	c := replay(b, s, accountsPath+"/"+account.ID)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ServiceAccount(b.Context(), account.ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyList(b *testing.B) {
	for _, size := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("%d keys", size), func(b *testing.B) {
			s := signoztest.New()
			account := s.CreateAccount("ci")
			for i := range size {
				s.CreateKey(account.ID, fmt.Sprintf("key-%d", i), time.Time{})
			}
			c := replay(b, s, keysPath(account.ID))
			b.ReportAllocs()
			for b.Loop() {
				c.keys.of(account.ID).drop()
				if _, err := c.Keys(b.Context(), account.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Finding a key in a list that was read must not depend on how many there are.
func BenchmarkKeyFromList(b *testing.B) {
	s := signoztest.New()
	account := s.CreateAccount("ci")
	var last signoztest.Key
	for i := range 10_000 {
		last = s.CreateKey(account.ID, fmt.Sprintf("key-%d", i), time.Time{})
	}
	c := replay(b, s, keysPath(account.ID))
	b.ReportAllocs()
	for b.Loop() {
		key, err := c.Key(b.Context(), account.ID, last.ID)
		if err != nil || key == nil {
			b.Fatal(key, err)
		}
	}
}
