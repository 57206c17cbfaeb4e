// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// judgeKeys fails if a key has ended that the plan, or the configuration, gave no reason to end.
func (s *randomSequence) judgeKeys(request randomRequest, before map[string]stateObject, there world, planned outcome, succeeded bool, after map[string]stateObject, now world) {
	s.t.Helper()
	owned := map[string]bool{}
	for at, was := range before {
		for _, id := range was.deposed {
			owned[id] = true
		}
		if was.kind != keyKind {
			continue
		}
		id := was.text("id")
		owned[id] = true
		if !s.works(there, id) || s.accountEnds(was.accountID(), before, planned) {
			continue
		}
		stays := after[at].text("id") == id
		reason, must := s.reasonToEnd(at, was, request, there)
		action := planned.changes[at]
		announced := action == "delete" || action == "replace" || reason == "moved" && action == "update" || reason == "removed" && action != ""
		switch grace, _ := signozDuration(was.text("destroy_grace_period")); {
		case stays && s.works(now, id):
			if must && succeeded {
				s.t.Errorf("%s: the key %s was to be replaced (%s), and is still there", at, id, reason)
			}
		case reason == "" && stays && !now.keys[id].ExpiresAt.IsZero(): // its time came
		case reason == "":
			s.t.Errorf("%s: the key %s (%q) has become %s for no reason; it works: %t", at, id, was.text("name"), after[at].text("id"), s.works(now, id))
		case !announced && !request.destroy:
			s.t.Errorf("%s: the key %s (%q) ended (%s), and the plan said %q", at, id, was.text("name"), reason, action)
		case grace > 0 && !s.works(now, id) && !s.drifted: // by the state, a key whose expiry was just moved may have ended
			if key, listed := now.keys[id]; !listed || !key.Expired(s.now()) {
				s.t.Errorf("%s: the key %s (%q) was to work for %v longer", at, id, was.text("name"), grace)
			}
		}
	}
	for id, key := range there.keys {
		if _, listed := now.keys[id]; owned[id] || listed || s.accountEnds(key.AccountID, before, planned) {
			continue
		}
		if strings.Contains(key.Name, "-retired-") && key.Expired(s.now()) {
			continue // by a rotation, or as a stray
		}
		if !strings.Contains(planned.warnings, quote(key.Name)) || planned.changes[exclusiveAddress] != "update" {
			s.t.Errorf("the key %s (%q), which others made, was revoked, and the plan didn't say so", id, key.Name)
		}
		delete(s.foreign, id)
	}
}

// accountEnds reports whether a plan was to delete an account.
func (s *randomSequence) accountEnds(id string, before map[string]stateObject, planned outcome) bool {
	for at, was := range before {
		if was.kind == accountKind && was.text("id") == id {
			return planned.changes[at] == "delete" || planned.changes[at] == "replace"
		}
	}
	return false
}

// reasonToEnd is why a run may end a key, "" if it may not, and whether it must.
func (s *randomSequence) reasonToEnd(at string, was stateObject, request randomRequest, there world) (reason string, must bool) {
	b, configured := s.blocks[at]
	switch {
	case !configured, request.destroy:
		return "removed", true
	case was.tainted, request.replace == at:
		return "by request", true
	}
	switch {
	case s.accountID(b) != was.accountID(),
		was.text("name_prefix") != "" && b.arguments["name_prefix"] != "" && b.arguments["name_prefix"] != quote(was.text("name_prefix")),
		was.attributes["rotate_when_changed"] != nil && b.arguments["rotate_when_changed"] != "" && !reflect.DeepEqual(auditOf(b.arguments["rotate_when_changed"]), was.attributes["rotate_when_changed"]),
		was.text("encrypted_key") != "" && !strings.Contains(b.arguments["encrypt_to"], recipientOf(was)) || was.text("encrypted_key") != "" && b.arguments["encrypt_to"] == "":
		return "moved", true
	}
	if s.due(was, there) && s.keeps(at, b, was, "valid_for", "rotate_before", "destroy_grace_period") {
		return "due", false
	}
	return "", false
}

