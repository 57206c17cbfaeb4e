// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// protocol is the provider as Terraform talks to it, without Terraform: for what
// the CLI on a machine is too old for, and for what needs many runs or exact
// requests. It does what Terraform does around each call and refuses what
// Terraform refuses (terraform_rules_test.go), so that a test says only what a
// user does.
//
// Configurations and states are written as JSON; what is left out is null. An
// operation ends the test when it answers an error, unless the error is awaited:
//
//	p := talk(t, on)
//	ci := p.create(accountKind, `{"name": "ci"}`)
//	ci = p.read(ci)
//	p.refused("is no role").plan(ci, `{"name": "ci", "roles": ["viewer"]}`)
//
// Operations that reach the server may run beside each other; see parallel.
type protocol struct {
	t      testing.TB
	server tfprotov6.ProviderServerWithListResource //nolint:staticcheck // until its successor exists

	schemas    *tfprotov6.GetProviderSchemaResponse
	identities map[string]*tfprotov6.ResourceIdentitySchema

	refusal []string // non-nil: the operation must fail, saying these
	runBy   string   // the Terraform version that the provider is told
}

// talk starts the provider and signs it in to the target.
func talk(t testing.TB, on target, options ...provider.Option) *protocol {
	t.Helper()
	p := unconfigured(t, options...)
	p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `}`)
	return p
}

// unconfigured starts the provider and doesn't configure it.
func unconfigured(t testing.TB, options ...provider.Option) *protocol {
	t.Helper()
	options = append([]provider.Option{provider.WithRetryWait(time.Millisecond)}, options...)
	return served(t, provider.NewServer("test", options...)())
}

func served(t testing.TB, providerServer tfprotov6.ProviderServer) *protocol {
	t.Helper()
	server, ok := providerServer.(tfprotov6.ProviderServerWithListResource) //nolint:staticcheck // until its successor exists
	if !ok {
		t.Fatalf("the provider's server, %T, lists no resources", providerServer)
	}
	p := &protocol{t: t, server: server, runBy: "1.14.0"}
	var err error
	if p.schemas, err = server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p.identities = identities.IdentitySchemas
	p.judge("reading the schemas", nil, slices.Concat(p.schemas.Diagnostics, identities.Diagnostics))
	return p
}

// refused is the same provider, of which the next operation must answer an error
// that says all of these.
func (p *protocol) refused(says ...string) *protocol {
	awaited := *p
	awaited.refusal = append([]string{}, says...)
	return &awaited
}

// said are the diagnostics of an operation.
type said []*tfprotov6.Diagnostic

// text renders diagnostics, one a paragraph.
func (d said) text() string {
	var text strings.Builder
	for _, diagnostic := range d {
		text.WriteString(diagnostic.Severity.String() + ": " + diagnostic.Summary)
		if diagnostic.Attribute != nil {
			text.WriteString(" (" + diagnostic.Attribute.String() + ")")
		}
		text.WriteString("\n" + diagnostic.Detail + "\n\n")
	}
	return text.String()
}

// warns tells whether one warning says all of these.
func (d said) warns(pieces ...string) bool {
	return d.with(tfprotov6.DiagnosticSeverityWarning, pieces)
}

func (d said) fails(pieces ...string) bool { return d.with(tfprotov6.DiagnosticSeverityError, pieces) }

func (d said) with(severity tfprotov6.DiagnosticSeverity, pieces []string) bool {
	return slices.ContainsFunc(d, func(diagnostic *tfprotov6.Diagnostic) bool {
		if diagnostic.Severity != severity {
			return false
		}
		text := said{diagnostic}.text()
		return !slices.ContainsFunc(pieces, func(piece string) bool { return !strings.Contains(text, piece) })
	})
}

// judge ends the test unless an operation ended as awaited.
func (p *protocol) judge(what string, err error, diagnostics []*tfprotov6.Diagnostic) said {
	p.t.Helper()
	got := said(diagnostics)
	switch {
	case err != nil:
		p.t.Fatalf("%s: %v", what, err)
	case p.refusal == nil && got.fails():
		p.t.Fatalf("%s failed:\n%s", what, got.text())
	case p.refusal != nil && !got.fails():
		p.t.Fatalf("%s succeeded; it should have been refused, saying %q", what, p.refusal)
	case p.refusal != nil && !got.fails(p.refusal...):
		p.t.Fatalf("%s was refused as it should be, but not in one error that says %q:\n%s", what, p.refusal, got.text())
	}
	return got
}

