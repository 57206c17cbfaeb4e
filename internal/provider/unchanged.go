// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// NewServer returns the factory of the provider as Terraform talks to it: the
// plugin framework's server, with a short way for objects in which nothing
// changes.
//
// In a plan nearly all objects are like that, and the framework decodes, walks
// and encodes the state, configuration and plan of each many times over, which
// costs more than the rest of the provider, requests included (see
// BENCHMARKS.md). So a refresh and a plan are first worked out by the very
// methods that Read and ModifyPlan use, on values decoded once. What turns out
// to stay as it is, with nothing to be said about it, is answered with the bytes
// that came; all else goes to the framework as if it had gone there at once.
func NewServer(version string, options ...Option) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := newProvider(version, options)
		framework := providerserver.NewProtocol6(p)()
		full, ok := framework.(tfprotov6.ProviderServerWithListResource) //nolint:staticcheck // until its successor exists
		if !ok {
			return framework
		}
		s := &server{ProviderServerWithListResource: full, provider: p, kinds: make(map[string]*kind)}
		for _, newResource := range p.Resources(context.Background()) {
			if r, ok := newResource().(steadyResource); ok {
				k := newKind(r, newResource)
				s.kinds[k.name] = k
			}
		}
		return s
	}
}

type server struct {
	tfprotov6.ProviderServerWithListResource

	provider *signozProvider
	kinds    map[string]*kind
}

// steadyResource can tell whether an object stays as it is.
type steadyResource interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity

	// steadyRead reads an object from SigNoz and tells whether it is just what the
	// state says. If not, Read finds what was read in the context, so that SigNoz
	// isn't asked twice.
	steadyRead(ctx context.Context, state values, private privateData) (context.Context, bool)
	// steadyPlan tells whether a plan in which the state is proposed as it is stays
	// like that, with nothing to be said. It asks SigNoz nothing.
	steadyPlan(config, state values, private privateData) bool
	// plainlyValid tells whether nothing can be wrong with a configuration. False says
	// nothing: the validators of the schema decide.
	plainlyValid(config values) bool
	// identityAttributes names the attributes of the state that make its identity.
	identityAttributes() []string
}

// kind is a type of steadyResource.
type kind struct {
	name        string
	newResource func() resource.Resource
	validate    func(config values) bool
	types       func() kindTypes // worked out at the first call, for a quick start
}

type kindTypes struct {
	version          int64
	object, identity tftypes.Object
}

func newKind(r steadyResource, newResource func() resource.Resource) *kind {
	ctx := context.Background()
	var meta resource.MetadataResponse
	r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: providerTypeName}, &meta)
	return &kind{name: meta.TypeName, newResource: newResource, validate: r.plainlyValid, types: sync.OnceValue(func() kindTypes {
		var (
			schema   resource.SchemaResponse
			identity resource.IdentitySchemaResponse
		)
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		r.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &identity)
		t := kindTypes{version: schema.Schema.Version}
		t.object, _ = schema.Schema.Type().TerraformType(ctx).(tftypes.Object)
		t.identity, _ = identity.IdentitySchema.Type().TerraformType(ctx).(tftypes.Object)
		return t
	})}
}

// resource returns the kind's resource, ready to ask SigNoz; nil while that can't be.
func (s *server) resource(ctx context.Context, k *kind) steadyResource {
	session := s.provider.session.Load()
	if !session.online() {
		return nil
	}
	r, ok := k.newResource().(steadyResource)
	if !ok {
		return nil
	}
	var resp resource.ConfigureResponse
	r.Configure(ctx, resource.ConfigureRequest{ProviderData: session}, &resp)
	if resp.Diagnostics.HasError() {
		return nil
	}
	return r
}

// ValidateResourceConfig passes what is plainly valid: Terraform validates the
// configuration of each object once more when it plans it.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if k := s.kinds[req.TypeName]; k != nil {
		if config, ok := decode(req.Config, k.types().object); ok && k.validate(config) {
			return &tfprotov6.ValidateResourceConfigResponse{}, nil
		}
	}
	return s.ProviderServerWithListResource.ValidateResourceConfig(ctx, req)
}

