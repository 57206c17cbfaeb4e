// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var (
	propertySequences = flag.Int("property.sequences", 40, "how many sequences TestProperty_holdsInRandomRuns runs")
	propertySeed      = flag.Uint64("property.seed", 1, "seed of the first sequence of TestProperty_holdsInRandomRuns; each further one adds 1; 0 takes one by the time")
	propertySerial    = flag.Bool("property.serial", false, "run TestProperty_holdsInRandomRuns's sequences one after the other, each with -parallelism=1")
)

// Whatever is configured, whatever others do in SigNoz, whatever fails and
// however time goes on:
//
//   - Terraform never refuses what the provider plans or returns.
//   - No key that works is ended, or replaced, unless it is removed, rotated or
//     replaced by request, or its account or prefix changes; a value that is
//     merely unknown in the plan is no change. What ends with a grace period
//     goes on working.
//   - After an apply that nothing disturbed, the server holds exactly what the state
//     says, and the next plan is empty.
//   - Once nothing fails any more, applying again makes the world as configured, and
//     a destroy leaves nothing. What was there before is untouched.
//
// The only exception is an error that says that it couldn't find out what a lost
// request did: then the user removes the object that the error names, if it is
// there. Such errors must stay rare.
//
// Each sequence is drawn from its seed: a server's version, what was there
// before, and some runs one after the other, each with what happens before it,
// between its plan and its apply, and under way. A failing sequence says how to
// run it again.
func TestProperty_holdsInRandomRuns(t *testing.T) {
	t.Parallel()
	first := *propertySeed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	workers := 8
	if *propertySerial {
		workers = 1
	}
	var (
		seen    statistics
		next    atomic.Uint64
		running sync.WaitGroup
	)
	for range workers {
		running.Go(func() {
			for n := next.Add(1) - 1; n < uint64(*propertySequences); n = next.Add(1) - 1 {
				seed := first + n
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { newSequence(t, seed, &seen).run() })
			}
		})
	}
	running.Wait()
	seen.judge(t)
}

// statistics show whether the sequences did what they are for.
type statistics struct {
	mu   sync.Mutex
	seen map[string]int
}

func (s *statistics) count(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[what] += n
}

func (s *statistics) judge(t *testing.T) {
	t.Helper()
	t.Logf("%v", s.seen)
	if t.Failed() {
		return
	}
	if s.seen["sequences"] > 10 && s.seen["requests struck"] < s.seen["sequences"] {
		t.Error("the faults hardly struck: these sequences prove nothing")
	}
	if s.seen["sequences"] < 100 {
		return // what is rare need not have happened
	}
	for _, what := range []string{
		"runs that failed", "runs cancelled", "rotations", "keys that moved", "unknown values", "imports", "taints", "replacements by request",
		"changes elsewhere", "servers rebuilt", "time between plan and apply", "keys ended with grace",
		"rotations by rotate_when_changed", "recipients changed", "strays revoked",
	} {
		if s.seen[what] == 0 {
			t.Errorf("there were no %s: these sequences prove too little", what)
		}
	}
	if open := s.seen["errors that left open what was done"]; open*20 > s.seen["runs"] {
		t.Errorf("%d of %d runs left open what was done; more than one in twenty is too many", open, s.seen["runs"])
	}
}

// drawn is a block with its arguments apart, each as JSON.
type drawn struct {
	block

	arguments map[string]string
}

// sequence is one random story.
type sequence struct {
	*workingDir

	seed    uint64
	chance  *rand.Rand
	seen    *statistics
	version signoztest.Version
	before  []bystander
	host    signoztest.Account // an account of somebody else, in which the configuration has keys and a role
	managed map[string]bool    // whether the account of an address has `roles`
	blocks  map[string]drawn
	unknown map[string]bool // arguments of the last run that its plan didn't know, as ADDRESS.NAME
	story   []string        // what happened, for the log of a failed sequence

	recipients []string // to which keys are encrypted
}

// What was there before.
const (
	takenName    = "taken"
	hostName     = "host"
	importedName = "legacy"
)

func newSequence(t *testing.T, seed uint64, seen *statistics) *sequence {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 0))
	versions := signoztest.Versions()
	s := &sequence{
		seed: seed, chance: chance, seen: seen, version: versions[chance.IntN(len(versions))],
		managed: map[string]bool{}, blocks: map[string]drawn{},
	}
	clock := pastClock(time.Hour)
	server := signoztest.Start(t, signoztest.WithVersion(s.version), signoztest.WithClock(clock))
	if s.version != signoztest.V0_118_0 && s.maybe(0.3) {
		server.CreateCustomRole("auditor")
	}
	on := target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
	parallelism := 10
	if *propertySerial {
		parallelism = 1
	}
	s.workingDir = newWorkingDir(t, on, parallelism, provider.WithRetryWait(100*time.Microsecond), provider.WithNow(clock.Now))
	s.recipients = []string{newAgePair(t).recipient, newAgePair(t).recipient}
	s.settleIn()
	for i := range 3 {
		s.managed[address(accountKind, i)] = s.maybe(0.6)
	}
	return s
}

