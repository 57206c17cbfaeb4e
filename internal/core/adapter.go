// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// New returns a constructor of a framework resource, as a provider's Resources lists
// them, from one of a [Resource].
func New[M any, P comparable](newResource func() Resource[M, P]) func() resource.Resource {
	described := sync.OnceValue(func() *description {
		r := newResource()
		return describe(r.Describe(), r.Schema())
	})
	return func() resource.Resource { return &adapter[M, P]{core: newResource(), described: described} }
}

// adapter makes a framework resource of a Resource.
type adapter[M any, P comparable] struct {
	core      Resource[M, P]
	described func() *description // worked out at the first use, for a quick start
}

// description is a resource's Description and schema, and the types derived from them.
type description struct {
	Description

	schema         schema.Schema
	identitySchema identityschema.Schema
	attributes     map[string]attr.Type
	object         tftypes.Object
	identity       tftypes.Object
}

func describe(given Description, s schema.Schema) *description {
	d := &description{Description: given, schema: s, attributes: make(map[string]attr.Type, len(s.Attributes))}
	for name, attribute := range s.Attributes {
		d.attributes[name] = attribute.GetType()
	}
	d.identitySchema.Attributes = make(map[string]identityschema.Attribute, len(given.Identity))
	for name, text := range given.Identity {
		d.identitySchema.Attributes[name] = identityschema.StringAttribute{RequiredForImport: true, Description: text}
	}
	d.object = objectType(context.Background(), d.schema)
	d.identity = objectType(context.Background(), d.identitySchema)
	return d
}

func (a *adapter[M, P]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + a.described().Name
	resp.ResourceBehavior.MutableIdentity = a.described().MutableIdentity
}

func (a *adapter[M, P]) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = a.described().schema
}

