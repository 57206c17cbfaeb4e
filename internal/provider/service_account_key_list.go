// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
)

var _ list.ListResourceWithConfigure = (*serviceAccountKeyListResource)(nil)

type serviceAccountKeyListResource struct{ session *session }

func newServiceAccountKeyListResource() list.ListResource { return &serviceAccountKeyListResource{} }

type serviceAccountKeyListModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
}

func (l *serviceAccountKeyListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
}

func (l *serviceAccountKeyListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The keys of one service account, expired ones included.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the service account, a UUID.",
			},
		},
	}
}

func (l *serviceAccountKeyListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// List needs one request, however many keys there are.
func (l *serviceAccountKeyListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var (
		diags diag.Diagnostics
		model serviceAccountKeyListModel
	)
	diags.Append(req.Config.Get(ctx, &model)...)
	checkAccountID(path.Root("service_account_id"), model.ServiceAccountID, &diags)
	client := l.session.requireClient(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	keys, err := client.Keys(ctx, model.ServiceAccountID.ValueString())
	if err != nil {
		l.session.addError(ctx, &diags, "Can't list the keys of service account "+model.ServiceAccountID.ValueString(), err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		for i, key := range sortedKeys(keys) {
			if req.Limit > 0 && int64(i) >= req.Limit {
				return
			}
			model := newServiceAccountKeyModel(&key)
			fields := (*serviceAccountKeyResource)(nil).Fields(&model)
			result := req.NewListResult(ctx)
			result.DisplayName = key.Name
			result.Identity.Raw = core.Encode(ctx, fields, result.Identity.Schema, &result.Diagnostics)
			if req.IncludeResource {
				result.Resource.Raw = core.Encode(ctx, fields, result.Resource.Schema, &result.Diagnostics)
			}
			if !push(result) {
				return
			}
		}
	}
}
