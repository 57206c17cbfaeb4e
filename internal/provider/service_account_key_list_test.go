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

func TestServiceAccountKeyList(t *testing.T) {
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

func TestServiceAccountKeyListRefuses(t *testing.T) {
	on := embeddedOnly(t)
	p := talk(t, on)
	p.refused("isn't the id of a service account").list(keyKind, `{"service_account_id": "ci"}`, 0, false)
	p.refused("doesn't exist").list(keyKind, `{"service_account_id": "0199fa0c-0000-7000-8000-000000000000"}`, 0, false)
}