// accountID is the id of the account that a block's object belongs to by now.
func (s *randomSequence) accountID(b randomBlock) string {
	if parent := s.accountOf(b); parent != "" {
		return s.objects()[parent].text("id")
	}
	return s.hostID
}

// auditOf reads the rotate_when_changed of these configurations.
func auditOf(expression string) map[string]any {
	found := map[string]any{}
	for pair := range strings.SplitSeq(strings.Trim(expression, "{ }"), ", ") {
		name, value, _ := strings.Cut(pair, " = ")
		found[name] = strings.Trim(value, `"`)
	}
	return found
}

// recipientOf is the recipient for which a key was encrypted.
func recipientOf(was stateObject) string {
	encryptTo, _ := was.attributes["encrypt_to"].(map[string]any)
	recipients, _ := encryptTo["age_recipients"].([]any)
	if len(recipients) != 1 {
		return "nobody"
	}
	recipient, _ := recipients[0].(string)
	return recipient
}

// due reports whether a key's time to be rotated has come: by its expiry, or by the one
// that it was made with.
func (s *randomSequence) due(was stateObject, there world) bool {
	before, err := signozDuration(was.text("rotate_before"))
	if err != nil {
		return false
	}
	validFor, _ := signozDuration(was.text("valid_for"))
	key := there.keys[was.text("id")]
	ends := []time.Time{key.CreatedAt.Add(validFor)}
	if !key.ExpiresAt.IsZero() {
		ends = append(ends, key.ExpiresAt)
	}
	if expiresAt, err := time.Parse(time.RFC3339, was.text("expires_at")); err == nil {
		ends = append(ends, expiresAt)
	}
	return slices.ContainsFunc(ends, func(end time.Time) bool { return !s.now().Before(end.Add(-before)) })
}

// keeps reports whether a block's durations are those of the state, as far as the plan
// knew them.
func (s *randomSequence) keeps(at string, b randomBlock, was stateObject, arguments ...string) bool {
	for _, name := range arguments {
		wanted, _ := signozDuration(strings.Trim(b.arguments[name], `"`))
		had, _ := signozDuration(was.text(name))
		if wanted != had && !s.unknown[at+"."+name] {
			return false
		}
	}
	return true
}

// compare fails where the server holds something else than the state says.
func (s *randomSequence) compare(state map[string]stateObject, now world) {
	s.t.Helper()
	owned := map[string]bool{s.hostID: true}
	for _, at := range slices.Sorted(maps.Keys(state)) {
		o := state[at]
		if len(o.deposed) > 0 || o.tainted {
			s.t.Errorf("after an apply that succeeded, %s has %d deposed objects, and is tainted: %t", at, len(o.deposed), o.tainted)
		}
		account, accountThere := now.accounts[o.accountID()]
		if at != tickAddress && !accountThere {
			s.t.Errorf("%s: the server doesn't have the account %s", at, o.accountID())
			continue
		}
		switch o.kind {
		case accountKind:
			owned[account.ID] = true
			managed, isManaged := o.attributes["roles"].([]any)
			var roles []string
			for _, role := range managed {
				roles = append(roles, fmt.Sprint(role))
			}
			if account.Name != o.text("name") || account.Email != o.text("email") || isManaged && jsonList(account.RoleNames()) != jsonList(roles) {
				s.t.Errorf("%s: the state says %v, the server %q with the roles %q", at, o.attributes, account.Name, account.RoleNames())
			}
		case roleKind:
			if !slices.Contains(account.RoleNames(), o.text("role")) {
				s.t.Errorf("%s: the account %q hasn't got the role %s", at, account.Name, o.text("role"))
			}
		case keyKind:
			owned[o.text("id")] = true
			s.compareKey(o, now)
		}
	}
	for id, account := range now.accounts {
		if !owned[id] {
			s.t.Errorf("nobody knows of the account %q (%s)", account.Name, id)
		}
	}
	for id, key := range now.keys {
		_, foreign := s.foreign[id]
		retired := strings.Contains(key.Name, "-retired-") && !key.ExpiresAt.IsZero() && key.ExpiresAt.Before(s.now().Add(longestGrace))
		if !owned[id] && !foreign && !retired {
			s.t.Errorf("nobody knows of the key %q (%s)", key.Name, id)
		}
	}
}

