// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Pulumi's bridge fills in every input called `name`, and takes that back only
// where the validation of the configuration fails with this summary on this
// attribute. It appends a full stop to the detail.
func TestKey_conflictThatPulumiUnderstands(t *testing.T) {
	t.Parallel()
	p := unconfigured(t)
	for _, config := range []object{
		p.object(p.resourceType(keyKind), `{"service_account_id": "a", "name": "filled-in-0b1c2d3", "name_prefix": "ci-"}`),
		p.object(p.resourceType(keyKind), `{"service_account_id": "a", "name_prefix": "ci-"}`, "name"),
	} {
		resp, err := p.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: keyKind, Config: p.pack(config)})
		if err != nil {
			t.Fatal(err)
		}
		if len(resp.Diagnostics) != 1 {
			t.Fatalf("not one diagnostic: %s", said(resp.Diagnostics).text())
		}
		conflict := resp.Diagnostics[0]
		equal(t, "the severity", conflict.Severity, tfprotov6.DiagnosticSeverityError)
		equal(t, "the summary", conflict.Summary, "Conflicting configuration arguments")
		if want := tftypes.NewAttributePath().WithAttributeName("name"); !conflict.Attribute.Equal(want) {
			t.Errorf("the attribute is %s, not %s", conflict.Attribute, want)
		}
		if conflict.Detail == "" || strings.HasSuffix(conflict.Detail, ".") {
			t.Errorf("the detail is %q, and Pulumi appends a full stop", conflict.Detail)
		}
	}
}

// Pulumi plans without a refresh, and keeps an object's id across an update: whatever makes
// another object must be planned as a replacement. Without a refresh, Terraform's plans are
// those of an apply, which can't replace any more.
func TestPulumi_replacesWithoutRefresh(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	maker := talk(t, on)
	account, other := on.CreateAccount("ci").ID, on.CreateAccount("other").ID
	of := func(account, more string) string { return `{"service_account_id": ` + quote(account) + more + `}` }
	for _, c := range []struct{ kind, before, after, replacedFor string }{
		{keyKind, of(account, `, "name": "audited", "rotate_when_changed": {"why": "audit"}`), of(account, `, "name": "audited", "rotate_when_changed": {"why": "leak"}`), "rotate_when_changed"},
		{keyKind, of(account, `, "name_prefix": "ci-"`), of(account, `, "name_prefix": "cd-"`), "name_prefix"},
		{keyKind, of(account, `, "name": "moved"`), of(other, `, "name": "moved"`), "service_account_id"},
		{roleKind, roleOf(account, "signoz-viewer"), roleOf(account, "signoz-editor"), "role"},
		{exclusiveKind, exclusive(account, nil), exclusive(other, nil), "service_account_id"},
	} {
		made := maker.create(c.kind, c.before)
		for runBy, action := range map[string]string{"1.0.0+pulumi-terraform-bridge": "replace", "1.0.0": "update"} {
			p := unconfigured(t)
			p.runBy = runBy
			p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `}`)
			planned := p.plan(made, c.after)
			equal(t, runBy+" plans for "+c.replacedFor, planned.action, action)
			if action == "replace" {
				equal(t, "what it replaces for", strings.Join(planned.replacedFor, ", "), c.replacedFor)
			}
		}
	}
}
