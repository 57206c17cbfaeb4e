// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
)

// Coming from SigNoz's own provider, signoz/signoz: its resources of the same
// types, schema version 0, are taken over by a moved block (Terraform 1.8). With
// `terraform state replace-provider` Terraform reads their state with our schema:
// attributes that we don't have are dropped, those that they don't have are null
// until the first refresh.

const officialProvider = "signoz/signoz"

// officialState is the part of that provider's state that ours needs.
type officialState struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Email            string `json:"email"`
	OrgID            string `json:"org_id"`
	ServiceAccountID string `json:"service_account_id"`
}

// readOfficialState reads the state to move, if it is of that provider's typeName.
func readOfficialState(req resource.MoveStateRequest, resp *resource.MoveStateResponse, typeName string) (officialState, bool) {
	var source officialState
	if !strings.HasSuffix(req.SourceProviderAddress, "/"+officialProvider) || req.SourceTypeName != typeName || req.SourceRawState == nil {
		return source, false // for another mover, or for Terraform's own error
	}
	if err := json.Unmarshal(req.SourceRawState.JSON, &source); err != nil || source.ID == "" {
		resp.Diagnostics.AddError("Can't take over the state of "+officialProvider,
			"The state of the "+typeName+" to move has no id that can be read. Remove the moved block, and import the object instead.")
		return source, false
	}
	return source, true
}

// MoveState takes over a signoz_service_account of signoz/signoz.
func (r *serviceAccountResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{
		StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			source, ok := readOfficialState(req, resp, "signoz_service_account")
			if !ok {
				return
			}
			moved := serviceAccountModel{
				ID:    types.StringValue(source.ID),
				Name:  types.StringValue(source.Name),
				Roles: types.SetNull(types.StringType),
				Email: stringOrNull(source.Email),
				OrgID: stringOrNull(source.OrgID),
			}
			resp.TargetState.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetState.Schema, &resp.Diagnostics)
			resp.TargetIdentity.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetIdentity.Schema, &resp.Diagnostics)
		},
	}}
}

// MoveState takes over a signoz_service_account_role of signoz/signoz, which
// knows its role by id; the first refresh finds the name from the binding.
func (r *serviceAccountRoleResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{
		StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			source, ok := readOfficialState(req, resp, "signoz_service_account_role")
			if !ok {
				return
			}
			moved := serviceAccountRoleModel{ID: types.StringValue(source.ID), ServiceAccountID: types.StringValue(source.ServiceAccountID)}
			// No identity yet: the role's name is part of it, and an identity that
			// was set once may not change.
			resp.TargetState.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetState.Schema, &resp.Diagnostics)
		},
	}}
}
