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
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

// Migration from SigNoz's own provider, signoz/signoz: a moved block (Terraform 1.8) takes over its
// resources of the same types, schema version 0. With `terraform state replace-provider`, Terraform
// reads their state with this provider's schema: attributes that only the other provider has are
// dropped, and attributes that only this one has are null until the first refresh.

const officialProvider = "signoz/signoz"

// officialState is the part of that provider's state that ours needs.
type officialState struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Email            string `json:"email"`
	OrgID            string `json:"org_id"`
	ServiceAccountID string `json:"service_account_id"`
}

// takeOver moves a state of the official provider's typeName. It ignores other types: Terraform then
// reports that the move isn't supported.
func takeOver(typeName string, move func(ctx context.Context, source officialState, resp *resource.MoveStateResponse)) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if !strings.HasSuffix(req.SourceProviderAddress, "/"+officialProvider) || req.SourceTypeName != typeName || req.SourceRawState == nil {
			return
		}
		var source officialState
		if err := json.Unmarshal(req.SourceRawState.JSON, &source); err != nil || source.ID == "" {
			resp.Diagnostics.AddError("Can't migrate the state of "+officialProvider,
				"The state of the "+typeName+" to move has no readable ID. Remove the moved block, and import the object instead.")
			return
		}
		move(ctx, source, resp)
	}}}
}

// MoveState takes over a signoz_service_account of signoz/signoz.
func (r *serviceAccountResource) MoveState(context.Context) []resource.StateMover {
	return takeOver("signoz_service_account", func(ctx context.Context, source officialState, resp *resource.MoveStateResponse) {
		moved := serviceAccountModel{
			ID:    types.StringValue(source.ID),
			Name:  types.StringValue(source.Name),
			Roles: types.SetNull(types.StringType),
			Email: values.StringOrNull(source.Email),
			OrgID: values.StringOrNull(source.OrgID),
		}
		resp.TargetState.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetState.Schema, &resp.Diagnostics)
		resp.TargetIdentity.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetIdentity.Schema, &resp.Diagnostics)
	})
}

// MoveState takes over a signoz_service_account_role of signoz/signoz, which knows its role
// by id; the first refresh finds the name from the binding. The role's name is a part of
// the identity, which may not change once it is set, so there is none yet.
func (r *serviceAccountRoleResource) MoveState(context.Context) []resource.StateMover {
	return takeOver("signoz_service_account_role", func(ctx context.Context, source officialState, resp *resource.MoveStateResponse) {
		moved := serviceAccountRoleModel{ID: types.StringValue(source.ID), ServiceAccountID: types.StringValue(source.ServiceAccountID)}
		resp.TargetState.Raw = core.Encode(ctx, r.Fields(&moved), resp.TargetState.Schema, &resp.Diagnostics)
	})
}
