// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
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
	propertySequences = flag.Int("property.sequences", 200, "how many sequences TestProperty runs")
	propertySeed      = flag.Uint64("property.seed", 1, "seed of the first sequence of TestProperty; each further one adds 1; 0 takes one by the time")
	propertySerial    = flag.Bool("property.serial", false, "run TestProperty's sequences one after the other, each with -parallelism=1")
)

// Whatever fails, and whenever: once the faults are over, one more apply makes
// the server hold exactly what the state says, what was there before is
// untouched, and a destroy leaves nothing. The only exception is an error that
// says that it couldn't find out what a lost request did: then the user removes
// the object that the error names, if it is there. Such errors must stay rare.
//
// Each sequence is drawn from its seed: a server's version, what was there
// before, some configurations one after the other, and for each the faults that
// strike while it is applied. A failing sequence says how to run it again.
func TestProperty(t *testing.T) {
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

// statistics tell whether the sequences did what they are for.
type statistics struct {
	sequences, applies, failed, struck, cancelled, resolvedByUser atomic.Int64
}

func (s *statistics) judge(t *testing.T) {
	t.Helper()
	t.Logf("%d sequences, %d applies under faults of which %d failed, %d of the requests struck, %d runs cancelled, %d errors left open what was done",
		s.sequences.Load(), s.applies.Load(), s.failed.Load(), s.struck.Load(), s.cancelled.Load(), s.resolvedByUser.Load())
	if t.Failed() || s.sequences.Load() < 100 {
		return
	}
	if s.failed.Load() == 0 || s.struck.Load() < s.sequences.Load() || s.cancelled.Load() == 0 {
		t.Error("the faults hardly struck: these sequences prove nothing")
	}
	if open := s.resolvedByUser.Load(); open*20 > s.applies.Load() {
		t.Errorf("%d of %d applies left open what was done; more than one in twenty is too many", open, s.applies.Load())
	}
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
	blocks  map[string]block
	story   []string // what happened, for the log of a failed sequence
}

// What was there before.
const (
	takenName = "taken"
	hostName  = "host"
)

func newSequence(t *testing.T, seed uint64, seen *statistics) *sequence {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 0))
	versions := signoztest.Versions()
	s := &sequence{
		seed: seed, chance: chance, seen: seen, version: versions[chance.IntN(len(versions))],
		managed: map[string]bool{}, blocks: map[string]block{},
	}
	clock := pastClock(time.Hour)
	server := signoztest.Start(t, signoztest.WithVersion(s.version), signoztest.WithClock(clock))
	s.host = server.CreateAccount(hostName)
	server.CreateKey(s.host.ID, "deploy", time.Time{})
	taken := server.CreateAccount(takenName, "signoz-viewer")
	server.CreateKey(taken.ID, "deploy", time.Now().Add(24*time.Hour))
	if s.version != signoztest.V0_118_0 && s.maybe(0.3) {
		server.CreateCustomRole("auditor")
	}
	clock.Advance(time.Hour)

	on := target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
	s.before = bystanders(on)
	parallelism := 10
	if *propertySerial {
		parallelism = 1
	}
	s.workingDir = newWorkingDir(t, on, parallelism, provider.WithRetryWait(100*time.Microsecond))
	for i := range 3 {
		s.managed[address(accountKind, i)] = s.maybe(0.6)
	}
	return s
}

// pastClock follows real time, so far behind; advanced by the same it shows the
// real time, and what was made before is so old.
func pastClock(behind time.Duration) *signoztest.Clock {
	server := signoztest.New(signoztest.Fresh())
	clock := server.Clock()
	clock.Advance(-behind)
	return clock
}

func address(kind string, i int) string { return fmt.Sprintf("%s.%d", kind, i) }

func (s *sequence) maybe(share float64) bool { return s.chance.Float64() < share }

func pick[T any](chance *rand.Rand, from ...T) T { return from[chance.IntN(len(from))] }

