// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"
)

func TestRolesDataSource_reads(t *testing.T) {
	on := embeddedOnly(t)
	id := on.CreateCustomRole("on-call")
	var got []string
	for _, role := range talk(t, on).data("signoz_roles", `{}`).objects("roles") {
		got = append(got, role.text("name")+" "+role.text("type"))
		if role.text("name") == "on-call" {
			equal(t, "id", role.text("id"), id)
		}
		if role.text("type") == "managed" && role.text("description") == "" {
			t.Errorf("%s has no description", role.text("name"))
		}
	}
	equal(t, "roles", strings.Join(got, ", "), "on-call custom, signoz-admin managed, signoz-anonymous managed, signoz-editor managed, signoz-viewer managed")
	equal(t, "requests", on.CountRequests("", ""), 1)
}
