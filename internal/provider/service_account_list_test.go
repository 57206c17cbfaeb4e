// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func displayNames(results []found) string {
	names := make([]string, len(results))
	for i, result := range results {
		names[i] = result.name
	}
	return strings.Join(names, ", ")
}

func TestAccountList_lists(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			on := embeddedOnly(t, signoztest.WithVersion(version))
			ci := on.CreateAccount("ci", "signoz-viewer")
			on.CreateAccount("Grafana.Legacy_Key")
			on.DeleteAccount(on.CreateAccount("ci-gone").ID)
			p := talk(t, on)

			all := p.list(accountKind, `{}`, 0, false)
			equal(t, "accounts", displayNames(all), "Grafana.Legacy_Key, ci, terraform")
			equal(t, "identity", all[1].identity.json(), `{"id":`+quote(ci.ID)+`}`)
			equal(t, "resource", all[1].resource.json(), "null")
			equal(t, "matching", displayNames(p.list(accountKind, `{"name_regex": "^ci"}`, 0, false)), "ci")
			equal(t, "none", len(p.list(accountKind, `{"name_regex": "nobody"}`, 0, true)), 0)

			// Nobody asked for the whole accounts, so there was one request in all.
			equal(t, "requests", on.CountRequests("", ""), 1)
		})
	}
}

func TestAccountList_wholeResource(t *testing.T) {
	on := embeddedOnly(t)
	on.CreateAccount("ci", "signoz-viewer", "signoz-editor")
	on.CreateAccount("idle")
	p := talk(t, on)
	results := p.list(accountKind, `{"name_regex": "^(ci|idle)$"}`, 100, true)
	equal(t, "accounts", displayNames(results), "ci, idle")
	for _, result := range results {
		// What is listed is what an import of the same account gives.
		equal(t, result.name, result.resource.json(), p.importID(accountKind, result.name).json())
	}
	equal(t, "roles", results[0].resource.at("roles"), `["signoz-editor","signoz-viewer"]`)
}

// With a limit, no more is read than is shown.
func TestAccountList_limit(t *testing.T) {
	on := embeddedOnly(t)
	for i := range 30 {
		on.CreateAccount(fmt.Sprintf("hand-made-%02d", i))
	}
	p := talk(t, on)
	equal(t, "accounts", displayNames(p.list(accountKind, `{"name_regex": "^hand"}`, 3, true)), "hand-made-00, hand-made-01, hand-made-02")
	equal(t, "whole accounts read", on.CountRequests("GET", "/api/v1/service_accounts/*"), 3)
	equal(t, "unlimited", len(p.list(accountKind, `{"name_regex": "^hand"}`, 0, false)), 30)
	equal(t, "high limit", len(p.list(accountKind, `{"name_regex": "^hand"}`, 1000, false)), 30)
}

func TestAccountList_refuses(t *testing.T) {
	on := embeddedOnly(t)
	talk(t, on).refused("Invalid regular expression").list(accountKind, `{"name_regex": "("}`, 0, false)

	viewer := on.CreateAccount("viewer", "signoz-viewer")
	on.apiKey = on.CreateKey(viewer.ID, "k", noExpiry).Value
	talk(t, on).refused("Can't list the service accounts", "signoz-admin").list(accountKind, `{}`, 0, false)
}

// An account that is deleted between the list and the look at it doesn't appear.
func TestAccountList_deletedMeanwhile(t *testing.T) {
	on := embeddedOnly(t)
	ci := on.CreateAccount("ci")
	on.CreateAccount("deploy")
	p := talk(t, on)
	p.list(accountKind, `{}`, 0, false) // the list is kept for the run
	on.DeleteAccount(ci.ID)
	equal(t, "accounts", displayNames(p.list(accountKind, `{}`, 0, true)), "deploy, terraform")
}

