// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const thing = "fake_thing"

// fakeProvider serves one resource, fake_thing, and a data source of the same
// name. It does what a provider should, except for what a test makes it do.
type fakeProvider struct {
	tfprotov6.ProviderServerWithListResource

	mu      sync.Mutex
	objects map[string]string // name by id
	calls   []string          // "create a", "delete a", "read a", "plan a", "start"
	made    int

	// What goes wrong; nil for nothing. Each gets the right answer and changes it.
	plan  func(*tfprotov6.PlanResourceChangeRequest, *tfprotov6.PlanResourceChangeResponse)
	apply func(*tfprotov6.ApplyResourceChangeRequest, *tfprotov6.ApplyResourceChangeResponse)
	read  func(*tfprotov6.ReadResourceResponse)
}

var (
	thingSchema = &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: schemaAttributes{
		{Name: "id", Type: tftypes.String, Computed: true},
		{Name: "name", Type: tftypes.String, Required: true},
		{Name: "size", Type: tftypes.String, Optional: true},
		{Name: "secret", Type: tftypes.String, Optional: true, Sensitive: true},
		{Name: "colour", Type: tftypes.String, Optional: true, Computed: true},
		{Name: "tags", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true},
	}}}
	thingIdentity = &tfprotov6.ResourceIdentitySchema{IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{{Name: "id", Type: tftypes.String, RequiredForImport: true}}}
	thingType     = thingSchema.ValueType()
)

// withFake is a working directory whose provider is the fake one.
func withFake(t *testing.T) (*workingDir, *fakeProvider) {
	t.Helper()
	fake := &fakeProvider{objects: map[string]string{}}
	w := newWorkingDir(t, target{}, 1)
	w.start = func(string) *protocol {
		fake.log("start")
		return served(t, fake)
	}
	return w, fake
}

func (f *fakeProvider) log(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// took are the calls since the last time, without plans and reads.
func (f *fakeProvider) took() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var calls []string
	for _, call := range f.calls {
		if strings.HasPrefix(call, "create") || strings.HasPrefix(call, "update") || strings.HasPrefix(call, "delete") {
			calls = append(calls, call)
		}
	}
	f.calls = nil
	return strings.Join(calls, ", ")
}

func (f *fakeProvider) count(call string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func (f *fakeProvider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schemas := map[string]*tfprotov6.Schema{thing: thingSchema}
	return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: schemas, DataSourceSchemas: schemas}, nil
}

func (f *fakeProvider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{thing: thingIdentity}}, nil
}

func (f *fakeProvider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func thingOf(packed *tfprotov6.DynamicValue) object {
	v, err := packed.Unmarshal(thingType)
	must(err)
	return object{v}
}

func packed(of tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	p, err := tfprotov6.NewDynamicValue(of, v)
	must(err)
	return &p
}

// with is the packed object with other values of some attributes, in JSON or "?" for unknown.
func with(p *tfprotov6.DynamicValue, changes map[string]string) *tfprotov6.DynamicValue {
	attributes := attributesOf(thingOf(p).Value)
	for name, text := range changes {
		of := attributes[name].Type()
		if text == "?" {
			attributes[name] = tftypes.NewValue(of, tftypes.UnknownValue)
			continue
		}
		v, err := tftypes.ValueFromJSON([]byte(text), of) //nolint:staticcheck // as the protocol itself reads JSON
		must(err)
		attributes[name] = v
	}
	return packed(thingType, tftypes.NewValue(thingType, attributes))
}

func identified(id string) *tfprotov6.ResourceIdentityData {
	of := thingIdentity.ValueType()
	var content any = id
	if id == "?" {
		content = tftypes.UnknownValue
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: packed(of, tftypes.NewValue(of, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, content)}))}
}

func (f *fakeProvider) PlanResourceChange(_ context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp := &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedIdentity: req.PriorIdentity, PlannedPrivate: req.PriorPrivate}
	if proposed := thingOf(req.ProposedNewState); !proposed.IsNull() {
		f.log("plan %s", proposed.at("name"))
		unknown := map[string]string{}
		for _, name := range []string{"id", "colour"} {
			if proposed.at(name) == "null" {
				unknown[name] = "?"
			}
		}
		resp.PlannedState = with(resp.PlannedState, unknown)
	}
	resp.RequiresReplace = []*tftypes.AttributePath{tftypes.NewAttributePath().WithAttributeName("size")}
	if f.plan != nil {
		f.plan(req, resp)
	}
	return resp, nil
}

func (f *fakeProvider) ApplyResourceChange(_ context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp := &tfprotov6.ApplyResourceChangeResponse{NewState: req.PlannedState, NewIdentity: req.PlannedIdentity, Private: req.PlannedPrivate}
	prior, planned := thingOf(req.PriorState), thingOf(req.PlannedState)
	switch {
	case planned.IsNull():
		f.log("delete %s", prior.text("id"))
	case prior.IsNull():
		f.made++
		id := fmt.Sprintf("%s-%d", planned.text("name"), f.made)
		f.log("create %s", id)
		resp.NewIdentity, resp.NewState = identified(id), with(resp.NewState, map[string]string{"id": quote(id)})
	default:
		f.log("update %s", prior.text("id"))
	}
	if !planned.IsNull() && planned.at("colour") == "(unknown)" {
		resp.NewState = with(resp.NewState, map[string]string{"colour": `"grey"`})
	}
	if f.apply != nil {
		f.apply(req, resp)
	}
	return resp, nil
}

func (f *fakeProvider) ReadResource(_ context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	f.log("read %s", thingOf(req.CurrentState).at("id"))
	resp := &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, NewIdentity: req.CurrentIdentity, Private: req.Private}
	if f.read != nil {
		f.read(resp)
	}
	return resp, nil
}

func (f *fakeProvider) ReadDataSource(_ context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	f.log("look up %s", thingOf(req.Config).at("name"))
	return &tfprotov6.ReadDataSourceResponse{State: with(req.Config, map[string]string{"id": `"found"`, "colour": `"red"`})}, nil
}

func (f *fakeProvider) ImportResourceState(_ context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	state := with(packed(thingType, tftypes.NewValue(thingType, attributesOf(tftypes.NewValue(thingType, nil)))), map[string]string{"id": quote(req.ID), "name": `"imported"`, "colour": `"red"`})
	return &tfprotov6.ImportResourceStateResponse{ImportedResources: []*tfprotov6.ImportedResource{{TypeName: thing, State: state, Identity: identified(req.ID)}}}, nil
}
