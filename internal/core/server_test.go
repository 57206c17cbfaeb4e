// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// lamps is a provider of lamps, each of whose color is what Refresh says.
type lamps struct {
	color string
	fuse  fuse // handed over
}

type fuse string

func (f fuse) Require(diags *diag.Diagnostics) {
	if f == "blown" {
		diags.AddError("No light", "The fuse has blown.")
	}
}

func (*lamps) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "lamps"
}
func (*lamps) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (p *lamps) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData = p.fuse, p.fuse, p.fuse
}
func (*lamps) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{NewDataSource(fuseBox)}
}
func (*lamps) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{NewList(lampList)}
}
func (p *lamps) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{New(func() Resource[lampModel, lampPrivate] { return &lamp{lamps: p} })}
}

type lamp struct {
	*lamps

	fuse fuse // as the provider has handed it over
}

type lampModel struct{ ID, Color types.String }

type lampPrivate struct {
	Seen bool `json:"seen"`
}

func (*lamp) Describe() Description {
	return Description{Name: "lamp", Identity: map[string]string{"id": "Number of the lamp."}}
}

func (*lamp) Schema() schema.Schema {
	return schema.Schema{Attributes: map[string]schema.Attribute{
		"id":    schema.StringAttribute{Computed: true},
		"color": schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(3)}},
	}}
}

func (l *lamp) Configure(data any, diags *diag.Diagnostics) { l.fuse = Data[fuse](data, diags) }

func (l *lamp) Require(diags *diag.Diagnostics) { l.fuse.Require(diags) }

func (*lamp) Fields(m *lampModel) Fields {
	return Fields{"id": Field(&m.ID), "color": Field(&m.Color)}
}

func (*lamp) Validate(config lampModel) (diags diag.Diagnostics) {
	if config.Color.ValueString() == "ultraviolet" {
		diags.AddAttributeError(path.Root("color"), "Invisible", "Choose another.")
	}
	return diags
}

func (l *lamp) Refresh(_ context.Context, o Object[lampModel, lampPrivate]) Refreshed[lampModel, lampPrivate] {
	result := Refreshed[lampModel, lampPrivate]{Object: o}
	if l.color == "" {
		result.Gone = true
		return result
	}
	if l.color != o.State.Color.ValueString() {
		result.State.Color, result.Private.Seen = types.StringValue(l.color), true
		result.Diagnostics.AddAttributeWarning(path.Root("color"), "Repainted", "By whom?")
	}
	return result
}

func (*lamp) Plan(_ context.Context, change Change[lampModel, lampPrivate]) Planned[lampModel] {
	planned := Planned[lampModel]{Plan: change.Plan}
	if change.Prior == nil {
		return planned
	}
	planned.Diagnostics.AddWarning("Looked at", change.Prior.State.ID.ValueString())
	if planned.Plan.ID = change.Prior.State.ID; !change.Plan.Color.Equal(change.Prior.State.Color) {
		planned.Plan.ID, planned.Replace = types.StringUnknown(), []string{"color"}
	}
	return planned
}

func (*lamp) PlanDestroy(context.Context, Object[lampModel, lampPrivate]) diag.Diagnostics {
	return nil
}

func (*lamp) Create(_ context.Context, plan lampModel, result *Result[lampModel, lampPrivate]) (diags diag.Diagnostics) {
	plan.ID = types.StringValue("1")
	result.Save(plan, lampPrivate{})
	if plan.Color.ValueString() == "broken" {
		result.Remove()
		diags.AddError("Broken", "It was taken back.")
	}
	return diags
}

func (*lamp) Update(context.Context, Change[lampModel, lampPrivate], *Result[lampModel, lampPrivate]) diag.Diagnostics {
	return nil
}
func (*lamp) Delete(context.Context, Object[lampModel, lampPrivate]) diag.Diagnostics { return nil }
func (*lamp) Import(_ context.Context, id string, identity map[string]string) (o Object[lampModel, lampPrivate], _ diag.Diagnostics) {
	o.State = lampModel{ID: types.StringValue(id + identity["id"]), Color: types.StringValue("red")}
	return o, nil
}

var (
	lampType     = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String, "color": tftypes.String}}
	identityType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
)

func packed(t *testing.T, id, color any) *tfprotov6.DynamicValue {
	t.Helper()
	value, err := tfprotov6.NewDynamicValue(lampType, tftypes.NewValue(lampType, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, id), "color": tftypes.NewValue(tftypes.String, color)}))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

