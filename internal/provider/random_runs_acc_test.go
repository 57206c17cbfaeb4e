// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var (
	randomSequences = flag.Int("random.sequences", 2, "how many sequences TestAccRandom_configurations runs")
	randomSeed      = flag.Uint64("random.seed", 1, "seed of the first sequence of TestAccRandom_configurations; each further one adds 1")
	randomRuns      = flag.Int("random.runs", 1, "how many random configurations a sequence applies, besides the last ones that settle and destroy it")
)

// Random configurations in the real CLI, on the embedded SigNoz or a real one, while others
// change things in SigNoz and time goes on:
//
//   - Terraform takes what the provider plans and returns, and what was planned can be applied.
//   - After an apply the server holds what the state says, and the next plan is empty.
//   - No key that works ends, or is replaced, unless it is removed, due, replaced by request
//     or by a change of an argument that says so; and the plan says that it will.
//   - A destroy leaves nothing. What others made is untouched.
//
// Two short sequences run with all other tests. Many, and longer ones:
//
//	TF_ACC=1 go test ./internal/provider -run TestAccRandom_configurations -timeout 3h -random.sequences=200 -random.runs=4
//
// With SIGNOZ_ENDPOINT and SIGNOZ_API_KEY they run on that server, with
// TF_ACC_TERRAFORM_PATH in that CLI. A sequence that fails says how to run it again, and
// prints what it did.
func TestAccRandom_configurations(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run when TF_ACC is set")
	}
	installed := installOnClock(t)
	for n := range uint64(*randomSequences) {
		seed := *randomSeed + n
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			newRandomSequence(t, installed, seed).run()
		})
	}
}

// clockVariable has the time by which the provider under test goes, in RFC 3339.
const clockVariable = "PROVIDER_CLOCK"

// serveOnClock serves the provider under test.
func serveOnClock() error {
	var options []provider.Option
	if text := os.Getenv(clockVariable); text != "" {
		now, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return err
		}
		options = append(options, provider.WithNow(func() time.Time { return now }))
	}
	return tf6server.Serve(provider.Address, provider.NewServer("test", options...))
}

// installOnClock returns a directory with the provider under test, for dev_overrides: unlike
// the released binary it goes by a clock that is given to it.
func installOnClock(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	fatal(t, err)
	dir := t.TempDir()
	fatal(t, os.Symlink(self, filepath.Join(dir, "terraform-provider-signoz")))
	return dir
}

// randomSequence is one random story of runs of Terraform.
type randomSequence struct {
	randomConfiguration
	commandLine

	on      target
	seed    uint64
	version string
	ages    []agePair
	foreign map[string]string // ids of keys that others made: the account's id
	values  map[string]bool   // of keys, known to work
	drifted bool              // others changed something that no apply has seen

	imported string // id of the account that was made elsewhere last, to be imported
	story    []string
}

func newRandomSequence(t *testing.T, installed string, seed uint64) *randomSequence {
	t.Helper()
	on, real := realTarget()
	chance := rand.New(rand.NewPCG(seed, 0))
	version := pick(chance, signoztest.Versions()...)
	if !real {
		on = embedded(t, signoztest.WithVersion(version), stoppedClock())
	}
	s := &randomSequence{
		randomConfiguration: randomConfiguration{
			chance: chance, pace: daysPass, prefix: letters("rnd"),
			blocks: map[string]randomBlock{}, imports: map[string]string{},
		},
		commandLine: newCommandLine(t, on, installed),
		on:          on, seed: seed, version: string(version), ages: []agePair{newAgePair(t), newAgePair(t)},
		foreign: map[string]string{}, values: map[string]bool{},
	}
	s.now = time.Now
	if real {
		s.pace, s.version = secondsPass, on.endpoint
	} else {
		s.now = on.Clock().Now
	}
	for _, pair := range s.ages {
		s.randomConfiguration.ages = append(s.randomConfiguration.ages, pair.recipient)
	}
	s.settleIn()
	return s
}

// settleIn makes what is there before.
func (s *randomSequence) settleIn() {
	client := s.client()
	s.t.Cleanup(func() {
		for id := range s.look().accounts {
			_ = s.client().DeleteServiceAccount(s.t.Context(), id)
		}
	})
	var err error
	s.hostID, err = client.CreateServiceAccount(s.t.Context(), s.prefix+"-host")
	fatal(s.t, err)
	s.makeKey(s.hostID, "deploy")
	var one *signoz.OneRoleError
	_, err = client.SetRoles(s.t.Context(), s.hostID, []string{"signoz-viewer", "signoz-editor"})
	if s.oneRole = errors.As(err, &one); err != nil && !s.oneRole {
		s.t.Fatal(err)
	}
	_, err = client.SetRoles(s.t.Context(), s.hostID, nil)
	fatal(s.t, err)
}

