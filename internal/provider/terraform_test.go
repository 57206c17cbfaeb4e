// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// workingDir does with whole configurations what Terraform does, over the
// protocol: it keeps a state; a run refreshes, plans, plans each object once more
// when all that it depends on is known, and applies, in the order of
// dependencies and several at once. It refuses what Terraform refuses, and what
// failed is in the state as Terraform would have it: a failed create that left
// an object is tainted, a failed plan changes nothing, an old object that
// couldn't be deleted after its replacement was made stays deposed.
//
// Unlike the operations of protocol, its runs survive errors and return them.
type workingDir struct {
	t           testing.TB
	on          target
	parallelism int
	options     []provider.Option
	start       func(settings string) *protocol // a new provider process

	mu       sync.Mutex
	state    map[string]kept
	retired  map[string]bool // ids of keys destroyed with a grace period
	foreign  map[string]bool // ids of keys that others made since
	warnings said            // of the last run's plan
}

// kept is what the state has at an address.
type kept struct {
	instance // null: nothing but deposed objects

	createBeforeDestroy bool
	dependsOn           []string // addresses, transitively
	deposed             []kept   // replaced, but not deleted yet
}

func (k kept) nothing() bool { return k.gone() && len(k.deposed) == 0 }

// block is one block of a configuration: a resource or, with the prefix "data."
// before its kind, a data source.
type block struct {
	address string
	kind    string
	// attributes are in JSON, without braces. A text of the form ${ADDRESS.ATTRIBUTE}
	// is a reference; ${later JSON} is a value that is known in the apply only.
	attributes string
	// parent and accountID are short for a service_account_id that is the id of
	// the account at an address, or a known one.
	parent    string
	accountID string

	dependsOn           []string
	createBeforeDestroy bool
}

// failure is one error of a run.
type failure struct {
	address string
	phase   string // refresh, plan, destroy, create, update or read
	summary string
	detail  string
}

func (f failure) String() string {
	return fmt.Sprintf("%s of %s: %s: %s", f.phase, f.address, f.summary, f.detail)
}

// unresolved reports whether an error leaves open whether something was made.
func (f failure) unresolved() bool {
	return strings.Contains(f.detail, "couldn't be found out whether") || strings.Contains(f.detail, "may still carry it out") || stillWorks.MatchString(f.summary) || strings.Contains(f.detail, "Terraform no longer manages it")
}

// refused reports whether it was Terraform, or the plugin framework in its
// place, that refused what the provider did.
func (f failure) refused() bool {
	return slices.ContainsFunc([]string{
		"Provider produced ", "Provider returned ", "Unexpected Identity Change", "Missing Resource Identity", "Missing Resource State",
	}, func(summary string) bool { return strings.HasPrefix(f.summary, summary) })
}

func failures(address, phase string, diagnostics said) []failure {
	var found []failure
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			found = append(found, failure{address: address, phase: phase, summary: d.Summary, detail: d.Detail})
		}
	}
	return found
}

func newWorkingDir(t testing.TB, on target, parallelism int, options ...provider.Option) *workingDir {
	t.Helper()
	w := &workingDir{t: t, on: on, parallelism: parallelism, options: options, state: map[string]kept{}, retired: map[string]bool{}, foreign: map[string]bool{}}
	w.start = func(settings string) *protocol {
		p := unconfigured(t, w.options...)
		p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + settings + `}`)
		return p
	}
	return w
}

// conditions are what a run may depend on besides its configuration.
type conditions struct {
	// settings are further attributes of the provider, in JSON: `, "max_retries": 2`.
	settings string
	// planned, if set, is called between the plan and the apply.
	planned func()

	known       bool              // what is known later is known in the plan already
	imports     map[string]string // import blocks: id by address
	replace     []string          // -replace
	destroyAll  bool              // -destroy
	refreshOnly bool              // -refresh-only
	noRefresh   bool              // -refresh=false
}

