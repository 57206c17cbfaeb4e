// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func TestKeyList_lists(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			clock := signoztest.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			on := embeddedOnly(t, signoztest.WithVersion(version), signoztest.WithClock(clock))
			account := on.CreateAccount("ci")
			deploy := on.CreateKey(account.ID, "deploy", noExpiry)
			on.CreateKey(account.ID, "Legacy.Key_1", clock.Now().Add(-time.Hour)) // expired keys are listed too
			p := talk(t, on, provider.WithNow(clock.Now))
			config := `{"service_account_id": ` + quote(account.ID) + `}`

			results := p.list(keyKind, config, 0, false)
			equal(t, "keys", displayNames(results), "Legacy.Key_1, deploy")
			equal(t, "identity", results[1].identity.json(), fmt.Sprintf(`{"id":%q,"service_account_id":%q}`, deploy.ID, account.ID))
			equal(t, "resource", results[1].resource.json(), "null")

			whole := p.list(keyKind, config, 0, true)
			equal(t, "expiry", whole[0].resource.at("expires_at"), `"2026-03-01T11:00:00Z"`)
			equal(t, "no expiry", whole[1].resource.at("expires_at"), "null")
			equal(t, "key's value", whole[1].resource.at("key"), "null")
			equal(t, "limit", displayNames(p.list(keyKind, config, 1, true)), "Legacy.Key_1")

			// One request, however many keys and lists.
			equal(t, "requests", on.CountRequests("", ""), 1)

			for _, result := range whole {
				equal(t, result.name, result.resource.json(), p.importID(keyKind, "ci/"+result.name).json())
			}
		})
	}
}

func TestKeyList_refuses(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	p.refused("isn't the id of a service account").list(keyKind, `{"service_account_id": "ci"}`, 0, false)
	p.refused("doesn't exist").list(keyKind, `{"service_account_id": "0199fa0c-0000-7000-8000-000000000000"}`, 0, false)
}

// Without an account, the keys of all accounts are listed: one request for the
// accounts and one for each account's keys, some at the same time.
func TestKeyList_listsAllAccounts(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			clock := signoztest.NewClock(start)
			on := embeddedOnly(t, signoztest.WithVersion(version), signoztest.WithClock(clock))
			ci, nightly := on.CreateAccount("ci"), on.CreateAccount("nightly")
			gone := on.CreateAccount("gone")
			on.CreateKey(gone.ID, "gone", noExpiry)
			on.DeleteAccount(gone.ID)
			deploy := on.CreateKey(ci.ID, "deploy", noExpiry)
			on.CreateKey(ci.ID, "past", start.Add(time.Hour))
			used := on.CreateKey(nightly.ID, "deploy-nightly", start.Add(100*24*time.Hour))
			clock.Advance(30 * 24 * time.Hour)
			_, err := clientWith(t, on.endpoint, used.Value).Me(t.Context())
			fatal(t, err)
			on.ResetRequests()
			p := talk(t, on, provider.WithNow(clock.Now))

			all := p.list(keyKind, `{}`, 0, true)
			equal(t, "keys", displayNames(all), "ci/deploy, ci/past, nightly/deploy-nightly, terraform/terraform")
			equal(t, "identity", all[0].identity.json(), fmt.Sprintf(`{"id":%q,"service_account_id":%q}`, deploy.ID, ci.ID))
			equal(t, "requests", on.CountRequests("", ""), 4)
			for _, result := range all {
				equal(t, result.name, result.resource.json(), p.importID(keyKind, result.name).json())
			}
			for config, want := range map[string]string{
				`{"name_regex": "^deploy"}`:               "ci/deploy, nightly/deploy-nightly",
				`{"expired": true}`:                       "ci/past",
				`{"expired": false}`:                      "ci/deploy, nightly/deploy-nightly, terraform/terraform",
				`{"unused_for": "30d"}`:                   "ci/deploy, ci/past",
				`{"unused_for": "30d", "expired": false}`: "ci/deploy",
				`{"unused_for": "31d"}`:                   "",
				`{"name_regex": "deploy", "service_account_id": ` + quote(ci.ID) + `}`: "deploy",
			} {
				equal(t, config, displayNames(p.list(keyKind, config, 0, false)), want)
			}
		})
	}
}

// With a limit, hardly more is read than is shown; and never more than some lists at once.
func TestKeyList_readsNoFurtherThanItsLimit(t *testing.T) {
	on := embeddedOnly(t)
	const accounts = 60
	for i := range accounts {
		account := on.CreateAccount(fmt.Sprintf("a-%02d", i))
		on.CreateKey(account.ID, "first", noExpiry)
		on.CreateKey(account.ID, "second", noExpiry)
	}
	p := talk(t, on)
	on.ResetRequests()
	equal(t, "keys", displayNames(p.list(keyKind, `{"name_regex": "first"}`, 3, false)), "a-00/first, a-01/first, a-02/first")
	equal(t, "key lists read", on.CountRequests("GET", "/api/v1/service_accounts/*/keys"), 10)
	equal(t, "keys of as many accounts as are read at once", len(p.list(keyKind, `{"name_regex": "first"}`, 10, false)), 10)
	equal(t, "key lists read for these", on.CountRequests("GET", "/api/v1/service_accounts/*/keys"), 10)
	equal(t, "all", len(p.list(keyKind, `{"name_regex": "second"}`, 1000, false)), accounts)
	equal(t, "key lists read once", on.CountRequests("GET", "/api/v1/service_accounts/*/keys"), accounts+1) // the provider's own account
}

func TestKeyList_refusesWrongFilters(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	p.refused("Invalid regular expression").list(keyKind, `{"name_regex": "("}`, 0, false)
	p.refused("Invalid duration").list(keyKind, `{"unused_for": "a month"}`, 0, false)
	equal(t, "requests", on.CountRequests("", ""), 0)

	viewer := on.CreateAccount("viewer", "signoz-viewer")
	on.apiKey = on.CreateKey(viewer.ID, "k", noExpiry).Value
	talk(t, on).refused("Can't list the service accounts").list(keyKind, `{}`, 0, false)
}
