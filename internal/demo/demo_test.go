// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// TestDemo_runs builds what `make demo` builds and runs it.
func TestDemo_runs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Terraform many times")
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+string(filepath.Separator), "../..", ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	// start runs the demo against a server, nil for an embedded one, in an empty directory for temporary files.
	start := func(t *testing.T, server *signoztest.Server, args ...string) (cmd *exec.Cmd, output *strings.Builder, tmp string) {
		t.Helper()
		tmp, output = t.TempDir(), &strings.Builder{}
		cmd = exec.CommandContext(t.Context(), filepath.Join(bin, "demo"), append(args, "-bin", bin)...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(setting string) bool { return strings.HasPrefix(setting, "SIGNOZ_") })
		cmd.Env = append(cmd.Env, "TMPDIR="+tmp, "TF_LOG=TRACE", "TF_VAR_account_name=another")
		if server != nil {
			cmd.Env = append(cmd.Env, "SIGNOZ_ENDPOINT="+server.URL, "SIGNOZ_API_KEY="+server.AdminKey())
		}
		cmd.Stdout, cmd.Stderr = output, output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, output, tmp
	}

	t.Run("shows all steps, and draws the README's picture", func(t *testing.T) {
		t.Parallel()
		picture := filepath.Join(t.TempDir(), "demo.svg")
		cmd, output, tmp := start(t, nil, "-picture", picture)
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		var pieces []string
		for _, s := range steps() {
			pieces = append(append(pieces, s.title), s.prints...)
			for _, c := range s.claims {
				pieces = append(pieces, "✓ "+c.text)
			}
		}
		wantInOrder(t, output.String(), append(pieces, "10 steps in ", "all 20 claims were checked and hold.")...)
		if secret := regexp.MustCompile(`[A-Za-z0-9+/]{32,}`).FindString(output.String()); secret != "" {
			t.Errorf("this looks like a key: %s", secret)
		}
		for _, unwanted := range []string{"\x1b", "[TRACE]", "another"} {
			if strings.Contains(output.String(), unwanted) {
				t.Errorf("the output has %q:\n%s", unwanted, output)
			}
		}
		wantEmpty(t, tmp)
		drawn, err := os.ReadFile(picture)
		if err != nil {
			t.Fatal(err)
		}
		if committed, err := os.ReadFile("../../.github/demo.svg"); err != nil || !bytes.Equal(committed, drawn) {
			t.Errorf("the README's picture is an old one (%v): make demo-picture draws it anew", err)
		}
	})

	t.Run("cleans up when it is interrupted in the middle of an apply", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("there are no interrupts")
		}
		made := make(chan string, 1)
		var server *signoztest.Server
		server = signoztest.Start(t, signoztest.WithRequestLog(func(r signoztest.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/keys") {
				made <- server.AllKeys()[1].Value
			}
		}))
		cmd, output, tmp := start(t, server)
		var key string
		select {
		case key = <-made:
		case <-time.After(time.Minute):
			t.Error("it made no key")
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		wantFailure(t, cmd, output, "2  Apply it", "demo: interrupted")
		wantOneAccount(t, server)
		wantEmpty(t, tmp)
		if server.KeyWorks(key) {
			t.Error("the key that was made still works")
		}
		if strings.Contains(output.String(), key) || strings.Contains(output.String(), server.AdminKey()) {
			t.Errorf("the output has a key:\n%s", output)
		}
	})

	t.Run("fails and cleans up when a claim doesn't hold", func(t *testing.T) {
		t.Parallel()
		var server *signoztest.Server
		server = signoztest.Start(t, signoztest.WithRequestLog(func(r signoztest.Request) {
			if r.Method == http.MethodPut { // the expiry has moved
				server.RevokeRole(server.ActiveAccounts()[1].ID, "signoz-editor")
			}
		}))
		cmd, output, tmp := start(t, server)
		wantFailure(t, cmd, output, "5  Move the expiry", "✗ SigNoz has the account with the role signoz-editor", "demo: step 5: this doesn't hold")
		if strings.Contains(output.String(), "6  ") {
			t.Errorf("it went on:\n%s", output)
		}
		wantOneAccount(t, server)
		wantEmpty(t, tmp)
	})

	t.Run("fails when Terraform plans something else", func(t *testing.T) {
		t.Parallel()
		var server *signoztest.Server
		server = signoztest.Start(t, signoztest.WithRequestLog(func(r signoztest.Request) {
			if r.Caller != signoztest.AdminAccountName { // the new key signs in
				key := server.AllKeys()[1]
				server.UpdateKey(key.AccountID, key.ID, key.Name, time.Time{})
			}
		}))
		cmd, output, _ := start(t, server)
		wantFailure(t, cmd, output, "4  Plan again", "Plan: 0 to add, 1 to change, 0 to destroy.", `demo: step 4: terraform plan -detailed-exitcode`, `doesn't print "No changes."`)
		wantOneAccount(t, server)
	})

	t.Run("names what is missing", func(t *testing.T) {
		t.Parallel()
		cmd, output, _ := start(t, &signoztest.Server{URL: "https://signoz.example.com"})
		wantFailure(t, cmd, output, "must both be set")
		cmd, output, tmp := start(t, nil, "-bin", t.TempDir(), "--")
		wantFailure(t, cmd, output, "build it first")
		wantEmpty(t, tmp)
	})
}

func wantFailure(t *testing.T, cmd *exec.Cmd, output *strings.Builder, pieces ...string) {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ended with %v, want exit code 1", err)
	}
	wantInOrder(t, output.String(), pieces...)
}

func wantInOrder(t *testing.T, text string, pieces ...string) {
	t.Helper()
	rest := text
	for _, piece := range pieces {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("%q is missing, or stands in another place:\n%s", piece, text)
		}
		rest = after
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}

// wantOneAccount wants the administrator's account alone.
func wantOneAccount(t *testing.T, server *signoztest.Server) {
	t.Helper()
	if left := server.ActiveAccounts(); len(left) != 1 {
		t.Errorf("left behind: %+v", left)
	}
}