// run is one run of Terraform. Its plan and its apply each have a provider
// process of their own.
type run struct {
	*workingDir
	*protocol
	conditions

	blocks  map[string]block
	state   map[string]kept // what the run has found and done so far
	changes map[string]change
	reads   map[string]object // data sources, as planned or read
	failed  []failure
}

// apply makes the world as the blocks say.
func (w *workingDir) apply(ctx context.Context, blocks []block, given conditions) []failure {
	w.t.Helper()
	r := w.newRun(blocks, given)
	r.inProcess(func() { r.planAll(ctx) })
	if len(r.failed) > 0 {
		return r.failed
	}
	if given.planned != nil {
		given.planned()
	}
	w.state = r.state
	if !given.refreshOnly {
		r.inProcess(func() { r.applyAll(ctx) })
	}
	return r.failed
}

// applies plans the blocks, which must do exactly these things, each "ADDRESS: ACTION", and
// applies them. A plan afterwards must be empty.
func (w *workingDir) applies(blocks []block, actions ...string) {
	w.t.Helper()
	planned, failed := w.changes(w.t.Context(), blocks, conditions{})
	var got []string
	for _, address := range slices.Sorted(maps.Keys(planned)) {
		got = append(got, address+": "+planned[address])
	}
	if len(failed) > 0 || !slices.Equal(got, actions) {
		w.t.Fatalf("the plan is %q, should be %q: %v", got, actions, failed)
	}
	if failed := w.apply(w.t.Context(), blocks, conditions{}); len(failed) > 0 {
		w.t.Fatal(failed)
	}
	w.emptyPlan(blocks, conditions{})
}

// emptyPlan fails unless a plan of the blocks changes nothing.
func (w *workingDir) emptyPlan(blocks []block, given conditions) {
	w.t.Helper()
	actions, failed := w.changes(w.t.Context(), blocks, given)
	if len(failed) > 0 || len(actions) > 0 {
		w.t.Errorf("the plan should be empty: %v %v", actions, failed)
	}
}

// refuses fails unless a plan of the blocks ends with one error, which says all of these.
func (w *workingDir) refuses(blocks []block, says ...string) {
	w.t.Helper()
	_, failed := w.changes(w.t.Context(), blocks, conditions{})
	if len(failed) != 1 || slices.ContainsFunc(says, func(text string) bool { return !strings.Contains(failed[0].String(), text) }) {
		w.t.Errorf("the plan should be refused, saying %q: %v", says, failed)
	}
}

// changes plans the blocks and returns what a run would do, by address. It
// leaves the state as it is.
func (w *workingDir) changes(ctx context.Context, blocks []block, given conditions) (map[string]string, []failure) {
	w.t.Helper()
	r := w.newRun(blocks, given)
	r.inProcess(func() { r.planAll(ctx) })
	actions := map[string]string{}
	for address, c := range r.changes {
		if c.action != "no-op" {
			actions[address] = c.action
		}
	}
	for address, k := range r.state {
		if len(k.deposed) > 0 {
			actions[address+" (deposed)"] = "delete"
		}
	}
	return actions, r.failed
}

func (w *workingDir) newRun(blocks []block, given conditions) *run {
	r := &run{
		workingDir: w, conditions: given, blocks: map[string]block{}, state: maps.Clone(w.state), changes: map[string]change{}, reads: map[string]object{},
	}
	for _, b := range blocks {
		r.blocks[b.address] = b
	}
	w.warnings = nil
	return r
}

// inProcess does something with a provider process that ends with it.
func (r *run) inProcess(do func()) {
	r.protocol = r.start(r.settings)
	defer func() {
		if err := provider.CloseConnections(r.server); err != nil && r.on.Server != nil {
			r.workingDir.t.Error(err)
		}
	}()
	do()
}

func (r *run) fail(failed ...failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, failed...)
}

// put writes what an address has into the state, or the address out of it.
func (r *run) put(address string, k kept) {
	r.edit(address, func(is *kept) { *is = k })
}

