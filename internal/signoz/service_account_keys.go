// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Key is an API key as the server lists it: without its value, which is shown once.
type Key struct {
	ID         string    `json:"id"`
	AccountID  string    `json:"serviceAccountId"`
	Name       string    `json:"name"`
	ExpiresAt  time.Time `json:"-"` // zero: never. The server keeps whole seconds.
	LastUsedAt time.Time `json:"lastObservedAt"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

// Expired reports whether the key is refused at that time because of its expiry. Expired keys
// stay listed, and work again with a later expiry.
func (k *Key) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// LastUse is the time of the key's last use; zero if the key was never used. (SigNoz sets the
// LastUsedAt of an unused key to its creation time.)
func (k *Key) LastUse() time.Time {
	if changedSince(k.CreatedAt, k.LastUsedAt) {
		return k.LastUsedAt
	}
	return time.Time{}
}

// CreatedKey is a key just made, with the value that is shown this once.
type CreatedKey struct {
	ID    string `json:"id"`
	Value string `json:"key"`
}

// CreatedAt is when the key was made, by the server's clock and to the millisecond, as its id
// says. False means that this id doesn't say it.
func (k *CreatedKey) CreatedAt() (time.Time, bool) { return timeOfUUID(k.ID) }

// NewKey is a key to be made.
type NewKey struct {
	Name      string
	ExpiresAt time.Time // zero: never

	UniqueName bool // no other create uses Name
}

// keyAttributes is what a key is made from and updated to.
type keyAttributes struct {
	Name      string `json:"name"`
	ExpiresAt int64  `json:"expiresAt"`
}

// UnixSeconds is an expiry as SigNoz takes it: unix seconds, 0 for never.
func UnixSeconds(expiresAt time.Time) int64 {
	if expiresAt.IsZero() {
		return 0
	}
	return expiresAt.Unix()
}

func keysPath(accountID string) string { return below(accountsPath, accountID) + "/keys" }

// Keys lists the keys of an account. A deleted account has none. The slice is
// shared: don't change it.
func (c *Client) Keys(ctx context.Context, accountID string) ([]Key, error) {
	keys, err := c.keyList(ctx, accountID)
	return keys.items(), err
}

// FreshKeys is Keys, but asks the server even where the list was read already.
func (c *Client) FreshKeys(ctx context.Context, accountID string) ([]Key, error) {
	c.keys.of(accountID).drop()
	return c.Keys(ctx, accountID)
}

// Key finds one key of an account in the list that all callers share; SigNoz has no call for
// a single key. Nil means that the account has no such key.
func (c *Client) Key(ctx context.Context, accountID, keyID string) (*Key, error) {
	keys, err := c.keyList(ctx, accountID)
	return keys.find(keyID), err
}

// KeysRead are the keys of an account as [Client.Keys] has read them in this run; none
// where it hasn't. It sends nothing. The slice is shared: don't change it.
func (c *Client) KeysRead(accountID string) []Key {
	return c.keys.of(accountID).read().items()
}

func (c *Client) keyList(ctx context.Context, accountID string) (*list[Key], error) {
	return c.keys.of(accountID).get(ctx, func(ctx context.Context) (*list[Key], error) {
		var listed []struct {
			Key
			ExpiresAt int64 `json:"expiresAt"` // unix seconds, 0 for never
		}
		// A proxy that mixes up answers may return another account's list. Without this check, the
		// keys of this account would seem to be gone.
		decode := require(into(&listed), func() bool {
			for i := range listed {
				if !strings.EqualFold(listed[i].AccountID, accountID) {
					return false
				}
			}
			return true
		}, "it lists what isn't a key of this account")
		if err := c.do(ctx, call{method: http.MethodGet, path: keysPath(accountID), want: http.StatusOK, decode: decode}); err != nil {
			return nil, err
		}
		keys := make([]Key, len(listed))
		for i := range listed {
			keys[i] = listed[i].Key
			if listed[i].ExpiresAt != 0 {
				keys[i].ExpiresAt = time.Unix(listed[i].ExpiresAt, 0).UTC()
			}
		}
		return newList(keys, func(k *Key) string { return k.ID }), nil
	})
}

// OwnKeys returns the ids of the account's keys that may be the one that signs this client's
// requests; none if that key belongs to another account. SigNoz doesn't say which key it is, but each
// request updates the last use of its key at once. OwnKeys reads the list three times and returns the
// keys whose last use changed meanwhile or, if none did, all keys that were ever used.
func (c *Client) OwnKeys(ctx context.Context, accountID string) (map[string]bool, error) {
	if c.SignsAsUser() {
		return nil, nil
	}
	if own, err := c.OwnAccountID(ctx); err != nil || !strings.EqualFold(own, accountID) {
		return nil, err
	}
	before := make(map[string]time.Time)
	used, moved := make(map[string]bool), make(map[string]bool)
	for range 3 {
		keys, err := c.FreshKeys(ctx, accountID)
		if err != nil {
			return nil, err
		}
		for i := range keys {
			key := &keys[i]
			used[key.ID] = !key.LastUse().IsZero()
			if at, ok := before[key.ID]; ok && key.LastUsedAt.After(at) {
				moved[key.ID] = true
			}
			before[key.ID] = key.LastUsedAt
		}
	}
	if len(moved) == 0 {
		return used, nil
	}
	return moved, nil
}

// CreateKey creates a key. If the answer is lost, and with it the value, CreateKey revokes the key
// that this call made and creates another; it keeps keys that existed before or that somebody else
// made meanwhile. An [*UnresolvedError] says that it couldn't resolve an attempt in doubt.
//
// A create whose answers get lost is sent again MaxRetries times, and not later than MaxRetries × 40 s
// after the first. Resolving it takes up to five more calls; they end within 25 seconds once the
// run was cancelled or that time is over.
func (c *Client) CreateKey(ctx context.Context, accountID string, key NewKey) (*CreatedKey, error) {
	defer c.keys.of(accountID).drop()
	return c.createKey(ctx, accountID, key, newDoubts())
}

// maxRounds is how often createKey creates and resolves before it gives up.
const maxRounds = 3

// createKey creates a key and resolves attempts in doubt.
func (c *Client) createKey(ctx context.Context, accountID string, key NewKey, doubts *doubts) (*CreatedKey, error) {
	resolve := c.resolveKey
	if key.UniqueName {
		resolve = c.clearUniqueKey
	}
	for round := 1; ; round++ {
		created, failure := c.postKey(ctx, accountID, key, doubts)
		if failure == nil || !doubts.any() {
			return created, failure
		}
		created, err := resolve(ctx, accountID, key, doubts, failure)
		switch {
		case created != nil || err != nil:
			return created, err
		case !IsConflict(failure) || round == maxRounds:
			return nil, doubts.report(failure)
		} // the name is free: create again
	}
}

func (c *Client) postKey(ctx context.Context, accountID string, key NewKey, doubts *doubts) (*CreatedKey, error) {
	var created CreatedKey
	err := c.do(ctx, call{
		method: http.MethodPost, path: keysPath(accountID), want: http.StatusCreated, doubts: doubts, confidential: true,
		body:   keyAttributes{Name: key.Name, ExpiresAt: UnixSeconds(key.ExpiresAt)},
		decode: require(into(&created), func() bool { return created.ID != "" && created.Value != "" }, "the answer has no id or no key value"),
	})
	if err != nil {
		return nil, err
	}
	c.claim(created.ID)
	return &created, nil
}

// clearUniqueKey resolves a failed create of a key with a unique name: a key of this name was made by
// a lost attempt, and is revoked since nobody knows its value. Like resolveKey, clearUniqueKey
// returns neither a key nor an error if the name is free afterwards.
func (c *Client) clearUniqueKey(ctx context.Context, accountID string, key NewKey, doubts *doubts, failure error) (*CreatedKey, error) {
	ctx, cancel := doubts.resolving(ctx, failure)
	defer cancel()
	found, err := c.findKey(ctx, accountID, key.Name)
	if err == nil && found != nil {
		err = c.RevokeKey(ctx, accountID, found.ID)
	}
	if err != nil {
		return nil, doubts.unresolved(err)
	}
	return nil, nil
}

// resolveKey resolves a failed create of a key with a given name. Whether this create made the key of
// this name follows from its creation time, by the server's clock. If that clock isn't known yet,
// resolveKey learns it from the id of a substitute: another key, created under a unique name. The
// substitute also replaces a key that this create made and whose value is lost.
func (c *Client) resolveKey(ctx context.Context, accountID string, key NewKey, doubts *doubts, failure error) (*CreatedKey, error) {
	ctx, cancel := doubts.resolving(ctx, failure)
	defer cancel()
	found, err := c.findKey(ctx, accountID, key.Name)
	switch {
	case err != nil:
		return nil, doubts.unresolved(err)
	case found == nil:
		return nil, nil
	case !found.asCreated(key):
		return nil, doubts.report(failure) // somebody else's
	}

	replace := IsConflict(failure) // else the create has failed for good, and gets no substitute
	whose := c.clock.originOf(found.CreatedAt, doubts)
	var substitute *CreatedKey
	if (whose == thisCreate && replace) || !c.clock.known() {
		if substitute, err = c.createSubstitute(ctx, accountID, key); err != nil {
			return nil, doubts.unresolved(err)
		}
		whose = c.clock.originOf(found.CreatedAt, doubts)
	}
	outcome := doubts.report(failure)
	switch {
	case whose == originUnknown:
		outcome = doubts.unresolved(madeMeanwhile(failure))
	case whose == thisCreate && c.claim(found.ID):
		if err := c.RevokeKey(ctx, accountID, found.ID); err != nil {
			outcome = doubts.unresolved(err)
		} else if replace {
			err := c.UpdateKey(ctx, accountID, substitute.ID, key.Name, key.ExpiresAt)
			if err == nil {
				return substitute, nil
			}
			outcome = doubts.report(err)
		}
	}
	if substitute != nil {
		if err := c.RevokeKey(ctx, accountID, substitute.ID); err != nil {
			return nil, doubts.unresolved(errors.Join(outcome, fmt.Errorf("revoking its substitute, the key with the id %s: %w", substitute.ID, err)))
		}
	}
	return nil, outcome
}

// createSubstitute creates a key that can take the place of one whose value is lost.
func (c *Client) createSubstitute(ctx context.Context, accountID string, key NewKey) (*CreatedKey, error) {
	name, doubts := UniqueKeyName(key.Name+"-"), newDoubts()
	substitute, err := c.createKey(ctx, accountID, NewKey{Name: name, ExpiresAt: key.ExpiresAt, UniqueName: true}, doubts)
	if err == nil && doubts.openAt(time.Now()) {
		// Renaming the substitute would free its name, and a late attempt could create another key.
		err = errors.Join(errors.New("it may be made again by a request that was given up"), c.RevokeKey(ctx, accountID, substitute.ID))
	}
	if err != nil {
		return nil, fmt.Errorf("making the key %q to compare with: %w", name, err)
	}
	return substitute, nil
}

// asCreated reports whether the key is as creating leaves it: with the expiry asked for, and
// neither used nor changed since.
func (k *Key) asCreated(key NewKey) bool {
	return UnixSeconds(k.ExpiresAt) == UnixSeconds(key.ExpiresAt) && !changedSince(k.CreatedAt, k.LastUsedAt) && !changedSince(k.CreatedAt, k.UpdatedAt)
}

// findKey asks the server, not the list read before, for the key of that name.
func (c *Client) findKey(ctx context.Context, accountID, name string) (*Key, error) {
	keys, err := c.FreshKeys(ctx, accountID)
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return nil, err
	}
	return &keys[i], nil
}

// UpdateKey sets the name and the expiry of a key (zero: never). Its value stays. The server
// refuses an expiry in the past, even an unchanged one.
func (c *Client) UpdateKey(ctx context.Context, accountID, keyID, name string, expiresAt time.Time) error {
	defer c.keys.of(accountID).drop()
	return c.do(ctx, call{
		method: http.MethodPut, path: below(keysPath(accountID), keyID), want: http.StatusNoContent,
		body: keyAttributes{Name: name, ExpiresAt: UnixSeconds(expiresAt)},
	})
}

// RevokeKey deletes a key; it stops working at once. Revoking what is gone already succeeds.
func (c *Client) RevokeKey(ctx context.Context, accountID, keyID string) error {
	defer c.keys.of(accountID).drop()
	err := c.do(ctx, call{method: http.MethodDelete, path: below(keysPath(accountID), keyID), want: http.StatusNoContent})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// How many characters a key's name may have, a prefix of it, and the random letters behind that:
// 26¹² are 9.5·10¹⁶.
const (
	MaxKeyNameLength       = 80
	MaxKeyNamePrefixLength = MaxKeyNameLength - uniqueLetters
	uniqueLetters          = 12
)

// UniqueKeyName appends random letters to prefix, cutting it where the whole
// would be too long. Letters only: v0.118 refuses digits.
func UniqueKeyName(prefix string) string {
	var letters string
	for len(letters) < uniqueLetters {
		letters += strings.Map(func(r rune) rune {
			if r < 'A' {
				return -1 // one of base32's digits
			}
			return r - 'A' + 'a'
		}, rand.Text())
	}
	return fitPrefix(prefix) + letters[:uniqueLetters]
}

// IsUniqueKeyName reports whether name may have come from UniqueKeyName.
func IsUniqueKeyName(name, prefix string) bool {
	letters, ok := strings.CutPrefix(name, fitPrefix(prefix))
	return ok && len(letters) == uniqueLetters && strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz") == ""
}

func fitPrefix(prefix string) string {
	if len(prefix) > MaxKeyNamePrefixLength {
		return prefix[:MaxKeyNamePrefixLength-1] + "-"
	}
	return prefix
}
