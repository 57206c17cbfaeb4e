// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// search finds secrets in any notation, each piece of which has the name of its secret:
// in clear, in base64 wherever they begin there and however it is padded or wrapped, in
// hexadecimal, JSON and URLs, and in two of these at once, as private data is base64 within base64.
type search map[[pieceSize]byte]string

const (
	pieceSize = 16
	// searchStep skips most of a text: each piece is known wherever it begins in its secret, so that
	// nothing of pieceSize + searchStep characters goes unnoticed, which is half of a key's value.
	searchStep = 8
)

func (s search) add(name, secret string) {
	for _, once := range notations(secret) {
		for _, twice := range notations(once) {
			for at := 0; at+pieceSize <= len(twice); at++ {
				s[[pieceSize]byte([]byte(twice[at:]))] = name
			}
		}
	}
}

// find returns the secrets that a text holds, each with where it is.
func (s search) find(text []byte) map[string]string {
	found := map[string]string{}
	for at := 0; at+pieceSize <= len(text); at += searchStep {
		if name, ok := s[[pieceSize]byte(text[at:])]; ok {
			found[name] = fmt.Sprintf("…%q…", text[max(0, at-200):min(len(text), at+100)])
		}
	}
	return found
}

// notations are the ways to write a text, without what depends on its surroundings.
func notations(text string) []string {
	escaped := new(bytes.Buffer)
	must(json.NewEncoder(escaped).Encode(text)) // HTML-escaped
	inHex := hex.EncodeToString([]byte(text))
	found := []string{
		text, strings.Trim(quote(text), `"`), strings.Trim(escaped.String(), "\"\n"),
		strings.NewReplacer("+", `\u002b`, "/", `\/`, "=", `\u003d`).Replace(text),
		inHex, strings.ToUpper(inHex), url.QueryEscape(text),
	}
	for skipped := range 3 { // three bytes are four characters, counted from where base64 begins
		whole := []byte(text[skipped : skipped+(len(text)-skipped)/3*3])
		found = append(found, base64.StdEncoding.EncodeToString(whole), base64.URLEncoding.EncodeToString(whole))
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestSearch_findsEachNotation(t *testing.T) {
	t.Parallel()
	const value = "K+x/0n3v6b9<y2B+e8/1k4n7q0t3w6z9C2F5J8M1P4S7="
	secrets := search{}
	secrets.add("it", value)
	asJSON := func(v any) string {
		text, err := json.Marshal(v)
		must(err)
		return string(text)
	}
	texts := map[string]string{
		"JSON":               `{"key":` + quote(value) + `}`,
		"HTML-escaped JSON":  asJSON(map[string]string{"key": value}),
		"JSON in JSON":       asJSON(asJSON(map[string]string{"key": value})),
		"more escaped":       strings.NewReplacer("+", `\u002b`, "/", `\/`, "<", `\u003c`).Replace(value),
		"hexadecimal":        fmt.Sprintf("%x", value),
		"large hexadecimal":  fmt.Sprintf("%X", value),
		"a URL":              "https://signoz.example.com/?key=" + url.QueryEscape(value),
		"private data":       asJSON(map[string][]byte{"private": []byte(asJSON(map[string][]byte{"record": []byte(`{"name":"` + value + `"}`)}))}),
		"the greater half":   value[:len(value)/2+2],
		"the latter half":    value[len(value)/2-1:],
		"base64, in 64 wide": wrapped(base64.StdEncoding.EncodeToString([]byte("a line of another text\n"+value)), 64),
	}
	for shift := range 9 {
		at := strings.Repeat(" ", shift)
		texts["in clear after"+at] = at + value + " and more"
		for name, encoding := range map[string]*base64.Encoding{
			"std": base64.StdEncoding, "raw": base64.RawStdEncoding, "URL": base64.URLEncoding, "raw URL": base64.RawURLEncoding,
		} {
			texts[name+" after"+at] = encoding.EncodeToString([]byte(at + value))
			texts[name+" in hexadecimal after"+at] = hex.EncodeToString([]byte(encoding.EncodeToString([]byte(at + value + "…"))))
			texts[name+" twice after"+at] = at + encoding.EncodeToString([]byte(at+at+encoding.EncodeToString([]byte(at+value+"…"))))
		}
	}
	for name, text := range texts {
		if _, ok := secrets.find([]byte(text))["it"]; !ok {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	if found := secrets.find([]byte(strings.Repeat(base64.StdEncoding.EncodeToString([]byte("another value")), 100))); len(found) != 0 {
		t.Errorf("found where it isn't: %v", found)
	}
}

func wrapped(text string, width int) string {
	var lines []string
	for part := range slices.Chunk([]byte(text), width) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, "\n")
}

// leakWatch runs the CLI at TF_LOG=TRACE and searches everything that a run leaves in its directory.
type leakWatch struct {
	commandLine

	on      target
	box     inbox
	github  githubKeys
	age     agePair
	secrets search
	printed string // by the commands of a step
}

// Files of a run, besides Terraform's own.
const (
	traceFile   = "trace.log"
	printedFile = "printed.txt"
	planFile    = "saved.tfplan"
	stateFile   = "terraform.tfstate"
	backupFile  = "terraform.tfstate.backup"
)

func watchLeaks(t *testing.T, on target, built string) *leakWatch {
	t.Helper()
	w := &leakWatch{
		commandLine: newCommandLine(t, on, built, "registry.terraform.io/tests/receiver"),
		on:          on, box: newInbox(t), github: newGitHubKeys(t), age: newAgePair(t), secrets: search{},
	}
	w.secrets.add("the provider's own key", on.apiKey)
	w.secrets.add("the identity", strings.TrimPrefix(w.age.identity, "AGE-SECRET-KEY-"))
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, traceFile), "TF_IN_AUTOMATION=1", "GOTRACEBACK=all",
		inboxVariable+"="+w.box.dir, "SIGNOZ_AGE_IDENTITY="+w.age.identity,
		"TF_VAR_age_recipient="+w.age.recipient, "TF_VAR_github_public_key="+w.github.publicKey())
	return w
}

// ends runs the CLI, which must exit with that code, and notes the values that the server gave away.
func (w *leakWatch) ends(code int, args ...string) {
	w.t.Helper()
	w.exited(code, w.start(args...))
}

func (w *leakWatch) exited(code int, started *command) {
	w.t.Helper()
	err := w.wait(started, time.Minute)
	exit := (*exec.ExitError)(nil)
	if errors.As(err, &exit) && exit.ExitCode() == code {
		err = nil
	} else if err == nil && code != 0 {
		err = errors.New("succeeded")
	}
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", started.Args, err, started.out.String())
	}
	w.printed += started.out.String()
	w.write(printedFile, w.printed)
	for _, key := range w.on.AllKeys() {
		if len(w.secrets.find([]byte(key.Value))) == 0 {
			w.secrets.add("the key "+key.Name, key.Value)
		}
	}
}

