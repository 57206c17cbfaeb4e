// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

const day = 24 * time.Hour

// step is one thing that the demo shows: what is done, in the order of the
// fields, and what must hold afterwards.
type step struct {
	title     string
	shows     string        // text to read before the variables
	expires   time.Duration // what the variable expires_at is set to, from today; 0 leaves it
	elsewhere func(ctx context.Context, admin *signoz.Client, is world) error
	terraform string // command
	prints    string // what Terraform must print
	claims    []claim
}

// claim is what must hold after a step.
type claim struct {
	text  string
	holds func(was, is world) bool
}

// world is what there is after a step.
type world struct {
	today    time.Time
	account  *signoz.ServiceAccount // the demo's in SigNoz; nil for none
	keys     []signoz.Key           // of the account
	key      string                 // the value that Terraform's output has
	signIn   func(key string) error
	exitCode int // of Terraform
}

// steps is the whole demo.
func steps() []step {
	return []step{
		{title: "Write a configuration", shows: configuration, expires: 30 * day},
		{title: "Apply it", terraform: "apply -auto-approve", prints: "Plan: 2 to add, 0 to change, 0 to destroy.", claims: []claim{
			{"SigNoz has the account with the role signoz-editor", hasRole("signoz-editor")},
			{"and its one key expires in 30 days", expiresIn(30 * day)},
		}},
		{title: "Sign in with the new key, as any program would", claims: []claim{{"SigNoz answers with the account", keySignsIn}}},
		{title: "Plan again", terraform: "plan -detailed-exitcode", prints: "No changes.", claims: []claim{
			{"exit code 0: what SigNoz has is what the configuration says", exitCode(0)},
		}},
		{title: "Move the expiry", expires: 90 * day, terraform: "apply -auto-approve", prints: "Plan: 0 to add, 1 to change, 0 to destroy.", claims: []claim{
			{"SigNoz has the account with the role signoz-editor", hasRole("signoz-editor")},
			{"and its one key expires in 90 days", expiresIn(90 * day)},
			{"it is the key from before, with the same value", func(was, is world) bool { return is.key == was.key && is.keyID() == was.keyID() }},
			{"which still signs in: whoever uses it notices nothing", keySignsIn},
		}},
		{title: "Somebody revokes the key in the web interface", elsewhere: revokeKey, terraform: "plan -detailed-exitcode", prints: "Plan: 1 to add, 0 to change, 0 to destroy.", claims: []claim{
			{"SigNoz refuses the key", oldKeyIsRefused},
			{"exit code 2: a nightly plan in CI reports it", exitCode(2)},
		}},
		{title: "Apply again", terraform: "apply -auto-approve", prints: "Plan: 1 to add, 0 to change, 0 to destroy.", claims: []claim{
			{"the output api_key has a new value", func(was, is world) bool { return is.key != was.key && is.keyID() != "" }},
			{"which signs in", keySignsIn},
			{"and the old one is still refused", oldKeyIsRefused},
		}},
		{title: "Destroy it", terraform: "destroy -auto-approve", prints: "Plan: 0 to add, 0 to change, 2 to destroy.", claims: []claim{
			{"SigNoz has no such account any more", func(_, is world) bool { return is.account == nil }},
			{"and none of its keys", func(_, is world) bool { return len(is.keys) == 0 }},
			{"and the last value is refused", oldKeyIsRefused},
		}},
	}
}

func hasRole(role string) func(was, is world) bool {
	return func(_, is world) bool {
		return is.account != nil && len(is.account.Bindings) == 1 && is.account.Bindings[0].Role.Name == role
	}
}

func expiresIn(d time.Duration) func(was, is world) bool {
	return func(_, is world) bool { return len(is.keys) == 1 && is.keys[0].ExpiresAt.Equal(is.today.Add(d)) }
}

func exitCode(code int) func(was, is world) bool {
	return func(_, is world) bool { return is.exitCode == code }
}

func keySignsIn(_, is world) bool { return is.signIn(is.key) == nil }

func oldKeyIsRefused(was, is world) bool { return signoz.IsUnauthenticated(is.signIn(was.key)) }

func revokeKey(ctx context.Context, admin *signoz.Client, is world) error {
	return admin.RevokeKey(ctx, is.account.ID, is.keyID())
}

// keyID is the id of the only key, "" if there are none or several.
func (w world) keyID() string {
	if len(w.keys) != 1 {
		return ""
	}
	return w.keys[0].ID
}