// settleIn makes what is there before, an hour ago.
func (s *sequence) settleIn() {
	s.host = s.on.CreateAccount(hostName)
	s.on.CreateKey(s.host.ID, "deploy", time.Time{})
	taken := s.on.CreateAccount(takenName, "signoz-viewer")
	s.on.CreateKey(taken.ID, "deploy", s.now().Add(20*365*24*time.Hour))
	s.on.CreateKey(s.on.CreateAccount(importedName, "signoz-viewer").ID, "legacy-key", s.now().Add(200*24*time.Hour))
	s.before = bystanders(s.on)
	s.on.Clock().Advance(time.Hour)
}

// pastClock follows real time, so far behind; advanced by the same it shows the
// real time, and what was made before is so old.
func pastClock(behind time.Duration) *signoztest.Clock {
	server := signoztest.New(signoztest.Fresh())
	clock := server.Clock()
	clock.Advance(-behind)
	return clock
}

// exclusiveAddress is that of the list of an account's keys.
const exclusiveAddress = exclusiveKind + ".only"

func address(kind string, i int) string { return fmt.Sprintf("%s.%d", kind, i) }

func (s *sequence) now() time.Time { return s.on.Clock().Now() }

func (s *sequence) maybe(share float64) bool { return s.chance.Float64() < share }

func pick[T any](chance *rand.Rand, from ...T) T { return from[chance.IntN(len(from))] }

func (s *sequence) run() {
	s.seen.count("sequences", 1)
	defer func() {
		if s.t.Failed() {
			s.t.Log(strings.Join(s.story, "\n"))
			s.t.Logf("SigNoz %s; again: go test ./internal/provider -run '^TestProperty_holdsInRandomRuns$' -property.seed=%d -property.sequences=1 (and -property.serial)", s.version, s.seed)
		}
	}()
	for range 2 + s.chance.IntN(5) {
		s.redraw()
		s.meanwhile()
		s.oneRun(s.drawConditions())
		if s.t.Failed() {
			return
		}
	}
	s.settle()
	if s.t.Failed() {
		return
	}
	given := conditions{destroyAll: s.maybe(0.3)}
	if !given.destroyAll {
		s.blocks = map[string]drawn{}
	}
	if s.maybe(0.5) { // a destroy may fail too
		s.oneRun(given)
	}
	s.blocks = map[string]drawn{}
	s.settle()
	if n := len(s.state); n > 0 && !s.t.Failed() {
		s.t.Errorf("%d objects are in the state after everything was destroyed", n)
	}
}

// meanwhile is what happens between two runs: others change things in SigNoz,
// time goes on, a user taints something.
func (s *sequence) meanwhile() {
	if s.maybe(0.4) {
		s.pass(pick(s.chance, time.Hour, 2*24*time.Hour, 15*24*time.Hour, 25*24*time.Hour, 60*24*time.Hour))
	}
	for range s.chance.IntN(3) {
		s.elsewhere()
	}
	if addresses := slices.Sorted(maps.Keys(s.state)); len(addresses) > 0 && s.maybe(0.1) {
		if at := pick(s.chance, addresses...); !s.state[at].gone() {
			s.tell("taint %s", at)
			s.seen.count("taints", 1)
			s.taint(at)
		}
	}
	if s.maybe(0.02) {
		s.tell("the server is rebuilt with the same organisation")
		s.seen.count("servers rebuilt", 1)
		custom := s.on.RoleID("auditor") != ""
		s.on.LoseAccounts()
		if custom {
			s.on.CreateCustomRole("auditor")
		}
		for at, b := range s.blocks {
			if b.accountID != "" || strings.HasPrefix(b.arguments["name"], `"legacy`) {
				delete(s.blocks, at)
			}
		}
		s.settleIn()
	}
}

func (s *sequence) pass(d time.Duration) {
	s.tell("%v pass", d)
	s.on.Clock().Advance(d)
}

// elsewhere is a change by somebody else of what Terraform manages.
func (s *sequence) elsewhere() {
	addresses := slices.DeleteFunc(slices.Sorted(maps.Keys(s.state)), func(at string) bool { return s.state[at].gone() })
	if len(addresses) == 0 {
		return
	}
	at := pick(s.chance, addresses...)
	k := s.state[at]
	accountID := k.text("service_account_id")
	if k.kind == accountKind {
		accountID = k.text("id")
	}
	account, ok := s.on.Account(accountID)
	if !ok || account.Deleted {
		return
	}
	s.seen.count("changes elsewhere", 1)
	switch k.kind {
	case accountKind:
		s.accountElsewhere(at, k, account)
	case keyKind:
		s.keyElsewhere(at, k)
	case roleKind:
		if slices.Contains(account.Roles, k.text("role")) {
			s.tell("elsewhere: %s is revoked", at)
			s.on.RevokeRole(account.ID, k.text("role"))
		}
	case exclusiveKind:
		name := fmt.Sprintf("stray-%c", 'a'+s.chance.IntN(20))
		if _, taken := s.on.KeyByName(account.ID, name); !taken {
			s.tell("elsewhere: a key %s is made in the account of %s", name, at)
			s.foreign[s.on.CreateKey(account.ID, name, time.Time{}).ID] = true
		}
	}
}