func (s *sequence) run() {
	s.seen.sequences.Add(1)
	defer func() {
		if s.t.Failed() {
			s.t.Log(strings.Join(s.story, "\n"))
			s.t.Logf("SigNoz %s; again: go test ./internal/provider -run '^TestProperty$' -property.seed=%d -property.sequences=1 (and -property.serial)", s.version, s.seed)
		}
	}()
	for range 1 + s.chance.IntN(4) {
		s.redraw()
		s.applyUnderFaults()
		if s.t.Failed() {
			return
		}
	}
	s.settle(s.configuration())
	if s.t.Failed() {
		return
	}
	if s.maybe(0.5) { // a destroy may fail too
		s.blocks = map[string]block{}
		s.applyUnderFaults()
	}
	s.settle(nil)
	if n := len(s.state); n > 0 {
		s.t.Errorf("%d objects are in the state after everything was destroyed", n)
	}
}

// settle applies without faults: afterwards all must be as the configuration
// says, and the next plan empty.
func (s *sequence) settle(blocks []block) {
	s.t.Helper()
	s.on.ClearFaults()
	refused := map[string]bool{}
	for _, f := range s.apply(s.t.Context(), blocks, conditions{}) {
		refused[f.address] = true
		if !s.mayRefuse(f) {
			s.t.Errorf("with no fault left, the %s", f)
		}
	}
	for _, difference := range s.differences(s.before) {
		s.t.Error(difference)
	}
	actions, failed := s.changes(s.t.Context(), blocks, conditions{})
	for _, f := range failed {
		if !s.mayRefuse(f) {
			s.t.Errorf("planning again: %s", f)
		}
	}
	for at, action := range actions {
		if !refused[at] && !refused[s.blocks[at].parent] {
			s.t.Errorf("the plan after a complete apply wants to %s %s", action, at)
		}
	}
}

// mayRefuse tells whether a configuration asks for a name that somebody else has.
func (s *sequence) mayRefuse(f failure) bool {
	b := s.blocks[f.address]
	return strings.Contains(b.attributes, quote(takenName)) && strings.Contains(f.detail, "already") ||
		b.accountID == s.host.ID && strings.Contains(b.attributes, `"name": "deploy"`) && strings.Contains(f.detail, "already")
}

// redraw changes the configuration: some blocks go, some change, some come.
func (s *sequence) redraw() {
	oneRole := s.version == signoztest.V0_118_0
	var accounts []string
	for i := range 3 {
		at := address(accountKind, i)
		if _, there := s.blocks[at]; !there || s.maybe(0.5) {
			delete(s.blocks, at)
			if s.maybe(0.75) {
				s.blocks[at] = s.drawAccount(at, i, oneRole)
			}
		}
		if _, there := s.blocks[at]; there {
			accounts = append(accounts, at)
		}
	}
	for i := range 5 {
		at := address(keyKind, i)
		s.redrawLeaf(at, accounts, func() block { return s.drawKey(at, i) })
	}
	for i, role := range []string{"signoz-viewer", "signoz-editor"} {
		at := address(roleKind, i)
		unmanaged := slices.DeleteFunc(slices.Clone(accounts), func(account string) bool { return s.managed[account] })
		if oneRole && i > 0 {
			continue
		}
		s.redrawLeaf(at, unmanaged, func() block { return block{address: at, kind: roleKind, attributes: `"role": ` + quote(role)} })
	}
}

// redrawLeaf keeps a key or a role as it is, drops it, or draws it again on one
// of the accounts or on somebody else's.
func (s *sequence) redrawLeaf(at string, accounts []string, draw func() block) {
	old, there := s.blocks[at]
	orphaned := there && old.parent != "" && !slices.Contains(accounts, old.parent)
	if there && !orphaned && s.maybe(0.5) {
		return
	}
	delete(s.blocks, at)
	if s.maybe(0.3) {
		return
	}
	b := draw()
	if choice := s.chance.IntN(len(accounts) + 1); choice < len(accounts) {
		b.parent = accounts[choice]
	} else {
		b.accountID = s.host.ID
	}
	s.blocks[at] = b
}