// object is a configuration, a state or an identity.
type object struct{ tftypes.Value }

// at renders one attribute as JSON: null, "text", true, ["a","b"] (sets sorted)
// or (unknown).
func (o object) at(attribute string) string {
	if o.IsNull() {
		return "null"
	}
	var attributes map[string]tftypes.Value
	if err := o.As(&attributes); err != nil {
		return "not an object: " + err.Error()
	}
	value, ok := attributes[attribute]
	if !ok {
		return "no attribute " + attribute
	}
	return render(value)
}

// text is a string attribute's value, "" for null.
func (o object) text(attribute string) string {
	var text string
	_ = json.Unmarshal([]byte(o.at(attribute)), &text) // what is no string is ""
	return text
}

// json renders the whole object.
func (o object) json() string { return render(o.Value) }

func render(v tftypes.Value) string {
	switch {
	case !v.IsKnown():
		return "(unknown)"
	case v.IsNull():
		return "null"
	case v.Type().Is(tftypes.String):
		var s string
		must(v.As(&s))
		return quote(s)
	case v.Type().Is(tftypes.Bool):
		var b bool
		must(v.As(&b))
		if b {
			return "true"
		}
		return "false"
	case v.Type().Is(tftypes.List{}), v.Type().Is(tftypes.Set{}):
		var elements []tftypes.Value
		must(v.As(&elements))
		texts := make([]string, len(elements))
		for i, element := range elements {
			texts[i] = render(element)
		}
		if v.Type().Is(tftypes.Set{}) {
			slices.Sort(texts)
		}
		return "[" + strings.Join(texts, ",") + "]"
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		var elements map[string]tftypes.Value
		must(v.As(&elements))
		texts := make([]string, 0, len(elements))
		for _, name := range slices.Sorted(maps.Keys(elements)) {
			texts = append(texts, quote(name)+":"+render(elements[name]))
		}
		return "{" + strings.Join(texts, ",") + "}"
	}
	return v.String()
}

// must is for conversions whose type was asked for just before.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// quote writes a text as JSON. Unlike json.Marshal it leaves <, > and & as they are.
func quote(s string) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	must(encoder.Encode(s))
	return strings.TrimSuffix(text.String(), "\n")
}

// object reads JSON as a value of that type; the named attributes are unknown.
func (p *protocol) object(of tftypes.Type, text string, unknown ...string) object {
	p.t.Helper()
	value, err := tftypes.ValueFromJSON([]byte(text), of) //nolint:staticcheck // the way that the protocol itself reads JSON
	if err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	if len(unknown) == 0 {
		return object{value}
	}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		p.t.Fatal(err)
	}
	attributes = maps.Clone(attributes) // As shares the value's own map
	for _, name := range unknown {
		attribute, ok := attributes[name]
		if !ok {
			p.t.Fatalf("no attribute %s", name)
		}
		attributes[name] = tftypes.NewValue(attribute.Type(), tftypes.UnknownValue)
	}
	return object{tftypes.NewValue(of, attributes)}
}

func (p *protocol) pack(o object) *tfprotov6.DynamicValue {
	p.t.Helper()
	packed, err := tfprotov6.NewDynamicValue(o.Type(), o.Value)
	if err != nil {
		p.t.Fatal(err)
	}
	return &packed
}

func (p *protocol) unpack(of tftypes.Type, packed *tfprotov6.DynamicValue) object {
	p.t.Helper()
	if packed == nil {
		return object{tftypes.NewValue(of, nil)}
	}
	value, err := packed.Unmarshal(of)
	if err != nil {
		p.t.Fatal(err)
	}
	return object{value}
}

