// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// authorization is a header that signs a request.
type authorization struct{ name, value string }

func byKey(value string) authorization   { return authorization{"SIGNOZ-API-KEY", value} }
func byToken(token string) authorization { return authorization{"Authorization", "Bearer " + token} }

// send sends a request that has to be answered.
func send(t *testing.T, s *Server, method, path string, auth authorization, body string) reply {
	t.Helper()
	r, err := trySend(t, s, method, path, auth, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// trySend sends a request over a connection of its own, so that the client
// repeats nothing by itself, and follows no redirect.
func trySend(t *testing.T, s *Server, method, path string, auth authorization, body string) (reply, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if auth.name != "" {
		req.Header.Set(auth.name, auth.value)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(data)}, err
}

// admin sends a request with the administrator's key and wants a status.
func admin(t *testing.T, s *Server, method, path, body string, status int) reply {
	t.Helper()
	r := send(t, s, method, path, byKey(s.AdminKey()), body)
	wantStatus(t, r, status)
	return r
}

func wantStatus(t *testing.T, r reply, status int) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
}

// wantProblem wants an error of SigNoz's with a code.
func wantProblem(t *testing.T, r reply, status int, code string) {
	t.Helper()
	wantStatus(t, r, status)
	var envelope struct {
		Status string `json:"status"`
		Error  struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	decode(t, r, &envelope)
	if envelope.Status != "error" || envelope.Error.Code != code {
		t.Fatalf("error %q, want %q: %s", envelope.Error.Code, code, r.body)
	}
}

func decode(t *testing.T, r reply, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		t.Fatalf("decode %q: %v", r.body, err)
	}
}

// dataOf decodes the data of a success.
func dataOf[T any](t *testing.T, r reply) T {
	t.Helper()
	var envelope struct {
		Status string `json:"status"`
		Data   T      `json:"data"`
	}
	decode(t, r, &envelope)
	if envelope.Status != "success" {
		t.Fatalf("no success: %s", r.body)
	}
	return envelope.Data
}

// wantPanic runs what has to panic with a message.
func wantPanic(t *testing.T, message string, misuse func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text, ok := recover().(string); !ok || !strings.Contains(text, message) {
			t.Fatalf("panic %q, want %q", text, message)
		}
	}()
	misuse()
}