// edit changes what an address has. Its current and its deposed objects may be
// worked on at the same time.
func (r *run) edit(address string, change func(*kept)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.state[address]
	change(&k)
	if k.nothing() {
		delete(r.state, address)
		return
	}
	r.state[address] = k
}

func (r *run) get(address, kind string) kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.state[address]; ok {
		return k
	}
	return kept{instance: r.none(kind)}
}

// put and get are for tests that look at the state or change it between runs.
func (w *workingDir) put(address string, k kept) { w.state[address] = k }

func (w *workingDir) get(address string) (kept, bool) {
	k, ok := w.state[address]
	return k, ok
}

func (w *workingDir) taint(address string) {
	k := w.state[address]
	k.tainted = true
	w.state[address] = k
}

// references are the addresses that a block refers to or names in dependsOn.
func (b block) references() []string {
	found := slices.Clone(b.dependsOn)
	if b.parent != "" {
		found = append(found, b.parent)
	}
	for rest := b.attributes; ; {
		_, after, more := strings.Cut(rest, `"${`)
		if !more {
			return found
		}
		expression, after, _ := strings.Cut(after, `}"`)
		if !strings.HasPrefix(expression, "later ") {
			found = append(found, expression[:strings.LastIndex(expression, ".")])
		}
		rest = after
	}
}

// dependencies are all addresses that a block depends on.
func (r *run) dependencies(address string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(at string) {
		for _, next := range r.blocks[at].references() {
			if !seen[next] {
				seen[next] = true
				visit(next)
			}
		}
	}
	visit(address)
	return slices.Sorted(maps.Keys(seen))
}

// replacesBeforeDestroy reports whether a block's object is replaced by making the
// new one first: because it says so, or something that depends on it does, be it
// an object without a block (transform_destroy_cbd.go).
func (r *run) replacesBeforeDestroy(address string) bool {
	for other, b := range r.blocks {
		if b.createBeforeDestroy && (other == address || slices.Contains(r.dependencies(other), address)) {
			return true
		}
	}
	r.mu.Lock()
	state := maps.Clone(r.state)
	r.mu.Unlock()
	for other, k := range state {
		if _, configured := r.blocks[other]; !configured && k.createBeforeDestroy && slices.Contains(k.dependsOn, address) {
			return true
		}
	}
	return false
}

// evaluate makes a block's configuration of what is known by now.
func (r *run) evaluate(b block, of tftypes.Type, applying bool) object {
	attributes := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader("{" + b.attributes + "}"))
	decoder.UseNumber()
	if err := decoder.Decode(&attributes); err != nil {
		panic(fmt.Sprintf("%s: %v", b.attributes, err))
	}
	switch {
	case b.parent != "":
		attributes["service_account_id"] = "${" + b.parent + ".id}"
	case b.accountID != "":
		attributes["service_account_id"] = b.accountID
	}
	return object{r.value(of, attributes, applying)}
}

func (r *run) value(of tftypes.Type, content any, applying bool) tftypes.Value {
	if text, ok := content.(string); ok && strings.HasPrefix(text, "${") {
		return r.expression(of, strings.TrimSuffix(text[2:], "}"), applying)
	}
	switch elements := content.(type) {
	case nil:
		return tftypes.NewValue(of, nil)
	case string, bool:
		return tftypes.NewValue(of, elements)
	case []any:
		element := elementType(of)
		values := []tftypes.Value{}
		for _, e := range elements {
			v := r.value(element, e, applying)
			if !of.Is(tftypes.Set{}) || !slices.ContainsFunc(values, func(o tftypes.Value) bool { return same(o, v) && v.IsFullyKnown() }) {
				values = append(values, v)
			}
		}
		return tftypes.NewValue(of, values)
	case map[string]any:
		values := map[string]tftypes.Value{}
		if objectType, ok := of.(tftypes.Object); ok {
			for name, attribute := range objectType.AttributeTypes {
				values[name] = r.value(attribute, elements[name], applying)
			}
			return tftypes.NewValue(of, values)
		}
		for name, e := range elements {
			values[name] = r.value(elementType(of), e, applying)
		}
		return tftypes.NewValue(of, values)
	}
	panic(fmt.Sprintf("%v can't be a value", content))
}

