// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// An object without an id doesn't exist yet: Crossplane's upjet, which runs the
// framework's own server in its process, reads before it creates, with an empty
// id. SigNoz isn't asked: its answer to a path without an id is a web page.
func TestRefresh_objectWithoutIDIsGone(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	account := on.CreateAccount("ci")
	framework := served(t, providerserver.NewProtocol6(provider.New("test")())())
	framework.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `}`)
	for served, p := range map[string]*protocol{"as released": talk(t, on), "by the framework": framework} {
		for kind, attributes := range map[string]string{
			accountKind: `"name": "ci"`,
			keyKind:     `"service_account_id": ` + quote(account.ID) + `, "name": "deploy"`,
			roleKind:    `"service_account_id": ` + quote(account.ID) + `, "role": "signoz-viewer"`,
		} {
			for _, id := range []string{`""`, `null`} {
				if found := p.read(p.stored(kind, `{"id": `+id+`, `+attributes+`}`)); !found.gone() {
					t.Errorf("%s, a %s with the id %s: %s", served, kind, id, found.json())
				}
			}
		}
		if found := p.read(p.stored(exclusiveKind, `{"service_account_id": "", "key_ids": []}`)); !found.gone() {
			t.Errorf("%s, exclusive keys of no account: %s", served, found.json())
		}
	}
	if n := on.CountRequests("", "/api/v1/service_accounts/"); n != 0 {
		t.Errorf("SigNoz was asked %d times for an account without an id", n)
	}
}
