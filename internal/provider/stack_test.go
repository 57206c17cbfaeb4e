// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// stack does with whole configurations what Terraform does, over the
// protocol: it keeps a state, and an apply refreshes, plans and carries out
// what was planned, in the order of dependencies and several at once. What
// failed is in the state as Terraform would have it: a failed create that left
// an object is tainted, a failed plan changes nothing.
//
// Unlike the operations of protocol, its runs survive errors and return them.
type stack struct {
	t           *testing.T
	on          target
	parallelism int
	options     []provider.Option

	mu      sync.Mutex
	state   map[string]kept
	retired map[string]bool // ids of keys destroyed with a grace period
}

// kept is one object in the state.
type kept struct {
	instance

	tainted bool
	parent  string // address of the account that it depends on; "" for none
}

// block is one resource block of a configuration. Keys and roles belong to the
// account at the address parent or, without one, to that of the id accountID.
type block struct {
	address    string
	kind       string
	parent     string
	accountID  string
	attributes string // in JSON, without braces and without service_account_id
}

func (b block) config(accountID string) string {
	if b.kind == accountKind {
		return "{" + b.attributes + "}"
	}
	return `{"service_account_id": ` + quote(accountID) + ", " + b.attributes + "}"
}

// failure is one error of a run.
type failure struct {
	address string
	phase   string // refresh, plan, destroy, create or update
	summary string
	detail  string
}

func (f failure) String() string {
	return fmt.Sprintf("%s of %s: %s: %s", f.phase, f.address, f.summary, f.detail)
}

// unresolved tells of an error that leaves open whether something was made.
func (f failure) unresolved() bool {
	return strings.Contains(f.detail, "couldn't be found out whether") || strings.Contains(f.detail, "may still carry it out")
}

func failures(address, phase string, err error, diagnostics []*tfprotov6.Diagnostic) []failure {
	var found []failure
	if err != nil {
		found = append(found, failure{address: address, phase: phase, summary: "the call itself failed", detail: err.Error()})
	}
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			found = append(found, failure{address: address, phase: phase, summary: d.Summary, detail: d.Detail})
		}
	}
	return found
}

func newStack(t *testing.T, on target, parallelism int, options ...provider.Option) *stack {
	t.Helper()
	return &stack{t: t, on: on, parallelism: parallelism, options: options, state: map[string]kept{}, retired: map[string]bool{}}
}

// conditions are what a run may depend on besides its configuration.
type conditions struct {
	// settings are further attributes of the provider, in JSON: `, "max_retries": 2`.
	settings string
	// planned, if set, is called between the plan and the apply.
	planned func()
}

// run is one run of Terraform with a provider process of its own.
type run struct {
	*stack
	*protocol

	failed []failure
}

// apply makes the world as the blocks say, with a new provider process.
func (w *stack) apply(ctx context.Context, blocks []block, given conditions) []failure {
	w.t.Helper()
	p := unconfigured(w.t, w.options...)
	defer func() { must(provider.CloseConnections(p.server)) }()
	p.configure(`{"endpoint": ` + quote(w.on.endpoint) + `, "api_key": ` + quote(w.on.apiKey) + given.settings + `}`)
	r := &run{stack: w, protocol: p}
	r.refresh(ctx)
	if len(r.failed) > 0 {
		return r.failed
	}
	steps := r.planAll(ctx, blocks)
	if len(r.failed) > 0 {
		return r.failed
	}
	if given.planned != nil {
		given.planned()
	}
	r.carryOut(ctx, steps)
	return r.failed
}

// changes plans the blocks and tells what a run would do, by address.
func (w *stack) changes(ctx context.Context, blocks []block) (map[string]string, []failure) {
	w.t.Helper()
	r := &run{stack: w, protocol: talk(w.t, w.on, w.options...)}
	defer func() { must(provider.CloseConnections(r.server)) }()
	r.refresh(ctx)
	actions := map[string]string{}
	for _, s := range r.planAll(ctx, blocks) {
		if s.change.action != "no-op" {
			actions[s.address] = s.change.action
		}
	}
	return actions, r.failed
}

func (r *run) fail(failed ...failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, failed...)
}

// each calls do for every item, so many at once as Terraform's -parallelism says.
func (w *stack) each(n int, do func(i int)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, max(1, w.parallelism))
	for i := range n {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	running.Wait()
}

