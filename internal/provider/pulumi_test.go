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
