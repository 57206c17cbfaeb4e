// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

func FuzzImportReference(f *testing.F) {
	for _, seed := range []string{
		"ci/deploy", "ci", "", "/", "//", "ci/", "/deploy", "ci/deploy/more", "Grafana.Legacy_Key/Old.Key_1",
		"0199fa0c-0000-7000-8000-000000000000/0199fa0c-0000-7000-8000-000000000001", " ci / deploy ", "ci\\deploy", "ä/ö",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var diags diag.Diagnostics
		account, object := importReference(id, nil, "id", "ACCOUNT/KEY", &diags)
		ok := !diags.HasError()
		if valid := strings.Count(id, "/") == 1 && id[0] != '/' && id[len(id)-1] != '/'; ok != valid {
			t.Fatalf("%q: ok is %t, should be %t", id, ok, valid)
		}
		if ok && account+"/"+object != id {
			t.Fatalf("%q became %q and %q", id, account, object)
		}
	})
}

func TestNearest_suggestsRoles(t *testing.T) {
	t.Parallel()
	roles := []string{"signoz-admin", "signoz-editor", "signoz-viewer", "signoz-anonymous", "on-call"}
	for text, want := range map[string]string{
		"SigNoz-Admin":  "signoz-admin",
		"Admin":         "signoz-admin",
		"viewer":        "signoz-viewer",
		"EDITOR":        "signoz-editor",
		"signoz_admin":  "signoz-admin",
		"signoz-veiwer": "signoz-viewer",
		"On Call":       "on-call",
		"superuser":     "",
	} {
		if got := nearestRole(text, roles); got != want {
			t.Errorf("%q: %q, should be %q", text, got, want)
		}
	}
	if got := nearestRole("admin", []string{"on-call"}); got != "" {
		t.Errorf("%q is suggested, which isn't there", got)
	}
}

func TestCheckName_suggestsOne(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"ci", "a", "ci-1", "c1", strings.Repeat("a", 50), "a-b-c-",
		"-ci", "--", // v0.118 takes them
	} {
		if wrong := accountNameRule().wrong(good); wrong != "" {
			t.Errorf("%q: %s", good, wrong)
		}
	}
	for bad, says := range map[string]string{
		"":                      "The name is empty.",
		strings.Repeat("a", 51): "has 51 characters.",
		"CI":                    `For example: "ci"`,
		"ci_pipeline":           `For example: "ci-pipeline"`,
		"1st":                   `For example: "st"`,
		"Grafana.Legacy_Key":    `For example: "grafana-legacy-key"`,
		"ci ":                   `For example: "ci"`,
		"-ci-1":                 `For example: "ci-1"`, // v0.118 takes no digit, the others no hyphen first
		"ci/deploy":             `For example: "ci-deploy"`,
		"数":                     `SigNoz doesn't accept "数"`,
		"123":                   `SigNoz doesn't accept "123"`,
	} {
		if wrong := accountNameRule().wrong(bad); !strings.Contains(wrong, says) {
			t.Errorf("%q: %q doesn't say %q", bad, wrong, says)
		}
	}
}

// Whatever is suggested would be accepted.
func FuzzSuggestName(f *testing.F) {
	for _, seed := range []string{"CI", "ci_pipeline", "1st", "-", "", "数", "Grafana.Legacy_Key", strings.Repeat("A", 60), "a\x00b", "--1--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		suggestion := suggestName(name, accountNameRule().maxLength)
		if suggestion == "" {
			return
		}
		if wrong := accountNameRule().wrong(suggestion); wrong != "" {
			t.Fatalf("%q is suggested for %q, but: %s", suggestion, name, wrong)
		}
		if !namePattern.MatchString(suggestion) {
			t.Fatalf("%q is suggested for %q, which only old servers take", suggestion, name)
		}
	})
}

func TestSomeOf_shortens(t *testing.T) {
	t.Parallel()
	if got := wording.SomeOf([]string{"b", "a"}); got != "a, b" {
		t.Errorf("got %q", got)
	}
	many := make([]string, 25)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	if got := wording.SomeOf(many); !strings.HasSuffix(got, "s, t and 5 more") {
		t.Errorf("got %q", got)
	}
}