// configure configures the provider; the named attributes are unknown.
func (p *protocol) configure(config string, unknown ...string) said {
	p.t.Helper()
	packed := p.pack(p.object(p.schemas.Provider.ValueType(), config, unknown...))
	validated, err := p.server.ValidateProviderConfig(p.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: packed})
	if err != nil {
		p.t.Fatal(err)
	}
	if got := said(validated.Diagnostics); got.fails() {
		return p.judge("validating the provider's configuration", nil, got)
	}
	resp, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{TerraformVersion: p.runBy, Config: packed})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.judge("configuring the provider", nil, slices.Concat(validated.Diagnostics, resp.Diagnostics))
}

// terraformParallelism is how much Terraform does at once unless -parallelism says otherwise.
const terraformParallelism = 10

// parallel runs an operation n times, ten at once, as Terraform does by default.
func (p *protocol) parallel(n int, run func(i int)) {
	p.t.Helper()
	p.atOnce(terraformParallelism, n, run)
}

// atOnce runs an operation n times, so many at once.
func (p *protocol) atOnce(workers, n int, run func(i int)) {
	p.t.Helper()
	var (
		running sync.WaitGroup
		next    = make(chan int)
	)
	for range workers {
		running.Go(func() {
			for i := range next {
				run(i)
			}
		})
	}
	workersGone := make(chan struct{})
	go func() {
		running.Wait()
		close(workersGone)
	}()
	for i := range n {
		select {
		case next <- i:
		case <-workersGone:
			p.t.FailNow() // all of them failed
		}
	}
	close(next)
	<-workersGone
	if p.t.Failed() {
		p.t.FailNow()
	}
}

// instance is one object of a resource in a state, as Terraform keeps it.
type instance struct {
	object // null: there is none

	kind     string
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool // its creation failed half-way, or a user said so
	said     said // by the operation that led here
}

// gone tells whether the state has no such object any more.
func (i instance) gone() bool { return i.IsNull() }

func (p *protocol) resourceType(kind string) tftypes.Type {
	p.t.Helper()
	schema, ok := p.schemas.ResourceSchemas[kind]
	if !ok {
		p.t.Fatalf("there is no resource %s", kind)
	}
	return schema.ValueType()
}

// none is a resource that isn't in the state yet.
func (p *protocol) none(kind string) instance {
	p.t.Helper()
	return instance{kind: kind, object: object{tftypes.NewValue(p.resourceType(kind), nil)}}
}

// stored is an object as a state file has it, with what is left out null.
func (p *protocol) stored(kind, state string) instance {
	p.t.Helper()
	return instance{kind: kind, object: p.object(p.resourceType(kind), state)}
}

// identityOf is an instance's identity; null if it has none.
func (p *protocol) identityOf(i instance) object {
	p.t.Helper()
	return p.readIdentity(i.kind, i.identity)
}

func (p *protocol) readIdentity(kind string, data *tfprotov6.ResourceIdentityData) object {
	p.t.Helper()
	schema, ok := p.identities[kind]
	if !ok {
		p.t.Fatalf("%s has no identity", kind)
	}
	if data == nil {
		return object{tftypes.NewValue(schema.ValueType(), nil)}
	}
	return p.unpack(schema.ValueType(), data.IdentityData)
}

// change is a planned change of one object.
type change struct {
	action  string // create, no-op, update, replace or delete
	before  instance
	config  object
	planned instance // what it will be; with replace, the new object

	replacedFor []string // attributes that ask for the replacement
	forced      bool     // by -replace
	said        said
}

func (c *change) kindOfAction() string { return c.action }

// plan plans what a configuration makes of an object; the named attributes are
// unknown. An empty configuration plans its deletion.
func (p *protocol) plan(before instance, config string, unknown ...string) change {
	p.t.Helper()
	c := p.makePlan(before, config, unknown...)
	p.judge("planning "+before.kind, nil, c.said)
	return c
}

func (p *protocol) makePlan(before instance, config string, unknown ...string) change {
	p.t.Helper()
	of := p.resourceType(before.kind)
	wanted := object{tftypes.NewValue(of, nil)}
	if config != "" {
		wanted = p.object(of, config, unknown...)
	}
	return p.planChange(p.t.Context(), before, wanted, false)
}

