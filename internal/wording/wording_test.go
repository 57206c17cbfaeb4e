// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package wording

import (
	"slices"
	"testing"
)

func TestNearest_suggests(t *testing.T) {
	t.Parallel()
	names := []string{"ci-pipeline", "ci", "deploy", "Grafana.Legacy_Key", "prod-eu", "prod-us"}
	for text, want := range map[string]string{
		"ci-pipline":         "ci-pipeline",
		"CI_PIPELINE":        "ci-pipeline",
		"ci pipeline":        "ci-pipeline",
		"Ci":                 "ci",
		"cd":                 "", // in two letters, one slip makes another word
		"deplyo":             "deploy",
		"grafana-legacy-key": "Grafana.Legacy_Key",
		"prod-xx":            "prod-eu", // either is as near; the answer is always the same
		"something-else":     "",
		"":                   "",
	} {
		for range 3 {
			slices.Reverse(names)
			if got := Nearest(text, names); got != want {
				t.Errorf("%q: %q, should be %q", text, got, want)
			}
		}
	}
}
