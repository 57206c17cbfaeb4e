// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// Which names SigNoz accepts depends on its version: v0.118 takes letters and
// hyphens, newer ones also digits, but no hyphen or digit first. A name that
// some supported server accepts is let through to the server; what none
// accepts is refused in the plan.
var (
	oldNamePattern = regexp.MustCompile(`^[a-z-]+$`)
	namePattern    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

const maxAccountNameLength = 50

// checkName says what is wrong with a new name, or nothing. what is "account" or
// "account's key".
func checkName(what, name string, maxLength int) string {
	rule := fmt.Sprintf("The name of a service %s starts with a lowercase letter, contains only lowercase letters, digits, and hyphens, and is at most %d characters long. SigNoz v0.118 doesn't allow digits.", what, maxLength)
	switch {
	case name == "":
		return "The name is empty. " + rule
	case isName(name) && len(name) > maxLength:
		return fmt.Sprintf("%q has %d characters. %s", name, len(name), rule)
	case isName(name):
		return ""
	}
	if suggestion := suggestName(name, maxLength); suggestion != "" {
		return fmt.Sprintf("SigNoz doesn't accept %q. %s For example: %q.", name, rule, suggestion)
	}
	return fmt.Sprintf("SigNoz doesn't accept %q. %s", name, rule)
}

func isName(name string) bool {
	return oldNamePattern.MatchString(name) || namePattern.MatchString(name)
}

// checkNamePrefix says what is wrong with a new prefix of keys' names, or nothing.
func checkNamePrefix(prefix string) string {
	rule := fmt.Sprintf("A prefix begins with a lowercase letter, goes on with lowercase letters, digits and hyphens, and has at most %d characters, so that the random letters behind it fit into a name (SigNoz v0.118 doesn't take digits).", signoz.MaxKeyNamePrefixLength)
	switch {
	case prefix == "":
		return "The prefix is empty. " + rule
	case isName(prefix) && len(prefix) > signoz.MaxKeyNamePrefixLength:
		return fmt.Sprintf("%q has %d characters. %s", prefix, len(prefix), rule)
	case isName(prefix):
		return ""
	}
	if suggestion := suggestName(prefix, signoz.MaxKeyNamePrefixLength-1); suggestion != "" {
		return fmt.Sprintf("SigNoz doesn't accept names that begin with %q. %s For example: %q.", prefix, rule, suggestion+"-")
	}
	return fmt.Sprintf("SigNoz doesn't accept names that begin with %q. %s", prefix, rule)
}

// suggestName makes an acceptable name of an unacceptable one, if little is missing.
func suggestName(name string, maxLength int) string {
	suggestion := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	suggestion = strings.Trim(strings.TrimLeft(suggestion, "0123456789-"), "-")
	if len(suggestion) > maxLength || !namePattern.MatchString(suggestion) {
		return ""
	}
	return suggestion
}

// nearest names the candidate that text was most likely meant to be: one that
// differs in case or separators, or by a slip or two. None: "".
func nearest(text string, candidates []string) string {
	best, bestDistance := "", len(text)/3+1
	sorted := slices.Sorted(slices.Values(candidates))
	for _, candidate := range sorted {
		if d := levenshtein.Distance(normalised(text), normalised(candidate), nil); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

func normalised(s string) string {
	return strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(s))
}

// someOf lists names for an error, sorted, the first few of many.
func someOf(names []string) string {
	const most = 20
	sorted := slices.Sorted(slices.Values(names))
	if len(sorted) > most {
		return strings.Join(sorted[:most], ", ") + fmt.Sprintf(" and %d more", len(sorted)-most)
	}
	return strings.Join(sorted, ", ")
}