// refresh reads every object. If one can't be read, the state stays as it was,
// as Terraform's does when a plan fails.
func (r *run) refresh(ctx context.Context) {
	addresses := slices.Sorted(maps.Keys(r.state))
	fresh := make([]kept, len(addresses))
	r.each(len(addresses), func(i int) {
		before := r.state[addresses[i]]
		resp, err := r.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
			TypeName: before.kind, CurrentState: r.pack(before.object), Private: before.private, CurrentIdentity: before.identity,
			ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{},
		})
		if err != nil {
			r.fail(failures(addresses[i], "refresh", err, nil)...)
			return
		}
		r.fail(failures(addresses[i], "refresh", nil, resp.Diagnostics)...)
		fresh[i] = before
		fresh[i].object = r.unpack(r.resourceType(before.kind), resp.NewState)
		fresh[i].private, fresh[i].identity = resp.Private, resp.NewIdentity
	})
	if len(r.failed) > 0 {
		return
	}
	for i, address := range addresses {
		r.put(address, fresh[i])
	}
}

// put writes one object into the state, or out of it.
func (w *stack) put(address string, k kept) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k.gone() {
		delete(w.state, address)
		return
	}
	w.state[address] = k
}

func (w *stack) get(address string) (kept, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, ok := w.state[address]
	return k, ok
}

// step is what a run does to one object.
type step struct {
	block

	before  kept
	change  change
	unknown bool // the account's id becomes known in the course of the run
	stopped bool // it failed, or what it waits for did
}

func (s *step) destroys() bool { return s.change.action == "delete" || s.change.action == "replace" }

func (s *step) makes() bool { return s.change.action != "delete" && s.change.action != "no-op" }

// planAll plans all blocks and the deletion of what has no block any more,
// accounts first.
func (r *run) planAll(ctx context.Context, blocks []block) []*step {
	var accounts, others []*step
	wanted := map[string]bool{}
	for _, b := range blocks {
		wanted[b.address] = true
		if s := (&step{block: b}); b.kind == accountKind {
			accounts = append(accounts, s)
		} else {
			others = append(others, s)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(r.state)) {
		if k := r.state[address]; !wanted[address] {
			others = append(others, &step{block: block{address: address, kind: k.kind}})
		}
	}
	byAddress := map[string]*step{}
	for _, s := range accounts {
		byAddress[s.address] = s
	}
	r.each(len(accounts), func(i int) { r.planStep(ctx, accounts[i], "") })
	if len(r.failed) > 0 {
		return nil
	}
	r.each(len(others), func(i int) {
		s, accountID := others[i], others[i].accountID
		if parent := byAddress[s.parent]; parent != nil {
			s.unknown = parent.before.gone() || parent.change.action == "replace"
			accountID = parent.before.text("id")
		}
		r.planStep(ctx, s, accountID)
	})
	return append(accounts, others...)
}

func (r *run) planStep(ctx context.Context, s *step, accountID string) {
	k, ok := r.get(s.address)
	if !ok {
		k = kept{instance: r.none(s.kind)}
	}
	s.before = k
	config := ""
	if s.attributes != "" {
		config = s.config(accountID)
	}
	prior := k.instance
	if k.tainted && config != "" {
		prior = r.none(s.kind) // Terraform plans a tainted object as if it weren't there
	}
	var unknown []string
	if s.unknown {
		unknown = []string{"service_account_id"}
	}
	c, failed := r.attemptPlan(ctx, s.address, prior, config, unknown...)
	r.fail(failed...)
	if c.action == "create" && !k.gone() {
		c.action = "replace"
	}
	c.before = k.instance
	s.change = c
}

// attemptPlan plans like protocol.plan, but returns what goes wrong.
func (r *run) attemptPlan(ctx context.Context, address string, before instance, config string, unknown ...string) (change, []failure) {
	of := r.resourceType(before.kind)
	c := change{before: before, config: object{tftypes.NewValue(of, nil)}}
	if config != "" {
		c.config = r.object(of, config, unknown...)
	}
	failed := r.attemptPlanOnce(ctx, address, before, &c)
	if len(failed) > 0 {
		return c, failed
	}
	if c.action = c.kindOfAction(); c.action == "replace" {
		failed = r.attemptPlanOnce(ctx, address, r.none(before.kind), &c)
	}
	return c, failed
}

func (r *run) attemptPlanOnce(ctx context.Context, address string, before instance, c *change) []failure {
	resp, err := r.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: before.kind, PriorState: r.pack(before.object), ProposedNewState: r.pack(r.proposed(before, c.config)),
		Config: r.pack(c.config), PriorPrivate: before.private, PriorIdentity: before.identity,
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{},
	})
	if err != nil {
		return failures(address, "plan", err, nil)
	}
	if failed := failures(address, "plan", nil, resp.Diagnostics); len(failed) > 0 {
		return failed
	}
	c.replacedFor = nil
	for _, at := range resp.RequiresReplace {
		c.replacedFor = append(c.replacedFor, strings.TrimSuffix(strings.TrimPrefix(at.String(), `AttributeName("`), `")`))
	}
	c.planned = instance{kind: before.kind, object: r.unpack(r.resourceType(before.kind), resp.PlannedState), private: resp.PlannedPrivate, identity: resp.PlannedIdentity}
	return nil
}