// plansAndApplies makes a plan that it saves, and applies it.
func (w *leakWatch) plansAndApplies(code int, args ...string) {
	w.t.Helper()
	w.ends(0, append([]string{"plan", "-input=false", "-no-color", "-out=" + planFile}, args...)...)
	w.ends(code, "apply", "-input=false", "-no-color", planFile)
}

// wantIn searches every file of the directory: only those named hold secrets, each exactly the
// keys whose names begin so.
func (w *leakWatch) wantIn(holders map[string]string) {
	w.t.Helper()
	held := map[string]bool{}
	for name, content := range w.files() {
		file, _, _ := strings.Cut(name, "!")
		for secret, where := range w.secrets.find(content) {
			if holder, ok := holders[file]; ok && strings.HasPrefix(secret, "the key "+holder) {
				held[file] = true
				continue
			}
			w.t.Errorf("%s holds %s: %s", name, secret, where)
		}
	}
	for file, holder := range holders {
		if !held[file] {
			w.t.Errorf("%s should hold %s", file, holder)
		}
	}
	w.printed = ""
	fatal(w.t, os.Remove(filepath.Join(w.dir, traceFile)))
}

// files are all files of the directory; a plan is an archive, and its members are PLAN!MEMBER.
func (w *leakWatch) files() map[string][]byte {
	w.t.Helper()
	found := map[string][]byte{}
	fatal(w.t, filepath.WalkDir(w.dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		name := filepath.Base(file)
		found[name] = content
		if err != nil || name != planFile {
			return err
		}
		archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		for _, member := range archive.File {
			opened, err := member.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(opened)
			if err := errors.Join(err, opened.Close()); err != nil {
				return err
			}
			found[name+"!"+member.Name] = content
		}
		return nil
	}))
	return found
}