// UpgradeResourceState hands a state of the present version, in which there is
// nothing to upgrade, back as it was stored.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	k := s.kinds[req.TypeName]
	if k == nil || req.RawState == nil || req.Version != k.types().version || !k.types().describes(req.RawState.JSON) {
		return s.ProviderServerWithListResource.UpgradeResourceState(ctx, req)
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

// describes tells whether a stored object is what the schema says. The framework drops
// attributes that the schema doesn't know, which a newer version of the provider may
// have stored, and explains values that can't be read.
func (t kindTypes) describes(stored []byte) bool {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(stored, &attributes); err != nil || attributes == nil {
		return false
	}
	for name, value := range attributes {
		if of, ok := t.object.AttributeTypes[name]; !ok || !isStoredAs(of, value) {
			return false
		}
	}
	return true
}

func isStoredAs(of tftypes.Type, value json.RawMessage) bool {
	switch first := value[0]; {
	case first == 'n': // null
		return true
	case of.Is(tftypes.String):
		return first == '"'
	case of.Is(tftypes.Bool):
		return first == 't' || first == 'f'
	case of.Is(tftypes.Set{ElementType: tftypes.String}):
		var texts []*string
		return json.Unmarshal(value, &texts) == nil
	}
	return false
}

// ReadResource reads an object and answers with the state that came if nothing about it is new.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	ctx, resp := s.steadyRead(ctx, req)
	if resp != nil {
		return resp, nil
	}
	return s.ProviderServerWithListResource.ReadResource(ctx, req)
}

func (s *server) steadyRead(ctx context.Context, req *tfprotov6.ReadResourceRequest) (context.Context, *tfprotov6.ReadResourceResponse) {
	k := s.kinds[req.TypeName]
	if k == nil {
		return ctx, nil
	}
	r := s.resource(ctx, k)
	if r == nil {
		return ctx, nil
	}
	state, ok := decode(req.CurrentState, k.types().object)
	if !ok {
		return ctx, nil
	}
	private, ok := decodePrivate(req.Private)
	if !ok {
		return ctx, nil
	}
	identity, ok := steadyIdentity(r, k, state, req.CurrentIdentity)
	if !ok {
		return ctx, nil
	}
	if ctx, ok = r.steadyRead(ctx, state, private); !ok {
		return ctx, nil
	}
	return ctx, &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, NewIdentity: identity, Private: req.Private}
}

// steadyIdentity is the identity of a state, which must be the stored one if there is one:
// before Terraform 1.12, and in states of that time, there is none.
func steadyIdentity(r steadyResource, k *kind, state values, stored *tfprotov6.ResourceIdentityData) (*tfprotov6.ResourceIdentityData, bool) {
	of := k.types().identity
	attributes := make(map[string]tftypes.Value, len(of.AttributeTypes))
	for _, name := range r.identityAttributes() {
		attributes[name] = state[name]
	}
	if stored != nil {
		present, ok := decode(stored.IdentityData, of)
		for name := range attributes {
			ok = ok && attributes[name].Equal(present[name])
		}
		return stored, ok
	}
	packed, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, attributes))
	return &tfprotov6.ResourceIdentityData{IdentityData: &packed}, err == nil
}

// PlanResourceChange answers a plan that proposes the state as it is with just that, if it may stay.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if s.steadyPlan(ctx, req) {
		return &tfprotov6.PlanResourceChangeResponse{
			PlannedState:    req.ProposedNewState,
			PlannedPrivate:  req.PriorPrivate,
			PlannedIdentity: req.PriorIdentity,
		}, nil
	}
	return s.ProviderServerWithListResource.PlanResourceChange(ctx, req)
}

func (s *server) steadyPlan(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) bool {
	k := s.kinds[req.TypeName]
	if k == nil || req.PriorState == nil || req.ProposedNewState == nil || len(req.PriorState.MsgPack) == 0 ||
		!bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return false
	}
	r := s.resource(ctx, k)
	if r == nil {
		return false
	}
	state, ok := decode(req.PriorState, k.types().object)
	if !ok {
		return false
	}
	config, ok := decode(req.Config, k.types().object)
	if !ok {
		return false
	}
	private, ok := decodePrivate(req.PriorPrivate)
	return ok && r.steadyPlan(config, state, private)
}

