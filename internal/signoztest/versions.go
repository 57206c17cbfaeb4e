// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"regexp"
	"slices"
)

// Version names a SigNoz whose behaviour a Server shows: one of Versions.
type Version string

// The servers whose behaviour was recorded. Main is the source of 2026-08-21,
// after v0.138.0.
const (
	V0_118_0 Version = "v0.118.0"
	V0_123_0 Version = "v0.123.0"
	V0_132_0 Version = "v0.132.0"
	V0_138_0 Version = "v0.138.0"
	Main     Version = "main"

	// Default is the version of a server that asks for none.
	Default = V0_138_0
)

// Versions returns all versions there are, oldest first.
func Versions() []Version {
	return []Version{V0_118_0, V0_123_0, V0_132_0, V0_138_0, Main}
}

// atLeast reports whether v is other or newer.
func (v Version) atLeast(other Version) bool {
	return slices.Index(Versions(), v) >= slices.Index(Versions(), other)
}

// nameRule is what a server demands of a name, and its message otherwise.
type nameRule struct {
	pattern *regexp.Regexp
	refusal string
}

// denial is the way a version words a 403.
type denial int

const (
	denyAdminsOnly denial = iota // before v0.123: one sentence for every call
	denySubjects                 // v0.123: another one, for account and key calls
	denyDetailed                 // since v0.132: who may not do what to which object
)

// traits is everything in which the versions differ.
type traits struct {
	accountName nameRule
	keyName     nameRule
	// additiveRoles: assigning a role adds it; before, it replaced the account's only one.
	additiveRoles bool
	// nestedRoles: POST and DELETE below …/service_accounts/{id}/roles exist.
	nestedRoles bool
	// bindings: the service_account_roles calls exist.
	bindings bool
	// deletedUnsupported: operations on deleted accounts answer 501, not 404.
	deletedUnsupported bool
	// selectors: ids in paths are checked by the authorization layer, which words it differently.
	selectors bool
	// singleRole: GET of one role works on community servers.
	singleRole bool
	// permissionLists: roles carry transactionGroups.
	permissionLists bool
	// typedErrors: errors are served as JSON and carry type and suggestions (since v0.127).
	typedErrors bool
	denial      denial
}

const (
	oldNameRefusal        = "name must be 1–50 characters long and contain only lowercase letters (a-z) and hyphens (-)"
	oldKeyNameRefusal     = "name must be 1–80 characters long and contain only lowercase letters (a-z) and hyphens (-)"
	currentNameRefusal    = "name must start with a lowercase letter (a-z), contain only lowercase letters, numbers (0-9), and hyphens (-), and be at most 50 characters long"
	currentKeyNameRefusal = "name must start with a lowercase letter (a-z), contain only lowercase letters, numbers (0-9), and hyphens (-), and be at most 80 characters long"
)

func traitsOf(v Version) traits {
	t := traits{
		accountName:        nameRule{regexp.MustCompile(`^[a-z][a-z0-9-]{0,49}$`), currentNameRefusal},
		keyName:            nameRule{regexp.MustCompile(`^[a-z][a-z0-9-]{0,79}$`), currentKeyNameRefusal},
		additiveRoles:      v.atLeast(V0_123_0),
		nestedRoles:        v != Main,
		bindings:           v.atLeast(V0_132_0),
		deletedUnsupported: v == V0_118_0,
		selectors:          v.atLeast(V0_123_0),
		singleRole:         v != V0_132_0,
		permissionLists:    v.atLeast(V0_138_0),
		typedErrors:        v.atLeast(V0_132_0),
		denial:             denyDetailed,
	}
	switch v {
	case V0_118_0:
		t.accountName = nameRule{regexp.MustCompile(`^[a-z-]{1,50}$`), oldNameRefusal}
		t.keyName = nameRule{regexp.MustCompile(`^[a-z-]{1,80}$`), oldKeyNameRefusal}
		t.denial = denyAdminsOnly
	case V0_123_0:
		t.denial = denySubjects
	default: // as above
	}
	return t
}