// client talks to the server as somebody else does, and knows nothing from before.
func (s *randomSequence) client() *signoz.Client { return s.on.client(s.t) }

func (s *randomSequence) makeKey(accountID, name string) {
	created, err := s.client().CreateKey(s.t.Context(), accountID, signoz.NewKey{Name: name})
	fatal(s.t, err)
	s.foreign[created.ID] = accountID
}

func (s *randomSequence) tell(format string, args ...any) {
	s.story = append(s.story, fmt.Sprintf(format, args...))
}

func (s *randomSequence) run() {
	defer func() {
		if s.t.Failed() {
			s.t.Log(strings.Join(s.story, "\n"))
			s.t.Logf("SigNoz %s; again: TF_ACC=1 go test ./internal/provider -run '^TestAccRandom_configurations$' -random.seed=%d -random.sequences=1 -random.runs=%d", s.version, s.seed, *randomRuns)
		}
	}()
	for range *randomRuns {
		s.change()
		s.meanwhile()
		s.oneRun(s.drawRequest())
		if s.t.Failed() {
			return
		}
	}
	s.settle(randomRequest{})
	if s.maybe(0.5) {
		s.settle(randomRequest{destroy: true})
	}
	s.blocks = map[string]randomBlock{}
	s.settle(randomRequest{})
	for at := range s.objects() {
		if at != tickAddress && !s.t.Failed() {
			s.t.Errorf("%s is in the state after everything was destroyed", at)
		}
	}
}

// meanwhile is what happens between two runs.
func (s *randomSequence) meanwhile() {
	if s.maybe(0.4) {
		s.pass()
	}
	for range s.chance.IntN(3) {
		s.elsewhere()
	}
	objects := s.objects()
	if at := s.pickAddress(objects, func(o stateObject) bool { return o.kind != exclusiveKind && !s.createdFirst(o.address) }); at != "" && s.maybe(0.15) {
		s.tell("taint %s", at)
		s.commandLine.run("taint", at)
	}
}

func (s *randomSequence) pass() {
	d := pick(s.chance, s.pace.passes...)
	s.tell("%v pass", d)
	if s.on.Server == nil {
		<-time.After(d)
		return
	}
	s.on.Clock().Advance(d)
}

