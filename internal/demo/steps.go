// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

const day = 24 * time.Hour

// step is one thing that the demo shows: what is done, in the order of the
// fields, and what must hold afterwards.
type step struct {
	title     string
	shows     string        // text to read before the variables
	expires   time.Duration // what the variable expires_at is set to, from today; 0 leaves the variables
	rotation  int           // what the variable rotation is set to
	later     time.Duration // by how much the embedded server's clock is ahead in this step; no other server can do it
	elsewhere func(ctx context.Context, admin *signoz.Client, is world) error
	terraform string   // command
	prints    []string // lines that Terraform must print, in this order
	claims    []claim
	pictured  bool // in the README
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
	replaced string                 // the value that it had before
	signIn   func(key string) error
	exitCode int // of Terraform
}

// steps is the whole demo.
func steps() []step {
	return []step{
		{title: "Write a configuration", shows: configuration, expires: 30 * day, rotation: 1},
		{title: "Apply it", terraform: "apply -auto-approve", prints: []string{"Plan: 2 to add, 0 to change, 0 to destroy."}, claims: []claim{
			{"SigNoz has the account with the role signoz-editor", hasRole("signoz-editor")},
			{"and its one key expires in 30 days", expiresIn(30 * day)},
		}},
		{title: "Use the key, as any program would", claims: []claim{{"SigNoz accepts it, as a key of the account", keyWorks}}},
		{title: "Plan again", terraform: "plan -detailed-exitcode", prints: []string{"No changes."}, claims: []claim{
			{"exit code 0: what SigNoz has is what the configuration says", exitCode(0)},
		}},
		{title: "Move the expiry", expires: 90 * day, rotation: 1, terraform: "apply -auto-approve", prints: []string{"Plan: 0 to add, 1 to change, 0 to destroy."}, claims: []claim{
			{"SigNoz has the account with the role signoz-editor", hasRole("signoz-editor")},
			{"and its one key expires in 90 days", expiresIn(90 * day)},
			{"it is the key from before, with the same value", func(was, is world) bool { return is.key == was.key && is.keyID() == was.keyID() }},
			{"which still works: its consumers notice nothing", keyWorks},
		}},
		{title: "Rotate the key", expires: 90 * day, rotation: 2, terraform: "apply -auto-approve", prints: []string{
			"  # signoz_service_account_key.deploy must be replaced",
			"Plan: 1 to add, 0 to change, 1 to destroy.",
		}, claims: []claim{
			{"the new key works", func(was, is world) bool { return is.key != was.key && keyWorks(was, is) }},
			{"the old key works too, for 2 more days: consumers switch without downtime", oldKeyIsInItsGracePeriod},
		}, pictured: true},
		{title: "Two days later", later: 2*day + time.Minute, claims: []claim{
			{"the new key works", keyWorks},
			{"the old key has expired: SigNoz returns 401", func(_, is world) bool { return is.refuses(is.replaced) }},
		}, pictured: true},
		{title: "Someone revokes the key in the SigNoz UI", elsewhere: revokeKey, terraform: "plan -detailed-exitcode", prints: []string{
			"  # signoz_service_account_key.deploy will be created",
			"Plan: 1 to add, 0 to change, 0 to destroy.",
		}, claims: []claim{
			{"SigNoz refuses the key", func(was, is world) bool { return is.refuses(was.key) }},
			{"exit code 2: a nightly plan in CI reports the drift", exitCode(2)},
		}, pictured: true},
		{title: "Apply again", terraform: "apply -auto-approve", prints: []string{"Plan: 1 to add, 0 to change, 0 to destroy."}, claims: []claim{
			{"the output api_key has a new value", func(was, is world) bool { return is.key != was.key && is.keyID() != "" }},
			{"which works", keyWorks},
			{"and the old one is still refused", func(was, is world) bool { return is.refuses(was.key) }},
		}},
		{title: "Destroy it", terraform: "destroy -auto-approve", prints: []string{"Plan: 0 to add, 0 to change, 2 to destroy."}, claims: []claim{
			{"SigNoz doesn't have the account any more", func(_, is world) bool { return is.account == nil }},
			{"nor any of its keys", func(_, is world) bool { return len(is.keys) == 0 }},
			{"and refuses the last value", func(was, is world) bool { return is.refuses(was.key) }},
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

func keyWorks(_, is world) bool { return is.signIn(is.key) == nil }

// oldKeyIsInItsGracePeriod: it expires two days after now, give or take a slow machine.
func oldKeyIsInItsGracePeriod(was, is world) bool {
	at := slices.IndexFunc(is.keys, func(k signoz.Key) bool { return k.ID == was.keyID() })
	return at >= 0 && time.Until(is.keys[at].ExpiresAt.Add(-2*day)).Abs() < patience && is.signIn(was.key) == nil
}

func revokeKey(ctx context.Context, admin *signoz.Client, is world) error {
	return admin.RevokeKey(ctx, is.account.ID, is.keyID())
}

func (w world) refuses(key string) bool { return signoz.IsUnauthenticated(w.signIn(key)) }

// keyID is the id of the one key that wasn't replaced, "" if there are none or several.
func (w world) keyID() string {
	current := slices.DeleteFunc(slices.Clone(w.keys), func(k signoz.Key) bool { return strings.Contains(k.Name, "-retired-") })
	if len(current) != 1 {
		return ""
	}
	return current[0].ID
}
