// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// recordedAnswers are the bodies of real servers' answers, as far as they were recorded.
func recordedAnswers(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("..", "signoztest", "testdata", "contract", "*.json"))
	must(f, err)
	if len(files) != 5 {
		f.Fatalf("%d transcripts, want 5", len(files))
	}
	var bodies [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(f, err)
		var transcript struct {
			Steps []struct {
				Response struct {
					Body json.RawMessage `json:"body"`
				} `json:"response"`
			} `json:"steps"`
		}
		must(f, json.Unmarshal(text, &transcript))
		for _, step := range transcript.Steps {
			if len(step.Response.Body) > 0 {
				bodies = append(bodies, step.Response.Body)
			}
		}
	}
	return bodies
}

func FuzzErrorAnswers(f *testing.F) {
	for _, body := range recordedAnswers(f) {
		f.Add(400, "application/json", body)
		f.Add(501, "text/plain; charset=utf-8", body)
	}
	f.Add(502, "text/html", []byte("<html>"))
	f.Add(429, "", []byte(`{"status":"error","error":{"code":"c","message":"m","retry":{"delay":1e9}}}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		const secret = "hunter2hunter2"
		c := &Client{secrets: []string{secret}}
		parseErrorEnvelope(body)
		e := c.errorFrom(call{method: "GET", path: "/x", want: 200}, &answer{
			status: status, header: http.Header{"Content-Type": {contentType}}, body: append(body, secret...),
		})
		text := e.Error()
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %q", text)
		}
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\r\n\x00\x1b") {
			t.Errorf("not fit to be shown: %q", text)
		}
		if len(text) > 13*(maxExcerpt+10) {
			t.Errorf("%d bytes", len(text))
		}
		if IsNotFound(e) && (e.Code == "" || e.WebPage) {
			t.Errorf("not found without SigNoz's word: %q", text)
		}
		_ = lacksCall(e)
	})
}

func FuzzVersion(f *testing.F) {
	for _, seed := range []string{"v0.138.0", "<unset>", "0.118.1", "v0.132.0-rc.1", "v1.2", "v0.0.0+x-y", "v9999999999.1.1", "v+1.-2.3", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := Version(text)
		major, minor, known := v.numbers()
		if major < 0 || minor < 0 || (!known && major+minor != 0) {
			t.Errorf("%q: %d.%d, known: %v", text, major, minor, known)
		}
		if v.OneRoleOnly() != (known && major == 0 && minor < 123) {
			t.Errorf("%q: one role: %v", text, v.OneRoleOnly())
		}
		if v.String() == "" {
			t.Errorf("%q has no name", text)
		}
	})
}

func FuzzAskedDelay(f *testing.F) {
	f.Add("7", "", []byte(nil))
	f.Add("-1", "", []byte(`{"error":{"code":"c","retry":{"delay":5}}}`))
	f.Add("Fri, 21 Aug 2026 12:00:09 GMT", "Fri, 21 Aug 2026 12:00:00 GMT", []byte(nil))
	f.Add("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0001 00:00:00 GMT", []byte(nil))
	f.Add("99999999999999999999999", "garbage", []byte("<html>"))
	for _, body := range recordedAnswers(f) {
		f.Add("", "", body)
	}
	f.Fuzz(func(t *testing.T, after, date string, body []byte) {
		header := http.Header{"Retry-After": {after}, "Date": {date}}
		delay, ok := (&answer{header: header, body: body, received: time.Now()}).askedDelay()
		if delay < 0 || (!ok && delay != 0) {
			t.Errorf("asks for %v, %v", delay, ok)
		}
		c := &Client{cfg: Config{MaxRetries: 8, RetryWait: time.Second}, window: retryWindow}
		wait := c.backoff(0, 0, 2, answered(&answer{header: header, body: body, received: time.Now()}, time.Now()))
		if wait < 0 || wait > maxRetryAfter+maxBackoff {
			t.Errorf("waits %v", wait)
		}
	})
}

func FuzzParseEndpoint(f *testing.F) {
	for _, seed := range []string{
		"https://signoz.example.com", "http://localhost:8080/", "https://example.com/a%2Fb//", "https://u:p@example.com", "https://h/?", "https://h/#",
		"https://[::1]:1/x", "signoz.example.com", "https:opaque", "https://h/api/v1", "https://h/%", "https://h/a%2F", "HTTPS://H", "https://h:/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		u, err := ParseEndpoint(endpoint)
		if err != nil {
			if u != nil || err.Error() == "" {
				t.Errorf("%q: %v, %v", endpoint, u, err)
			}
			return
		}
		text := u.String()
		if strings.HasSuffix(u.Path, "/") || strings.ContainsAny(text, "?# \n") || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q became %q", endpoint, text)
		}
		// What requests are sent to: the same host, below the same path.
		c := &Client{base: u}
		target, err := url.Parse(c.address(call{path: "/api/v1/x"}))
		if err != nil {
			t.Fatalf("%q: %v", endpoint, err)
		}
		if target.Host != u.Host || target.Scheme != u.Scheme || !strings.HasSuffix(target.Path, "/api/v1/x") || target.RawQuery != "" {
			t.Errorf("%q leads to %q", endpoint, target)
		}
		again, err := ParseEndpoint(text)
		if err != nil || again.String() != text {
			t.Errorf("%q became %q, and that %v, %v", endpoint, text, again, err)
		}
	})
}

func FuzzTimeOfUUID(f *testing.F) {
	for _, seed := range []string{"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "919108f7-52d1-4320-9bac-f847db4148a8", "", "017f22e2", "x017f22e2-79b0-7cc3-98c4-dc0c0c07398f"} {
		f.Add(seed)
	}
	for _, body := range recordedAnswers(f) {
		f.Add(uuidPattern.FindString(string(body)))
	}
	f.Fuzz(func(t *testing.T, id string) {
		at, ok := timeOfUUID(id)
		if !ok {
			equal(t, "time without an id", at.IsZero(), true)
			return
		}
		if len(id) != 36 || id[14] != '7' || at.UnixMilli() < 0 || at.UnixMilli() >= 1<<48 {
			t.Errorf("%q: %v", id, at)
		}
	})
}
