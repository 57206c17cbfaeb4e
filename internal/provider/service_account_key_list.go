// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

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

var _ list.ListResourceWithConfigure = (*serviceAccountKeyListResource)(nil)

type serviceAccountKeyListResource struct{ session *session }

func newServiceAccountKeyListResource() list.ListResource { return &serviceAccountKeyListResource{} }

type serviceAccountKeyListModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	NameRegex        types.String `tfsdk:"name_regex"`
	Expired          types.Bool   `tfsdk:"expired"`
	UnusedFor        types.String `tfsdk:"unused_for"`
}

func (l *serviceAccountKeyListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
}

func (l *serviceAccountKeyListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The keys of one service account, or of all active ones, expired keys included.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "ID of the service account, a UUID. If unset, the keys of all active accounts are listed.",
			},
			"name_regex": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only keys whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
				Validators:          []validator.String{isRegexp{}},
			},
			"expired": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "`true`: only keys that have expired; `false`: only keys that haven't.",
			},
			"unused_for": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only keys that weren't used for this long, such as `90d`. A key that was never used counts from its creation.",
				Validators:          []validator.String{durationValidator{}},
			},
		},
	}
}

func (l *serviceAccountKeyListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// List needs one request an account, however many keys it has, and one for the accounts.
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
	wanted, err := model.filter(l.session.now())
	if err != nil {
		stream.Results = list.NoListResults // refused by the validator
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		listed := int64(0)
		for of := range l.keyLists(ctx, client, model.ServiceAccountID) {
			if of.err != nil {
				l.session.addError(ctx, &diags, of.failure, of.err)
				list.ListResultsStreamDiagnostics(diags)(push)
				return
			}
			for _, key := range slices.DeleteFunc(sortedKeys(of.keys), func(key signoz.Key) bool { return !wanted(&key) }) {
				listed++
				if !push(l.result(ctx, req, of.account, &key)) || listed == req.Limit { // 0: no limit
					return
				}
			}
		}
	}
}

// filter returns a function that reports whether a key is asked for.
func (m *serviceAccountKeyListModel) filter(now time.Time) (func(*signoz.Key) bool, error) {
	pattern, err := regexp.Compile(m.NameRegex.ValueString())
	return func(key *signoz.Key) bool {
		idle := now.Sub(key.LastUsedAt) // creation, for a key never used
		return pattern.MatchString(key.Name) &&
			(m.Expired.IsNull() || key.Expired(now) == m.Expired.ValueBool()) &&
			(m.UnusedFor.IsNull() || idle >= durationOf(m.UnusedFor))
	}, err
}

// accountKeys are the keys of an account, or why they can't be listed.
type accountKeys struct {
	account string // its name; "" where it wasn't asked for
	keys    []signoz.Key
	err     error
	failure string
}

// keyLists reads the keys of one account, or of all active ones, some accounts at the
// same time, in the order of the accounts' names. It reads on only while more is wanted.
func (l *serviceAccountKeyListResource) keyLists(ctx context.Context, client *signoz.Client, accountID types.String) func(yield func(accountKeys) bool) {
	return func(yield func(accountKeys) bool) {
		if id := accountID.ValueString(); id != "" {
			keys, err := client.Keys(ctx, id)
			yield(accountKeys{keys: keys, err: err, failure: "Can't list the keys of service account " + id})
			return
		}
		accounts, err := client.ServiceAccounts(ctx)
		if err != nil {
			yield(accountKeys{err: err, failure: "Can't list the service accounts"})
			return
		}
		active := slices.DeleteFunc(sortedAccounts(accounts), func(a signoz.ServiceAccount) bool { return a.Deleted() })
		for some := range slices.Chunk(active, accountsReadAtOnce) {
			read := make([]accountKeys, len(some))
			var running sync.WaitGroup
			for i, account := range some {
				running.Go(func() {
					read[i] = accountKeys{account: account.Name, failure: fmt.Sprintf("Can't list the keys of service account %q", account.Name)}
					read[i].keys, read[i].err = client.Keys(ctx, account.ID)
				})
			}
			running.Wait()
			for _, of := range read {
				if !signoz.IsAccountNotFound(of.err) && !yield(of) { // not found: it was deleted meanwhile
					return
				}
			}
		}
	}
}

// result is a key as `terraform query` shows it, called ACCOUNT/KEY among the keys of all accounts.
func (*serviceAccountKeyListResource) result(ctx context.Context, req list.ListRequest, account string, key *signoz.Key) list.ListResult {
	model := newServiceAccountKeyModel(key)
	fields := (*serviceAccountKeyResource)(nil).Fields(&model)
	result := req.NewListResult(ctx)
	result.DisplayName = key.Name
	if account != "" {
		result.DisplayName = account + "/" + key.Name
	}
	result.Identity.Raw = core.Encode(ctx, fields, result.Identity.Schema, &result.Diagnostics)
	if req.IncludeResource {
		result.Resource.Raw = core.Encode(ctx, fields, result.Resource.Schema, &result.Diagnostics)
	}
	return result
}
