// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// bystander is an account that was there before, with its keys.
type bystander struct {
	account signoztest.Account
	keys    []signoztest.Key
}

// bystanders are all accounts of the target as they are now.
func bystanders(on target) []bystander {
	var found []bystander
	for _, account := range on.ActiveAccounts() {
		found = append(found, bystander{account: account, keys: on.Keys(account.ID)})
	}
	return found
}

// differences compares the server with the state: what one of them has and the
// other hasn't, and what happened to those who were there before. Empty is well.
func (w *workingDir) differences(before []bystander) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &comparison{workingDir: w, before: before, grants: map[string][]string{}, owned: map[string]string{}}
	for _, address := range slices.Sorted(maps.Keys(w.state)) {
		if k := w.state[address]; !k.gone() {
			c.object(address, k.instance)
		}
		for _, old := range w.state[address].deposed {
			c.object(address+" (deposed)", old.instance)
		}
	}
	for _, account := range w.on.ActiveAccounts() {
		c.account(account)
	}
	for _, b := range before {
		if account, ok := w.on.Account(b.account.ID); !ok || account.Deleted || account.Name != b.account.Name {
			c.say("the account %q, which was there before, was deleted or renamed", b.account.Name)
		}
	}
	return c.found
}

type comparison struct {
	*workingDir

	before []bystander
	grants map[string][]string // account id → roles of role resources
	owned  map[string]string   // id of an account or key → address
	found  []string
}

func (c *comparison) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// object compares one object of the state with the server's.
func (c *comparison) object(address string, k instance) {
	id, accountID := k.text("id"), k.text("service_account_id")
	switch k.kind {
	case accountKind:
		c.owned[id] = address
		account, ok := c.on.Account(id)
		switch {
		case !ok || account.Deleted:
			c.say("%s: the state has the account %s (%q), the server hasn't", address, id, k.text("name"))
		case account.Name != k.text("name") || account.Email != k.text("email"):
			c.say("%s: the state says %s, the server %q with e-mail %q", address, k.json(), account.Name, account.Email)
		case k.at("roles") != "null" && k.at("roles") != jsonList(account.Roles):
			c.say("%s: the state has the roles %s, the server %q", address, k.at("roles"), account.Roles)
		}
	case keyKind:
		c.owned[id] = address
		c.key(address, k, id, accountID)
	case roleKind:
		c.grants[accountID] = append(c.grants[accountID], k.text("role"))
		if account, ok := c.on.Account(accountID); !ok || !slices.Contains(account.Roles, k.text("role")) {
			c.say("%s: the account %s hasn't got the role %s", address, accountID, k.text("role"))
		}
	}
}

func (c *comparison) key(address string, k instance, id, accountID string) {
	keys := c.on.Keys(accountID)
	at := slices.IndexFunc(keys, func(key signoztest.Key) bool { return key.ID == id })
	if at < 0 {
		c.say("%s: the state has the key %s (%q), the server hasn't", address, id, k.text("name"))
		return
	}
	var expiresAt time.Time
	if text := k.text("expires_at"); text != "" {
		var err error
		if expiresAt, err = time.Parse(time.RFC3339, text); err != nil {
			c.say("%s: %v", address, err)
		}
	}
	key := keys[at]
	now := c.on.Clock().Now()
	// A time that was configured and has passed stays in the state, whatever became of it elsewhere.
	passed := !expiresAt.IsZero() && !expiresAt.After(now)
	if key.Name != k.text("name") || !key.ExpiresAt.Equal(expiresAt) && !passed {
		c.say("%s: the state says %q until %v, the server %q until %v", address, k.text("name"), expiresAt, key.Name, key.ExpiresAt)
	}
	expired := !key.ExpiresAt.IsZero() && !key.ExpiresAt.After(now)
	if imported := k.at("key") == "null"; !imported && (key.Value != k.text("key") || !expired && !c.on.KeyWorks(key.Value)) {
		c.say("%s: the value in the state isn't that of the key %q, or doesn't work", address, key.Name)
	}
}