// carryOut destroys from the leaves to the accounts, then makes from the
// accounts to the leaves. After a cancellation nothing new is begun.
func (r *run) carryOut(ctx context.Context, steps []*step) {
	var accounts, leaves []*step
	for _, s := range steps {
		if s.kind == accountKind {
			accounts = append(accounts, s)
		} else {
			leaves = append(leaves, s)
		}
	}
	r.each(len(leaves), func(i int) { r.destroyStep(ctx, leaves[i]) })
	for _, account := range accounts {
		account.stopped = slices.ContainsFunc(leaves, func(s *step) bool { return s.stopped && s.before.parent == account.address && account.destroys() })
	}
	r.each(len(accounts), func(i int) { r.destroyStep(ctx, accounts[i]) })
	r.each(len(accounts), func(i int) { r.makeStep(ctx, accounts[i], "") })
	for _, leaf := range leaves {
		leaf.stopped = leaf.stopped || slices.ContainsFunc(accounts, func(s *step) bool { return s.stopped && leaf.parent == s.address })
	}
	r.each(len(leaves), func(i int) {
		accountID := leaves[i].accountID
		if parent, ok := r.get(leaves[i].parent); ok {
			accountID = parent.text("id")
		}
		r.makeStep(ctx, leaves[i], accountID)
	})
}

func (r *run) destroyStep(ctx context.Context, s *step) {
	if s.stopped || !s.destroys() {
		return
	}
	if ctx.Err() != nil {
		s.stopped = true
		return
	}
	nothing := instance{kind: s.kind, object: object{tftypes.NewValue(r.resourceType(s.kind), nil)}}
	after, failed := r.attemptApply(ctx, s.address, "destroy", s.before.instance, nothing, nothing.object)
	r.fail(failed...)
	s.stopped = len(failed) > 0
	r.put(s.address, kept{instance: after, tainted: s.before.tainted, parent: s.before.parent})
	if !s.stopped && s.kind == keyKind && s.before.text("destroy_grace_period") != "" {
		r.mu.Lock()
		r.retired[s.before.text("id")] = true
		r.mu.Unlock()
	}
}

func (r *run) makeStep(ctx context.Context, s *step, accountID string) {
	if s.stopped || !s.makes() {
		return
	}
	if ctx.Err() != nil {
		s.stopped = true
		return
	}
	before, phase := s.before.instance, "update"
	if s.change.action != "update" {
		before, phase = r.none(s.kind), "create"
	}
	if s.unknown { // Terraform plans again as soon as everything is known
		c, failed := r.attemptPlan(ctx, s.address, before, s.config(accountID))
		if len(failed) > 0 {
			r.fail(failed...)
			s.stopped = true
			return
		}
		s.change.planned, s.change.config = c.planned, c.config
	}
	after, failed := r.attemptApply(ctx, s.address, phase, before, s.change.planned, s.change.config)
	s.stopped = len(failed) > 0
	if !s.stopped {
		failed = inconsistencies(s.address, s.change.planned, after)
	}
	r.fail(failed...)
	r.put(s.address, kept{instance: after, tainted: s.stopped && phase == "create", parent: s.parent})
}

