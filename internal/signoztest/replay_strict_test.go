// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"strings"
	"testing"
)

// TestReplay_isStrict feeds the replay steps that must not pass.
func TestReplay_isStrict(t *testing.T) {
	t.Parallel()
	const (
		head   = `"response": {"status": 200, "content_type": "application/json", "body": `
		health = `{"step": "s", "request": {"method": "GET", "path": "/api/v1/health", "headers": {}}, `
		list   = `{"step": "s", "request": {"method": "GET", "path": "/api/v1/service_accounts", "headers": {"SIGNOZ-API-KEY": "${admin}"}}, `
		me     = `{"step": "s", "request": {"method": "GET", "path": "/api/v1/service_accounts/me", "headers": {"SIGNOZ-API-KEY": "${admin}"}}, `
		rest   = `"createdAt": "${time}", "updatedAt": "${time}", "email": "${any}", "status": "active", "orgId": "${uuid}"`
		roles  = `"serviceAccountRoles": "${any}"`
	)
	cases := map[string]struct{ step, failure string }{
		"unknown field of a step":     {`{"step": "s", "repeat": 3}`, "unknown field"},
		"unknown field of a request":  {`{"step": "s", "request": {"method": "GET", "proto": 2}}`, "unknown field"},
		"unknown field of a response": {health + `"response": {"status": 200, "trailer": {}}}`, "unknown field"},
		"unknown form":                {`{"step": "s", "note": "n"}`, "unknown form"},
		"no name":                     {`{"wait_seconds": 1}`, "no name"},
		"request without response":    {`{"step": "s", "request": {"method": "GET", "path": "/"}}`, "unknown form"},
		"two forms in one":            {`{"step": "s", "set": "x", "relative_to_now_seconds": 1, "wait_seconds": 1}`, "unknown form"},
		"set without a time":          {`{"step": "s", "set": "x"}`, "unknown form"},
		"capture without a request":   {`{"step": "s", "wait_seconds": 1, "capture": {"a": "b"}}`, "unknown form"},
		"text that is not the page":   {health + `"response": {"status": 200, "content_type": "application/json", "text": "ok"}}`, "unknown form"},
		"body and raw body":           {`{"step": "s", "request": {"method": "GET", "path": "/", "body": 1, "raw_body": "1"}, ` + head + `1}}`, "body and raw_body"},

		"unbound in a path":    {`{"step": "s", "request": {"method": "GET", "path": "/${nobody}"}, ` + head + `1}}`, "before it has a value"},
		"unbound in a header":  {`{"step": "s", "request": {"method": "GET", "path": "/", "headers": {"A": "${nobody}"}}, ` + head + `1}}`, "before it has a value"},
		"unbound in a body":    {`{"step": "s", "request": {"method": "POST", "path": "/", "body": {"a": ["${nobody}"]}}, ` + head + `1}}`, "before it has a value"},
		"another status":       {health + `"response": {"status": 201, "content_type": "application/json", "body": {"status": "ok"}}}`, "status 200, want 201"},
		"another content type": {health + `"response": {"status": 200, "content_type": "text/plain", "body": {"status": "ok"}}}`, "content type"},
		"no content type":      {health + `"response": {"status": 200, "body": {"status": "ok"}}}`, "no content_type"},
		"location missing":     {health + `"response": {"status": 200, "content_type": "application/json", "location": "/", "body": {"status": "ok"}}}`, "location"},
		"retry after missing":  {health + `"response": {"status": 200, "content_type": "application/json", "retry_after": "1", "body": {"status": "ok"}}}`, "retry after"},
		"a body too many":      {health + `"response": {"status": 200, "content_type": "application/json"}}`, "want no body"},
		"not the page":         {health + `"response": {"status": 200, "content_type": "application/json", "text": "${html}"}}`, "want the web page"},
		"another value":        {health + head + `{"status": "fine"}}}`, `want "fine"`},
		"another type":         {health + head + `{"status": 1}}}`, "want 1"},
		"null":                 {health + head + `{"status": null}}}`, "want <nil>"},
		"an object":            {health + head + `{"status": {}}}}`, "want an object"},
		"a list":               {health + head + `{"status": []}}}`, "want a list"},
		"a field too many":     {health + head + `{}}}`, "is there and should not"},
		"a field too few":      {health + head + `{"status": "ok", "data": 1}}}`, "is missing"},
		"no uuid":              {health + head + `{"status": "${uuid}"}}}`, `want "${uuid}"`},
		"no time":              {health + head + `{"status": "${time}"}}}`, "parsing time"},
		"any within a text":    {health + head + `{"status": "o${any}"}}}`, "inside of a text"},
		"another than captured": {me + head + `{"status": "success", "data": {"id": "${other}", "name": "terraform", ` + rest + `, ` + roles + `}}}}`,
			"${other}"},
		"two values at first sight": {me + head + `{"status": "success", "data": {"id": "${new}", "name": "terraform", "createdAt": "${time}", "updatedAt": "${time}", "email": "${any}", "status": "active", "orgId": "${new}", ` + roles + `}}}}`,
			"${new}"},
		"first sight of the wrong form": {health + head + `{"status": "${new}"}}}`, "is no UUID"},
		"an old time": {me + head + `{"status": "success", "data": {"id": "${uuid}", "name": "terraform", ` + rest + `, ` + roles + `}}}}`,
			"which is not between"},
		"an element too many": {list + head + `{"status": "success", "data": []}}}`, "has 2 elements, want 0"},
		"an element that agrees with none": {list + head + `{"status": "success", "data": [{"id": "${uuid}", "name": "a", ` + rest + `}, {"id": "${uuid}", "name": "c", ` + rest + `}]}}}`,
			"no order agrees"},
		"capture of nothing":         {health + head + `{"status": "ok"}}, "capture": {"sa": "data.id"}}`, `no "data"`},
		"capture of another value":   {me + head + `"${any}"}, "capture": {"other": "data.id"}}`, "it is"},
		"capture of the wrong form":  {health + head + `{"status": "ok"}}, "capture": {"sa": "status"}}`, "is no UUID"},
		"capture each of no list":    {health + head + `{"status": "ok"}}, "capture_each": {"from": "status", "var": "a", "value": "id"}}`, "is no list"},
		"capture each without field": {list + head + `"${any}"}, "capture_each": {"from": "data", "var": "x.{title}", "value": "id"}}`, `no "title"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := NewClock(contractStart)
			s := Start(t, WithClock(clock))
			s.CreateAccount("b")
			r := newReplay(t.Context(), s.URL, clock, webPage)
			defer r.client.CloseIdleConnections()
			r.values["admin"] = s.AdminKey()
			r.values["other"] = zeroUUID
			if name == "an old time" {
				clock.Advance(1)
				r.start = clock.Now()
			}
			err := r.step([]byte(c.step))
			if err == nil || !strings.Contains(err.Error(), c.failure) {
				t.Fatalf("error %v, want %q", err, c.failure)
			}
		})
	}
}

// TestReplay_findsAnyOrder makes sure that lists without an order may come in
// any, and that variables keep their elements apart then.
func TestReplay_findsAnyOrder(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock))
	second := s.CreateAccount("b")
	r := newReplay(t.Context(), s.URL, clock, webPage)
	defer r.client.CloseIdleConnections()
	r.values["admin"] = s.AdminKey()
	step := `{"step": "s", "request": {"method": "GET", "path": "/api/v1/service_accounts", "headers": {"SIGNOZ-API-KEY": "${admin}"}},
		"response": {"status": 200, "content_type": "application/json", "body": {"status": "success", "data": [
			{"id": "${b}", "name": "b", "createdAt": "${time}", "updatedAt": "${time}", "email": "b@${any-domain}", "status": "active", "orgId": "${org.id}"},
			{"id": "${a}", "name": "terraform", "createdAt": "${time}", "updatedAt": "${time}", "email": "${any}", "status": "active", "orgId": "${org.id}"}
		]}}}`
	err := r.step([]byte(step))
	// A first sight inside of a text must have its form as well.
	if err == nil || !strings.Contains(err.Error(), "any-domain") {
		t.Fatalf("error %v, want one about any-domain", err)
	}
	if err := r.step([]byte(strings.ReplaceAll(step, "b@${any-domain}", "${any}"))); err != nil {
		t.Fatal(err)
	}
	if r.values["b"] != second.ID || r.values["a"] != s.AdminAccount().ID {
		t.Fatalf("bound %v", r.values)
	}
}