func (s *sequence) accountElsewhere(at string, k kept, account signoztest.Account) {
	switch s.chance.IntN(5) {
	case 0:
		name := fmt.Sprintf("elsewhere-%c", 'a'+s.chance.IntN(20))
		if _, taken := s.on.AccountByName(name); !taken {
			s.tell("elsewhere: %s is renamed to %s", at, name)
			s.on.RenameAccount(account.ID, name)
		}
	case 1:
		s.tell("elsewhere: %s is deleted", at)
		s.on.DeleteAccount(account.ID)
	case 2:
		if len(account.Roles) > 0 && k.at("roles") != "null" {
			s.tell("elsewhere: a role of %s is revoked", at)
			s.on.RevokeRole(account.ID, pick(s.chance, account.Roles...))
		}
	default:
		if role := pick(s.chance, "signoz-viewer", "signoz-editor", "signoz-admin"); k.at("roles") != "null" && !slices.Contains(account.Roles, role) {
			s.tell("elsewhere: %s is given %s", at, role)
			s.on.GrantRole(account.ID, role)
		}
	}
}

func (s *sequence) keyElsewhere(at string, k kept) {
	accountID, id := k.text("service_account_id"), k.text("id")
	keys := s.on.Keys(accountID)
	i := slices.IndexFunc(keys, func(key signoztest.Key) bool { return key.ID == id })
	if i < 0 {
		return
	}
	key := keys[i]
	switch s.chance.IntN(6) {
	case 0:
		s.tell("elsewhere: %s is revoked", at)
		s.on.RevokeKey(accountID, id)
		return
	case 1:
		name := fmt.Sprintf("elsewhere-%c", 'a'+s.chance.IntN(20))
		if _, taken := s.on.KeyByName(accountID, name); taken {
			return
		}
		key.Name = name
	case 2, 3:
		key.ExpiresAt = time.Time{}
	case 4:
		key.ExpiresAt = s.now().Add(pick(s.chance, time.Hour, 24*time.Hour, 100*24*time.Hour))
	case 5:
		key.ExpiresAt = s.now().Add(-time.Hour)
	}
	s.tell("elsewhere: %s becomes %q until %v", at, key.Name, key.ExpiresAt)
	s.on.UpdateKey(accountID, id, key.Name, key.ExpiresAt)
}

// drawConditions draws how Terraform is called, and what happens meanwhile.
func (s *sequence) drawConditions() conditions {
	given := conditions{}
	switch s.chance.IntN(12) {
	case 0:
		given.noRefresh = true
	case 1:
		given.refreshOnly = true
	case 2, 3:
		if configured := slices.Sorted(maps.Keys(s.blocks)); len(configured) > 0 {
			s.seen.count("replacements by request", 1)
			given.replace = []string{pick(s.chance, configured...)}
		}
	case 4:
		given.destroyAll = s.maybe(0.3)
	default:
		given.imports = s.drawImports()
	}
	return given
}

// drawImports has the account that was there before imported, with its key.
func (s *sequence) drawImports() map[string]string {
	account, there := s.on.AccountByName(importedName)
	const at, keyAt = accountKind + ".imported", keyKind + ".imported"
	_, configured := s.blocks[at]
	_, inState := s.state[at]
	_, keyInState := s.state[keyAt]
	if configured || inState || keyInState || !there || s.maybe(0.7) {
		return nil
	}
	s.seen.count("imports", 1)
	s.blocks[at] = drawn{block{address: at, kind: accountKind}, map[string]string{"name": quote(importedName), "roles": pick(s.chance, "null", `["signoz-viewer"]`, "[]")}}
	if s.blocks[at].arguments["roles"] == "null" && len(account.Roles) > 0 {
		s.on.RevokeRole(account.ID, "signoz-viewer")
	}
	s.before = slices.DeleteFunc(s.before, func(b bystander) bool { return b.account.ID == account.ID })
	imports := map[string]string{at: importedName}
	if key, there := s.on.KeyByName(account.ID, "legacy-key"); there && s.maybe(0.2) {
		s.on.RevokeKey(account.ID, key.ID)
	} else if there {
		arguments := s.drawLifetime()
		arguments["name"] = `"legacy-key"`
		s.blocks[keyAt] = drawn{block{address: keyAt, kind: keyKind, parent: at}, arguments}
		imports[keyAt] = importedName + "/legacy-key"
	}
	return imports
}

// oneRun runs Terraform while faults strike, others change things between plan
// and apply, time goes on then, and somebody presses Ctrl-C.
func (s *sequence) oneRun(given conditions) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	blocks := s.withUnknowns(s.configuration())
	s.tell("a run (-replace %v, -destroy %t, -refresh-only %t, -refresh %t, imports %v) of:", given.replace, given.destroyAll, given.refreshOnly, !given.noRefresh, given.imports)
	for _, b := range blocks {
		s.tell("  %s in %s%s: %s, after %v, create_before_destroy %t", b.address, b.parent, b.accountID, b.attributes, b.dependsOn, b.createBeforeDestroy)
	}
	faulty := s.maybe(0.5)
	var struck []*signoztest.Injection
	if faulty {
		if s.maybe(0.2) {
			s.cancelAtRequest(cancel, s.chance.IntN(40))
		}
		for range s.chance.IntN(4) {
			f := s.drawFault()
			struck = append(struck, s.on.Inject(f))
			s.tell("  %s of %s %s, skip %d, times %d, share %v", f, f.Method, f.Path, f.Skip, f.Times, f.Share)
		}
	}
	disturbed := faulty
	seen := s.lookAt(given)
	given.settings = `, "request_timeout": "300ms"`
	given.planned = func() {
		if s.maybe(0.1) {
			disturbed = true
			s.seen.count("time between plan and apply", 1)
			s.tell("between plan and apply:")
			s.pass(pick(s.chance, time.Hour, 10*24*time.Hour, 40*24*time.Hour))
		}
		if s.maybe(0.1) {
			disturbed = true
			s.tell("between plan and apply:")
			s.elsewhere()
		}
		seen.stillWork(s.on)
	}
	failed := s.apply(ctx, blocks, given)
	s.on.WaitDisconnected() // what is carried out only after a later run, no run can know of
	s.on.ClearFaults()

	s.seen.count("runs", 1)
	if ctx.Err() != nil {
		s.seen.count("runs cancelled", 1)
	}
	for _, injection := range struck {
		s.seen.count("requests struck", injection.Hits())
	}
	if len(failed) > 0 {
		s.seen.count("runs that failed", 1)
	}
	s.protectKeys(seen, given)
	for _, f := range failed {
		s.tell("  failed: %s", f)
		if f.summary == "Cycle" {
			s.repair(f)
		}
		s.judgeFailure(f, disturbed || given.noRefresh || given.refreshOnly || ctx.Err() != nil)
	}
	for _, k := range s.state {
		s.seen.count("deposed objects", len(k.deposed))
	}
	s.untaint(failed)
	s.giveUpImports(given)
	if disturbed || len(failed) > 0 || ctx.Err() != nil || given.noRefresh || given.refreshOnly || given.destroyAll {
		return
	}
	for _, difference := range s.differences(s.before) {
		s.t.Errorf("after an apply that reported success: %s", difference)
	}
	s.nothingMore()
}