func (s *randomSequence) pickAddress(objects map[string]stateObject, fits func(stateObject) bool) string {
	var found []string
	for _, at := range slices.Sorted(maps.Keys(objects)) {
		if fits(objects[at]) && at != tickAddress {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return pick(s.chance, found...)
}

// createdFirst reports whether an object can't be replaced, since its successor would be
// made first, under the same name.
func (s *randomSequence) createdFirst(at string) bool {
	if s.blocks[at].createBeforeDestroy {
		return s.blocks[at].kind != keyKind || s.blocks[at].arguments["name"] != ""
	}
	if s.blocks[at].kind != accountKind {
		return false
	}
	for _, b := range s.blocks {
		if b.createBeforeDestroy && s.accountOf(b) == at {
			return true
		}
	}
	return false
}

// elsewhere is a change by somebody else.
func (s *randomSequence) elsewhere() {
	objects, there := s.objects(), s.look()
	at := s.pickAddress(objects, func(o stateObject) bool {
		_, ok := there.accounts[o.accountID()]
		return ok
	})
	if at == "" {
		return
	}
	s.drifted = true
	o, client, ctx := objects[at], s.client(), s.t.Context()
	account := there.accounts[o.accountID()]
	switch o.kind {
	case accountKind:
		switch s.chance.IntN(5) {
		case 0:
			name := fmt.Sprintf("%s-elsewhere-%c", s.prefix, 'a'+s.chance.IntN(20))
			s.tell("elsewhere: %s is renamed to %s", at, name)
			if err := client.RenameServiceAccount(ctx, account.ID, name); !signoz.IsConflict(err) {
				fatal(s.t, err)
			}
		case 1:
			s.tell("elsewhere: %s is deleted", at)
			fatal(s.t, client.DeleteServiceAccount(ctx, account.ID))
			maps.DeleteFunc(s.foreign, func(_, of string) bool { return of == account.ID })
		case 2:
			s.tell("elsewhere: %s gets a key", at)
			if name := fmt.Sprintf("stray-%c", 'a'+s.chance.IntN(20)); !slices.ContainsFunc(there.keysOf(account.ID), func(k signoz.Key) bool { return k.Name == name }) {
				s.makeKey(account.ID, name)
			}
		default:
			if o.attributes["roles"] == nil {
				return
			}
			roles := pick(s.chance, nil, []string{"signoz-viewer"}, []string{"signoz-admin"})
			s.tell("elsewhere: %s has the roles %q", at, roles)
			_, err := client.SetRoles(ctx, account.ID, roles)
			fatal(s.t, err)
		}
	case keyKind:
		if key, ok := there.keys[o.text("id")]; ok {
			s.keyElsewhere(at, key)
		}
	case roleKind:
		s.tell("elsewhere: %s is revoked", at)
		if account.ID == o.accountID() {
			if err := client.RevokeRole(ctx, account.ID, o.text("role")); err != nil {
				s.tell("  %v", err)
			}
		}
	}
}

func (s *randomSequence) keyElsewhere(at string, key signoz.Key) {
	client, ctx := s.client(), s.t.Context()
	switch s.chance.IntN(5) {
	case 0:
		s.tell("elsewhere: %s is revoked", at)
		fatal(s.t, client.RevokeKey(ctx, key.AccountID, key.ID))
		return
	case 1:
		key.Name = fmt.Sprintf("elsewhere-%c", 'a'+s.chance.IntN(20))
	case 2, 3:
		key.ExpiresAt = time.Time{}
	case 4:
		key.ExpiresAt = s.now().Add(pick(s.chance, s.pace.expiries...)).Truncate(time.Second)
	}
	s.tell("elsewhere: %s becomes %q until %v", at, key.Name, key.ExpiresAt)
	if err := client.UpdateKey(ctx, key.AccountID, key.ID, key.Name, key.ExpiresAt); err != nil { // it has expired, or the name is in use
		s.tell("  %v", err)
	}
}

// randomRequest is how Terraform is called.
type randomRequest struct {
	replace   string
	noRefresh bool
	destroy   bool
}

func (r randomRequest) arguments() (arguments []string) {
	if r.replace != "" {
		arguments = append(arguments, "-replace="+r.replace)
	}
	if r.noRefresh {
		arguments = append(arguments, "-refresh=false")
	}
	if r.destroy {
		arguments = append(arguments, "-destroy")
	}
	return arguments
}

func (s *randomSequence) drawRequest() (request randomRequest) {
	switch s.chance.IntN(10) {
	case 0:
		request.noRefresh = true
	case 1, 2:
		if at := s.pickAddress(s.objects(), func(o stateObject) bool {
			_, configured := s.blocks[o.address]
			return configured && o.kind != exclusiveKind && !s.createdFirst(o.address)
		}); at != "" {
			request.replace = at
		}
	case 3:
		request.destroy = s.maybe(0.3)
	case 4, 5, 6:
		s.drawImports()
	}
	return request
}

// drawImports has an account and its key made elsewhere, and imports them.
func (s *randomSequence) drawImports() {
	objects := s.objects()
	for _, at := range []string{importedAccount, importedKey} {
		_, inState := objects[at]
		if _, configured := s.blocks[at]; configured || inState {
			return
		}
	}
	name := letters(s.prefix)
	s.tell("elsewhere: the account %s is made", name)
	id, err := s.client().CreateServiceAccount(s.t.Context(), name)
	fatal(s.t, err)
	s.blocks[importedAccount] = randomBlock{kind: accountKind, arguments: map[string]string{"name": quote(name), "roles": pick(s.chance, "null", "[]", `["signoz-viewer"]`)}}
	s.imported, s.imports[importedAccount] = id, pick(s.chance, id, name)
	if s.maybe(0.7) {
		s.makeKey(id, "legacy-key")
		key := randomBlock{kind: keyKind, arguments: s.drawLifetime(), parent: importedAccount}
		key.arguments["name"] = `"legacy-key"`
		s.blocks[importedKey] = key
		s.imports[importedKey] = name + "/legacy-key"
	}
}

// stateObject is a managed object of the state.
type stateObject struct {
	address    string
	kind       string
	tainted    bool
	deposed    []string // ids
	attributes map[string]any
}

func (o stateObject) text(name string) string {
	text, _ := o.attributes[name].(string)
	return text
}

func (o stateObject) accountID() string {
	if o.kind == accountKind {
		return o.text("id")
	}
	return o.text("service_account_id")
}

// objects reads the state.
func (s *randomSequence) objects() map[string]stateObject {
	s.t.Helper()
	found := map[string]stateObject{}
	content, err := os.ReadFile(filepath.Join(s.dir, "terraform.tfstate"))
	if os.IsNotExist(err) {
		return found
	}
	fatal(s.t, err)
	var state struct {
		Resources []struct {
			Mode, Type, Name string
			Instances        []struct {
				Status, Deposed string
				Attributes      map[string]any
			}
		}
	}
	fatal(s.t, json.Unmarshal(content, &state))
	for _, r := range state.Resources {
		if r.Mode != "managed" {
			continue
		}
		o := stateObject{address: r.Type + "." + r.Name, kind: r.Type}
		for _, in := range r.Instances {
			if in.Deposed != "" {
				id, _ := in.Attributes["id"].(string)
				o.deposed = append(o.deposed, id)
				continue
			}
			o.tainted, o.attributes = in.Status == "tainted", in.Attributes
		}
		found[o.address] = o
	}
	return found
}

// world is what the server holds.
type world struct {
	accounts map[string]signoz.ServiceAccount // of this sequence, by id
	keys     map[string]signoz.Key            // of these, by id
}

func (w world) keysOf(accountID string) (keys []signoz.Key) {
	for _, id := range slices.Sorted(maps.Keys(w.keys)) {
		if w.keys[id].AccountID == accountID {
			keys = append(keys, w.keys[id])
		}
	}
	return keys
}

// works reports whether a key is there and hasn't expired.
func (s *randomSequence) works(w world, id string) bool {
	key, ok := w.keys[id]
	return ok && !key.Expired(s.now())
}

func (s *randomSequence) look() world {
	s.t.Helper()
	w := world{accounts: map[string]signoz.ServiceAccount{}, keys: map[string]signoz.Key{}}
	client, ctx := s.client(), s.t.Context()
	if ctx.Err() != nil { // in a cleanup
		return w
	}
	all, err := client.ServiceAccounts(ctx)
	fatal(s.t, err)
	for _, account := range all {
		if account.Deleted() || !strings.HasPrefix(account.Name, s.prefix) {
			continue
		}
		found, err := client.ServiceAccount(ctx, account.ID)
		fatal(s.t, err)
		w.accounts[account.ID] = *found
		keys, err := client.Keys(ctx, account.ID)
		fatal(s.t, err)
		for _, key := range keys {
			key.AccountID = account.ID
			w.keys[key.ID] = key
		}
	}
	return w
}

// uiMessage is a line of Terraform's machine-readable output.
type uiMessage struct {
	Type   string `json:"type"`
	Change struct {
		Resource struct {
			Addr string `json:"addr"`
		} `json:"resource"`
		Action string `json:"action"`
	} `json:"change"`
	Diagnostic struct {
		Severity, Summary, Detail, Address string
	} `json:"diagnostic"`
}

// outcome is what a command of Terraform said.
type outcome struct {
	exit     int
	changes  map[string]string // actions by address
	failed   []failure
	warnings string
}

// command runs a command that prints JSON.
func (s *randomSequence) command(arguments ...string) outcome {
	s.t.Helper()
	command := exec.Command(cli(), arguments...)
	command.Dir, command.Env = s.dir, append(s.env, "TF_LOG_SDK=off")
	if s.on.Server != nil {
		command.Env = append(command.Env, clockVariable+"="+s.now().Format(time.RFC3339Nano))
	}
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	result := outcome{exit: command.ProcessState.ExitCode(), changes: map[string]string{}}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var m uiMessage
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			s.tell("  %s", lines.Text())
			continue
		}
		switch d := m.Diagnostic; {
		case m.Type == "planned_change":
			if m.Change.Resource.Addr != tickAddress {
				result.changes[m.Change.Resource.Addr] = m.Change.Action
			}
		case d.Severity == "error":
			result.failed = append(result.failed, failure{address: d.Address, phase: arguments[0], summary: d.Summary, detail: d.Detail})
		case d.Severity == "warning":
			result.warnings += d.Summary + "\n" + d.Detail + "\n"
		}
	}
	s.tell("  %s %q: exit %d, %v", arguments[0], arguments[1:], result.exit, result.changes)
	for _, f := range result.failed {
		s.tell("    %s", f)
	}
	if complaints.Len() > 0 {
		s.tell("    %s", complaints.String())
	}
	if strings.Contains(complaints.String(), "panic:") {
		s.t.Errorf("the provider panics")
	}
	return result
}