func elementType(of tftypes.Type) tftypes.Type {
	switch of := of.(type) {
	case tftypes.List:
		return of.ElementType
	case tftypes.Set:
		return of.ElementType
	case tftypes.Map:
		return of.ElementType
	}
	panic(of.String() + " has no elements")
}

func (r *run) expression(of tftypes.Type, expression string, applying bool) tftypes.Value {
	if later, ok := strings.CutPrefix(expression, "later "); ok {
		if !applying && !r.known {
			return tftypes.NewValue(of, tftypes.UnknownValue)
		}
		var content any
		must(json.Unmarshal([]byte(strings.ReplaceAll(later, "'", `"`)), &content))
		return r.value(of, content, applying)
	}
	dot := strings.LastIndex(expression, ".")
	address, attribute := expression[:dot], expression[dot+1:]
	r.mu.Lock()
	defer r.mu.Unlock()
	from, isData := r.reads[address]
	if !isData {
		from = r.state[address].object
		if c, planned := r.changes[address]; planned && !applying {
			from = c.planned.object
		}
	}
	value, ok := attributesOf(from.Value)[attribute]
	if !ok {
		panic("no attribute " + expression)
	}
	return value
}

// node is one thing to do in a walk. It is skipped when one before it failed.
type node struct {
	name   string
	before []*node
	do     func() bool // reports success
	done   chan struct{}
	ok     bool
}