// giveUpImports takes what wasn't imported out of the configuration again.
func (s *sequence) giveUpImports(given conditions) {
	for at := range given.imports {
		if _, in := s.state[at]; in {
			continue
		}
		delete(s.blocks, at)
		account, _ := s.on.AccountByName(importedName)
		if key, there := s.on.KeyByName(account.ID, "legacy-key"); there && at != accountKind+".imported" {
			s.on.RevokeKey(account.ID, key.ID)
		} else if at == accountKind+".imported" && account.ID != "" {
			s.on.DeleteAccount(account.ID)
			delete(s.blocks, keyKind+".imported")
		}
	}
}

// judgeFailure says which errors a run may end with.
func (s *sequence) judgeFailure(f failure, disturbed bool) {
	s.t.Helper()
	if f.refused() {
		s.t.Errorf("Terraform refuses the %s", f)
	}
	if f.unresolved() {
		s.seen.count("errors that left open what was done", 1)
		if !s.followAdvice(f, s.before) {
			s.t.Errorf("the error doesn't say which object to look for: %s", f)
		}
		return
	}
	if !disturbed && !s.mayRefuse(f) && !s.userError(f) {
		s.t.Errorf("with nothing in the way, the %s", f)
	}
}

// untaint does what the error of an object advises that can't be replaced, since
// its successor would have its name.
func (s *sequence) untaint(failed []failure) (untainted bool) {
	for _, f := range failed {
		if k := s.state[f.address]; k.tainted && s.notReplaceable(f) {
			s.tell("untaint %s", f.address)
			k.tainted = false
			s.state[f.address] = k
			untainted = true
		}
	}
	return untainted
}

// notReplaceable reports whether an error is about an object that can't be made
// beside its predecessor, since it has the same name.
func (s *sequence) notReplaceable(f failure) bool {
	k := s.state[f.address]
	return k.createBeforeDestroy && k.kind != keyKind && strings.Contains(f.detail, "already")
}

// keysSeen are the keys that work before a run's apply, and must afterwards
// unless something ends them.
type keysSeen struct {
	keys    map[string]kept // by address
	values  map[string]string
	due     map[string]bool
	all     map[string]kept   // of all addresses, as they were before
	foreign map[string]string // ids of keys that others made: the account's id
}

func (s *sequence) lookAt(given conditions) *keysSeen {
	seen := &keysSeen{keys: map[string]kept{}, values: map[string]string{}, due: map[string]bool{}, all: maps.Clone(s.state), foreign: map[string]string{}}
	values := map[string]string{} // the state may have them encrypted
	for _, key := range s.on.AllKeys() {
		values[key.ID] = key.Value
		if s.foreign[key.ID] {
			seen.foreign[key.ID] = key.AccountID
		}
	}
	for at, k := range s.state {
		if value := values[k.text("id")]; k.kind == keyKind && !k.gone() && s.on.KeyWorks(value) {
			seen.keys[at], seen.values[at] = k, value
			seen.due[at] = s.due(k, given.noRefresh)
		}
	}
	return seen
}

// stillWork drops the keys that somebody else has ended.
func (seen *keysSeen) stillWork(on target) {
	maps.DeleteFunc(seen.keys, func(at string, _ kept) bool { return !on.KeyWorks(seen.values[at]) })
}

// due reports whether a key's time to be rotated has come: by its expiry, or by
// the one that it was made with, since moving it elsewhere doesn't put rotation off.
func (s *sequence) due(k kept, asInState bool) bool {
	before, err := signozDuration(k.text("rotate_before"))
	if err != nil {
		return false
	}
	var ends []time.Time
	if expiresAt, err := time.Parse(time.RFC3339, k.text("expires_at")); err == nil {
		ends = append(ends, expiresAt)
	}
	keys := s.on.Keys(k.text("service_account_id"))
	if i := slices.IndexFunc(keys, func(key signoztest.Key) bool { return key.ID == k.text("id") }); i >= 0 && !asInState {
		validFor, _ := signozDuration(k.text("valid_for"))
		ends = []time.Time{keys[i].CreatedAt.Add(validFor)}
		if !keys[i].ExpiresAt.IsZero() {
			ends = append(ends, keys[i].ExpiresAt)
		}
	}
	return slices.ContainsFunc(ends, func(end time.Time) bool { return !s.now().Before(end.Add(-before)) })
}

