// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
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
		MarkdownDescription: "The active service accounts of the organization. Deleted accounts aren't included.",
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
	var (
		diags diag.Diagnostics
		model serviceAccountListModel
	)
	diags.Append(req.Config.Get(ctx, &model)...)
	client := l.session.requireClient(&diags)
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
	wanted := slices.DeleteFunc(sortedAccounts(accounts), func(a signoz.ServiceAccount) bool {
		return a.Deleted() || !pattern.MatchString(a.Name)
	})
	if req.Limit > 0 && int64(len(wanted)) > req.Limit {
		wanted = wanted[:req.Limit]
	}
	stream.Results = func(push func(list.ListResult) bool) {
		for some := range slices.Chunk(wanted, accountsReadAtOnce) {
			for _, result := range l.results(ctx, client, req, some) {
				if !push(result) {
					return
				}
			}
		}
	}
}

// accountsReadAtOnce is how many accounts are read at the same time, as many as
// Terraform works on by default.
const accountsReadAtOnce = 10

// results are those of some accounts, in order. One that was deleted since it
// was listed is left out.
func (l *serviceAccountListResource) results(ctx context.Context, client *signoz.Client, req list.ListRequest, accounts []signoz.ServiceAccount) []list.ListResult {
	if !req.IncludeResource {
		results := make([]list.ListResult, len(accounts))
		for i := range accounts {
			results[i] = l.result(ctx, req, &accounts[i])
		}
		return results
	}
	type reading struct {
		account *signoz.ServiceAccount
		err     error
	}
	readings := make([]reading, len(accounts))
	var running sync.WaitGroup
	for i := range accounts {
		running.Go(func() { readings[i].account, readings[i].err = client.ServiceAccount(ctx, accounts[i].ID) })
	}
	running.Wait()

	var results []list.ListResult
	for i, whole := range readings {
		if signoz.IsAccountNotFound(whole.err) || (whole.err == nil && whole.account.Deleted()) {
			continue
		}
		result := l.result(ctx, req, &accounts[i])
		if whole.err != nil {
			l.session.addError(ctx, &result.Diagnostics, fmt.Sprintf("Can't read service account %q", accounts[i].Name), whole.err)
		} else {
			model := newServiceAccountModel(whole.account)
			result.Resource.Raw = core.Encode(ctx, (*serviceAccountResource)(nil).Fields(&model), result.Resource.Schema, &result.Diagnostics)
		}
		results = append(results, result)
	}
	return results
}

// result is an account without the whole resource.
func (l *serviceAccountListResource) result(ctx context.Context, req list.ListRequest, account *signoz.ServiceAccount) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = account.Name
	result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root("id"), account.ID)...)
	return result
}