// says checks what the step printed, wrapped as it may be.
func (w *leakWatch) says(pieces ...string) {
	w.t.Helper()
	printed := strings.Join(strings.Fields(strings.ReplaceAll(w.printed, "│", " ")), " ")
	for _, piece := range pieces {
		if !strings.Contains(printed, piece) {
			w.t.Errorf("it doesn't say %q:\n%s", piece, printed)
		}
	}
}

// logged checks that the log of the step is complete.
func (w *leakWatch) logged() {
	w.t.Helper()
	ours, theirs := split(string(w.files()[traceFile]))
	for piece, in := range map[string]string{"SigNoz request": ours, "[TRACE]": ours, "[TRACE] vertex": theirs} {
		if !strings.Contains(in, piece) {
			w.t.Errorf("the log lacks %q: this proves nothing", piece)
		}
	}
}

// working is the present key of a resource, by the beginning of its name.
func (w *leakWatch) working(name string) signoztest.Key {
	w.t.Helper()
	for _, key := range slices.Backward(w.on.AllKeys()) {
		if strings.HasPrefix(key.Name, name) && !strings.Contains(key.Name, "-retired-") {
			return key
		}
	}
	w.t.Fatalf("there is no key %s", name)
	return signoztest.Key{}
}

func (w *leakWatch) wantDelivered() {
	w.t.Helper()
	values := map[string]string{}
	for _, r := range w.box.all(w.t, "receiver_secret") {
		values[r.Values["name"]] = r.Values["value_wo"] + r.Values["value"]
	}
	equal(w.t, "what the store has", values["store"], w.working("overlapping-").Value)
	equal(w.t, "what GitHub has", w.github.open(w.t, values["github"]), w.working("github").Value)
}

const leaksConfig = `
terraform {
  required_providers {
    signoz   = { source = "signoz-community/signoz" }
    receiver = { source = "tests/receiver" }
  }
}

variable "age_recipient" {}

variable "github_public_key" {}

variable "audit" {
  default = "first"
}

variable "encrypt_plain" {
  default = false
}

resource "signoz_service_account" "ci" {
  name = "ci"
}

# Replaced by a new key that is made first, and then works on for a day.
resource "signoz_service_account_key" "overlapping" {
  service_account_id   = signoz_service_account.ci.id
  name_prefix          = "overlapping-"
  destroy_grace_period = "1d"
  rotate_when_changed  = { audit = var.audit }
  encrypt_to           = { age_recipients = [var.age_recipient] }

  lifecycle {
    create_before_destroy = true
  }
}

ephemeral "signoz_service_account_key_value" "overlapping" {
  encrypted_key = signoz_service_account_key.overlapping.encrypted_key
}

resource "receiver_secret" "store" {
  name             = "store"
  value_wo         = ephemeral.signoz_service_account_key_value.overlapping.key
  value_wo_version = parseint(substr(sha256(signoz_service_account_key.overlapping.id), 0, 7), 16)
}

# Revoked first, and then made anew.
resource "signoz_service_account_key" "github" {
  service_account_id  = signoz_service_account.ci.id
  name                = "github"
  rotate_when_changed = { audit = var.audit }
  encrypt_to          = { github_public_key = var.github_public_key }
}

resource "receiver_secret" "github" {
  name  = "github"
  value = signoz_service_account_key.github.encrypted_key
}

resource "signoz_service_account_key" "plain" {
  service_account_id   = signoz_service_account.ci.id
  name                 = "plain"
  destroy_grace_period = "1d"
  encrypt_to           = var.encrypt_plain ? { age_recipients = [var.age_recipient] } : null
}

output "encrypted_keys" {
  value = [signoz_service_account_key.overlapping.encrypted_key, signoz_service_account_key.github.encrypted_key]
}
`