// signozDuration reads the durations of these sequences: days, or Go's notation.
func signozDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text = days + "h"
		d, err := time.ParseDuration(text)
		return 24 * d, err
	}
	return time.ParseDuration(text)
}

// protectKeys fails if a key was ended or replaced without a reason.
func (s *sequence) protectKeys(seen *keysSeen, given conditions) {
	s.t.Helper()
	for at, was := range seen.keys {
		id, value := was.text("id"), seen.values[at]
		account, ok := s.on.Account(was.text("service_account_id"))
		if !ok || account.Deleted {
			if s.accountStays(was.text("service_account_id"), seen, given) {
				s.t.Errorf("%s: the account %s of the key was deleted", at, account.Name)
			}
			continue
		}
		is, now := s.state[at], s.on.KeyWorks(value)
		if is.text("id") == id && now {
			continue
		}
		reason := s.reasonToEnd(at, was, seen, given)
		if reason != "" {
			s.seen.count(reason, 1)
		}
		switch grace, _ := signozDuration(was.text("destroy_grace_period")); {
		case reason == "" && s.expired(value):
		case reason == "":
			s.t.Errorf("%s: the key %s (%q) has become %s for no reason; its value works: %t", at, id, was.text("name"), is.text("id"), now)
		case grace > 0 && !now && !s.expired(value):
			s.t.Errorf("%s: the key %s (%q) was to work for %v longer", at, id, was.text("name"), grace)
		case grace > 0:
			s.seen.count("keys ended with grace", 1)
		}
	}
	for id, accountID := range seen.foreign {
		account, ok := s.on.Account(accountID)
		if !ok || account.Deleted || slices.ContainsFunc(s.on.Keys(accountID), func(key signoztest.Key) bool { return key.ID == id }) {
			continue
		}
		s.seen.count("strays revoked", 1)
		if was := seen.all[exclusiveAddress]; was.kind != exclusiveKind || was.text("service_account_id") != accountID || s.blocks[exclusiveAddress].kind == "" {
			s.t.Errorf("the key %s of %q, which others made, was revoked for no reason", id, account.Name)
		}
	}
}

// expired reports whether a key is still there, and has ended by its own time.
func (s *sequence) expired(value string) bool {
	return slices.ContainsFunc(s.on.AllKeys(), func(k signoztest.Key) bool {
		return k.Value == value && !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(s.now())
	})
}

// accountStays reports whether nothing asked for the end of an account.
func (s *sequence) accountStays(id string, seen *keysSeen, given conditions) bool {
	for at, was := range seen.all {
		if was.kind == accountKind && was.text("id") == id {
			_, configured := s.blocks[at]
			return configured && !given.destroyAll && !was.tainted && !slices.Contains(given.replace, at)
		}
	}
	return true
}

// reasonToEnd is why a run may end a key; "" if it may not.
func (s *sequence) reasonToEnd(at string, was kept, seen *keysSeen, given conditions) string {
	b, configured := s.blocks[at]
	switch {
	case !configured, given.destroyAll:
		return "keys removed"
	case was.tainted, slices.Contains(given.replace, at):
		return "keys replaced by request"
	}
	if account := s.accountOf(b); account != was.text("service_account_id") {
		return "keys that moved"
	}
	if prefix, had := b.arguments["name_prefix"], was.at("name_prefix"); prefix != "" && had != "null" && prefix != had {
		return "prefixes changed"
	}
	if trigger, had := b.arguments["rotate_when_changed"], was.at("rotate_when_changed"); trigger != "" && had != "null" && trigger != had {
		return "rotations by rotate_when_changed"
	}
	if was.at("encrypted_key") != "null" && b.arguments["encrypt_to"] != was.at("encrypt_to") {
		return "recipients changed"
	}
	if seen.due[at] && s.keeps(b, was, "valid_for", "rotate_before", "destroy_grace_period") {
		return "rotations"
	}
	return ""
}

// accountOf is the id of the account that a block's object belongs to by now.
func (s *sequence) accountOf(b drawn) string {
	if parent := s.accountAddress(b); parent != "" {
		return s.state[parent].text("id")
	}
	return b.accountID
}

// accountAddress is the address of that account; empty for one that isn't in the configuration.
func (s *sequence) accountAddress(b drawn) string {
	if lookup, ok := s.blocks[b.parent]; ok && len(lookup.dependsOn) > 0 {
		return lookup.dependsOn[0]
	}
	return b.parent
}

// keeps reports whether the durations of a block are those of a key, as far as the
// plan knew them.
func (s *sequence) keeps(b drawn, was kept, arguments ...string) bool {
	for _, name := range arguments {
		var text string
		_ = json.Unmarshal([]byte(b.arguments[name]), &text) // left out is ""
		wanted, _ := signozDuration(text)
		had, _ := signozDuration(was.text(name))
		if wanted != had && !s.unknown[b.address+"."+name] {
			return false
		}
	}
	return true
}

