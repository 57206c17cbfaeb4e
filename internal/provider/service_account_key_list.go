// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
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
				Validators:          []validator.String{accountIDValidator()},
			},
		},
	}
}

func (l *serviceAccountKeyListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// List needs one request, however many keys there are.
func (l *serviceAccountKeyListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	ctx = l.session.masked(ctx)
	var (
		diags diag.Diagnostics
		model serviceAccountKeyListModel
	)
	diags.Append(req.Config.Get(ctx, &model)...)
	client := l.session.signoz(&diags)
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
			whole := newServiceAccountKeyModel(&key, l.session.now())
			result := req.NewListResult(ctx)
			result.DisplayName = key.Name
			result.Diagnostics.Append(result.Identity.Set(ctx, whole.identity())...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, whole)...)
			}
			if !push(result) {
				return
			}
		}
	}
}
