// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

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

// nameRule is what SigNoz accepts as the names of one kind.
type nameRule struct {
	kind      string // name or prefix
	summary   string // of the error
	rule      string
	maxLength int
	ending    string // of a suggestion
}

func accountNameRule() nameRule {
	return nameRule{kind: "name", summary: "Invalid name of a service account", rule: nameRuleFor("account", 50), maxLength: 50}
}

func keyNameRule() nameRule {
	return nameRule{kind: "name", summary: "Invalid name of a key", rule: nameRuleFor("account's key", signoz.MaxKeyNameLength), maxLength: signoz.MaxKeyNameLength}
}

func nameRuleFor(what string, maxLength int) string {
	return fmt.Sprintf("The name of a service %s starts with a lowercase letter, contains only lowercase letters, digits, and hyphens, and is at most %d characters long. SigNoz v0.118 doesn't allow digits.", what, maxLength)
}

func keyPrefixRule() nameRule {
	return nameRule{
		kind: "prefix", summary: "Invalid prefix of a key's name", maxLength: signoz.MaxKeyNamePrefixLength, ending: "-",
		rule: fmt.Sprintf("A prefix starts with a lowercase letter, contains only lowercase letters, digits, and hyphens, and is at most %d characters long, so that twelve random letters fit behind it. SigNoz v0.118 doesn't allow digits.", signoz.MaxKeyNamePrefixLength),
	}
}

// check reports a new name that no server accepts.
func (r nameRule) check(attribute string, name types.String, diags *diag.Diagnostics) {
	if wrong := r.wrong(name.ValueString()); wrong != "" {
		diags.AddAttributeError(path.Root(attribute), r.summary, wrong)
	}
}

// wrong says what is wrong with a name, or nothing.
func (r nameRule) wrong(name string) string {
	switch {
	case name == "":
		return fmt.Sprintf("The %s is empty. %s", r.kind, r.rule)
	case isName(name) && len(name) > r.maxLength:
		return fmt.Sprintf("%q has %d characters. %s", name, len(name), r.rule)
	case isName(name):
		return ""
	}
	example := ""
	if suggestion := suggestName(name, r.maxLength-len(r.ending)); suggestion != "" {
		example = fmt.Sprintf(" For example: %q.", suggestion+r.ending)
	}
	return fmt.Sprintf("SigNoz doesn't accept %q. %s%s", name, r.rule, example)
}

func isName(name string) bool {
	return oldNamePattern.MatchString(name) || namePattern.MatchString(name)
}

// suggestName makes an acceptable name of an unacceptable one, if little is missing.
func suggestName(name string, maxLength int) string {
	suggestion := strings.Trim(strings.TrimLeft(spelledWith(lowercase+digits, name), digits+"-"), "-")
	if len(suggestion) > maxLength || !namePattern.MatchString(suggestion) {
		return ""
	}
	return suggestion
}

const (
	lowercase = "abcdefghijklmnopqrstuvwxyz"
	digits    = "0123456789"
)

// spelledWith is a text in lower case, with hyphens for all but these characters.
func spelledWith(characters, text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		if strings.ContainsRune(characters, r) {
			return r
		}
		return '-'
	}, text)
}
