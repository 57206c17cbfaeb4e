// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type fuseModel struct {
	Room types.String `tfsdk:"room"`
	Fuse types.String `tfsdk:"fuse"`
}

// fuseBox tells the fuse that the provider has handed over, in any room but the cellar.
func fuseBox() DataSource[fuse, fuseModel] {
	return DataSource[fuse, fuseModel]{
		Name: "fuse",
		Schema: schema.Schema{Attributes: map[string]schema.Attribute{
			"room": schema.StringAttribute{Optional: true},
			"fuse": schema.StringAttribute{Computed: true},
		}},
		Validators: []datasource.ConfigValidator{datasourcevalidator.AtLeastOneOf(path.MatchRoot("room"))},
		Read: func(_ context.Context, fuse fuse, m *fuseModel, diags *diag.Diagnostics) {
			if m.Fuse = types.StringValue(string(fuse)); m.Room.ValueString() == "cellar" {
				diags.AddError("Too dark", "Bring a lamp.")
			}
		},
	}
}

func fuseConfig(t *testing.T, room any) *tfprotov6.DynamicValue {
	t.Helper()
	return packedObject(t, map[string]tftypes.Value{"room": tftypes.NewValue(tftypes.String, room), "fuse": tftypes.NewValue(tftypes.String, nil)})
}

// What Read completes becomes the state, and what it reports keeps it from that.
func TestDataSource_reads(t *testing.T) {
	t.Parallel()
	s := serveConfigured(t, "10 A")
	resp, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "lamps_fuse", Config: fuseConfig(t, "hall")})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("%+v, %v", resp, err)
	}
	var got map[string]tftypes.Value
	state, err := resp.State.Unmarshal(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"room": tftypes.String, "fuse": tftypes.String}})
	if err != nil || state.As(&got) != nil || got["room"].String() != `tftypes.String<"hall">` || got["fuse"].String() != `tftypes.String<"10 A">` {
		t.Errorf("the state is %s (%v)", state, err)
	}
	if resp, err := serveConfigured(t, "blown").ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "lamps_fuse", Config: fuseConfig(t, "hall")}); err != nil || !saysBlown(resp.Diagnostics) {
		t.Errorf("without light: %+v, %v", resp, err)
	}
	if resp, err = s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "lamps_fuse", Config: fuseConfig(t, "cellar")}); err != nil || len(resp.Diagnostics) != 1 || resp.Diagnostics[0].Summary != "Too dark" {
		t.Errorf("%+v, %v", resp, err)
	}
}

func TestDataSource_validates(t *testing.T) {
	t.Parallel()
	s := serveConfigured(t, "10 A")
	for room, wrong := range map[any]bool{"hall": false, nil: true} {
		resp, err := s.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: "lamps_fuse", Config: fuseConfig(t, room)})
		if err != nil || (len(resp.Diagnostics) > 0) != wrong {
			t.Errorf("%v: %+v, %v", room, resp, err)
		}
	}
}

// Before Configure nothing is handed over, and what isn't of the type expected is a bug.
func TestData_isWhatTheProviderHandsOver(t *testing.T) {
	t.Parallel()
	for given, want := range map[any]fuse{nil: "", fuse("10 A"): "10 A", 10: ""} {
		var diags diag.Diagnostics
		if got := Data[fuse](given, &diags); got != want || diags.HasError() != (given == 10) {
			t.Errorf("%v: %q, %v", given, got, diags)
		}
	}
}
