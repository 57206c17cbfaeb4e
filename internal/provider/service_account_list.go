// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var _ list.ListResourceWithConfigure = (*serviceAccountListResource)(nil)

type serviceAccountListResource struct{ session *session }

func newServiceAccountListResource() list.ListResource { return &serviceAccountListResource{} }

type serviceAccountListModel struct {
	NameRegex types.String `tfsdk:"name_regex"`
}

func (l *serviceAccountListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account"
}

func (l *serviceAccountListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The active service accounts of the organisation. Accounts that were deleted don't appear.",
		Attributes: map[string]schema.Attribute{
			"name_regex": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only accounts whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
				Validators:          []validator.String{isRegexp{}},
			},
		},
	}
}

func (l *serviceAccountListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// List reads the account list once, and each account it yields only when the
// whole resource is asked for: the list doesn't tell roles.
func (l *serviceAccountListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	ctx = l.session.masked(ctx)
	var (
		diags diag.Diagnostics
		model serviceAccountListModel
	)
	diags.Append(req.Config.Get(ctx, &model)...)
	client := l.session.signoz(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	pattern, err := regexp.Compile(model.NameRegex.ValueString())
	if err != nil {
		stream.Results = list.NoListResults // refused by the validator
		return
	}
	accounts, err := client.ServiceAccounts(ctx)
	if err != nil {
		l.session.addError(ctx, &diags, "Can't list the service accounts", err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		var yielded int64
		for _, account := range sortedAccounts(accounts) {
			if account.Deleted() || !pattern.MatchString(account.Name) {
				continue
			}
			if req.Limit > 0 && yielded >= req.Limit {
				return
			}
			yielded++
			if !push(l.result(ctx, client, req, &account)) {
				return
			}
		}
	}
}

func (l *serviceAccountListResource) result(ctx context.Context, client *signoz.Client, req list.ListRequest, account *signoz.ServiceAccount) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = account.Name
	result.Diagnostics.Append(result.Identity.Set(ctx, serviceAccountIdentity{ID: types.StringValue(account.ID)})...)
	if !req.IncludeResource {
		return result
	}
	whole, err := client.ServiceAccount(ctx, account.ID)
	if err != nil {
		l.session.addError(ctx, &result.Diagnostics, "Can't read service account "+account.Name, err)
		return result
	}
	result.Diagnostics.Append(result.Resource.Set(ctx, newServiceAccountModel(whole, true))...)
	return result
}
