// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func TestAccountDataSource_reads(t *testing.T) {
	on := embeddedOnly(t)
	account := on.CreateAccount("ci-pipeline", "signoz-editor", "signoz-viewer")
	on.CreateAccount("ci")
	p := talk(t, on)

	byName := p.data(accountKind, `{"name": "ci-pipeline"}`)
	equal(t, "id", byName.text("id"), account.ID)
	equal(t, "name", byName.text("name"), "ci-pipeline")
	equal(t, "email", byName.text("email"), account.Email)
	equal(t, "org_id", byName.text("org_id"), account.OrgID)
	equal(t, "status", byName.text("status"), "active")
	equal(t, "roles", byName.at("roles"), `["signoz-editor","signoz-viewer"]`)
	equal(t, "created_at", byName.text("created_at"), rfc3339(account.CreatedAt))
	equal(t, "updated_at", byName.text("updated_at"), rfc3339(account.UpdatedAt))

	equal(t, "by id", p.data(accountKind, `{"id": `+quote(account.ID)+`}`).json(), byName.json())
	equal(t, "by id in capitals", p.data(accountKind, `{"id": `+quote(strings.ToUpper(account.ID))+`}`).json(), byName.json())
}

func TestAccountDataSource_refuses(t *testing.T) {
	on := embeddedOnly(t)
	on.CreateAccount("ci-pipeline")
	on.CreateAccount("deploy")
	old := on.CreateAccount("long-gone")
	on.DeleteAccount(old.ID)
	p := talk(t, on)

	p.refused(`No active account is named "ci-pipline"; did you mean "ci-pipeline"?`).data(accountKind, `{"name": "ci-pipline"}`)
	p.refused(`did you mean "ci-pipeline"?`).data(accountKind, `{"name": "CI_Pipeline"}`)
	p.refused(`No active account is named "grafana". There are: ci-pipeline, deploy, terraform.`).data(accountKind, `{"name": "grafana"}`)
	p.refused(`No active account is named "long-gone"`, `An account named "long-gone" was deleted`).data(accountKind, `{"name": "long-gone"}`)
	p.refused("No service account has the id 0199fa0c-0000-7000-8000-000000000000").data(accountKind, `{"id": "0199fa0c-0000-7000-8000-000000000000"}`)
	p.refused("isn't the id of a service account", "data.signoz_service_account").data(accountKind, `{"id": "ci-pipeline"}`)
	p.refused("Exactly one of these attributes must be configured", "id", "name").data(accountKind, `{}`)
	p.refused("Exactly one of these attributes must be configured").data(accountKind, `{"id": "0199fa0c-0000-7000-8000-000000000000", "name": "ci-pipeline"}`)
}

// A name that was given up by a deletion is free again: the name finds the new
// account, the id still finds the old one.
func TestAccountDataSource_deletedAccount(t *testing.T) {
	on := embeddedOnly(t)
	old := on.CreateAccount("ci")
	on.DeleteAccount(old.ID)
	account := on.CreateAccount("ci")
	p := talk(t, on)

	equal(t, "id", p.data(accountKind, `{"name": "ci"}`).text("id"), account.ID)
	equal(t, "status", p.data(accountKind, `{"id": `+quote(old.ID)+`}`).text("status"), "deleted")
}

func TestAccountDataSource_suggestsNoFarAwayName(t *testing.T) {
	on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_138_0))
	for name := range strings.SplitSeq("abcdefghijklmnopqrstuvwxy", "") {
		on.CreateAccount("team-" + name)
	}
	// A server with hundreds of accounts doesn't fill the screen.
	talk(t, on).refused("team-a, team-b", "and 6 more").data(accountKind, `{"name": "something-else-entirely"}`)
}

// A key without signoz-admin may ask who it is and nothing else.
func TestDataSources_forbidden(t *testing.T) {
	on := embeddedOnly(t)
	viewer := on.CreateAccount("viewer", "signoz-viewer")
	on.apiKey = on.CreateKey(viewer.ID, "k", noExpiry).Value
	p := talk(t, on)

	equal(t, "name", p.data("signoz_me", `{}`).text("name"), "viewer")
	for kind, config := range map[string]string{
		accountKind:                   `{"name": "viewer"}`,
		"signoz_service_accounts":     `{}`,
		"signoz_service_account_keys": `{"service_account_id": ` + quote(viewer.ID) + `}`,
		"signoz_roles":                `{}`,
	} {
		p.refused("need the role signoz-admin", "authz_forbidden").data(kind, config)
	}
}

// Where SigNoz names the missing permission, so does the error.
func TestProvider_namesTheMissingPermission(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	account := on.CreateAccount("ci")
	on.Inject(signoztest.Fault{Method: http.MethodGet, Path: "/api/v1/service_accounts/*/keys", Answer: signoztest.Reply{Status: http.StatusForbidden, Body: `{"status":"error","error":{"code":"authz_forbidden","message":"service_account/` + account.ID + ` is not authorized to perform factor-api-key:list on resource \"` + account.ID + `\""}}`}})
	talk(t, on).refused("lacks the permission factor-api-key:list on "+account.ID, "signoz-admin", "custom role").
		data("signoz_service_account_keys", `{"service_account_id": `+quote(account.ID)+`}`)
}