func (r *run) attemptApply(ctx context.Context, address, phase string, before, planned instance, config object) (instance, []failure) {
	resp, err := r.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: before.kind, PriorState: r.pack(before.object), PlannedState: r.pack(planned.object), Config: r.pack(config),
		PlannedPrivate: planned.private, PlannedIdentity: planned.identity,
	})
	if err != nil {
		return before, failures(address, phase, err, nil)
	}
	after := instance{kind: before.kind, object: r.unpack(r.resourceType(before.kind), resp.NewState), private: resp.Private, identity: resp.NewIdentity, said: resp.Diagnostics}
	return after, failures(address, phase, nil, resp.Diagnostics)
}

// inconsistencies are what Terraform refuses after an apply: "Provider produced
// inconsistent result after apply".
func inconsistencies(address string, planned, after instance) []failure {
	if after.gone() {
		return []failure{{address: address, phase: "apply", summary: "inconsistent", detail: "there is no object after a successful apply"}}
	}
	var attributes map[string]tftypes.Value
	must(planned.As(&attributes))
	var found []failure
	for name, value := range attributes {
		if value.IsFullyKnown() && render(value) != after.at(name) {
			found = append(found, failure{address: address, phase: "apply", summary: "inconsistent", detail: fmt.Sprintf("%s was planned as %s and became %s", name, render(value), after.at(name))})
		}
	}
	return found
}

// bystander is an account that was there before, with its keys.
type bystander struct {
	account signoztest.Account
	keys    []signoztest.Key
}

// bystanders are all accounts of the target as they are now.
func bystanders(on target) []bystander {
	var found []bystander
	for _, account := range on.ActiveAccounts() {
		found = append(found, bystander{account: account, keys: on.Keys(account.ID)})
	}
	return found
}

// differences compares the server with the state: what one of them has and the
// other hasn't, and what happened to those who were there before. Empty is well.
func (w *stack) differences(before []bystander) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &comparison{stack: w, before: before, grants: map[string][]string{}, owned: map[string]string{}}
	for _, address := range slices.Sorted(maps.Keys(w.state)) {
		c.object(address, w.state[address])
	}
	for _, account := range w.on.ActiveAccounts() {
		c.account(account)
	}
	for _, b := range before {
		if account, ok := w.on.Account(b.account.ID); !ok || account.Deleted || account.Name != b.account.Name {
			c.say("the account %q, which was there before, was deleted or renamed", b.account.Name)
		}
	}
	return c.found
}

type comparison struct {
	*stack

	before []bystander
	grants map[string][]string // account id → roles of role resources
	owned  map[string]string   // id of an account or key → address
	found  []string
}

func (c *comparison) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// object compares one object of the state with the server's.
func (c *comparison) object(address string, k kept) {
	id, accountID := k.text("id"), k.text("service_account_id")
	switch k.kind {
	case accountKind:
		c.owned[id] = address
		account, ok := c.on.Account(id)
		switch {
		case !ok || account.Deleted:
			c.say("%s: the state has the account %s (%q), the server hasn't", address, id, k.text("name"))
		case account.Name != k.text("name") || account.Email != k.text("email"):
			c.say("%s: the state says %s, the server %q with e-mail %q", address, k.json(), account.Name, account.Email)
		case k.at("roles") != "null" && k.at("roles") != jsonList(account.Roles):
			c.say("%s: the state has the roles %s, the server %q", address, k.at("roles"), account.Roles)
		}
	case keyKind:
		c.owned[id] = address
		c.key(address, k, id, accountID)
	case roleKind:
		c.grants[accountID] = append(c.grants[accountID], k.text("role"))
		if account, ok := c.on.Account(accountID); !ok || !slices.Contains(account.Roles, k.text("role")) {
			c.say("%s: the account %s hasn't got the role %s", address, accountID, k.text("role"))
		}
	}
}

func (c *comparison) key(address string, k kept, id, accountID string) {
	keys := c.on.Keys(accountID)
	at := slices.IndexFunc(keys, func(key signoztest.Key) bool { return key.ID == id })
	if at < 0 {
		c.say("%s: the state has the key %s (%q), the server hasn't", address, id, k.text("name"))
		return
	}
	var expiresAt time.Time
	if text := k.text("expires_at"); text != "" {
		var err error
		if expiresAt, err = time.Parse(time.RFC3339, text); err != nil {
			c.say("%s: %v", address, err)
		}
	}
	key := keys[at]
	if key.Name != k.text("name") || !key.ExpiresAt.Equal(expiresAt) {
		c.say("%s: the state says %q until %v, the server %q until %v", address, k.text("name"), expiresAt, key.Name, key.ExpiresAt)
	}
	if key.Value != k.text("key") || !c.on.KeyWorks(k.text("key")) {
		c.say("%s: the value in the state isn't that of the key %q, or doesn't work", address, key.Name)
	}
}