// settle applies without faults until all is as the configuration says.
func (s *sequence) settle() {
	s.t.Helper()
	s.on.ClearFaults()
	s.unknown = nil
	for range 6 {
		s.tell("a run without faults")
		seen := s.lookAt(conditions{})
		failed := s.apply(s.t.Context(), s.configuration(), conditions{})
		repaired := false
		for _, f := range failed {
			s.tell("  failed: %s", f)
			if f.refused() {
				s.t.Errorf("Terraform refuses the %s", f)
			} else if !s.mayRefuse(f) && !s.userError(f) {
				s.t.Errorf("with no fault left, the %s", f)
			}
			repaired = s.repair(f) || repaired
		}
		repaired = s.untaint(failed) || repaired
		s.protectKeys(seen, conditions{})
		if s.t.Failed() || !repaired {
			break
		}
	}
	for _, difference := range s.differences(s.before) {
		s.t.Error(difference)
	}
	s.nothingMore()
}

// nothingMore fails if a plan changes anything, apart from keys that are due.
func (s *sequence) nothingMore() {
	s.t.Helper()
	actions, failed := s.changes(s.t.Context(), s.configuration(), conditions{})
	refused := map[string]bool{}
	for _, f := range failed {
		if !s.userError(f) {
			s.t.Errorf("planning again: %s", f)
		}
		refused[f.address] = true
	}
	for at, action := range actions {
		k := s.state[at]
		if refused[at] || action == "replace" && s.due(k, false) || action == "update" && k.kind == exclusiveKind && s.revokesMore(k, refused, actions) {
			continue
		}
		s.t.Errorf("the plan after a complete apply wants to %s %s", action, at)
	}
}

// revokesMore reports whether a list of keys has found strays when it was made, or is
// about to find another key in place of one that is due.
func (s *sequence) revokesMore(k kept, refused map[string]bool, actions map[string]string) bool {
	for at := range actions {
		if s.state[at].kind == keyKind && !refused[at] {
			return true
		}
	}
	return slices.ContainsFunc(s.on.Keys(k.text("service_account_id")), func(key signoztest.Key) bool {
		return s.foreign[key.ID] || s.retired[key.ID] && !key.ExpiresAt.After(s.now())
	})
}

// mayRefuse reports whether a configuration asks for a name that somebody else has.
func (s *sequence) mayRefuse(f failure) bool {
	return s.nameRefused(f.address) && (strings.Contains(f.detail, "already") || f.phase == "read")
}

// nameRefused reports whether a block, or one that it depends on, asks for a name
// that somebody else has.
func (s *sequence) nameRefused(at string) bool {
	b, configured := s.blocks[at]
	return configured && (s.nameTaken(b) || slices.ContainsFunc(b.references(), s.nameRefused))
}

func (s *sequence) nameTaken(b drawn) bool {
	return b.arguments["name"] == quote(takenName) || b.accountID == s.host.ID && b.arguments["name"] == `"deploy"`
}

// userError reports whether an error is about what a user has to decide: a time
// that has passed, an object that can't be replaced by a new one beside it, a name
// that is looked up without a refresh.
func (s *sequence) userError(f failure) bool {
	passed := strings.Contains(f.detail, "SigNoz accepts only times in the future") || f.summary == "An expired key can't be renamed"
	passed = passed || strings.Contains(f.detail, "cannot set api key expiry in the past") // of a key that turned out to move
	return passed && s.blocks[f.address].kind == keyKind || s.notReplaceable(f) || f.summary == "Cycle" || isOfLostAccount(f) || plannedAsStray.MatchString(f.summary)
}

// plannedAsStray is said of a key whose list of keys couldn't take it up, since the run that
// made the key failed, and that now leaves the list's account.
var plannedAsStray = regexp.MustCompile(`^The key "([^"]+)" is managed, and planned to be revoked as a stray`)

// isOfLostAccount reports whether a rebuilt server doesn't know the account of a key that
// was made when nothing had told the provider its organization: the account was made
// elsewhere. Whether that is the same SigNoz, only the user can say.
func isOfLostAccount(f failure) bool {
	return strings.Contains(f.detail, "doesn't know its service account") && strings.Contains(f.detail, "terraform state rm")
}

// repair does what an error of a user's own asks for.
func (s *sequence) repair(f failure) bool {
	if f.summary == "Cycle" { // Terraform's own: no object may become create_before_destroy in this run
		for at, b := range s.blocks {
			b.createBeforeDestroy = false
			s.blocks[at] = b
		}
		return true
	}
	b, configured := s.blocks[f.address]
	switch {
	case isOfLostAccount(f):
		delete(s.state, f.address)
		return true
	case plannedAsStray.MatchString(f.summary):
		s.blocks[exclusiveAddress].arguments["tolerated_names"] = `["^deploy$",` + quote("^"+plannedAsStray.FindStringSubmatch(f.summary)[1]+"$") + "]"
		return true
	case !configured:
		return false
	case s.nameTaken(b):
		b.arguments["name"] = `"free-` + string(rune('a'+len(f.address)%20)) + `"`
		s.tell("%s gets another name", f.address)
		return true
	case b.kind != keyKind:
		return false
	}
	for _, name := range []string{"expires_at", "valid_for", "rotate_before"} {
		delete(b.arguments, name)
	}
	b.arguments["expires_at"] = quote(rfc3339(s.now().Add(300 * 24 * time.Hour)))
	s.tell("%s is extended", f.address)
	return true
}