// walk does the nodes in order, so many at once as -parallelism says. After a
// cancellation nothing new is begun.
func (r *run) walk(ctx context.Context, nodes []*node) {
	for _, n := range nodes {
		n.done = make(chan struct{})
	}
	if cycle := cycleOf(nodes); len(cycle) > 0 {
		r.fail(failure{address: cycle[0], phase: "walk", summary: "Cycle", detail: strings.Join(cycle, ", ")})
		return
	}
	var running sync.WaitGroup
	slots := make(chan struct{}, max(1, r.parallelism))
	for _, n := range nodes {
		running.Go(func() {
			defer close(n.done)
			for _, b := range n.before {
				if <-b.done; !b.ok {
					return
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			n.ok = ctx.Err() == nil && n.do()
		})
	}
	running.Wait()
}

// cycleOf are the names of nodes that wait for each other, if any do.
func cycleOf(nodes []*node) []string {
	var path []*node
	visited := map[*node]bool{}
	var visit func(*node) []string
	visit = func(n *node) (names []string) {
		if i := slices.Index(path, n); i >= 0 {
			for _, on := range path[i:] {
				names = append(names, on.name)
			}
			return names
		}
		if visited[n] {
			return nil
		}
		visited[n] = true
		path = append(path, n)
		defer func() { path = path[:len(path)-1] }()
		for _, b := range n.before {
			if names := visit(b); names != nil {
				return names
			}
		}
		return nil
	}
	for _, n := range nodes {
		if names := visit(n); names != nil {
			return names
		}
	}
	return nil
}

// planAll refreshes and plans. With -destroy, the configuration is planned
// first, as Terraform does to refresh, and what that says ends the run too.
func (r *run) planAll(ctx context.Context) {
	nodes := map[string]*node{}
	for address := range r.blocks {
		nodes[address] = &node{name: address, do: func() bool { return r.planBlock(ctx, address) }}
	}
	var all []*node
	for _, address := range slices.Sorted(maps.Keys(nodes)) {
		for _, before := range r.dependencies(address) {
			if n, ok := nodes[before]; ok {
				nodes[address].before = append(nodes[address].before, n)
			}
		}
		all = append(all, nodes[address])
	}
	for _, address := range slices.Sorted(maps.Keys(r.state)) {
		k := r.state[address]
		if _, configured := r.blocks[address]; !configured && !k.gone() {
			all = append(all, &node{do: func() bool { return r.planOrphan(ctx, address) }})
		}
		if len(k.deposed) > 0 {
			all = append(all, &node{do: func() bool { return r.refreshDeposed(ctx, address) }})
		}
	}
	r.walk(ctx, all)
	if ctx.Err() != nil {
		r.fail(failure{phase: "plan", summary: "Interrupted", detail: ctx.Err().Error()})
	}
	if !r.destroyAll || len(r.failed) > 0 {
		return
	}
	r.changes = map[string]change{}
	all = nil
	for _, address := range slices.Sorted(maps.Keys(r.state)) {
		if k := r.state[address]; !k.gone() {
			all = append(all, &node{do: func() bool { return r.planDeletion(ctx, address) }})
		}
	}
	r.walk(ctx, all)
}

// remember keeps a change, and reports whether it was planned without an error.
func (r *run) remember(address string, c change) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warnings = append(r.warnings, c.said...)
	r.changes[address] = c
	found := failures(address, "plan", c.said)
	r.failed = append(r.failed, found...)
	return len(found) == 0
}

// refresh finds out what has become of an object.
func (r *run) refresh(ctx context.Context, address string, k kept) (kept, bool) {
	if k.gone() || r.noRefresh {
		return k, true
	}
	k.instance = r.refreshed(ctx, k.instance)
	found := failures(address, "refresh", k.said)
	r.mu.Lock()
	r.warnings = append(r.warnings, k.said...)
	r.mu.Unlock()
	r.fail(found...)
	return k, len(found) == 0
}

func (r *run) planBlock(ctx context.Context, address string) bool {
	b := r.blocks[address]
	if kind, isData := strings.CutPrefix(b.kind, "data."); isData {
		return r.planData(ctx, b, kind)
	}
	k := r.get(address, b.kind)
	if id, importing := r.imports[address]; importing && k.gone() {
		k.instance = r.importedWith(ctx, b.kind, &tfprotov6.ImportResourceStateRequest{TypeName: b.kind, ID: id})
		if found := failures(address, "import", k.said); len(found) > 0 {
			r.fail(found...)
			return false
		}
	}
	k, ok := r.refresh(ctx, address, k)
	if !ok {
		return false
	}
	k.createBeforeDestroy = r.replacesBeforeDestroy(address)
	r.putCurrent(address, k)
	if r.refreshOnly {
		return true
	}
	config := r.evaluate(b, r.resourceType(b.kind), false)
	return r.remember(address, r.planChange(ctx, k.instance, config, slices.Contains(r.replace, address)))
}

// putCurrent writes the current object of an address only: its deposed ones are
// refreshed beside it.
func (r *run) putCurrent(address string, k kept) {
	r.edit(address, func(is *kept) {
		deposed := is.deposed
		*is = k
		is.deposed = deposed
	})
}

func (r *run) planOrphan(ctx context.Context, address string) bool {
	k, ok := r.refresh(ctx, address, r.stateAt(address))
	if !ok {
		return false
	}
	r.putCurrent(address, k)
	if k.gone() || r.refreshOnly {
		return true
	}
	return r.planDeletion(ctx, address)
}

func (r *run) stateAt(address string) kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state[address]
}

func (r *run) planDeletion(ctx context.Context, address string) bool {
	k := r.stateAt(address)
	return r.remember(address, r.planChange(ctx, k.instance, r.none(k.kind).object, false))
}

func (r *run) refreshDeposed(ctx context.Context, address string) bool {
	var left []kept
	for _, old := range r.stateAt(address).deposed {
		old, ok := r.refresh(ctx, address, old)
		if !ok {
			return false
		}
		if !old.gone() {
			left = append(left, old)
		}
	}
	r.edit(address, func(is *kept) { is.deposed = left })
	return true
}