// refusal is an error by which Terraform, not the provider, ends a run.
func refusal(summary, format string, args ...any) *tfprotov6.Diagnostic {
	return &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

func refusedFor(summary string, problems []string) (refused said) {
	for _, problem := range problems {
		refused = append(refused, refusal(summary, "%s", problem))
	}
	return refused
}

func callFailed(err error) *tfprotov6.Diagnostic { return refusal("The call itself failed", "%v", err) }

// planChange plans as Terraform does, in the plan and once more in the apply: a
// null configuration is a deletion, a tainted object is replaced, and so is any
// by force (NodeAbstractResourceInstance.plan and planDestroy).
func (p *protocol) planChange(ctx context.Context, before instance, config object, force bool) change {
	p.t.Helper()
	c := change{before: before, config: config, forced: force}
	if config.IsNull() {
		c.action = "delete"
		c.planned = p.askForPlan(ctx, &c, before)
		if !c.said.fails() && !c.planned.gone() {
			c.said = append(c.said, refusal("Provider produced invalid plan", "planned a non-null destroy value for %s", before.kind))
		}
		c.said = append(c.said, p.unknownIdentity(c.planned)...)
		return c
	}
	if c.validate(ctx, p); c.said.fails() {
		return c
	}
	prior := before
	if before.tainted {
		prior = p.none(before.kind)
	}
	planned := p.askForPlan(ctx, &c, prior)
	if c.said.fails() {
		return c
	}
	c.said = append(c.said, refusedFor("Provider produced invalid plan", planProblems(p.attributes(before.kind), prior.Value, config.Value, planned.Value))...)
	if c.said.fails() {
		return c
	}
	c.planned = planned
	switch {
	case prior.gone():
		c.action = "create"
	case force || len(c.replacedFor) > 0:
		c.action = "replace"
	case same(planned.Value, prior.Value):
		c.action = "no-op"
	default:
		c.action = "update"
	}
	switch c.action {
	case "no-op", "update":
		c.said = append(c.said, p.unknownIdentity(planned)...)
	case "replace":
		// Terraform then plans the new object as one that has nothing before it.
		again := c
		again.said = nil
		nothing := p.none(before.kind)
		nothing.private, nothing.identity = planned.private, planned.identity
		c.planned = p.askForPlan(ctx, &again, nothing)
		if again.said.fails() { // warnings came with the first answer already
			c.said = append(c.said, again.said...)
		}
	case "create":
		if !before.gone() {
			c.action = "replace"
		}
	}
	return c
}

func (c *change) validate(ctx context.Context, p *protocol) {
	p.t.Helper()
	resp, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: c.before.kind, Config: p.pack(c.config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		c.said = append(c.said, callFailed(err))
		return
	}
	c.said = append(c.said, resp.Diagnostics...)
}

// askForPlan is one request for a plan; its diagnostics go to the change.
func (p *protocol) askForPlan(ctx context.Context, c *change, prior instance) (planned instance) {
	p.t.Helper()
	resp, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName:           prior.kind,
		PriorState:         p.pack(prior.object),
		ProposedNewState:   p.pack(p.proposed(prior, c.config)),
		Config:             p.pack(c.config),
		PriorPrivate:       prior.private,
		PriorIdentity:      prior.identity,
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{},
	})
	if err != nil {
		c.said = append(c.said, callFailed(err))
		return p.none(prior.kind)
	}
	c.said = append(c.said, resp.Diagnostics...)
	planned = instance{kind: prior.kind, object: p.unpack(p.resourceType(prior.kind), resp.PlannedState), private: resp.PlannedPrivate, identity: resp.PlannedIdentity}
	if c.replacedFor, err = replacingAttributes(prior.Value, planned.Value, resp.RequiresReplace); err != nil {
		c.said = append(c.said, refusal("Provider produced invalid plan", "%v", err))
	}
	return planned
}

func (p *protocol) attributes(kind string) schemaAttributes {
	p.t.Helper()
	p.resourceType(kind) // which there must be
	return p.schemas.ResourceSchemas[kind].Block.Attributes
}

// proposed is what Terraform proposes as the new state.
func (p *protocol) proposed(before instance, config object) object {
	p.t.Helper()
	if config.IsNull() {
		return config
	}
	return object{proposedNew(p.attributes(before.kind), before.Value, config.Value)}
}

