// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"
	"time"
)

func TestAccountsDataSource_reads(t *testing.T) {
	on := embeddedOnly(t)
	on.CreateAccount("ci-b")
	account := on.CreateAccount("ci-a", "signoz-viewer")
	on.CreateAccount("Grafana.Legacy_Key")
	gone := on.CreateAccount("ci-gone")
	on.Clock().Advance(time.Hour)
	on.DeleteAccount(gone.ID)
	p := talk(t, on)

	names := func(config string) string {
		var names []string
		for _, a := range p.data("signoz_service_accounts", config).objects("service_accounts") {
			names = append(names, a.text("name")+" "+a.text("status"))
		}
		return strings.Join(names, ", ")
	}
	equal(t, "all", names(`{}`), "Grafana.Legacy_Key active, ci-a active, ci-b active, terraform active")
	equal(t, "matching", names(`{"name_regex": "^ci-"}`), "ci-a active, ci-b active")
	equal(t, "with deleted", names(`{"name_regex": "^ci-", "include_deleted": true}`), "ci-a active, ci-b active, ci-gone deleted")
	equal(t, "without deleted", names(`{"name_regex": "gone", "include_deleted": false}`), "")

	first := p.data("signoz_service_accounts", `{"name_regex": "^ci-a$"}`).objects("service_accounts")[0]
	equal(t, "id", first.text("id"), account.ID)
	equal(t, "email", first.text("email"), account.Email)
	equal(t, "org_id", first.text("org_id"), account.OrgID)
	equal(t, "created_at", first.text("created_at"), rfc3339(account.CreatedAt))

	// However many data sources read it, the list comes once.
	equal(t, "requests", on.CountRequests("GET", "/api/v1/service_accounts"), 1)
	equal(t, "requests for one account", on.CountRequests("GET", "/api/v1/service_accounts/*"), 0)
}

func TestAccountsDataSource_noneMatches(t *testing.T) {
	on := embeddedOnly(t)
	equal(t, "accounts", talk(t, on).data("signoz_service_accounts", `{"name_regex": "nobody"}`).at("service_accounts"), "[]")
}

func TestAccountsDataSource_badExpression(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	p.refused("Invalid regular expression", "name_regex", "missing closing").data("signoz_service_accounts", `{"name_regex": "ci-("}`)
	p.refused("Invalid regular expression", "no lookahead").data("signoz_service_accounts", `{"name_regex": "ci-(?!x)"}`)
	equal(t, "requests", on.CountRequests("", ""), 0)
}