// `terraform query`, with a CLI that has it.
func TestAccQuery_listsAccountsAndKeys(t *testing.T) {
	on := embeddedOnly(t)
	ci := on.CreateAccount("ci-a", "signoz-viewer")
	on.CreateAccount("ci-b")
	on.DeleteAccount(on.CreateAccount("ci-gone").ID)
	key := on.CreateKey(ci.ID, "deploy", noExpiry)
	on.CreateKey(ci.ID, "nightly", noExpiry)

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		Steps: []resource.TestStep{{
			Query: true,
			Config: on.provider() + fmt.Sprintf(`
list "signoz_service_account" "ci" {
  provider = signoz
  config {
    name_regex = "^ci-"
  }
}

list "signoz_service_account_key" "ci" {
  provider         = signoz
  include_resource = true
  config {
    service_account_id = %q
  }
}

list "signoz_service_account_key" "first" {
  provider = signoz
  limit    = 1
  config {
    service_account_id = %q
  }
}
`, ci.ID, ci.ID),
			QueryResultChecks: []querycheck.QueryResultCheck{
				querycheck.ExpectLength("signoz_service_account.ci", 2),
				querycheck.ExpectIdentity("signoz_service_account.ci", map[string]knownvalue.Check{"id": knownvalue.StringExact(ci.ID)}),
				querycheck.ExpectLength("signoz_service_account_key.ci", 2),
				querycheck.ExpectIdentity("signoz_service_account_key.ci", map[string]knownvalue.Check{
					"id": knownvalue.StringExact(key.ID), "service_account_id": knownvalue.StringExact(ci.ID),
				}),
				querycheck.ExpectLength("signoz_service_account_key.first", 1),
			},
		}},
	})
}

// The way of a fresh user: 30 accounts and their keys, made by hand, come under
// management with `terraform query`, the configuration that it generates and
// one apply; and the plan afterwards is empty.
func TestAccQuery_adoptsWhatWasMadeByHand(t *testing.T) {
	on := oneTarget(t)
	skipWithoutCommand(t, "query") // Terraform 1.14
	terraform := newCommandLine(t, on, buildProvider(t))
	const accounts = 30
	prefix, client := letters("hand"), on.client(t)
	ids := make([]string, accounts)
	for i := range ids {
		id, err := client.CreateServiceAccount(t.Context(), prefix+strings.Repeat("-x", i/26)+"-"+string(rune('a'+i%26)))
		fatal(t, err)
		ids[i] = id
		t.Cleanup(func() { _ = client.DeleteServiceAccount(context.WithoutCancel(t.Context()), id) }) // a real server is left clean
	}
	roles, err := client.Roles(t.Context())
	fatal(t, err)
	for i, id := range ids[:10] {
		_, err := client.GrantRole(t.Context(), id, roles[i%len(roles)].Name)
		fatal(t, err)
	}
	_, err = client.CreateKey(t.Context(), ids[0], signoz.NewKey{Name: "forever"})
	fatal(t, err)
	_, err = client.CreateKey(t.Context(), ids[0], signoz.NewKey{Name: "dated", ExpiresAt: time.Now().Add(24 * time.Hour)})
	fatal(t, err)

	terraform.write("main.tf", `
terraform {
  required_providers {
    signoz = {
      source = "`+provider.Address+`"
    }
  }
}
`)
	terraform.write("hand.tfquery.hcl", fmt.Sprintf(`
list "signoz_service_account" "hand" {
  provider         = signoz
  include_resource = true
  config {
    name_regex = "^%s"
  }
}

list "signoz_service_account_key" "first" {
  provider         = signoz
  include_resource = true
  config {
    service_account_id = %q
  }
}
`, prefix, ids[0]))
	terraform.run("query", "-no-color", "-generate-config-out=generated.tf")
	if planned := terraform.run("plan", "-no-color"); !strings.Contains(planned, "Plan: 32 to import, 0 to add, 0 to change, 0 to destroy.") {
		t.Fatalf("the plan imports something else, or changes something:\n%s", planned)
	}
	terraform.run("apply", "-no-color", "-auto-approve")
	terraform.run("plan", "-no-color", "-detailed-exitcode") // exit code 2 would mean changes, and ends the test
}
