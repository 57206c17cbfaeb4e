// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

//go:embed main.tf
var configuration string

// shownOfKey is how much of a key's value the reader sees, in characters.
const shownOfKey = 4

// roleGiven is the role that the configuration gives to the account.
const roleGiven = "signoz-editor"

// day is what expiries are rounded to, so that they read well.
const day = 24 * time.Hour

// story is the demonstration: what happens, and what has been learnt of it so far.
type story struct {
	tell *narrator
	site *site

	firstExpiry, laterExpiry time.Time

	accountID, keyID string // as SigNoz tells
	key              string // the value, as Terraform's output tells
}

func newStory(tell *narrator, site *site, now time.Time) *story {
	today := now.UTC().Truncate(day)
	return &story{tell: tell, site: site, firstExpiry: today.Add(30 * day), laterExpiry: today.Add(90 * day)}
}

// chapter is a numbered step.
type chapter struct {
	title string
	tell  func(context.Context) error
}

func (s *story) chapters() []chapter {
	return []chapter{
		{"Write a configuration", s.write},
		{"Apply it", s.apply},
		{"Sign in with the new key", s.signIn},
		{"Plan again: nothing to do", s.planAgain},
		{"Move the expiry: the same key goes on working", s.moveExpiry},
		{"Somebody revokes the key: the plan sees it", s.revokeElsewhere},
		{"Apply again: a new key, and the old one stays dead", s.repair},
		{"Destroy: nothing is left", s.destroy},
	}
}