// With the real CLI at TF_LOG=TRACE: the value of a key with encrypt_to is in no file that a run
// leaves, and in nothing that it prints, in whatever notation. The value of the key
// without encrypt_to, which takes it up on the way, is found by the same search
// in exactly the files in which the documentation says it is.
func TestAccKeyEncryption_leaksNowhere(t *testing.T) {
	on := embeddedOnly(t)
	skipBelow(t, 11) // write-only arguments
	w := watchLeaks(t, on, buildProvider(t))
	w.write("main.tf", leaksConfig)

	w.plansAndApplies(0)
	w.logged()
	w.wantIn(map[string]string{stateFile: "plain"})
	w.wantDelivered()

	// The receiver fails during a rotation.
	before := w.working("overlapping-")
	w.env = append(w.env, "TF_VAR_audit=second")
	w.box.fail(t)
	w.plansAndApplies(1)
	w.says("The receiver fails")
	if now := w.working("overlapping-"); now == before || !on.KeyWorks(before.Value) {
		t.Errorf("the key wasn't rotated, or the old one doesn't work on: %+v", now)
	}
	w.wantIn(map[string]string{stateFile: "plain", backupFile: "plain", planFile: "plain"})

	// The next run delivers, and encrypts in place a value that is in the state.
	w.box.works(t)
	plain := w.working("plain")
	w.env = append(w.env, "TF_VAR_encrypt_plain=true")
	w.plansAndApplies(0)
	w.says(`Earlier versions of the state still hold the value of the key "plain"`)
	w.wantDelivered()
	equal(t, "the key that is encrypted in place", w.working("plain"), plain)
	w.logged()
	w.ends(0, "show", "-json")
	w.wantIn(map[string]string{backupFile: "plain", planFile: "plain"})

	// All three are rotated, and neither state and backup nor the plan has any value.
	w.env = append(w.env, "TF_VAR_audit=third")
	w.plansAndApplies(0, "-replace=signoz_service_account_key.plain")
	if now := w.working("plain"); now.ID == plain.ID {
		t.Error("the key that was encrypted in place isn't rotated")
	}
	w.wantDelivered()
	w.logged()
	w.ends(0, "show", "-json", planFile)
	w.wantIn(nil)
}