// finalPlanProblems compare the plan made during an apply, when more is known,
// with the one that the user has seen (checkPlannedChange).
func (p *protocol) finalPlanProblems(seen, final change) (refused said) {
	p.t.Helper()
	const summary = "Provider produced inconsistent final plan"
	becameNoop := seen.action == "update" && final.action == "no-op"
	if seen.action != final.action && !becameNoop {
		refused = append(refused, refusal(summary, "changed the planned action from %s to %s", seen.action, final.action))
	}
	return append(refused, refusedFor(summary, resultProblems(p.attributes(seen.before.kind), seen.planned.Value, final.planned.Value))...)
}

// finalPlan plans once more, as Terraform does when it applies: state is what is
// there by now, which for a replacement is nothing.
func (p *protocol) finalPlan(ctx context.Context, seen change, state instance, config object) change {
	p.t.Helper()
	final := p.planChange(ctx, state, config, seen.forced && !state.gone())
	if final.said.fails() {
		return final
	}
	if seen.action == "replace" && final.action == "create" {
		final.action = "replace"
	}
	final.said = append(final.said, p.finalPlanProblems(seen, final)...)
	return final
}

// apply carries a planned change out. Of a refused replacement, the result is
// what is in the state then.
func (p *protocol) apply(c change) instance {
	p.t.Helper()
	state, doing := c.before, "applying the "+c.action+" of "
	switch c.action {
	case "no-op":
		return c.before
	case "replace":
		doing = "replacing "
		nothing := p.none(c.before.kind)
		nothing.private = c.planned.private
		if state = p.applied(p.t.Context(), c.before, nothing, nothing.object); state.said.fails() {
			p.judge("replacing "+c.before.kind, nil, state.said)
			return state
		}
	}
	final := c
	if c.action != "delete" {
		if final = p.finalPlan(p.t.Context(), c, state, c.config); final.said.fails() {
			p.judge("planning "+c.before.kind+" again", nil, final.said)
			return state
		}
		if final.action == "no-op" {
			return state
		}
	}
	after := p.applied(p.t.Context(), state, final.planned, c.config)
	p.judge(doing+c.before.kind, nil, after.said)
	return after
}

// applied has the provider carry a change out, and judges what comes back
// (NodeAbstractResourceInstance.apply). The result is what the state has then.
func (p *protocol) applied(ctx context.Context, before, planned instance, config object) instance {
	p.t.Helper()
	resp, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName:        before.kind,
		PriorState:      p.pack(before.object),
		PlannedState:    p.pack(planned.object),
		Config:          p.pack(config),
		PlannedPrivate:  planned.private,
		PlannedIdentity: planned.identity,
	})
	if err != nil {
		before.said = said{callFailed(err)}
		return before
	}
	after := instance{
		kind: before.kind, object: p.unpack(p.resourceType(before.kind), resp.NewState), private: resp.Private, identity: resp.NewIdentity,
		tainted: before.tainted, said: resp.Diagnostics,
	}
	after.said = append(after.said, p.unknownIdentity(after)...)
	if !after.IsFullyKnown() {
		after.said = append(after.said, refusal("Provider returned invalid result object after apply", "an unknown value is left: %s", after.json()))
		after.Value = unknownAsNull(after.Value)
	}
	deleted := planned.gone()
	if !deleted && !after.said.fails() {
		after.said = append(after.said, refusedFor("Provider produced inconsistent result after apply", resultProblems(p.attributes(before.kind), planned.Value, after.Value))...)
	}
	if !after.said.fails() {
		if deleted != after.gone() {
			after.said = append(after.said, refusal("Provider returned invalid result object after apply", "null: %t, of %s", after.gone(), before.kind))
		}
		if !deleted {
			after.said = append(after.said, p.wrongIdentity(before, after)...)
		}
	}
	if after.said.fails() && after.gone() {
		before.said = after.said
		return before
	}
	// A failed create leaves a tainted object.
	after.tainted = after.said.fails() && (before.gone() || before.tainted)
	return after
}

// unknownIdentity refuses an identity with unknown values.
func (p *protocol) unknownIdentity(i instance) said {
	p.t.Helper()
	if i.identity == nil || p.identityOf(i).IsFullyKnown() {
		return nil
	}
	return said{refusal("Provider produced invalid identity", "%s has unknown values: %s", i.kind, p.identityOf(i).json())}
}