func (a *adapter[M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = a.described().identitySchema
}

func (a *adapter[M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	a.core.Configure(req.ProviderData, &resp.Diagnostics)
}

func (a *adapter[M, P]) ConfigValidators(ctx context.Context) []resource.ConfigValidator {
	if r, ok := a.core.(interface {
		ConfigValidators(context.Context) []resource.ConfigValidator
	}); ok {
		return r.ConfigValidators(ctx)
	}
	return nil
}

func (a *adapter[M, P]) MoveState(ctx context.Context) []resource.StateMover {
	if r, ok := a.core.(interface {
		MoveState(context.Context) []resource.StateMover
	}); ok {
		return r.MoveState(ctx)
	}
	return nil
}

func (a *adapter[M, P]) UpgradeState(ctx context.Context) map[int64]resource.StateUpgrader {
	if r, ok := a.core.(interface {
		UpgradeState(context.Context) map[int64]resource.StateUpgrader
	}); ok {
		return r.UpgradeState(ctx)
	}
	return nil
}

func (a *adapter[M, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	config := a.decode(ctx, req.Config.Raw, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(a.core.Validate(config)...)
	}
}

func (a *adapter[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	object := a.objectOf(ctx, req.State, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	found := a.core.Refresh(ctx, object)
	resp.Diagnostics.Append(found.Diagnostics...)
	// Set the identity even if the object is gone: otherwise CLIs before 1.12 fail with "Missing
	// Resource Identity After Read".
	if resp.Identity.Raw.IsFullyNull() {
		resp.Identity.Raw = a.identityOf(ctx, &found.State, &resp.Diagnostics)
	}
	if found.Gone {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.State.Raw = Encode(ctx, a.core.Fields(&found.State), resp.State.Schema, &resp.Diagnostics)
	if found.Private != object.Private {
		writePrivate(ctx, found.Private, resp.Private, &resp.Diagnostics)
	}
}

func (a *adapter[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var prior *Object[M, P]
	if !req.State.Raw.IsNull() {
		object := a.objectOf(ctx, req.State, req.Private, &resp.Diagnostics)
		prior = &object
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(a.core.PlanDestroy(ctx, *prior)...)
		return
	}
	planned := a.core.Plan(ctx, Change[M, P]{
		Config: a.decode(ctx, req.Config.Raw, &resp.Diagnostics),
		Plan:   a.decode(ctx, req.Plan.Raw, &resp.Diagnostics),
		Prior:  prior,
	})
	resp.Diagnostics.Append(planned.Diagnostics...)
	resp.Plan.Raw = Encode(ctx, a.core.Fields(&planned.Plan), resp.Plan.Schema, &resp.Diagnostics)
	for _, name := range planned.Replace {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root(name))
	}
	// If an attribute of the identity is unknown, so is the identity after an update.
	if identity := a.identityOf(ctx, &planned.Plan, &resp.Diagnostics); prior != nil && identity.IsNull() {
		resp.Identity.Raw = identity
	}
}

func (a *adapter[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := a.decode(ctx, req.Plan.Raw, &resp.Diagnostics)
	result := a.result(ctx, &resp.State, resp.Identity, resp.Private, &resp.Diagnostics)
	a.core.Require(&resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(a.core.Create(ctx, plan, result)...)
	}
}

func (a *adapter[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	prior := a.objectOf(ctx, req.State, req.Private, &resp.Diagnostics)
	change := Change[M, P]{
		Config: a.decode(ctx, req.Config.Raw, &resp.Diagnostics),
		Plan:   a.decode(ctx, req.Plan.Raw, &resp.Diagnostics),
		Prior:  &prior,
	}
	result := a.result(ctx, &resp.State, resp.Identity, resp.Private, &resp.Diagnostics)
	a.core.Require(&resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(a.core.Update(ctx, change, result)...)
	}
}

func (a *adapter[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	object := a.objectOf(ctx, req.State, req.Private, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(a.core.Delete(ctx, object)...)
	}
}

func (a *adapter[M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	a.core.Require(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	identity := make(map[string]string)
	if req.ID == "" && req.Identity != nil {
		var attributes map[string]tftypes.Value
		if err := req.Identity.Raw.As(&attributes); err != nil {
			resp.Diagnostics.AddError("Unreadable identity", err.Error())
			return
		}
		for name, attribute := range attributes {
			var text *string
			if err := attribute.As(&text); err == nil && text != nil {
				identity[name] = *text
			}
		}
	}
	object, diags := a.core.Import(ctx, req.ID, identity)
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		a.result(ctx, &resp.State, resp.Identity, resp.Private, &resp.Diagnostics).Save(object.State, object.Private)
	}
}

// result writes what is saved to the response of a request.
func (a *adapter[M, P]) result(ctx context.Context, state *tfsdk.State, identity *tfsdk.ResourceIdentity, private privateSetter, diags *diag.Diagnostics) *Result[M, P] {
	return &Result[M, P]{
		save: func(m M, p P) {
			state.Raw = Encode(ctx, a.core.Fields(&m), state.Schema, diags)
			if identity != nil {
				identity.Raw = a.identityOf(ctx, &m, diags)
			}
			writePrivate(ctx, p, private, diags)
		},
		remove: func() { state.RemoveResource(ctx) },
	}
}

func (a *adapter[M, P]) objectOf(ctx context.Context, state tfsdk.State, private privateGetter, diags *diag.Diagnostics) Object[M, P] {
	return Object[M, P]{State: a.decode(ctx, state.Raw, diags), Private: readPrivate[P](ctx, private, diags)}
}

func (a *adapter[M, P]) decode(ctx context.Context, object tftypes.Value, diags *diag.Diagnostics) M {
	var m M
	if err := a.core.Fields(&m).decode(ctx, a.described().attributes, object); err != nil {
		addBug(diags, err)
	}
	return m
}

// identityOf is the identity of an object: those of its attributes that the identity
// schema names. It is null while one of them is unknown.
func (a *adapter[M, P]) identityOf(ctx context.Context, m *M, diags *diag.Diagnostics) tftypes.Value {
	identity, err := a.core.Fields(m).encode(ctx, a.described().identity)
	if err != nil {
		addBug(diags, err)
	}
	if err != nil || !identity.IsFullyKnown() {
		return tftypes.NewValue(a.described().identity, nil)
	}
	return identity
}
