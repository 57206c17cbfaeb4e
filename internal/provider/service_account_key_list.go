// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

type serviceAccountKeyListModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	NameRegex        types.String `tfsdk:"name_regex"`
	Expired          types.Bool   `tfsdk:"expired"`
	UnusedFor        types.String `tfsdk:"unused_for"`
}

func serviceAccountKeyList() core.List[*session, serviceAccountKeyListModel] {
	return core.List[*session, serviceAccountKeyListModel]{
		Name: "service_account_key",
		List: listServiceAccountKeys,
		Schema: schema.Schema{
			MarkdownDescription: "The keys of one service account, or of all active ones, expired keys included.",
			Attributes: map[string]schema.Attribute{
				"service_account_id": schema.StringAttribute{Optional: true, MarkdownDescription: "ID of the service account, a UUID. If unset, the keys of all active accounts are listed."},
				"name_regex": schema.StringAttribute{
					Optional:            true,
					MarkdownDescription: "Only keys whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
					Validators:          []validator.String{values.IsRegexp()},
				},
				"expired": schema.BoolAttribute{Optional: true, MarkdownDescription: "`true`: only keys that have expired; `false`: only keys that haven't."},
				"unused_for": schema.StringAttribute{
					Optional:            true,
					MarkdownDescription: "Only keys that weren't used for this long, such as `90d`. A key that was never used counts from its creation.",
					Validators:          []validator.String{times.AtLeast(0)},
				},
			},
		},
	}
}

// listServiceAccountKeys needs one request an account, however many keys it has, and one
// for the accounts.
func listServiceAccountKeys(ctx context.Context, s *session, config serviceAccountKeyListModel, _ bool, _ int64) iter.Seq[core.Listed] {
	return func(yield func(core.Listed) bool) {
		var diags diag.Diagnostics
		checkAccountID(path.Root("service_account_id"), config.ServiceAccountID, &diags)
		if diags.HasError() {
			yield(core.Listed{Diagnostics: diags})
			return
		}
		wanted, err := config.filter(s.now())
		if err != nil {
			return // refused by the validator
		}
		for of := range keyLists(ctx, s.client, config.ServiceAccountID.ValueString()) {
			if of.err != nil {
				s.addError(ctx, &diags, of.failure, of.err)
				yield(core.Listed{Diagnostics: diags})
				return
			}
			for _, key := range sortedKeys(of.keys) {
				if wanted(&key) && !yield(of.listed(&key)) {
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
			(m.UnusedFor.IsNull() || idle >= times.DurationOf(m.UnusedFor))
	}, err
}

// accountKeys are the keys of an account, or why they can't be listed.
type accountKeys struct {
	account string // its name; "" where only its keys are listed
	keys    []signoz.Key
	err     error
	failure string
}

// listed is a key as `terraform query` shows it, called ACCOUNT/KEY among the keys of all accounts.
func (of *accountKeys) listed(key *signoz.Key) core.Listed {
	model := newServiceAccountKeyModel(key)
	name := key.Name
	if of.account != "" {
		name = of.account + "/" + key.Name
	}
	return core.Listed{DisplayName: name, Fields: (*serviceAccountKeyResource)(nil).Fields(&model)}
}

// keyLists reads the keys of one account, or of all active ones in the order of their names.
func keyLists(ctx context.Context, client *signoz.Client, accountID string) iter.Seq[accountKeys] {
	return func(yield func(accountKeys) bool) {
		if accountID != "" {
			keys, err := client.Keys(ctx, accountID)
			yield(accountKeys{keys: keys, err: err, failure: "Can't list the keys of service account " + accountID})
			return
		}
		accounts, err := client.ServiceAccounts(ctx)
		if err != nil {
			yield(accountKeys{err: err, failure: "Can't list the service accounts"})
			return
		}
		active := slices.DeleteFunc(sortedAccounts(accounts), func(a signoz.ServiceAccount) bool { return a.Deleted() })
		for of := range readEach(active, func(account signoz.ServiceAccount) accountKeys {
			keys, err := client.Keys(ctx, account.ID)
			return accountKeys{account: account.Name, keys: keys, err: err, failure: fmt.Sprintf("Can't list the keys of service account %q", account.Name)}
		}) {
			if !signoz.IsAccountNotFound(of.err) && !yield(of) { // not found: it was deleted meanwhile
				return
			}
		}
	}
}