// wrongIdentity refuses an object without an identity, and an identity that
// became another one although the attributes that it consists of did not change.
func (p *protocol) wrongIdentity(before, after instance) said {
	p.t.Helper()
	schema, ok := p.identities[after.kind]
	if !ok || after.gone() {
		return nil
	}
	identity := p.identityOf(after)
	if identity.IsNull() || !identity.IsKnown() || slices.ContainsFunc(schema.IdentityAttributes, func(a *tfprotov6.ResourceIdentitySchemaAttribute) bool { return identity.at(a.Name) == "null" }) {
		return said{refusal("Provider produced invalid identity", "%s has no complete identity: %s", after.kind, identity.json())}
	}
	if before.gone() || before.identity == nil {
		return nil
	}
	kept := !slices.ContainsFunc(schema.IdentityAttributes, func(a *tfprotov6.ResourceIdentitySchemaAttribute) bool {
		return before.at(a.Name) != after.at(a.Name)
	})
	if was := p.identityOf(before); kept && !was.IsNull() && !same(was.Value, identity.Value) {
		return said{refusal("Provider produced invalid identity", "that of %s changed from %s to %s", after.kind, was.json(), identity.json())}
	}
	return nil
}

func unknownAsNull(v tftypes.Value) tftypes.Value {
	known, err := tftypes.Transform(v, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if !v.IsKnown() {
			return tftypes.NewValue(v.Type(), nil), nil
		}
		return v, nil
	})
	must(err)
	return known
}

// refreshed asks what has become of an object (NodeAbstractResourceInstance.refresh).
// If that fails, the object stays as it was.
func (p *protocol) refreshed(ctx context.Context, i instance) instance {
	p.t.Helper()
	resp, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: i.kind, CurrentState: p.pack(i.object), Private: i.private, CurrentIdentity: i.identity,
		ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{},
	})
	if err != nil {
		i.said = said{callFailed(err)}
		return i
	}
	if i.said = resp.Diagnostics; i.said.fails() {
		return i
	}
	after := instance{
		kind: i.kind, object: p.unpack(p.resourceType(i.kind), resp.NewState), private: resp.Private, identity: resp.NewIdentity,
		tainted: i.tainted, said: append(resp.Diagnostics, p.unknownIdentity(instance{kind: i.kind, identity: resp.NewIdentity})...),
	}
	if !after.IsFullyKnown() {
		after.said = append(after.said, refusal("Provider produced invalid object", "the refreshed state of %s contains unknown values", i.kind))
	}
	if !after.said.fails() {
		after.said = append(after.said, p.wrongIdentity(i, after)...)
	}
	if after.said.fails() {
		i.said = after.said
		return i
	}
	return after
}

// create plans and makes a new object.
func (p *protocol) create(kind, config string) instance {
	p.t.Helper()
	return p.update(p.none(kind), config)
}

// update plans and applies a configuration of an object. An awaited error may
// come from either.
func (p *protocol) update(before instance, config string) instance {
	p.t.Helper()
	c := p.makePlan(before, config)
	if c.said.fails() {
		p.judge("planning "+before.kind, nil, c.said)
		before.said = c.said
		return before
	}
	return p.apply(c)
}

// destroy plans and carries out the deletion of an object.
func (p *protocol) destroy(i instance) instance {
	p.t.Helper()
	return p.update(i, "")
}

// read refreshes an object.
func (p *protocol) read(i instance) instance {
	p.t.Helper()
	after := p.refreshed(p.t.Context(), i)
	p.judge("reading "+i.kind, nil, after.said)
	return after
}

