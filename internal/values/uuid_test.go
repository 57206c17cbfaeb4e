// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package values

import "testing"

func TestIsUUID_takesLowercaseOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"0199fa0c-0000-7000-8000-000000000000":   true,
		"0199FA0C-0000-7000-8000-00000000000F":   true,
		"0199fa0c000070008000000000000000":       false,
		"{0199fa0c-0000-7000-8000-000000000000}": false,
		"0199fa0c-0000-7000-8000-000000000000\n": false,
		"0199fa0c-0000-7000-8000-00000000000g":   false,
		" 0199fa0c-0000-7000-8000-000000000000":  false,
		"":                                       false,
		"ci":                                     false,
	} {
		if got := IsUUID(text); got != want {
			t.Errorf("%q: %t, should be %t", text, got, want)
		}
	}
}