// oneRun plans and applies the configuration. It reports whether that succeeded.
func (s *randomSequence) oneRun(request randomRequest) bool {
	s.t.Helper()
	config := s.text()
	s.write("main.tf", config)
	s.tell("a run with %q of:\n%s", request.arguments(), strings.TrimPrefix(config, "terraform {\n  required_providers {\n    signoz = { source = \"signoz-community/signoz\" }\n  }\n}\n"))
	stale := s.drifted && request.noRefresh
	disturbed := stale
	before, there := s.objects(), s.look()
	planned := s.command(append([]string{"plan", "-json", "-out=plan"}, request.arguments()...)...)
	if planned.exit != 0 {
		s.giveUpImports()
		return s.judge(planned, disturbed)
	}
	s.drifted = stale
	if s.maybe(0.1) {
		disturbed = true
		s.tell("between plan and apply:")
		s.pass()
		s.elsewhere()
		there = s.look()
	}
	applied := s.command("apply", "-json", "plan")
	after, now := s.objects(), s.look()
	if !stale { // else the provider goes by what the keys were
		s.judgeKeys(request, before, there, planned, applied.exit == 0, after, now)
	}
	s.giveUpImports()
	if applied.exit != 0 {
		return s.judge(applied, disturbed)
	}
	if disturbed || s.t.Failed() {
		return true
	}
	if !request.noRefresh || !s.drifted {
		s.compare(after, now)
	}
	if request.destroy || s.drifted {
		return true
	}
	s.nothingMore(after, now)
	return true
}

