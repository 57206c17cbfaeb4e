// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
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

// TestDemo builds what `make demo` builds and runs it.
func TestDemo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Terraform many times")
	}
	if _, err := findTerraform(os.Environ()); err != nil && os.Getenv("TF_ACC") == "" {
		t.Skip(err)
	}
	bin := build(t)

	t.Run("tells the whole story", func(t *testing.T) {
		t.Parallel()
		tmp := t.TempDir()
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "demo"), "-bin", bin)
		cmd.Env = append(bare(os.Environ()), "TMPDIR="+tmp, "TF_LOG=TRACE", "TF_VAR_account_name=another")
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		text := string(said)
		wantInOrder(t, text,
			"an embedded SigNoz v0.138.0",
			"── 1 ", "main.tf:", "- Installed signoz-community/signoz",
			"── 2 ", "+ key                = (sensitive value)", "Plan: 2 to add, 0 to change, 0 to destroy.", "Apply complete!", "api_key = <sensitive>", "(sensitive) ",
			"✓ SigNoz has the account ci-pipeline with the role signoz-editor",
			"── 3 ", "✓ SigNoz answers: you are ci-pipeline (ci-pipeline@signozserviceaccount.com)",
			"── 4 ", "No changes.", "✓ Exit code 0",
			"── 5 ", "~ expires_at", "Plan: 0 to add, 1 to change, 0 to destroy.", "✓ It is the key from before, with the same value: ", "✓ and it still signs in",
			"── 6 ", "✓ SigNoz refuses the key from now on: 401", "signoz_service_account_key.deploy has been deleted", "✓ Exit code 2",
			"── 7 ", "✓ The output api_key has a new value", "✓ The new value signs in", "✓ The old one is still refused: 401",
			"── 8 ", "Destroy complete! Resources: 2 destroyed.", "✓ SigNoz has no active account ci-pipeline any more", "✓ and none of its keys",
			"8 steps in ", "all 16 claims were checked and hold.",
		)
		if secret := regexp.MustCompile(`[A-Za-z0-9+/]{32,}`).FindString(text); secret != "" {
			t.Errorf("this looks like a key: %s", secret)
		}
		for _, unwanted := range []string{tmp, "\x1b", "[TRACE]", "another"} {
			if strings.Contains(text, unwanted) {
				t.Errorf("the output has %q:\n%s", unwanted, text)
			}
		}
		wantEmpty(t, tmp)
		wantNobodyListens(t, text)
	})

	t.Run("cleans up when it is interrupted", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("there are no interrupts")
		}
		tmp := t.TempDir()
		made := make(chan string, 1)
		var server *signoztest.Server
		// In the middle of an apply: the key has just been made.
		server = signoztest.Start(t, signoztest.WithRequestLog(func(r signoztest.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/keys") {
				made <- server.AllKeys()[len(server.AllKeys())-1].Value
			}
		}))
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "demo"), "-bin", bin)
		cmd.Env = append(bare(os.Environ()), "TMPDIR="+tmp, "SIGNOZ_ENDPOINT="+server.URL, "SIGNOZ_API_KEY="+server.AdminKey())
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var key string
		select {
		case key = <-made:
		case <-time.After(time.Minute):
			t.Error("it made no key")
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("it ended with %v, want exit code 1", err)
		}
		wantInOrder(t, said.String(), "── 2 ", "Cleaning up.", "demo: interrupted")
		wantNothingLeft(t, server)
		wantEmpty(t, tmp)
		if server.KeyWorks(key) {
			t.Error("the key that was made still works")
		}
		for _, secret := range []string{key, server.AdminKey()} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("the output has the key %s:\n%s", secret, said.String())
			}
		}
	})

	t.Run("fails and cleans up when a claim doesn't hold", func(t *testing.T) {
		t.Parallel()
		server := signoztest.Start(t)
		// The key loses its expiry behind everybody's back, just before a plan that must be empty.
		out := &listener{wait: "── 4 ", then: func() {
			key := server.AllKeys()[len(server.AllKeys())-1]
			server.UpdateKey(key.AccountID, key.ID, key.Name, time.Time{})
		}}
		environ := append(bare(os.Environ()), "SIGNOZ_ENDPOINT="+server.URL, "SIGNOZ_API_KEY="+server.AdminKey())
		err := run(t.Context(), []string{"-bin", bin}, environ, out, io.Discard)
		var wrong *claimError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "step 4") {
			t.Fatalf("the error is %v, want a claim of step 4\n%s", err, out.said.String())
		}
		wantInOrder(t, out.said.String(), "✓ SigNoz answers", "── 4 ", "Plan: 0 to add, 1 to change, 0 to destroy.", "✗ Exit code 0")
		if strings.Contains(out.said.String(), "── 5 ") {
			t.Error("it went on")
		}
		wantNothingLeft(t, server)
	})
}

// build builds the demo and what it needs.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	args := []string{"build", "-o", bin + string(filepath.Separator), "../..", "../devserver", "."}
	if said, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return bin
}

// bare is an environment that names no SigNoz.
func bare(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(setting string) bool { return strings.HasPrefix(setting, "SIGNOZ_") })
}

// listener does something, once, when a text is written, before the writer goes on.
type listener struct {
	wait string
	then func()
	said strings.Builder
}

func (l *listener) Write(p []byte) (int, error) {
	if l.then != nil && strings.Contains(string(p), l.wait) {
		l.then()
		l.then = nil
	}
	return l.said.Write(p)
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
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s is left behind", entry.Name())
	}
}

// wantNobodyListens checks that the embedded SigNoz of a run has ended.
func wantNobodyListens(t *testing.T, text string) {
	t.Helper()
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(text)
	if address == "" {
		t.Fatal("the output doesn't say where SigNoz listens")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err == nil {
		t.Errorf("%s still listens", address)
		_ = connection.Close()
	}
}

func wantNothingLeft(t *testing.T, server *signoztest.Server) {
	t.Helper()
	for _, account := range server.ActiveAccounts() {
		if account.Name != signoztest.AdminAccountName {
			t.Errorf("the account %s is left behind", account.Name)
		}
	}
}

func TestRunExplainsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args, environ []string
		want          string
	}{
		"an endpoint without a key": {environ: []string{"SIGNOZ_ENDPOINT=https://signoz.example.com"}, want: "must both be set"},
		"a key without an endpoint": {environ: []string{"SIGNOZ_API_KEY=secret"}, want: "must both be set"},
		"nothing was built":         {want: "build it first"},
		"the provider wasn't built": {
			environ: []string{"SIGNOZ_ENDPOINT=http://127.0.0.1:1", "SIGNOZ_API_KEY=secret", "TF_ACC_TERRAFORM_PATH=terraform"},
			want:    "build it first",
		},
		"an unknown argument": {args: []string{"fast"}, want: `unknown argument "fast"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-bin", t.TempDir()}, test.args...)
			err := run(t.Context(), args, test.environ, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
}