func (s *randomSequence) compareKey(o stateObject, now world) {
	s.t.Helper()
	key, listed := now.keys[o.text("id")]
	if !listed || key.AccountID != o.accountID() {
		s.t.Errorf("%s: the server doesn't have the key %s", o.address, o.text("id"))
		return
	}
	var expiresAt time.Time
	if text := o.text("expires_at"); text != "" {
		var err error
		expiresAt, err = time.Parse(time.RFC3339, text)
		fatal(s.t, err)
	}
	// A time that was configured and has passed stays in the state, whatever became of it elsewhere.
	passed := !expiresAt.IsZero() && !expiresAt.After(s.now())
	if key.Name != o.text("name") || !key.ExpiresAt.Equal(expiresAt) && !passed {
		s.t.Errorf("%s: the state says %q until %v, the server %q until %v", o.address, o.text("name"), expiresAt, key.Name, key.ExpiresAt)
	}
	value, encrypted := o.text("key"), o.text("encrypted_key")
	if (value != "") == (encrypted != "") && o.address != importedKey {
		s.t.Errorf("%s: the state has the key's value in plain and encrypted, or not at all", o.address)
	}
	if encrypted != "" {
		pair := s.ages[0]
		if recipientOf(o) != pair.recipient {
			pair = s.ages[1]
		}
		value = pair.decrypt(s.t, encrypted)
	}
	if value == "" || s.values[value] || key.Expired(s.now().Add(time.Second)) {
		return
	}
	me, err := clientWith(s.t, s.on.endpoint, value).Me(s.t.Context())
	if err != nil || me.ID != o.accountID() {
		s.t.Errorf("%s: the value of the key doesn't work: %v", o.address, err)
	}
	s.values[value] = true
}

// nothingMore fails if a plan changes anything but what time, or the strays of a new list
// of keys, ask for.
func (s *randomSequence) nothingMore(state map[string]stateObject, now world) {
	s.t.Helper()
	again := s.command("plan", "-json", "-detailed-exitcode", "-lock=false")
	if again.exit == 1 {
		s.judge(again, false)
		return
	}
	excused := false
	for at, action := range again.changes {
		o := state[at]
		switch {
		case o.kind == keyKind && action == "replace" && s.due(o, now):
			excused = true
		case o.kind == exclusiveKind && action == "update" && s.hasStrays(o, now):
			excused = true
		case (o.kind == exclusiveKind || strings.HasPrefix(at, "data.")) && slices.ContainsFunc(slices.Collect(maps.Keys(again.changes)), func(at string) bool { return s.due(state[at], now) }):
			excused = true
		default:
			s.t.Errorf("after an apply that succeeded, the next plan wants to %s %s", action, at)
		}
	}
	if (again.exit == 2) != excused {
		s.t.Errorf("the next plan ends with %d, and has the changes %v", again.exit, again.changes)
	}
}

// hasStrays reports whether an account has keys that its list of keys doesn't.
func (s *randomSequence) hasStrays(o stateObject, now world) bool {
	for _, key := range now.keysOf(o.accountID()) {
		if _, foreign := s.foreign[key.ID]; foreign && key.Name != "deploy" || strings.Contains(key.Name, "-retired-") && key.Expired(s.now()) {
			return true
		}
	}
	return false
}