// giveUpImports forgets the imports of this run, and what wasn't imported.
func (s *randomSequence) giveUpImports() {
	objects := s.objects()
	if _, in := objects[importedAccount]; !in && s.imports[importedAccount] != "" {
		delete(s.blocks, importedAccount)
		delete(s.blocks, importedKey)
		s.tell("elsewhere: the account %s is deleted", s.imported)
		fatal(s.t, s.client().DeleteServiceAccount(s.t.Context(), s.imported))
		maps.DeleteFunc(s.foreign, func(_, of string) bool { return of == s.imported })
	}
	if key, in := objects[importedKey]; in {
		delete(s.foreign, key.text("id"))
	} else if s.imports[importedKey] != "" {
		delete(s.blocks, importedKey)
	}
	s.imports = map[string]string{}
}

// judge fails unless errors are those that a user has to decide about, and does what
// they ask for.
func (s *randomSequence) judge(result outcome, disturbed bool) bool {
	s.t.Helper()
	if len(result.failed) == 0 {
		s.t.Errorf("it ends with %d and no error", result.exit)
	}
	for _, f := range result.failed {
		if f.refused() || strings.Contains(f.summary, "inconsistent") || strings.Contains(f.summary, "invalid plan") {
			s.t.Errorf("Terraform refuses the %s", f)
		} else if !s.repair(f) && !disturbed {
			s.t.Errorf("with nothing in the way, the %s", f)
		}
	}
	return false
}

// repair does what an error asks for that is a user's own.
func (s *randomSequence) repair(f failure) bool {
	b := s.blocks[f.address]
	switch {
	case strings.Contains(f.summary, "Cycle"): // Terraform's own: no object may become create_before_destroy in this run
		for at, b := range s.blocks {
			b.createBeforeDestroy = false
			s.blocks[at] = b
		}
		return true
	case plannedAsStray.MatchString(f.summary):
		s.blocks[exclusiveAddress].arguments["tolerated_names"] = fmt.Sprintf("[%q, %q]", "^deploy", plannedAsStray.FindStringSubmatch(f.summary)[1])
		return true
	case b.kind == roleKind && strings.Contains(f.detail, "allows one role per service account"): // and has another that isn't managed any more
		delete(s.blocks, f.address)
		return true
	case b.kind == roleKind && strings.Contains(f.detail, "terraform import"): // it was one of the account's `roles` until now
		s.imports[f.address] = s.accountID(b) + "/" + strings.Trim(b.arguments["role"], `"`)
		return true
	case b.kind != keyKind:
		return false
	case strings.Contains(f.detail, "SigNoz accepts only times in the future"), f.summary == "An expired key can't be renamed",
		strings.Contains(f.detail, "cannot set api key expiry in the past"), strings.Contains(f.summary, "has passed since SigNoz was read"):
		for _, name := range []string{"valid_for", "rotate_before"} {
			delete(b.arguments, name)
		}
		b.arguments["expires_at"] = quote(s.now().Add(300 * 24 * time.Hour).UTC().Format(time.RFC3339))
		s.tell("%s is extended", f.address)
		return true
	}
	return false
}

// settle applies until all is as the configuration says.
func (s *randomSequence) settle(request randomRequest) {
	s.t.Helper()
	for range 6 {
		if s.t.Failed() || s.oneRun(request) && !s.drifted {
			return
		}
	}
	if !s.t.Failed() {
		s.t.Error("the configuration can't be applied")
	}
}