// leakyOverlay changes the provider so that it does with the value of a new key what LEAK says,
// once the key is made and before its value is encrypted.
func leakyOverlay(t *testing.T) string {
	t.Helper()
	const file, encrypts = "service_account_key_resource.go", "\tif err := keepValue("
	resource, err := os.ReadFile(file)
	fatal(t, err)
	if bytes.Count(resource, []byte(encrypts)) != 1 {
		t.Fatalf("%s doesn't encrypt the value of a new key by %q any more", file, encrypts)
	}
	here, err := os.Getwd()
	fatal(t, err)
	dir, replaced := t.TempDir(), map[string]string{}
	for name, text := range map[string]string{
		file: strings.Replace(string(resource), encrypts, "\tleak(ctx, &record, created.Value)\n"+encrypts, 1),
		"leak.go": `package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

func leak(ctx context.Context, record *keyRecord, value string) {
	switch os.Getenv("LEAK") {
	case "log and private data":
		tflog.Trace(ctx, "made a key", map[string]any{"body": base64.RawURLEncoding.EncodeToString([]byte("{" + value + "}"))})
		record.Name = value
	case "panic that quotes it":
		panic(fmt.Sprintf("unexpected %x", value))
	case "panic":
		panic("a bug")
	}
}
`,
	} {
		replaced[filepath.Join(here, name)] = filepath.Join(dir, name)
		fatal(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	fatal(t, err)
	fatal(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	return filepath.Join(dir, "overlay.json")
}

// A provider that crashes with the value in its hands doesn't give it away either. That
// the search would find it is shown by providers that do.
func TestAccKeyEncryption_crashLeaksNothing(t *testing.T) {
	embeddedOnly(t).Close() // for its skips
	skipBelow(t, 11)
	built := t.TempDir()
	fatal(t, buildInto(built, "-overlay", leakyOverlay(t)))
	crashPrinted := !findTerraform(t).isTofu // OpenTofu 1.12 shows the stack trace in its log only
	for leak, test := range map[string]struct {
		panics  string
		holders []string
	}{
		"panic":                {panics: "panic: a bug"},
		"panic that quotes it": {"panic: unexpected", []string{traceFile, printedFile}},
		"log and private data": {holders: []string{traceFile, stateFile}},
	} {
		t.Run(leak, func(t *testing.T) {
			t.Parallel()
			w := watchLeaks(t, embedded(t), built)
			w.write("main.tf", leaksConfig)
			w.env = append(w.env, "LEAK="+leak)
			code := 0
			if test.panics != "" {
				code = 1
			}
			w.ends(code, "apply", "-auto-approve", "-input=false", "-no-color", "-target=signoz_service_account_key.overlapping")
			if trace := string(w.files()[traceFile]); !strings.Contains(trace, test.panics) {
				t.Errorf("the log lacks %q: this proves nothing", test.panics)
			}
			if crashPrinted {
				w.says(test.panics)
			}
			w.logged()
			holders := map[string]string{}
			for _, file := range test.holders {
				if file != printedFile || crashPrinted {
					holders[file] = w.working("overlapping-").Name
				}
			}
			w.wantIn(holders)
		})
	}
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS != "linux" {
			t.Skip("finds the provider's process in /proc")
		}
		killedWithStackTrace(t, watchLeaks(t, embedded(t), built))
	})
}

// killedWithStackTrace kills the providers while the apply goes on after the key was made,
// decrypted and delivered; Go then prints what all goroutines are doing.
func killedWithStackTrace(t *testing.T, w *leakWatch) {
	t.Helper()
	w.write("main.tf", leaksConfig+`
resource "signoz_service_account" "later" {
  name       = "later"
  depends_on = [receiver_secret.store, receiver_secret.github]
}
`)
	w.env = append(w.env, "TF_VAR_encrypt_plain=true")
	reached, released := make(chan struct{}), make(chan struct{})
	reach, release := sync.OnceFunc(func() { close(reached) }), sync.OnceFunc(func() { close(released) })
	defer release()
	w.on.Inject(signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_accounts", Answer: signoztest.Reset, Match: func(req *http.Request) bool {
		body, err := io.ReadAll(req.Body)
		if err != nil || !strings.Contains(string(body), "later") {
			return false
		}
		reach()
		<-released
		return true
	}})
	apply := w.start("apply", "-auto-approve", "-input=false", "-no-color")
	select {
	case <-reached:
	case err := <-apply.done:
		t.Fatalf("the apply ended: %v\n%s", err, apply.out.String())
	case <-time.After(time.Minute):
		t.Fatal("the apply doesn't get on")
	}
	for _, pid := range providersOf(t, apply.Process.Pid) {
		fatal(t, syscall.Kill(pid, syscall.SIGQUIT))
	}
	w.exited(1, apply)
	release()
	if trace := string(w.files()[traceFile]); !strings.Contains(trace, "SIGQUIT: quit") || !strings.Contains(trace, "goroutine ") {
		t.Error("the log has no stack trace of the provider: this proves nothing")
	}
	w.wantDelivered()
	w.wantIn(nil)

	w.on.ClearFaults()
	w.ends(0, "apply", "-auto-approve", "-input=false", "-no-color")
	w.logged()
	w.wantIn(nil)
}