// account compares one account of the server with what is known of it.
func (c *comparison) account(account signoztest.Account) {
	var was bystander
	if at := slices.IndexFunc(c.before, func(b bystander) bool { return b.account.ID == account.ID }); at >= 0 {
		was = c.before[at]
		roles := slices.Concat(was.account.Roles, c.grants[account.ID])
		if jsonList(roles) != jsonList(account.Roles) {
			c.say("the account %q, which was there before, has the roles %q, not %q", account.Name, account.Roles, roles)
		}
	} else if c.owned[account.ID] == "" {
		c.say("nobody knows of the account %q (%s)", account.Name, account.ID)
	} else if k := c.state[c.owned[account.ID]]; k.at("roles") == "null" && jsonList(account.Roles) != jsonList(c.grants[account.ID]) {
		c.say("%s: the server has the roles %q, the state %q", c.owned[account.ID], account.Roles, c.grants[account.ID])
	}
	keys := c.on.Keys(account.ID)
	for _, key := range was.keys {
		if !slices.ContainsFunc(keys, func(now signoztest.Key) bool {
			return now.ID == key.ID && now.Name == key.Name && now.Value == key.Value && now.ExpiresAt.Equal(key.ExpiresAt)
		}) {
			c.say("the key %q of %q, which was there before, was revoked or changed", key.Name, account.Name)
		}
	}
	for _, key := range keys {
		old := slices.ContainsFunc(was.keys, func(k signoztest.Key) bool { return k.ID == key.ID })
		ending := c.retired[key.ID] && !key.ExpiresAt.IsZero() && key.ExpiresAt.Before(c.on.Clock().Now().Add(longestGrace+time.Minute))
		if !old && !ending && !c.foreign[key.ID] && c.owned[key.ID] == "" {
			c.say("nobody knows of the key %q (%s) of %q, which ends %v", key.Name, key.ID, account.Name, key.ExpiresAt)
		}
	}
}

// longestGrace is more than any destroy_grace_period of these tests.
const longestGrace = 2 * time.Hour

func jsonList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	slices.Sort(quoted)
	return "[" + strings.Join(quoted, ",") + "]"
}

// What errors name: in the summary the object that they are about, in the detail
// a key that couldn't be revoked.
var (
	namedInSummary = regexp.MustCompile(`^Can't create (?:service account|the key) "([^"]+)"(?: of service account ([^\s:]+))?`)
	stillHeld      = regexp.MustCompile(`^Can't remove the role "([^"]+)" from service account ([^\s:]+)`)
	stillWorks     = regexp.MustCompile(`^The key "([^"]+)" of service account ([^\s:]+) still works`)
	substitute     = regexp.MustCompile(`making the key "([^"]+)"`)
	notRevoked     = regexp.MustCompile(`DELETE /api/v1/service_accounts/([0-9a-f-]{36})/keys/([0-9a-f-]{36})`)
)

// followAdvice does what an unresolved error asks for: delete the object if it
// exists. It reports whether the error told which one that is.
func (w *workingDir) followAdvice(f failure, before []bystander) bool {
	for _, key := range notRevoked.FindAllStringSubmatch(f.detail, -1) {
		w.revoke(key[1], before, func(k signoztest.Key) bool { return k.ID == key[2] })
	}
	if left := stillWorks.FindStringSubmatch(f.summary); left != nil {
		w.revoke(left[2], before, func(k signoztest.Key) bool { return k.Name == left[1] })
		return true
	}
	if left := stillHeld.FindStringSubmatch(f.summary); left != nil {
		if account, ok := w.on.Account(left[2]); ok && !account.Deleted && slices.Contains(account.Roles, left[1]) {
			w.on.RevokeRole(account.ID, left[1])
		}
		return true
	}
	named := namedInSummary.FindStringSubmatch(f.summary)
	if named == nil {
		return false
	}
	if accountID := named[2]; accountID != "" {
		names := []string{named[1]}
		for _, key := range substitute.FindAllStringSubmatch(f.detail, -1) {
			names = append(names, key[1])
		}
		w.revoke(accountID, before, func(k signoztest.Key) bool { return slices.Contains(names, k.Name) })
		return true
	}
	if account, ok := w.on.AccountByName(named[1]); ok && !wasThere(before, account.ID) {
		w.on.DeleteAccount(account.ID)
	}
	return true
}

func (w *workingDir) revoke(accountID string, before []bystander, meant func(signoztest.Key) bool) {
	for _, key := range w.on.Keys(accountID) {
		if meant(key) && !wasThere(before, key.ID) {
			w.on.RevokeKey(accountID, key.ID)
		}
	}
}

func wasThere(before []bystander, id string) bool {
	return slices.ContainsFunc(before, func(b bystander) bool {
		return b.account.ID == id || slices.ContainsFunc(b.keys, func(k signoztest.Key) bool { return k.ID == id })
	})
}
