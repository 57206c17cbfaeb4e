// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

type serviceAccountListModel struct {
	NameRegex types.String `tfsdk:"name_regex"`
}

func serviceAccountList() core.List[*session, serviceAccountListModel] {
	return core.List[*session, serviceAccountListModel]{
		Name: "service_account",
		List: listServiceAccounts,
		Schema: schema.Schema{
			MarkdownDescription: "The active service accounts of the organization. Deleted accounts aren't included.",
			Attributes: map[string]schema.Attribute{
				"name_regex": schema.StringAttribute{
					Optional:            true,
					MarkdownDescription: "Only accounts whose name matches this [regular expression](https://github.com/google/re2/wiki/Syntax), such as `^ci-`.",
					Validators:          []validator.String{values.IsRegexp()},
				},
			},
		},
	}
}

// listServiceAccounts reads the account list once, and each account it yields only when
// the whole account is asked for: the list doesn't tell roles.
func listServiceAccounts(ctx context.Context, s *session, config serviceAccountListModel, whole bool, limit int64) iter.Seq[core.Listed] {
	return func(yield func(core.Listed) bool) {
		pattern, err := regexp.Compile(config.NameRegex.ValueString())
		if err != nil {
			return // refused by the validator
		}
		accounts, err := s.client.ServiceAccounts(ctx)
		if err != nil {
			var failed core.Listed
			s.addError(ctx, &failed.Diagnostics, "Can't list the service accounts", err)
			yield(failed)
			return
		}
		wanted := slices.DeleteFunc(sortedAccounts(accounts), func(a signoz.ServiceAccount) bool {
			return a.Deleted() || !pattern.MatchString(a.Name)
		})
		if limit > 0 && int64(len(wanted)) > limit {
			wanted = wanted[:limit]
		}
		for listed := range readEach(wanted, func(account signoz.ServiceAccount) *core.Listed {
			return listedAccount(ctx, s, account, whole)
		}) {
			if listed != nil && !yield(*listed) {
				return
			}
		}
	}
}

// listedAccount is nil for an account that was deleted since it was listed.
func listedAccount(ctx context.Context, s *session, account signoz.ServiceAccount, whole bool) *core.Listed {
	listed := core.Listed{DisplayName: account.Name}
	if whole {
		switch read, err := s.client.ServiceAccount(ctx, account.ID); {
		case signoz.IsAccountNotFound(err), err == nil && read.Deleted():
			return nil
		case err != nil:
			s.addError(ctx, &listed.Diagnostics, fmt.Sprintf("Can't read service account %q", account.Name), err)
		default:
			account = *read
		}
	}
	model := newServiceAccountModel(&account)
	listed.Fields = (*serviceAccountResource)(nil).Fields(&model)
	return &listed
}