// tellAll tells the chapters in order and stops at the first that fails.
func (s *story) tellAll(ctx context.Context) error {
	if err := s.introduce(ctx); err != nil {
		return err
	}
	for i, c := range s.chapters() {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.tell.chapter(i+1, c.title)
		if err := c.tell(ctx); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (s *story) introduce(ctx context.Context) error {
	client, err := s.site.client(s.site.key)
	if err != nil {
		return fmt.Errorf("SIGNOZ_ENDPOINT or SIGNOZ_API_KEY: %w", err)
	}
	defer client.Close()
	version, err := client.ServerVersion(ctx)
	if err != nil {
		return fmt.Errorf("ask SigNoz for its version: %w", err)
	}
	s.tell.title("Service accounts of SigNoz, managed with Terraform")
	server := "SigNoz " + version.String() + " at " + s.site.url
	if s.site.stopEmbedded != nil {
		server = "an embedded SigNoz " + version.String() + ", started for this run on " + s.site.url
	}
	s.tell.say("Server     "+server,
		"Terraform  runs in a temporary directory, with the provider built from this repository",
		"Story      make an account and a key, use the key, move its expiry, lose it, repair, destroy")
	s.tell.say("Behind a bar: files, requests and Terraform's words, less its boilerplate. Each ✓ was checked.")
	return nil
}

// write writes the configuration, and lets Terraform install the provider.
func (s *story) write(ctx context.Context) error {
	s.tell.say(configurationFile + ":")
	for line := range strings.Lines(configuration) {
		s.tell.quote(strings.TrimSuffix(line, "\n"))
	}
	if err := s.site.write(configurationFile, configuration); err != nil {
		return err
	}
	s.tell.gap()
	if err := s.setVariables(s.firstExpiry); err != nil {
		return err
	}
	_, err := s.site.show(ctx, onlyInstalled, "init")
	return err
}

// setVariables writes the values of the variables and shows them.
func (s *story) setVariables(expiresAt time.Time) error {
	text := fmt.Sprintf("account_name = %q\nexpires_at   = %q\n", s.site.account, expiresAt.Format(time.RFC3339))
	s.tell.say(variablesFile + ":")
	for line := range strings.Lines(text) {
		s.tell.quote(strings.TrimSuffix(line, "\n"))
	}
	return s.site.write(variablesFile, text)
}

func (s *story) apply(ctx context.Context) error {
	before, err := s.site.find(ctx)
	if err != nil {
		return fmt.Errorf("look for the account beforehand: %w", err)
	}
	if before != nil {
		return fmt.Errorf("SigNoz has a service account %q already", s.site.account)
	}
	s.site.touched = true
	if err := s.change(ctx, "Plan: 2 to add, 0 to change, 0 to destroy.", nil, "apply"); err != nil {
		return err
	}
	if err := s.learnKey(ctx); err != nil {
		return err
	}
	s.tell.command(s.site.name() + " output -json")
	s.tell.quote("api_key: (sensitive) " + excerpt(s.key) + "…")
	s.tell.gap()
	return s.checkServer(ctx, s.firstExpiry)
}

// change runs an action that changes things, and checks what it planned to do.
func (s *story) change(ctx context.Context, plan string, shorten func(string) bool, action string) error {
	result, err := s.site.show(ctx, shorten, action, "-auto-approve")
	if err != nil {
		return err
	}
	if result.summary() != plan {
		return &claimError{claim: plan, instead: "Terraform said: " + result.summary()}
	}
	return nil
}

// learnKey reads the key's value.
func (s *story) learnKey(ctx context.Context) error {
	outputs, err := s.site.outputs(ctx)
	if err != nil {
		return err
	}
	if !outputs["api_key"].Sensitive || len(outputs["api_key"].Value) <= 2*shownOfKey {
		return &claimError{claim: "the output api_key is a sensitive value", instead: "it isn't sensitive, or too short for a key"}
	}
	s.key = outputs["api_key"].Value
	return nil
}

// excerpt is as much of a key's value as may be shown.
func excerpt(key string) string { return key[:shownOfKey] }

// checkServer asks SigNoz, not Terraform, for the account and its one key.
func (s *story) checkServer(ctx context.Context, expiresAt time.Time) error {
	found, err := s.site.find(ctx)
	if err != nil {
		return fmt.Errorf("ask SigNoz for its accounts: %w", err)
	}
	hasAccount := fmt.Sprintf("SigNoz has the account %s with the role %s", s.site.account, roleGiven)
	if found == nil {
		return s.tell.claim(false, hasAccount, "it has no such account")
	}
	client, err := s.site.client(s.site.key)
	if err != nil {
		return err
	}
	defer client.Close()
	account, err := client.ServiceAccount(ctx, found.ID) // lists don't tell the roles
	if err != nil {
		return fmt.Errorf("ask SigNoz for the account: %w", err)
	}
	roles := roleNames(account)
	if err := s.tell.claim(roles == roleGiven, hasAccount, fmt.Sprintf("its roles are %q", roles)); err != nil {
		return err
	}
	keys, err := client.Keys(ctx, account.ID)
	if err != nil {
		return fmt.Errorf("ask SigNoz for the keys: %w", err)
	}
	if err := s.tell.claim(len(keys) == 1 && keys[0].ExpiresAt.Equal(expiresAt),
		"and its one key expires on "+expiresAt.Format(time.DateOnly), describe(keys)); err != nil {
		return err
	}
	s.accountID, s.keyID = account.ID, keys[0].ID
	return nil
}

func roleNames(account *signoz.ServiceAccount) string {
	var names []string
	for _, b := range account.Bindings {
		names = append(names, b.Role.Name)
	}
	return strings.Join(names, ", ")
}

func describe(keys []signoz.Key) string {
	var each []string
	for i := range keys {
		each = append(each, fmt.Sprintf("%s (id %s) expires at %s", keys[i].Name, keys[i].ID, keys[i].ExpiresAt.Format(time.RFC3339)))
	}
	return fmt.Sprintf("its keys: %q", each)
}

func (s *story) signIn(ctx context.Context) error {
	s.tell.say("A request signed with the value, as any program would send it:")
	s.tell.quote("GET /api/v1/service_accounts/me")
	s.tell.quote("SIGNOZ-API-KEY: " + excerpt(s.key) + "…")
	s.tell.gap()
	me, err := s.me(ctx, s.key)
	if err != nil {
		return fmt.Errorf("sign in with the new key: %w", err)
	}
	return s.tell.claim(me.ID == s.accountID && me.Name == s.site.account,
		fmt.Sprintf("SigNoz answers: you are %s (%s)", me.Name, me.Email), "it took the key for that of account "+me.ID)
}

// me asks SigNoz whose key this is.
func (s *story) me(ctx context.Context, key string) (*signoz.ServiceAccount, error) {
	client, err := s.site.client(key)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Me(ctx)
}

func (s *story) planAgain(ctx context.Context) error {
	result, err := s.site.show(ctx, nil, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	return s.tell.claim(result.code == 0, "Exit code 0: what SigNoz has is what the configuration says", result.summary())
}

func (s *story) moveExpiry(ctx context.Context) error {
	if err := s.setVariables(s.laterExpiry); err != nil {
		return err
	}
	if err := s.change(ctx, "Plan: 0 to add, 1 to change, 0 to destroy.", withoutOutputs, "apply"); err != nil {
		return err
	}
	before, idBefore := s.key, s.keyID
	if err := s.learnKey(ctx); err != nil {
		return err
	}
	if err := s.checkServer(ctx, s.laterExpiry); err != nil {
		return err
	}
	if err := s.tell.claim(s.key == before && s.keyID == idBefore, "It is the key from before, with the same value: "+excerpt(s.key)+"…", "the key is another one"); err != nil {
		return err
	}
	return s.claimWorks(ctx, "and it still signs in: whoever uses it notices nothing")
}

// tail is the end of an id, which tells ids apart: their beginning is the time they were made.
func tail(id string) string { return "…" + id[max(0, len(id)-12):] }

// claimWorks checks that the present key signs the account in.
func (s *story) claimWorks(ctx context.Context, claim string) error {
	me, err := s.me(ctx, s.key)
	if err != nil {
		return s.tell.claim(false, claim, err.Error())
	}
	return s.tell.claim(me.ID == s.accountID, claim, "SigNoz takes it for the key of account "+me.ID)
}

// claimRefused checks that SigNoz refuses a key.
func (s *story) claimRefused(ctx context.Context, key, claim string) error {
	_, err := s.me(ctx, key)
	instead := "it works"
	if err != nil {
		instead = err.Error()
	}
	return s.tell.claim(signoz.IsUnauthenticated(err), claim, instead)
}

func (s *story) revokeElsewhere(ctx context.Context) error {
	s.tell.say("Not with Terraform, but as if by hand in the web interface:")
	s.tell.quote("DELETE /api/v1/service_accounts/" + tail(s.accountID) + "/keys/" + tail(s.keyID))
	s.tell.gap()
	admin, err := s.site.client(s.site.key)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.RevokeKey(ctx, s.accountID, s.keyID); err != nil {
		return fmt.Errorf("revoke the key: %w", err)
	}
	if err := s.claimRefused(ctx, s.key, "SigNoz refuses the key from now on: 401"); err != nil {
		return err
	}
	result, err := s.site.show(ctx, nil, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	return s.tell.claim(result.code == exitChanges && result.summary() == "Plan: 1 to add, 0 to change, 0 to destroy.",
		"Exit code 2: a nightly `plan -detailed-exitcode` in CI tells you of it", result.summary())
}

func (s *story) repair(ctx context.Context) error {
	if err := s.change(ctx, "Plan: 1 to add, 0 to change, 0 to destroy.", onlyHeadings, "apply"); err != nil {
		return err
	}
	old := s.key
	if err := s.learnKey(ctx); err != nil {
		return err
	}
	if err := s.tell.claim(s.key != old, "The output api_key has a new value: "+excerpt(s.key)+"…", "it has the old one"); err != nil {
		return err
	}
	if err := s.claimWorks(ctx, "The new value signs in"); err != nil {
		return err
	}
	return s.claimRefused(ctx, old, "The old one is still refused: 401")
}

func (s *story) destroy(ctx context.Context) error {
	if err := s.change(ctx, "Plan: 0 to add, 0 to change, 2 to destroy.", onlyHeadings, "destroy"); err != nil {
		return err
	}
	left, err := s.site.find(ctx)
	if err != nil {
		return fmt.Errorf("ask SigNoz for what is left: %w", err)
	}
	if err := s.tell.claim(left == nil, "SigNoz has no active account "+s.site.account+" any more", "it has"); err != nil {
		return err
	}
	admin, err := s.site.client(s.site.key)
	if err != nil {
		return err
	}
	defer admin.Close()
	keys, err := admin.Keys(ctx, s.accountID)
	if err != nil && !signoz.IsAccountNotFound(err) {
		return fmt.Errorf("ask SigNoz for keys that are left: %w", err)
	}
	if err := s.tell.claim(len(keys) == 0, "and none of its keys", describe(keys)); err != nil {
		return err
	}
	return s.claimRefused(ctx, s.key, "The last value is refused too: 401")
}