// importID imports an object by the text that `terraform import` takes, and
// refreshes it as Terraform does then.
func (p *protocol) importID(kind, id string) instance {
	p.t.Helper()
	return p.imported(kind, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
}

// importIdentity imports an object by its identity, as an import block may.
func (p *protocol) importIdentity(kind, identity string) instance {
	p.t.Helper()
	schema, ok := p.identities[kind]
	if !ok {
		p.t.Fatalf("%s has no identity", kind)
	}
	return p.imported(kind, &tfprotov6.ImportResourceStateRequest{
		TypeName: kind,
		Identity: &tfprotov6.ResourceIdentityData{IdentityData: p.pack(p.object(schema.ValueType(), identity))},
	})
}

func (p *protocol) imported(kind string, req *tfprotov6.ImportResourceStateRequest) instance {
	p.t.Helper()
	after := p.importedWith(p.t.Context(), kind, req)
	p.judge("importing "+kind, nil, after.said)
	return after
}

// importedWith imports an object and refreshes it.
func (p *protocol) importedWith(ctx context.Context, kind string, req *tfprotov6.ImportResourceStateRequest) instance {
	p.t.Helper()
	req.ClientCapabilities = &tfprotov6.ImportResourceStateClientCapabilities{}
	resp, err := p.server.ImportResourceState(ctx, req)
	if err != nil {
		resp = &tfprotov6.ImportResourceStateResponse{Diagnostics: said{callFailed(err)}}
	}
	failed := p.none(kind)
	failed.said = resp.Diagnostics
	if failed.said.fails() {
		return failed
	}
	if len(resp.ImportedResources) != 1 {
		failed.said = append(failed.said, refusal("Provider produced invalid object", "importing %s gave %d objects", kind, len(resp.ImportedResources)))
		return failed
	}
	i := resp.ImportedResources[0]
	after := p.refreshed(ctx, instance{kind: kind, object: p.unpack(p.resourceType(kind), i.State), private: i.Private, identity: i.Identity})
	after.said = append(resp.Diagnostics, after.said...)
	if !after.said.fails() && after.gone() {
		after.said = append(after.said, refusal("Cannot import non-existent remote object", "%s", kind))
	}
	return after
}

// move takes an object over from another resource type, as a moved block does
// (Terraform 1.8). state is the source's state as its state file has it.
func (p *protocol) move(to, fromProvider, from string, version int64, state string) instance {
	p.t.Helper()
	resp, err := p.server.MoveResourceState(p.t.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: fromProvider, SourceTypeName: from, SourceSchemaVersion: version,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)}, TargetTypeName: to,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return instance{
		kind: to, object: p.unpack(p.resourceType(to), resp.TargetState), private: resp.TargetPrivate, identity: resp.TargetIdentity,
		said: p.judge("moving "+from+" to "+to, nil, resp.Diagnostics),
	}
}

// upgrade reads an object from a state file that an older version of the
// provider, or another provider, has written.
func (p *protocol) upgrade(kind string, version int64, state string) instance {
	p.t.Helper()
	resp, err := p.server.UpgradeResourceState(p.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: kind, Version: version, RawState: &tfprotov6.RawState{JSON: []byte(state)},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return instance{
		kind: kind, object: p.unpack(p.resourceType(kind), resp.UpgradedState),
		said: p.judge("upgrading the state of "+kind, nil, resp.Diagnostics),
	}
}

// data reads a data source.
func (p *protocol) data(kind, config string) object {
	p.t.Helper()
	schema, ok := p.schemas.DataSourceSchemas[kind]
	if !ok {
		p.t.Fatalf("there is no data source %s", kind)
	}
	packed := p.pack(p.object(schema.ValueType(), config))
	validated, err := p.server.ValidateDataResourceConfig(p.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: kind, Config: packed})
	if err != nil {
		p.t.Fatal(err)
	}
	if said(validated.Diagnostics).fails() {
		p.judge("validating "+kind, nil, validated.Diagnostics)
		return object{tftypes.NewValue(schema.ValueType(), nil)}
	}
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: kind, Config: packed, ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.judge("reading "+kind, nil, slices.Concat(validated.Diagnostics, resp.Diagnostics))
	return p.unpack(schema.ValueType(), resp.State)
}

// objects are the elements of a list attribute.
func (o object) objects(attribute string) []object {
	var attributes map[string]tftypes.Value
	must(o.As(&attributes))
	var elements []tftypes.Value
	must(attributes[attribute].As(&elements))
	objects := make([]object, len(elements))
	for i, element := range elements {
		objects[i] = object{element}
	}
	return objects
}

// found is one result of a list resource.
type found struct {
	name     string
	identity object
	resource object // null unless asked for
	said     said
}