// planData reads a data source in the plan, unless its configuration isn't known
// yet or something that it names in dependsOn is to change.
func (r *run) planData(ctx context.Context, b block, kind string) bool {
	of := r.schemas.DataSourceSchemas[kind].ValueType()
	config := r.evaluate(b, of, false)
	pending := slices.ContainsFunc(b.dependsOn, func(address string) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		c, ok := r.changes[address]
		return ok && c.action != "no-op"
	})
	if !config.IsFullyKnown() || pending {
		attributes := attributesOf(config.Value)
		for _, a := range r.schemas.DataSourceSchemas[kind].Block.Attributes {
			if a.Computed && attributes[a.Name].IsNull() {
				attributes[a.Name] = tftypes.NewValue(a.Type, tftypes.UnknownValue)
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reads[b.address] = object{tftypes.NewValue(of, attributes)}
		return true
	}
	return r.readData(ctx, b, kind, config)
}

func (r *run) readData(ctx context.Context, b block, kind string, config object) bool {
	resp, err := r.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{
		TypeName: kind, Config: r.pack(config), ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{},
	})
	if err != nil {
		r.fail(failures(b.address, "read", said{callFailed(err)})...)
		return false
	}
	if found := failures(b.address, "read", resp.Diagnostics); len(found) > 0 {
		r.fail(found...)
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads[b.address] = r.unpack(r.schemas.DataSourceSchemas[kind].ValueType(), resp.State)
	return true
}

// applyAll carries the changes out, ordered as in Terraform's apply graph
// (transform_destroy_edge.go and transform_destroy_cbd.go).
func (r *run) applyAll(ctx context.Context) {
	creators := map[string]*node{}
	destroyers := map[string][]*destroyer{}
	for address := range r.blocks {
		if _, planned := r.changes[address]; !r.destroyAll && (planned || strings.HasPrefix(r.blocks[address].kind, "data.")) {
			creators[address] = &node{name: address, do: func() bool { return r.make(ctx, address) }}
		}
	}
	var all []*node
	for address, k := range r.state {
		c, planned := r.changes[address]
		dependsOn := k.dependsOn
		add := func(createBeforeDestroy bool, do func() bool) {
			d := &destroyer{node: &node{name: address + " (destroy)", do: do}, createBeforeDestroy: createBeforeDestroy, dependsOn: dependsOn}
			destroyers[address] = append(destroyers[address], d)
			all = append(all, d.node)
		}
		if planned && (c.action == "delete" || c.action == "replace") {
			add(k.createBeforeDestroy, func() bool { return r.destroyOld(ctx, address) })
		}
		for _, old := range k.deposed {
			dependsOn = old.dependsOn
			add(true, func() bool { return r.destroyDeposed(ctx, address, old) })
		}
	}
	changing := func(address string) bool {
		return r.changes[address].action != "" && r.changes[address].action != "no-op"
	}
	order := func(creator *node, d *destroyer) { // the creator waits, unless the new object comes first
		if d.createBeforeDestroy {
			d.before = append(d.before, creator)
		} else {
			creator.before = append(creator.before, d.node)
		}
	}
	for address, creator := range creators {
		all = append(all, creator)
		for _, before := range r.dependencies(address) {
			if n, ok := creators[before]; ok {
				creator.before = append(creator.before, n)
			}
		}
		for _, d := range destroyers[address] {
			order(creator, d)
		}
		if !changing(address) {
			continue
		}
		for _, dependency := range r.state[address].dependsOn {
			for _, d := range destroyers[dependency] {
				order(creator, d)
			}
		}
	}
	for _, ds := range destroyers {
		for _, d := range ds {
			for _, dependency := range d.dependsOn {
				for _, of := range destroyers[dependency] {
					of.before = append(of.before, d.node)
				}
				if creator, ok := creators[dependency]; ok && changing(dependency) {
					order(creator, d)
				}
			}
		}
	}
	r.walk(ctx, all)
}

type destroyer struct {
	*node

	createBeforeDestroy bool
	dependsOn           []string
}

// destroyOld deletes the object of an address, or the one that make has deposed.
func (r *run) destroyOld(ctx context.Context, address string) bool {
	k := r.stateAt(address)
	if c := r.changes[address]; c.action == "replace" && k.createBeforeDestroy {
		return r.destroyDeposed(ctx, address, k.deposed[len(k.deposed)-1])
	}
	if k.gone() {
		return true
	}
	planned := r.none(k.kind)
	planned.private = r.changes[address].planned.private
	k.instance = r.delete(ctx, address, k.instance, planned)
	r.putCurrent(address, k)
	return k.gone()
}

// destroyDeposed deletes an old object; if that fails, it stays deposed.
func (r *run) destroyDeposed(ctx context.Context, address string, old kept) bool {
	c := r.planChange(ctx, old.instance, r.none(old.kind).object, false)
	if found := failures(address, "destroy", c.said); len(found) > 0 {
		r.fail(found...)
		return false
	}
	id := old.text("id")
	old.instance = r.delete(ctx, address, old.instance, c.planned)
	r.edit(address, func(is *kept) {
		is.deposed = slices.DeleteFunc(slices.Clone(is.deposed), func(d kept) bool { return d.text("id") == id })
		if !old.gone() {
			is.deposed = append(is.deposed, old)
		}
	})
	return old.gone()
}

func (r *run) delete(ctx context.Context, address string, old, planned instance) instance {
	after := r.applied(ctx, old, planned, r.none(old.kind).object)
	found := failures(address, "destroy", after.said)
	r.fail(found...)
	if len(found) == 0 {
		r.retire(old)
	}
	if len(found) > 0 && after.gone() {
		return old
	}
	return after
}

// retire remembers that a key was ended with its grace period.
func (r *run) retire(old instance) {
	if old.kind == keyKind && old.text("destroy_grace_period") != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.retired[old.text("id")] = true
	}
}