func (s *sequence) drawAccount(at string, i int, oneRole bool) block {
	names := []string{fmt.Sprintf("crew-%c", 'a'+i), fmt.Sprintf("team-%c", 'a'+i)}
	if i == 0 && s.maybe(0.1) {
		names = []string{takenName}
	}
	attributes := `"name": ` + quote(pick(s.chance, names...))
	if s.managed[at] {
		sets := [][]string{nil, {"signoz-viewer"}, {"signoz-editor"}}
		if !oneRole {
			sets = append(sets, []string{"signoz-viewer", "signoz-editor"})
			if s.on.RoleID("auditor") != "" {
				sets = append(sets, []string{"auditor", "signoz-viewer"})
			}
		}
		attributes += `, "roles": ` + jsonList(pick(s.chance, sets...))
	}
	return block{address: at, kind: accountKind, attributes: attributes}
}

func (s *sequence) drawKey(at string, i int) block {
	var attributes string
	switch name := fmt.Sprintf("key-%c", 'a'+i); {
	case i == 0 && s.maybe(0.5):
		attributes = `"name": "deploy"`
	case s.maybe(0.4):
		attributes = `"name_prefix": ` + quote(name+"-")
	default:
		attributes = `"name": ` + quote(name+pick(s.chance, "", "-next"))
	}
	switch s.chance.IntN(3) {
	case 0:
		attributes += `, "expires_at": ` + quote(pick(s.chance, "2090-01-01T00:00:00Z", "2091-06-01T12:00:00+02:00"))
	case 1:
		attributes += `, "valid_for": ` + quote(pick(s.chance, "48h", "9d"))
	}
	if s.maybe(0.3) {
		attributes += `, "destroy_grace_period": "1h"`
	}
	return block{address: at, kind: keyKind, attributes: attributes}
}

// configuration lists the blocks in the order of their addresses.
func (s *sequence) configuration() []block {
	var blocks []block
	for _, kind := range []string{accountKind, keyKind, roleKind} {
		for i := range 5 {
			if b, there := s.blocks[address(kind, i)]; there {
				blocks = append(blocks, b)
			}
		}
	}
	return blocks
}

// applyUnderFaults applies the configuration while faults strike and, at times,
// somebody presses Ctrl-C.
func (s *sequence) applyUnderFaults() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	s.tell("an apply of:")
	var struck []*signoztest.Injection
	if s.maybe(0.25) {
		s.cancelAtRequest(cancel, s.chance.IntN(25))
	}
	for _, b := range s.configuration() {
		s.tell("  %s in %s%s: %s", b.address, b.parent, b.accountID, b.attributes)
	}
	for range s.chance.IntN(4) {
		f := s.drawFault()
		struck = append(struck, s.on.Inject(f))
		s.tell("  %s of %s %s, skip %d, times %d, share %v", f, f.Method, f.Path, f.Skip, f.Times, f.Share)
	}
	failed := s.apply(ctx, s.configuration(), conditions{settings: `, "request_timeout": "300ms"`})
	s.on.WaitDisconnected() // what is carried out only after a later run, no run can know of
	s.on.ClearFaults()

	s.seen.applies.Add(1)
	if len(failed) > 0 {
		s.seen.failed.Add(1)
	}
	if ctx.Err() != nil {
		s.seen.cancelled.Add(1)
	}
	for _, injection := range struck {
		s.seen.struck.Add(int64(injection.Hits()))
	}
	s.tell("  cancelled: %t", ctx.Err() != nil)
	if len(failed) == 0 && ctx.Err() == nil {
		for _, difference := range s.differences(s.before) {
			s.t.Errorf("after an apply that reported success: %s", difference)
		}
	}
	for _, f := range failed {
		s.tell("  failed: %s", f)
		if f.refused() {
			s.t.Errorf("the %s", f)
		}
		if !f.unresolved() {
			continue
		}
		s.seen.resolvedByUser.Add(1)
		if !s.followAdvice(f, s.before) {
			s.t.Errorf("the error doesn't say which object to look for: %s", f)
		}
	}
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