func colorOf(t *testing.T, state *tfprotov6.DynamicValue) string {
	t.Helper()
	value, err := state.Unmarshal(lampType)
	if err != nil || value.IsNull() {
		return ""
	}
	var attributes map[string]tftypes.Value
	var color string
	if value.As(&attributes) != nil || attributes["color"].As(&color) != nil {
		t.Fatal("no color")
	}
	return color
}

// watchedFramework counts the calls that are left to the framework.
type watchedFramework struct {
	Framework

	calls int
}

func (w *watchedFramework) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	w.calls++
	return w.Framework.ReadResource(ctx, req)
}

func (w *watchedFramework) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	w.calls++
	return w.Framework.PlanResourceChange(ctx, req)
}

func (w *watchedFramework) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	w.calls++
	return w.Framework.ValidateResourceConfig(ctx, req)
}

func serve(t *testing.T, color string) (*Server, *watchedFramework) {
	t.Helper()
	s, err := NewServer(&lamps{color: color}, func() any { return nil })
	if err != nil {
		t.Fatal(err)
	}
	watched := &watchedFramework{Framework: s.Framework}
	s.Framework = watched
	return s, watched
}

// A newer framework's server can do more: what this one doesn't pass on, Terraform doesn't see.
func TestServer_passesOnAllThatTheFrameworkCanDo(t *testing.T) {
	t.Parallel()
	all := reflect.TypeOf(providerserver.NewProtocol6(&lamps{})())
	ours := reflect.TypeFor[*Server]()
	for i := range all.NumMethod() {
		if method := all.Method(i); func() bool { _, ok := ours.MethodByName(method.Name); return !ok }() {
			t.Errorf("%s isn't passed on", method.Name)
		}
	}
	if all.NumMethod() < 20 {
		t.Errorf("the framework's server has only %d methods", all.NumMethod())
	}
}

// What stays as it is, is answered with the bytes that came, with what is to be said, and
// without the framework; so is what a refresh finds.
func TestServer_answersDirectly(t *testing.T) {
	t.Parallel()
	for color, want := range map[string]struct {
		color   string
		private string
		warns   bool
	}{
		"red":  {"red", `{"other":"MQ=="}`, false},
		"blue": {"blue", `{"other":"MQ==","seen":"dHJ1ZQ=="}`, true},
		"":     {"", `{"other":"MQ=="}`, false},
	} {
		s, framework := serve(t, color)
		state := packed(t, "1", "red")
		read, err := s.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "lamps_lamp", CurrentState: state, Private: []byte(`{"other":"MQ=="}`)})
		if err != nil || framework.calls != 0 || colorOf(t, read.NewState) != want.color || string(read.Private) != want.private || (len(read.Diagnostics) > 0) != want.warns {
			t.Errorf("%q: %+v, %v, %d calls of the framework", color, read, err, framework.calls)
		}
		if identity, err := read.NewIdentity.IdentityData.Unmarshal(identityType); err != nil || !identity.IsFullyKnown() || identity.IsFullyNull() {
			t.Errorf("%q: the identity is %s", color, identity)
		}
		if color == "red" && &read.NewState.MsgPack[0] != &state.MsgPack[0] {
			t.Error("an unchanged state was packed anew")
		}
	}
	s, framework := serve(t, "red")
	state := packed(t, "1", "red")
	plan, err := s.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: "lamps_lamp", PriorState: state, ProposedNewState: state, Config: packed(t, nil, "red")})
	if err != nil || framework.calls != 0 || len(plan.Diagnostics) != 1 || plan.Diagnostics[0].Detail != "1" || plan.PlannedState != state {
		t.Errorf("unchanged: %+v, %v, %d calls of the framework", plan, err, framework.calls)
	}
	plan, err = s.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: "lamps_lamp", PriorState: state, ProposedNewState: packed(t, "1", "green"), Config: packed(t, nil, "green")})
	if err != nil || framework.calls != 1 || len(plan.RequiresReplace) != 1 || plan.RequiresReplace[0].String() != `AttributeName("color")` {
		t.Errorf("changed: %+v, %v, %d calls of the framework", plan, err, framework.calls)
	}
}

