// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"bytes"
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// direct is a resource that can answer Terraform without the framework. Each method
// returns nil where it can't, and leaves the answer to the framework.
type direct interface {
	resource.ResourceWithConfigure

	validateDirectly(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) *tfprotov6.ValidateResourceConfigResponse
	upgradeDirectly(req *tfprotov6.UpgradeResourceStateRequest) *tfprotov6.UpgradeResourceStateResponse
	readDirectly(ctx context.Context, req *tfprotov6.ReadResourceRequest) *tfprotov6.ReadResourceResponse
	planDirectly(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) *tfprotov6.PlanResourceChangeResponse
}

// validateDirectly passes a configuration in which nothing is wrong.
func (a *adapter[M, P]) validateDirectly(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) *tfprotov6.ValidateResourceConfigResponse {
	raw, m, ok := a.decodePacked(ctx, req.Config)
	if !ok || len(a.ConfigValidators(ctx)) > 0 {
		return nil
	}
	config := tfsdk.Config{Raw: raw, Schema: a.described().schema}
	for name, f := range a.core.Fields(&m) {
		if !isValid(ctx, a.described().schema.Attributes[name], path.Root(name), f.get(), config) {
			return nil
		}
	}
	if len(a.core.Validate(m)) > 0 {
		return nil
	}
	return &tfprotov6.ValidateResourceConfigResponse{}
}

// isValid reports whether the value of an attribute is valid. For types of attributes that it can't
// check, it returns true only for null.
func isValid(ctx context.Context, attribute schema.Attribute, at path.Path, value attr.Value, config tfsdk.Config) bool {
	readOnly := attribute.IsComputed() && !attribute.IsOptional()
	if (value.IsNull() && attribute.IsRequired()) || (!value.IsNull() && readOnly) {
		return false
	}
	switch v := value.(type) {
	case types.String:
		a, ok := attribute.(schema.StringAttribute)
		return ok && !slices.ContainsFunc(a.Validators, func(rule validator.String) bool {
			var resp validator.StringResponse
			rule.ValidateString(ctx, validator.StringRequest{Path: at, PathExpression: at.Expression(), Config: config, ConfigValue: v}, &resp)
			return len(resp.Diagnostics) > 0
		})
	case types.Set:
		a, ok := attribute.(schema.SetAttribute)
		return ok && !slices.ContainsFunc(a.Validators, func(rule validator.Set) bool {
			var resp validator.SetResponse
			rule.ValidateSet(ctx, validator.SetRequest{Path: at, PathExpression: at.Expression(), Config: config, ConfigValue: v}, &resp)
			return len(resp.Diagnostics) > 0
		})
	}
	return value.IsNull()
}

// upgradeDirectly returns a state of the current schema version as it was stored.
func (a *adapter[M, P]) upgradeDirectly(req *tfprotov6.UpgradeResourceStateRequest) *tfprotov6.UpgradeResourceStateResponse {
	if req.RawState == nil || len(req.RawState.JSON) == 0 || req.Version != a.described().schema.Version {
		return nil
	}
	// Unmarshal fails for attributes that the schema doesn't have; the framework removes them.
	if _, err := req.RawState.Unmarshal(a.described().object); err != nil {
		return nil
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}
}

// readDirectly refreshes an object. For an unchanged object it returns the bytes of the request.
func (a *adapter[M, P]) readDirectly(ctx context.Context, req *tfprotov6.ReadResourceRequest) *tfprotov6.ReadResourceResponse {
	_, state, ok := a.decodePacked(ctx, req.CurrentState)
	if !ok {
		return nil
	}
	private, err := decodePrivate[P](req.Private)
	if err != nil {
		return nil
	}
	found := a.core.Refresh(ctx, Object[M, P]{State: state, Private: private})
	resp := &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, NewIdentity: req.CurrentIdentity, Private: req.Private}
	diags := found.Diagnostics
	if resp.NewIdentity == nil || isNullPacked(resp.NewIdentity.IdentityData, a.described().identity) {
		identity := a.identityOf(ctx, &found.State, &diags)
		resp.NewIdentity = &tfprotov6.ResourceIdentityData{IdentityData: pack(identity, &diags)}
	}
	switch {
	case found.Gone:
		resp.NewState = pack(tftypes.NewValue(a.described().object, nil), &diags)
	case !a.core.Fields(&found.State).equal(a.core.Fields(&state)):
		resp.NewState = pack(Encode(ctx, a.core.Fields(&found.State), a.described().schema, &diags), &diags)
	}
	if found.Private != private {
		if resp.Private, err = encodePrivate(req.Private, found.Private); err != nil {
			addBug(&diags, err)
		}
	}
	resp.Diagnostics = toProtocol(diags)
	return resp
}

// planDirectly plans an object whose configuration proposes no change. If the plan has no change
// either, it returns the bytes of the request.
func (a *adapter[M, P]) planDirectly(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) *tfprotov6.PlanResourceChangeResponse {
	if req.PriorState == nil || req.ProposedNewState == nil || len(req.PriorState.MsgPack) == 0 ||
		!bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return nil
	}
	_, state, ok := a.decodePacked(ctx, req.PriorState)
	if !ok {
		return nil
	}
	_, config, ok := a.decodePacked(ctx, req.Config)
	if !ok {
		return nil
	}
	private, err := decodePrivate[P](req.PriorPrivate)
	if err != nil {
		return nil
	}
	planned := a.core.Plan(ctx, Change[M, P]{Config: config, Plan: state, Prior: &Object[M, P]{State: state, Private: private}})
	if len(planned.Replace) > 0 || !a.core.Fields(&planned.Plan).equal(a.core.Fields(&state)) {
		return nil
	}
	return &tfprotov6.PlanResourceChangeResponse{
		PlannedState:    req.ProposedNewState,
		PlannedPrivate:  req.PriorPrivate,
		PlannedIdentity: req.PriorIdentity,
		Diagnostics:     toProtocol(planned.Diagnostics),
	}
}

// decodePacked reads an object; ok is false for one that is null, unknown or of another type.
func (a *adapter[M, P]) decodePacked(ctx context.Context, packed *tfprotov6.DynamicValue) (raw tftypes.Value, m M, ok bool) {
	if packed == nil {
		return raw, m, false
	}
	raw, err := packed.Unmarshal(a.described().object)
	if err != nil || !raw.IsKnown() || raw.IsNull() {
		return raw, m, false
	}
	err = a.core.Fields(&m).decode(ctx, a.described().attributes, raw)
	return raw, m, err == nil
}

func isNullPacked(packed *tfprotov6.DynamicValue, of tftypes.Object) bool {
	if packed == nil {
		return true
	}
	value, err := packed.Unmarshal(of)
	return err == nil && value.IsFullyNull()
}

func pack(value tftypes.Value, diags *diag.Diagnostics) *tfprotov6.DynamicValue {
	packed, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		addBug(diags, err)
	}
	return &packed
}