// account compares one account of the server with what is known of it.
func (c *comparison) account(account signoztest.Account) {
	var was bystander
	if at := slices.IndexFunc(c.before, func(b bystander) bool { return b.account.ID == account.ID }); at >= 0 {
		was = c.before[at]
		roles := slices.Concat(was.account.Roles, c.grants[account.ID])
		if jsonList(roles) != jsonList(account.Roles) {
			c.say("the account %q, which was there before, has the roles %q, not %q", account.Name, account.Roles, roles)
		}
	} else if c.owned[account.ID] == "" {
		c.say("nobody knows of the account %q (%s)", account.Name, account.ID)
	} else if k := c.state[c.owned[account.ID]]; k.at("roles") == "null" && jsonList(account.Roles) != jsonList(c.grants[account.ID]) {
		c.say("%s: the server has the roles %q, the state %q", c.owned[account.ID], account.Roles, c.grants[account.ID])
	}
	keys := c.on.Keys(account.ID)
	for _, key := range was.keys {
		if !slices.ContainsFunc(keys, func(now signoztest.Key) bool {
			return now.ID == key.ID && now.Name == key.Name && now.Value == key.Value && now.ExpiresAt.Equal(key.ExpiresAt)
		}) {
			c.say("the key %q of %q, which was there before, was revoked or changed", key.Name, account.Name)
		}
	}
	for _, key := range keys {
		old := slices.ContainsFunc(was.keys, func(k signoztest.Key) bool { return k.ID == key.ID })
		ending := c.retired[key.ID] && !key.ExpiresAt.IsZero() && key.ExpiresAt.Before(c.on.Clock().Now().Add(longestGrace+time.Minute))
		if !old && !ending && c.owned[key.ID] == "" {
			c.say("nobody knows of the key %q (%s) of %q, which ends %v", key.Name, key.ID, account.Name, key.ExpiresAt)
		}
	}
}

// longestGrace is more than any destroy_grace_period of these tests.
const longestGrace = 2 * time.Hour

func jsonList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	slices.Sort(quoted)
	return "[" + strings.Join(quoted, ",") + "]"
}

// What errors name: in the summary the object that they are about, in the detail
// a key that couldn't be revoked.
var (
	namedInSummary = regexp.MustCompile(`^Can't create (?:service account|the key) "([^"]+)"(?: of service account (\S+))?`)
	substitute     = regexp.MustCompile(`making the key "([^"]+)"`)
	notRevoked     = regexp.MustCompile(`DELETE /api/v1/service_accounts/([0-9a-f-]{36})/keys/([0-9a-f-]{36})`)
)

// followAdvice does what an unresolved error asks for: delete the object if it
// exists. It reports whether the error told which one that is.
func (w *stack) followAdvice(f failure, before []bystander) bool {
	for _, key := range notRevoked.FindAllStringSubmatch(f.detail, -1) {
		w.revoke(key[1], before, func(k signoztest.Key) bool { return k.ID == key[2] })
	}
	named := namedInSummary.FindStringSubmatch(f.summary)
	if named == nil {
		return false
	}
	if accountID := named[2]; accountID != "" {
		names := []string{named[1]}
		for _, key := range substitute.FindAllStringSubmatch(f.detail, -1) {
			names = append(names, key[1])
		}
		w.revoke(accountID, before, func(k signoztest.Key) bool { return slices.Contains(names, k.Name) })
		return true
	}
	if account, ok := w.on.AccountByName(named[1]); ok && !wasThere(before, account.ID) {
		w.on.DeleteAccount(account.ID)
	}
	return true
}

func (w *stack) revoke(accountID string, before []bystander, meant func(signoztest.Key) bool) {
	for _, key := range w.on.Keys(accountID) {
		if meant(key) && !wasThere(before, key.ID) {
			w.on.RevokeKey(accountID, key.ID)
		}
	}
}

func wasThere(before []bystander, id string) bool {
	return slices.ContainsFunc(before, func(b bystander) bool {
		return b.account.ID == id || slices.ContainsFunc(b.keys, func(k signoztest.Key) bool { return k.ID == id })
	})
}