// A configuration in which nothing is wrong is passed; the framework says what is.
func TestServer_validates(t *testing.T) {
	t.Parallel()
	for color, wrong := range map[any]bool{"red": false, "ab": true, "ultraviolet": true, nil: true, tftypes.UnknownValue: false} {
		s, framework := serve(t, "red")
		resp, err := s.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: "lamps_lamp", Config: packed(t, nil, color)})
		if err != nil || (len(resp.Diagnostics) > 0) != wrong || (framework.calls > 0) != wrong {
			t.Errorf("%v: %v, %v, %d calls of the framework", color, resp, err, framework.calls)
		}
	}
}

// What Create takes back isn't in the state.
func TestAdapter_createTakesBack(t *testing.T) {
	t.Parallel()
	s, _ := serve(t, "red")
	for color, want := range map[string]string{"red": "red", "broken": ""} {
		resp, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
			TypeName: "lamps_lamp", PriorState: nullLamp(t), PlannedState: packed(t, tftypes.UnknownValue, color), Config: packed(t, nil, color),
		})
		if err != nil || colorOf(t, resp.NewState) != want || (len(resp.Diagnostics) > 0) != (want == "") {
			t.Errorf("%s: %+v, %v", color, resp, err)
		}
	}
}

func nullLamp(t *testing.T) *tfprotov6.DynamicValue {
	t.Helper()
	value, err := tfprotov6.NewDynamicValue(lampType, tftypes.NewValue(lampType, nil))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

// The private state is read and written as the framework stores it, and what it holds
// besides stays.
func TestPrivate_isTheFrameworks(t *testing.T) {
	t.Parallel()
	stored, err := encodePrivate([]byte(`{"other":"MQ=="}`), lampPrivate{Seen: true})
	if err != nil {
		t.Fatal(err)
	}
	var values map[string][]byte
	if err := json.Unmarshal(stored, &values); err != nil || string(values["seen"]) != "true" || string(values["other"]) != "1" {
		t.Errorf("stored %s", stored)
	}
	if private, err := decodePrivate[lampPrivate](stored); err != nil || !private.Seen {
		t.Errorf("read %+v, %v", private, err)
	}
	if _, err := decodePrivate[lampPrivate]([]byte(`{".import_before_read":"dHJ1ZQ=="}`)); err == nil {
		t.Error("a note of the framework's own isn't left to the framework")
	}
}

// Nothing is created, updated or imported while what that needs is missing; a refresh and
// a deletion find out themselves.
func TestAdapter_requiresBeforeItChanges(t *testing.T) {
	t.Parallel()
	s := serveConfigured(t, "blown")
	config := packed(t, nil, "red")
	applied, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "lamps_lamp", PriorState: nullLamp(t), PlannedState: packed(t, tftypes.UnknownValue, "red"), Config: config,
	})
	if err != nil || colorOf(t, applied.NewState) != "" || !saysBlown(applied.Diagnostics) {
		t.Errorf("create: %+v, %v", applied, err)
	}
	applied, err = s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "lamps_lamp", PriorState: packed(t, "1", "blue"), PlannedState: packed(t, "1", "red"), Config: config,
	})
	if err != nil || colorOf(t, applied.NewState) != "blue" || !saysBlown(applied.Diagnostics) {
		t.Errorf("update: %+v, %v", applied, err)
	}
	imported, err := s.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "lamps_lamp", ID: "1"})
	if err != nil || len(imported.ImportedResources) > 0 || !saysBlown(imported.Diagnostics) {
		t.Errorf("import: %+v, %v", imported, err)
	}
	applied, err = s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "lamps_lamp", PriorState: packed(t, "1", "red"), PlannedState: nullLamp(t), Config: nullLamp(t),
	})
	if err != nil || len(applied.Diagnostics) > 0 {
		t.Errorf("delete: %+v, %v", applied, err)
	}
}

func saysBlown(diags []*tfprotov6.Diagnostic) bool {
	return len(diags) == 1 && diags[0].Summary == "No light"
}

// serveConfigured serves lamps behind a fuse, which the provider has handed over.
func serveConfigured(t *testing.T, fuse fuse) *Server {
	t.Helper()
	s, err := NewServer(&lamps{color: "red", fuse: fuse}, func() any { return fuse })
	if err != nil {
		t.Fatal(err)
	}
	config := packedObject(t, map[string]tftypes.Value{})
	if resp, err := s.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: config}); err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("%+v, %v", resp, err)
	}
	return s
}

func packedObject(t *testing.T, attributes map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	of := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for name, value := range attributes {
		of.AttributeTypes[name] = value.Type()
	}
	packed, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, attributes))
	if err != nil {
		t.Fatal(err)
	}
	return &packed
}