// make creates or updates an object, or reads a data source that had to wait.
func (r *run) make(ctx context.Context, address string) bool {
	b := r.blocks[address]
	if kind, isData := strings.CutPrefix(b.kind, "data."); isData {
		if r.reads[address].IsFullyKnown() {
			return true
		}
		return r.readData(ctx, b, kind, r.evaluate(b, r.schemas.DataSourceSchemas[kind].ValueType(), true))
	}
	seen := r.changes[address]
	k := r.get(address, b.kind)
	if k.gone() { // the state of an object says how it is replaced
		k.createBeforeDestroy = r.replacesBeforeDestroy(address)
	}
	if seen.action == "no-op" {
		k.dependsOn = r.dependencies(address)
		r.putCurrent(address, k)
		return true
	}
	deposes := seen.action == "replace" && k.createBeforeDestroy
	if deposes {
		old := k
		old.deposed = nil
		k.deposed = append(slices.Clone(k.deposed), old)
		k.instance = r.none(b.kind)
		r.put(address, k)
	}
	final := r.finalPlan(ctx, seen, k.instance, r.evaluate(b, r.resourceType(b.kind), true))
	failed := failures(address, "plan", final.said)
	if len(failed) == 0 && final.action != "no-op" {
		phase := "update"
		if k.gone() {
			phase = "create"
		}
		old := k.instance
		k.instance = r.applied(ctx, old, final.planned, final.config)
		if !old.gone() && !k.gone() && k.text("id") != old.text("id") { // it moved in an update
			r.retire(old)
		}
		k.dependsOn = r.dependencies(address)
		failed = failures(address, phase, k.said)
	}
	if deposes && len(failed) > 0 && k.gone() { // the old object is the current one again
		old := k.deposed[len(k.deposed)-1]
		old.deposed = k.deposed[:len(k.deposed)-1]
		k = old
	}
	r.put(address, k)
	r.fail(failed...)
	return len(failed) == 0
}