// list reads a list resource, as `terraform query` does.
func (p *protocol) list(kind, config string, limit int64, withResource bool) []found {
	p.t.Helper()
	schema, ok := p.schemas.ListResourceSchemas[kind]
	if !ok {
		p.t.Fatalf("there is no list resource %s", kind)
	}
	packed := p.pack(p.object(schema.ValueType(), config))
	validated, err := p.server.ValidateListResourceConfig(p.t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: kind, Config: packed})
	if err != nil {
		p.t.Fatal(err)
	}
	if said(validated.Diagnostics).fails() {
		p.judge("validating the list of "+kind, nil, validated.Diagnostics)
		return nil
	}
	stream, err := p.server.ListResource(p.t.Context(), &tfprotov6.ListResourceRequest{TypeName: kind, Config: packed, IncludeResource: withResource, Limit: limit})
	if err != nil {
		p.t.Fatal(err)
	}
	var (
		results []found
		all     said
	)
	for result := range stream.Results {
		all = append(all, result.Diagnostics...)
		if said(result.Diagnostics).fails() {
			continue
		}
		results = append(results, found{
			name:     result.DisplayName,
			identity: p.readIdentity(kind, result.Identity),
			resource: p.unpack(p.resourceType(kind), result.Resource),
			said:     result.Diagnostics,
		})
	}
	p.judge("listing "+kind, nil, all)
	slices.SortStableFunc(results, func(a, b found) int { return cmp.Compare(a.name, b.name) })
	return results
}

// opened is an ephemeral object in use.
type opened struct {
	object

	kind    string
	private []byte
	renewAt time.Time // zero: it needs no renewal
	said    said
}

// open makes an ephemeral object; the named attributes are unknown.
func (p *protocol) open(kind, config string, unknown ...string) opened {
	p.t.Helper()
	schema, ok := p.schemas.EphemeralResourceSchemas[kind]
	if !ok {
		p.t.Fatalf("there is no ephemeral resource %s", kind)
	}
	packed := p.pack(p.object(schema.ValueType(), config, unknown...))
	validated, err := p.server.ValidateEphemeralResourceConfig(p.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: kind, Config: packed})
	if err != nil {
		p.t.Fatal(err)
	}
	if got := said(validated.Diagnostics); got.fails() {
		return opened{kind: kind, object: object{tftypes.NewValue(schema.ValueType(), nil)}, said: p.judge("validating "+kind, nil, got)}
	}
	resp, err := p.server.OpenEphemeralResource(p.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: kind, Config: packed, ClientCapabilities: &tfprotov6.OpenEphemeralResourceClientCapabilities{},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return opened{
		kind: kind, object: p.unpack(schema.ValueType(), resp.Result), private: resp.Private, renewAt: resp.RenewAt,
		said: p.judge("opening "+kind, nil, slices.Concat(validated.Diagnostics, resp.Diagnostics)),
	}
}

// renew renews an ephemeral object. The private data that a renewal returns goes
// to the next renewal, and not to close: so does Terraform.
func (p *protocol) renew(o opened) opened {
	p.t.Helper()
	resp, err := p.server.RenewEphemeralResource(p.t.Context(), &tfprotov6.RenewEphemeralResourceRequest{TypeName: o.kind, Private: o.private})
	if err != nil {
		p.t.Fatal(err)
	}
	o.private, o.renewAt = resp.Private, resp.RenewAt
	o.said = p.judge("renewing "+o.kind, nil, resp.Diagnostics)
	return o
}

// close ends the use of an ephemeral object. It works after a cancelled test
// context too, as Terraform closes what it opened.
func (p *protocol) close(o opened) said {
	p.t.Helper()
	resp, err := p.server.CloseEphemeralResource(context.WithoutCancel(p.t.Context()), &tfprotov6.CloseEphemeralResourceRequest{TypeName: o.kind, Private: o.private})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.judge("closing "+o.kind, nil, resp.Diagnostics)
}

// noExpiry is the expiry of a key that never expires.
var noExpiry time.Time

func rfc3339(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// equal ends the test unless got is what is wanted.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, should be %v", what, got, want)
	}
}

// fatal ends the test on an error.
func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
