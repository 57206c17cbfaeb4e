// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// checkAccountID refuses an id that isn't a UUID, such as a name: SigNoz's own error for it isn't
// helpful. Call it in plans and reads, not in Validate: in `terraform test` an id may come from a
// mock, which is a random text.
func checkAccountID(at path.Path, id types.String, diags *diag.Diagnostics) {
	if values.Known(id) && !values.IsUUID(id.ValueString()) {
		diags.AddAttributeError(at, fmt.Sprintf("%s isn't the id of a service account", at),
			fmt.Sprintf("%q isn't a UUID. Use signoz_service_account.NAME.id, or data.signoz_service_account.NAME.id to look the account up by name. In terraform test or Terragrunt, mock the ID with a UUID.", id.ValueString()))
	}
}

// checkNewAccountID is checkAccountID for an id that is new in a plan. It refuses upper case too:
// SigNoz returns ids in lower case, and the difference would be planned as a replacement.
func checkNewAccountID(planned, present types.String, diags *diag.Diagnostics) {
	at, id := path.Root("service_account_id"), planned.ValueString()
	if planned.Equal(present) {
		return
	}
	checkAccountID(at, planned, diags)
	if values.IsUUID(id) && id != strings.ToLower(id) {
		diags.AddAttributeError(at, fmt.Sprintf("%s must be lowercase", at),
			fmt.Sprintf("SigNoz returns IDs in lowercase, so Terraform would see a permanent change. Use %q.", strings.ToLower(id)))
	}
}

// problem is an error with a summary of its own, for a diagnostic.
type problem struct {
	summary string
	detail  string
	err     error // explained by session.explain when detail is empty
}

// findAccount resolves what users write for an account, its id or its name, to an
// account that isn't deleted. A UUID is an id first: a name may look like one.
func findAccount(ctx context.Context, client *signoz.Client, reference string) (*signoz.ServiceAccount, *problem) {
	if values.IsUUID(reference) {
		account, err := client.SharedServiceAccount(ctx, strings.ToLower(reference))
		switch {
		case err == nil && !account.Deleted():
			return account, nil
		case err == nil:
			return nil, &problem{
				summary: fmt.Sprintf("Service account %s was deleted", reference),
				detail:  fmt.Sprintf("The account with this id, named %q, was deleted in SigNoz, and deleted accounts can't be brought back. Use another account.", account.Name),
			}
		case !signoz.IsAccountNotFound(err):
			return nil, &problem{summary: "Can't read service account " + reference, err: err}
		}
	}
	return findAccountByName(ctx, client, reference)
}

// findAccountByName finds the active account of that exact name, and reads its roles too.
func findAccountByName(ctx context.Context, client *signoz.Client, name string) (*signoz.ServiceAccount, *problem) {
	accounts, err := client.ServiceAccounts(ctx)
	if err != nil {
		return nil, &problem{summary: "Can't list the service accounts", err: err}
	}
	var (
		names      []string
		wasDeleted bool
	)
	for i := range accounts {
		if accounts[i].Deleted() {
			wasDeleted = wasDeleted || accounts[i].Name == name
			continue
		}
		if accounts[i].Name != name {
			names = append(names, accounts[i].Name)
			continue
		}
		account, err := client.SharedServiceAccount(ctx, accounts[i].ID)
		if err != nil {
			return nil, &problem{summary: fmt.Sprintf("Can't read service account %q", name), err: err}
		}
		return account, nil
	}
	detail := noAccountNamed(name, names)
	if wasDeleted {
		detail += fmt.Sprintf(" An account named %q was deleted in SigNoz, and deleted accounts can't be brought back.", name)
	}
	return nil, &problem{summary: "Service account not found", detail: detail}
}

// noAccountNamed says that there is no such account and which may have been meant.
func noAccountNamed(name string, names []string) string {
	what := fmt.Sprintf("No active account is named %q", name)
	if values.IsUUID(name) {
		what = fmt.Sprintf("No account has the id %s", name)
	}
	return what + wording.Alternatives(name, names, "There are", ". There are no active accounts that the provider may see.")
}

// findKey resolves what users write for a key of an account, its id or its name.
func findKey(ctx context.Context, client *signoz.Client, account *signoz.ServiceAccount, reference string) (*signoz.Key, *problem) {
	keys, err := client.Keys(ctx, account.ID)
	if err != nil {
		return nil, &problem{summary: fmt.Sprintf("Can't list the keys of service account %q", account.Name), err: err}
	}
	byID := slices.IndexFunc(keys, func(k signoz.Key) bool { return strings.EqualFold(k.ID, reference) })
	if byID >= 0 {
		return &keys[byID], nil
	}
	names := make([]string, 0, len(keys))
	for i := range keys {
		if keys[i].Name == reference {
			return &keys[i], nil
		}
		names = append(names, keys[i].Name)
	}
	detail := fmt.Sprintf("Service account %q has no key with the id or name %q", account.Name, reference)
	return nil, &problem{summary: "Key not found", detail: detail + wording.Alternatives(reference, names, "It has", ": it has no keys.")}
}

// findKeyByID finds a key in whichever account it belongs to.
func findKeyByID(ctx context.Context, client *signoz.Client, id string) (*signoz.ServiceAccount, *signoz.Key, *problem) {
	accounts, err := client.ServiceAccounts(ctx)
	if err != nil {
		return nil, nil, &problem{summary: "Can't list the service accounts", err: err}
	}
	for i := range accounts {
		if accounts[i].Deleted() {
			continue
		}
		key, err := client.Key(ctx, accounts[i].ID, strings.ToLower(id))
		if err != nil {
			return nil, nil, &problem{summary: fmt.Sprintf("Can't list the keys of service account %q", accounts[i].Name), err: err}
		}
		if key != nil {
			return &accounts[i], key, nil
		}
	}
	return nil, nil, &problem{summary: "Key not found", detail: fmt.Sprintf("No active service account has a key with the id %s.", id)}
}

// importReference reads what a user wrote to import an object of an account, an import id
// ACCOUNT/OBJECT or an identity, in which the attribute object names the object. form says
// how the import id is written.
func importReference(id string, identity map[string]string, object, form string, diags *diag.Diagnostics) (account, of string) {
	if id == "" && len(identity) > 0 {
		checkIdentity(identity, diags)
		return identity["service_account_id"], identity[object]
	}
	account, of, ok := strings.Cut(id, "/")
	if !ok || account == "" || of == "" || strings.Contains(of, "/") {
		diags.AddError("Invalid import id", fmt.Sprintf("%q isn't of the form %s", id, form))
	}
	return account, of
}

// checkIdentity refuses an identity whose ids aren't UUIDs.
func checkIdentity(identity map[string]string, diags *diag.Diagnostics) {
	for _, name := range []string{"service_account_id", "id"} {
		if id, ok := identity[name]; ok && !values.IsUUID(id) {
			diags.AddError("Invalid identity", fmt.Sprintf("%s of an identity is a UUID; %q isn't one. To import by name, use the import id instead: ACCOUNT, ACCOUNT/KEY or ACCOUNT/ROLE.", name, id))
		}
	}
}