// redraw changes the configuration: some blocks go, some change, some come.
func (s *sequence) redraw() {
	oneRole := s.version == signoztest.V0_118_0
	var accounts []string
	for i := range 3 {
		at := address(accountKind, i)
		if _, there := s.blocks[at]; !there || s.maybe(0.4) {
			delete(s.blocks, at)
			if s.maybe(0.8) {
				s.blocks[at] = s.drawAccount(at, i, oneRole)
			}
		}
		if _, there := s.blocks[at]; there {
			accounts = append(accounts, at)
		}
	}
	lookups := s.drawLookups(accounts)
	for i := range 5 {
		at := address(keyKind, i)
		s.redrawLeaf(at, append(slices.Clone(accounts), lookups...), func() drawn { return s.drawKey(at, i) })
	}
	for i, role := range []string{"signoz-viewer", "signoz-editor"} {
		at := address(roleKind, i)
		unmanaged := slices.DeleteFunc(slices.Clone(accounts), func(account string) bool { return s.managed[account] })
		if oneRole && i > 0 {
			continue
		}
		s.redrawLeaf(at, unmanaged, func() drawn {
			return drawn{block{address: at, kind: roleKind, createBeforeDestroy: s.maybe(0.3)}, map[string]string{"role": quote(role)}}
		})
	}
	s.redrawLeaf(exclusiveAddress, append(slices.Clone(accounts), lookups...), func() drawn {
		return drawn{block{address: exclusiveAddress, kind: exclusiveKind}, map[string]string{"tolerated_names": `["^deploy$"]`}}
	})
	if s.maybe(0.1) {
		delete(s.blocks, accountKind+".imported")
		delete(s.blocks, keyKind+".imported")
	}
}

// drawLookups are data sources that look an account of the configuration up,
// after whatever happens to it.
func (s *sequence) drawLookups(accounts []string) (lookups []string) {
	for i, account := range accounts {
		at := address("lookup", i)
		delete(s.blocks, at)
		for _, b := range s.blocks {
			if b.parent == at && len(lookups) < 9 {
				lookups = append(lookups, at)
				break
			}
		}
		if slices.Contains(lookups, at) || s.maybe(0.4) {
			s.blocks[at] = drawn{block{address: at, kind: "data." + accountKind, dependsOn: []string{account}}, nil}
			if !slices.Contains(lookups, at) {
				lookups = append(lookups, at)
			}
		}
	}
	for i := len(accounts); i < 3; i++ {
		delete(s.blocks, address("lookup", i))
	}
	return lookups
}

// redrawLeaf keeps a key or a role as it is, drops it, changes it, or draws it
// again on one of the accounts or on somebody else's.
func (s *sequence) redrawLeaf(at string, accounts []string, draw func() drawn) {
	old, there := s.blocks[at]
	orphaned := there && old.parent != "" && !slices.Contains(accounts, old.parent)
	if there && !orphaned && s.maybe(0.5) {
		return
	}
	delete(s.blocks, at)
	if s.maybe(0.25) {
		return
	}
	b := draw()
	if there && !orphaned && s.maybe(0.6) { // other arguments, same account
		b.parent, b.accountID = old.parent, old.accountID
	} else if choice := s.chance.IntN(len(accounts) + 1); choice < len(accounts) {
		b.parent = accounts[choice]
	} else {
		b.accountID = s.host.ID
	}
	s.blocks[at] = b
}

func (s *sequence) drawAccount(at string, i int, oneRole bool) drawn {
	names := []string{fmt.Sprintf("crew-%c", 'a'+i), fmt.Sprintf("team-%c", 'a'+i)}
	if i == 0 && s.maybe(0.1) {
		names = []string{takenName}
	}
	arguments := map[string]string{"name": quote(pick(s.chance, names...))}
	if s.managed[at] {
		sets := [][]string{nil, {"signoz-viewer"}, {"signoz-editor"}}
		if !oneRole {
			sets = append(sets, []string{"signoz-viewer", "signoz-editor"})
			if s.on.RoleID("auditor") != "" {
				sets = append(sets, []string{"auditor", "signoz-viewer"})
			}
		}
		arguments["roles"] = jsonList(pick(s.chance, sets...))
	}
	return drawn{block{address: at, kind: accountKind, createBeforeDestroy: s.maybe(0.1)}, arguments}
}

func (s *sequence) drawKey(at string, i int) drawn {
	b := drawn{block{address: at, kind: keyKind}, s.drawLifetime()}
	switch name := fmt.Sprintf("key-%c", 'a'+i); {
	case i == 0 && s.maybe(0.3):
		b.arguments["name"] = `"deploy"`
	case s.maybe(0.6):
		b.arguments["name_prefix"] = quote(name + pick(s.chance, "-", "-", "-other-"))
		b.createBeforeDestroy = s.maybe(0.6) // a fixed name is in the way of the new key
	default:
		b.arguments["name"] = quote(name + pick(s.chance, "", "-next"))
	}
	if s.maybe(0.5) {
		b.arguments["destroy_grace_period"] = pick(s.chance, `"1h"`, `"1h"`, `"60m"`, `"0s"`)
	}
	if s.maybe(0.3) {
		b.arguments["rotate_when_changed"] = pick(s.chance, `{"audit":"1"}`, `{"audit":"2"}`, `{"audit":"1","leak":"1"}`)
	}
	if s.maybe(0.2) {
		b.arguments["encrypt_to"] = `{"age_recipients":[` + quote(pick(s.chance, s.recipients...)) + `],"github_public_key":null}`
	}
	return b
}

