// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type lampListModel struct {
	Colors types.String `tfsdk:"colors"`
}

// lampList lists a lamp for each color that it is asked for. It has nothing to say of
// "faint" ones but that they can't be read, and ends at a "dark" one.
func lampList() List[fuse, lampListModel] {
	return List[fuse, lampListModel]{
		Name:   "lamp",
		Schema: schema.Schema{Attributes: map[string]schema.Attribute{"colors": schema.StringAttribute{Required: true}}},
		List: func(_ context.Context, _ fuse, config lampListModel, _ bool, _ int64) iter.Seq[Listed] {
			return func(yield func(Listed) bool) {
				for i, color := range strings.Fields(config.Colors.ValueString()) {
					m := lampModel{ID: types.StringValue(strconv.Itoa(i)), Color: types.StringValue(color)}
					found := Listed{DisplayName: color, Fields: (*lamp)(nil).Fields(&m)}
					switch color {
					case "faint":
						found.Diagnostics.AddError("Faint", "Look closer.")
					case "dark":
						found.Fields = nil
						found.Diagnostics.AddError("Dark", "Nothing can be seen.")
					}
					if !yield(found) {
						return
					}
				}
			}
		},
	}
}

func TestList_pushesWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fuse   fuse
		colors string
		whole  bool
		limit  int64
		want   string
	}{
		"identities":             {"10 A", "red blue", false, 0, "red=0 blue=1"},
		"whole objects":          {"10 A", "red blue", true, 0, "red=0:red blue=1:blue"},
		"a limit":                {"10 A", "red blue green", false, 2, "red=0 blue=1"},
		"one that can't be read": {"10 A", "red faint blue", true, 0, "red=0:red !Faint blue=2:blue"},
		"a list that ends early": {"10 A", "red dark blue", true, 0, "red=0:red !Dark"},
		"no light":               {"blown", "red", true, 0, "!No light"},
		"nothing":                {"10 A", "", true, 0, ""},
	} {
		resp, err := serveConfigured(t, test.fuse).ListResource(t.Context(), &tfprotov6.ListResourceRequest{
			TypeName: "lamps_lamp", IncludeResource: test.whole, Limit: test.limit,
			Config: packedObject(t, map[string]tftypes.Value{"colors": tftypes.NewValue(tftypes.String, test.colors)}),
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for result := range resp.Results {
			text := result.DisplayName
			if result.Identity != nil {
				text += "=" + textOf(t, result.Identity.IdentityData, identityType, "id")
			}
			if result.Resource != nil {
				if color := textOf(t, result.Resource, lampType, "color"); color != "" {
					text += ":" + color
				}
			}
			for _, d := range result.Diagnostics {
				text += "!" + d.Summary
			}
			got = append(got, text)
		}
		if all := strings.Join(got, " "); all != test.want {
			t.Errorf("%s: %q, want %q", name, all, test.want)
		}
	}
}

// textOf is an attribute of a packed object, "" where either is null.
func textOf(t *testing.T, packed *tfprotov6.DynamicValue, of tftypes.Object, attribute string) string {
	t.Helper()
	value, err := packed.Unmarshal(of)
	if err != nil {
		t.Fatal(err)
	}
	var (
		attributes map[string]tftypes.Value
		text       *string
	)
	if value.IsNull() {
		return ""
	}
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if err := attributes[attribute].As(&text); err != nil {
		t.Fatal(err)
	}
	if text == nil {
		return ""
	}
	return *text
}
