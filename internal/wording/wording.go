// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package wording helps with the texts of diagnostics. It is of use to any provider.
package wording

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Alternatives goes on after the statement that nothing is called text: it says which of
// the names may have been meant, or which there are; none, where there are none.
func Alternatives(text string, names []string, thereAre, none string) string {
	if suggestion := Nearest(text, names); suggestion != "" {
		return fmt.Sprintf("; did you mean %q?", suggestion)
	}
	if len(names) == 0 {
		return none
	}
	return fmt.Sprintf(". %s: %s.", thereAre, SomeOf(names))
}

// Nearest names the candidate that text was most likely meant to be: one that
// differs in case or separators, or by a slip or two. None: "".
func Nearest(text string, candidates []string) string {
	best, bestDistance := "", len(text)/3+1
	sorted := slices.Sorted(slices.Values(candidates))
	for _, candidate := range sorted {
		if d := levenshtein.Distance(Normalized(text), Normalized(candidate), nil); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// Normalized makes texts equal that differ in case or separators.
func Normalized(s string) string {
	return strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(s))
}

// SomeOf lists names for an error, sorted, the first few of many.
func SomeOf(names []string) string {
	const most = 20
	sorted := slices.Sorted(slices.Values(names))
	if len(sorted) > most {
		return strings.Join(sorted[:most], ", ") + fmt.Sprintf(" and %d more", len(sorted)-most)
	}
	return strings.Join(sorted, ", ")
}

// Sentence gives a text a capital letter and a full stop.
func Sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
