// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// A key that a resource stands for is no stray, whichever of the two Terraform looks at first.
func TestPlannedStrays_areNotManaged(t *testing.T) {
	t.Parallel()
	const managed, byHand = "0199fa0c-0000-7000-8000-00000000000a", "0199fa0c-0000-7000-8000-00000000000b"
	keys := []signoz.Key{{ID: managed, Name: "deploy"}, {ID: byHand, Name: "by-hand"}}
	strays := []keyFacts{
		{ID: types.StringValue(managed), Name: types.StringValue("deploy")},
		{ID: types.StringValue(byHand), Name: types.StringValue("by-hand")},
	}

	s := &session{}
	var diags diag.Diagnostics
	s.noteRefreshed(managed)
	s.checkNoStray(managed, "deploy", &diags)
	if found := straysAmong(keys, exceptions{declared: s.isDeclaredKey, now: time.Now()}); len(found) != 1 || found[0].ID != byHand {
		t.Errorf("with the key declared first, the strays are %v", found)
	}
	if revoked := s.planToRevoke(strays); len(revoked) != 1 || revoked[0].ID.ValueString() != byHand {
		t.Errorf("with the key declared first, the plan revokes %v", revoked)
	}
	if len(diags) != 0 {
		t.Errorf("with the key declared first: %v", diags)
	}

	s = &session{}
	if revoked := s.planToRevoke(strays); len(revoked) != 2 {
		t.Errorf("with no key declared, the plan revokes %v", revoked)
	}
	s.noteRefreshed(managed)
	s.checkNoStray(managed, "deploy", &diags)
	if len(diags) != 1 || diags.ErrorsCount() != 1 || !strings.Contains(diags[0].Summary(), `"deploy"`) || !strings.Contains(diags[0].Detail(), managed) {
		t.Errorf("with the key declared too late: %v", diags)
	}
}
