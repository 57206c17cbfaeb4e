// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// lockedBuffer is a text that a server writes while a test reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// running is a devserver in this process.
type running struct {
	endpoint, key string
	lines         []string
	requests      *lockedBuffer
	stop          func() error
}

// start runs a devserver and reads what it announces.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	reader, writer := io.Pipe()
	r := &running{requests: &lockedBuffer{}}
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, writer, r.requests)
		_ = writer.CloseWithError(err)
		ended <- err
	}()
	lines := bufio.NewScanner(reader)
	for len(r.lines) < 3 && lines.Scan() {
		r.lines = append(r.lines, lines.Text())
	}
	if len(r.lines) < 3 {
		t.Fatalf("announced %q, error %v", r.lines, lines.Err())
	}
	r.endpoint = unquote(t, r.lines[0], "export SIGNOZ_ENDPOINT=")
	r.key = unquote(t, r.lines[1], "export SIGNOZ_API_KEY=")
	r.stop = func() error {
		cancel()
		return <-ended
	}
	return r
}

func unquote(t *testing.T, line, prefix string) string {
	t.Helper()
	quoted, found := strings.CutPrefix(line, prefix)
	if !found || len(quoted) < 2 || quoted[0] != '\'' || quoted[len(quoted)-1] != '\'' {
		t.Fatalf("the line is %q, want %s'…'", line, prefix)
	}
	return quoted[1 : len(quoted)-1]
}

// status sends a request and returns the status of its answer.
func status(t *testing.T, url, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("SIGNOZ-API-KEY", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func reportedVersion(t *testing.T, endpoint string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/api/v1/version", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var version struct {
		Version string `json:"version"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&version); err != nil {
		t.Fatal(err)
	}
	return version.Version
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !happened() {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestDevserver_servesAndLogs(t *testing.T) {
	t.Parallel()
	r := start(t)
	if got := status(t, r.endpoint+"/api/v1/service_accounts/me", r.key); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	if got := status(t, r.endpoint+"/api/v1/roles%0Aforged", "another-secret"); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	eventually(t, "two lines", func() bool { return strings.Count(r.requests.String(), "\n") >= 2 })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(r.requests.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("lines %q", lines)
	}
	for i, want := range [][]string{
		{"GET", "/api/v1/service_accounts/me", "200", "terraform"},
		{"GET", "/api/v1/roles%0Aforged", "200", "–"},
	} {
		got := strings.Fields(lines[i]) // time, method, path, status, duration, who
		if len(got) != 6 || got[1] != want[0] || got[2] != want[1] || got[3] != want[2] || got[5] != want[3] {
			t.Errorf("line %q, want %q in it", lines[i], want)
			continue
		}
		if _, err := time.Parse("15:04:05.000", got[0]); err != nil {
			t.Error(err)
		}
		if _, err := time.ParseDuration(got[4]); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(r.requests.String(), r.key) || strings.Contains(r.requests.String(), "another-secret") {
		t.Fatal("the log holds a key")
	}
}

func TestDevserver_quiet(t *testing.T) {
	t.Parallel()
	r := start(t, "-quiet")
	status(t, r.endpoint+"/api/v1/service_accounts/me", r.key)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.requests.String(); got != "" {
		t.Fatalf("it says %q", got)
	}
}

func TestDevserver_versions(t *testing.T) {
	t.Parallel()
	// v0.118 is the one without the call.
	for version, want := range map[string]int{"v0.118.0": http.StatusOK, "main": http.StatusBadRequest} {
		r := start(t, "-version", version, "-quiet")
		if got := status(t, r.endpoint+"/api/v1/service_account_roles/x", r.key); got != want {
			t.Errorf("%s: status %d, want %d", version, got, want)
		}
		if !strings.Contains(r.lines[2], version) {
			t.Errorf("the hint is %q", r.lines[2])
		}
		reported := map[string]string{"v0.118.0": "v0.118.0", "main": "<unset>"}[version]
		if got := reportedVersion(t, r.endpoint); got != reported {
			t.Errorf("%s reports %q, want %q", version, got, reported)
		}
	}
	var out lockedBuffer
	if err := run(t.Context(), []string{"-version", "list"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(out.String()); len(got) != len(signoztest.Versions()) || got[0] != "v0.118.0" {
		t.Fatalf("listed %q", got)
	}
}

func TestDevserver_envFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "signoz.env")
	if err := os.WriteFile(path, []byte("stale"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := start(t, "-env-file", path, "-quiet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := r.lines[0] + "\n" + r.lines[1] + "\n"; string(data) != want {
		t.Fatalf("the file has %q, want %q", data, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", info.Mode())
	}
	// A shell takes it as it is.
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `. "$1"; printf '%s %s' "$SIGNOZ_ENDPOINT" "$SIGNOZ_API_KEY"`, "sh", path).Output()
	if err != nil || string(out) != r.endpoint+" "+r.key {
		t.Fatalf("the shell has %q, error %v", out, err)
	}
}

func TestDevserver_refusesBadFlags(t *testing.T) {
	t.Parallel()
	occupied := signoztest.Start(t)
	cases := map[string]struct {
		args []string
		want string
	}{
		"every address":   {[]string{"-listen", "0.0.0.0:0"}, "only loopback"},
		"every interface": {[]string{"-listen", ":8080"}, "only loopback"},
		"another host":    {[]string{"-listen", "192.0.2.1:8080"}, "only loopback"},
		"another name":    {[]string{"-listen", "example.com:8080"}, "only loopback"},
		"no port":         {[]string{"-listen", "127.0.0.1"}, "missing port"},
		"port in use":     {[]string{"-listen", strings.TrimPrefix(occupied.URL, "http://")}, "address already in use"},
		"wrong version":   {[]string{"-version", "v1.0.0"}, "v0.118.0, v0.123.0, v0.132.0, v0.138.0, main"},
		"argument":        {[]string{"now"}, `unknown argument "now"`},
		"flag":            {[]string{"-public"}, "not defined"},
		"env file":        {[]string{"-env-file", filepath.Join(t.TempDir(), "missing", "f")}, "env-file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), c.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
		})
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("error %v", err)
	}
	for _, address := range []string{"127.0.0.1:0", "127.1.2.3:1", "[::1]:0", "localhost:0"} {
		if err := checkLoopback(address); err != nil {
			t.Error(err)
		}
	}
}

func TestDevserver_quotesForShells(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(`it's $HOME "here"`)).Output()
	if err != nil || string(out) != `it's $HOME "here"` {
		t.Fatalf("the shell has %q, error %v", out, err)
	}
}

// TestDevserver_endsOnSignals stops the real program as a terminal and a script do.
func TestDevserver_endsOnSignals(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "devserver")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			env := filepath.Join(t.TempDir(), "env")
			cmd := exec.CommandContext(t.Context(), program, "-env-file", env)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the env file", func() bool { _, err := os.Stat(env); return err == nil })
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
	out, err := exec.CommandContext(t.Context(), program, "-listen", "0.0.0.0:0").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(string(out), "devserver: ") {
		t.Fatalf("error %v, output %q", err, out)
	}
}