// values are the attributes of an object as it comes from Terraform.
type values map[string]tftypes.Value

// decode reads an object; ok is false for one that is null, unknown or of another type.
func decode(packed *tfprotov6.DynamicValue, of tftypes.Object) (attributes values, ok bool) {
	if packed == nil {
		return nil, false
	}
	object, err := packed.Unmarshal(of)
	if err != nil || !object.IsKnown() || object.IsNull() {
		return nil, false
	}
	var decoded map[string]tftypes.Value
	err = object.As(&decoded)
	return decoded, err == nil
}

// has tells whether all attributes but these are null, and these aren't.
func (v values) has(names ...string) bool {
	for name, value := range v {
		if value.IsNull() == slices.Contains(names, name) {
			return false
		}
	}
	return true
}

func (v values) text(name string) types.String { return textOf(v[name]) }

func textOf(value tftypes.Value) types.String {
	switch {
	case !value.IsKnown():
		return types.StringUnknown()
	case value.IsNull():
		return types.StringNull()
	}
	var text string
	if err := value.As(&text); err != nil {
		return types.StringUnknown() // no schema of ours has another type where this is asked for
	}
	return types.StringValue(text)
}

func (v values) time(name string) timeValue { return timeValue{StringValue: v.text(name)} }

func (v values) duration(name string) durationValue { return durationValue{StringValue: v.text(name)} }

func (v values) flag(name string) types.Bool {
	value := v[name]
	switch {
	case !value.IsKnown():
		return types.BoolUnknown()
	case value.IsNull():
		return types.BoolNull()
	}
	var flag bool
	if err := value.As(&flag); err != nil {
		return types.BoolUnknown()
	}
	return types.BoolValue(flag)
}

func (v values) texts(name string) types.Set {
	value := v[name]
	switch {
	case !value.IsKnown():
		return types.SetUnknown(types.StringType)
	case value.IsNull():
		return types.SetNull(types.StringType)
	}
	var elements []tftypes.Value
	if err := value.As(&elements); err != nil {
		return types.SetUnknown(types.StringType)
	}
	texts := make([]attr.Value, len(elements))
	for i := range elements {
		texts[i] = textOf(elements[i])
	}
	return basetypes.NewSetValueMust(types.StringType, texts)
}

// privateData is the private state of an object, as the framework stores it.
type privateData map[string][]byte

var _ privateGetter = privateData(nil)

// decodePrivate reads the private state; ok is false if the framework left a note of
// its own in it, or would refuse it.
func decodePrivate(stored []byte) (private privateData, ok bool) {
	if len(stored) == 0 {
		return nil, true
	}
	if err := json.Unmarshal(stored, &private); err != nil {
		return nil, false
	}
	for name, value := range private {
		if strings.HasPrefix(name, ".") || !utf8.Valid(value) || !json.Valid(value) {
			return nil, false
		}
	}
	return private, true
}

// GetKey is what the framework's private state offers too.
func (d privateData) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return d[key], nil
}

// refreshed is what reading an object from SigNoz found.
type refreshed[M any] struct {
	found M
	gone  bool
	diags diag.Diagnostics
}

// steady tells whether the object is there and nothing is to be said about it.
func (r refreshed[M]) steady() bool { return !r.gone && len(r.diags) == 0 }

type refreshedKey struct{}

// withRefreshed hands what was read on to Read.
func withRefreshed[M any](ctx context.Context, r refreshed[M]) context.Context {
	return context.WithValue(ctx, refreshedKey{}, r)
}

// refreshedOnce is what was read already, or else what read finds.
func refreshedOnce[M any](ctx context.Context, read func(context.Context) refreshed[M]) refreshed[M] {
	if r, ok := ctx.Value(refreshedKey{}).(refreshed[M]); ok {
		return r
	}
	return read(ctx)
}