// drawLifetime draws when a key ends and rotates.
func (s *sequence) drawLifetime() map[string]string {
	arguments := map[string]string{}
	switch s.chance.IntN(5) {
	case 0:
		at := s.now().Add(pick(s.chance, 24*time.Hour, 30*24*time.Hour, 300*24*time.Hour)).Truncate(time.Second)
		arguments["expires_at"] = quote(pick(s.chance, at.UTC(), at.In(time.FixedZone("", 7200))).Format(time.RFC3339))
	case 1, 2, 3:
		arguments["valid_for"] = pick(s.chance, `"30d"`, `"720h"`, `"90d"`)
		if s.maybe(0.7) {
			arguments["rotate_before"] = pick(s.chance, `"10d"`, `"240h"`, `"20d"`)
		}
	}
	return arguments
}

// configuration lists the blocks in the order of their addresses.
func (s *sequence) configuration() []block {
	var (
		blocks []block
		listed []string // the keys of the account whose keys are listed
	)
	for _, at := range slices.Sorted(maps.Keys(s.blocks)) {
		b, list := s.blocks[at], s.blocks[exclusiveAddress]
		if b.kind == keyKind && s.accountAddress(b) == s.accountAddress(list) {
			listed = append(listed, quote("${"+at+".id}"))
		}
		if b.kind == exclusiveKind { // its address is the last one of a resource
			b.arguments["key_ids"] = "[" + strings.Join(listed, ",") + "]"
		}
		if strings.HasPrefix(b.kind, "data.") {
			b.arguments = map[string]string{"name": s.blocks[b.dependsOn[0]].arguments["name"]}
		}
		var arguments []string
		for _, name := range slices.Sorted(maps.Keys(b.arguments)) {
			arguments = append(arguments, quote(name)+": "+b.arguments[name])
		}
		b.attributes = strings.Join(arguments, ", ")
		blocks = append(blocks, b.block)
	}
	return blocks
}

// withUnknowns makes some arguments ones that are known in the apply only.
func (s *sequence) withUnknowns(blocks []block) []block {
	s.unknown = map[string]bool{}
	for i, b := range blocks {
		if strings.HasPrefix(b.kind, "data.") || !s.maybe(0.4) {
			continue
		}
		var attributes []string
		for _, name := range slices.Sorted(maps.Keys(s.blocks[b.address].arguments)) {
			value := s.blocks[b.address].arguments[name]
			switch {
			case value == "null" || name == "key_ids" || !s.maybe(0.4):
			case strings.HasPrefix(value, `{"audit":"`) && s.maybe(0.5): // the last element
				at := strings.LastIndex(value[:len(value)-2], `"`)
				value = value[:at] + later(value[at:len(value)-1]) + "}"
			case strings.HasPrefix(value, `["`) && s.maybe(0.5): // the last element
				at := strings.LastIndex(value[:len(value)-2], `"`)
				value = value[:at] + later(value[at:len(value)-1]) + "]"
			default:
				value = later(value)
			}
			s.unknown[b.address+"."+name] = value != s.blocks[b.address].arguments[name]
			attributes = append(attributes, quote(name)+": "+value)
		}
		blocks[i].attributes = strings.Join(attributes, ", ")
		if b.accountID != "" && s.maybe(0.4) {
			blocks[i].accountID = "${later '" + b.accountID + "'}"
		}
		s.seen.count("unknown values", strings.Count(blocks[i].attributes+blocks[i].accountID, "${later"))
	}
	return blocks
}

func later(value string) string {
	return `"${later ` + strings.ReplaceAll(value, `"`, "'") + `}"`
}

func (s *sequence) tell(format string, args ...any) {
	s.story = append(s.story, fmt.Sprintf(format, args...))
}

// cancelAtRequest cancels a run the moment that request n arrives.
func (s *sequence) cancelAtRequest(cancel func(), n int) {
	var arrived atomic.Int64
	s.on.Inject(signoztest.Fault{Answer: signoztest.Reset, Match: func(*http.Request) bool {
		if arrived.Add(1) > int64(n) {
			cancel()
		}
		return false
	}})
}

func (s *sequence) drawFault() signoztest.Fault {
	f := pick(s.chance, faultKinds(s.on.endpoint)...).fault
	if s.maybe(0.01) {
		f = signoztest.Fault{Times: 1, CarriedOut: true, Answer: signoztest.Giant}
	}
	f.Method = pick(s.chance, "", http.MethodGet, http.MethodPost, http.MethodPost, http.MethodPut, http.MethodDelete)
	f.Path = pick(s.chance, "", "", "/api/v1/service_accounts", "/api/v1/service_accounts/*", "/api/v1/service_accounts/*/keys",
		"/api/v1/service_accounts/*/keys/*", "/api/v1/service_account_roles", "/api/v1/service_accounts/*/roles/**", "/api/v1/roles")
	f.Skip = pick(s.chance, 0, 0, 1, 2, 5)
	f.Share = pick(s.chance, 0, 0, 0.3, 0.7)
	f.Seed = s.chance.Int64()
	if f.Times == 0 {
		f.Times = pick(s.chance, 1, 1, 1, 2, 3, 12)
		// 429 means patience: a server that answers nothing else is waited for.
		if reply, _ := f.Answer.(signoztest.Reply); reply.Status != http.StatusTooManyRequests && f.Answer != signoztest.Hang && s.maybe(0.15) {
			f.Times = 0
		}
	}
	return f
}
