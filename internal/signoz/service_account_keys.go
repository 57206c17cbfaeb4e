// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Key is an API key as the server lists it. Its value isn't shown again after
// the key was made.
type Key struct {
	ID         string
	AccountID  string
	Name       string
	ExpiresAt  time.Time // zero: never. The server keeps whole seconds.
	LastUsedAt time.Time // SigNoz calls it lastObservedAt
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Expired reports whether the key is refused at that time because of its expiry.
// Expired keys stay listed, and an update that gives them a later expiry makes
// them work again.
func (k *Key) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// CreatedKey is a key just made, with the value that is shown this once.
type CreatedKey struct {
	ID    string `json:"id"`
	Value string `json:"key"`
}

// CreatedAt is when the key was made, by the server's clock and to the
// millisecond: the key's id tells. False means that this id doesn't.
func (k *CreatedKey) CreatedAt() (time.Time, bool) { return timeOfUUID(k.ID) }

// NewKey is a key to be made.
type NewKey struct {
	Name      string
	ExpiresAt time.Time // zero: never

	// UniqueName says that Name was made up for this key alone, so that a key of
	// this name can only have been made by this call.
	UniqueName bool
}

// wireKey is Key as it travels: times of expiry are unix seconds, 0 for never.
type wireKey struct {
	ID             string    `json:"id"`
	AccountID      string    `json:"serviceAccountId"`
	Name           string    `json:"name"`
	ExpiresAt      int64     `json:"expiresAt"`
	LastObservedAt time.Time `json:"lastObservedAt"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func (w *wireKey) key() Key {
	k := Key{ID: w.ID, AccountID: w.AccountID, Name: w.Name, LastUsedAt: w.LastObservedAt, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt}
	if w.ExpiresAt != 0 {
		k.ExpiresAt = time.Unix(w.ExpiresAt, 0).UTC()
	}
	return k
}

// keyAttributes is what a key is made from and updated to. An expiry left out
// would mean 0: it is always sent.
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

// keyList is the answer of one account's key list, found by id too.
type keyList struct {
	all  []Key
	byID map[string]int
}

func keysPath(accountID string) string { return accountsPath + segments(accountID) + "/keys" }

// Keys lists the keys of an account. A deleted account has none. The slice is
// shared: don't change it.
func (c *Client) Keys(ctx context.Context, accountID string) ([]Key, error) {
	list, err := c.keyList(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return list.all, nil
}

// Key finds one key of an account in the list that all callers share; there is
// no call for a single key. Nil means that the account has no such key.
func (c *Client) Key(ctx context.Context, accountID, keyID string) (*Key, error) {
	list, err := c.keyList(ctx, accountID)
	if err != nil {
		return nil, err
	}
	i, ok := list.byID[keyID]
	if !ok {
		return nil, nil
	}
	key := list.all[i]
	return &key, nil
}

// KeysRead are the keys of an account as [Client.Keys] has read them in this run; none
// where it hasn't. It asks nothing. The slice is shared: don't change it.
func (c *Client) KeysRead(accountID string) []Key {
	if list, ok := c.keys.of(accountID).read(); ok {
		return list.all
	}
	return nil
}

func (c *Client) keyList(ctx context.Context, accountID string) (*keyList, error) {
	return c.keys.of(accountID).get(ctx, func(ctx context.Context) (*keyList, error) {
		keys, err := c.listKeys(ctx, accountID)
		if err != nil {
			return nil, err
		}
		list := &keyList{all: keys, byID: make(map[string]int, len(keys))}
		for i := range keys {
			list.byID[keys[i].ID] = i
		}
		return list, nil
	})
}

func (c *Client) listKeys(ctx context.Context, accountID string) ([]Key, error) {
	var wire []wireKey
	if err := c.do(ctx, call{method: http.MethodGet, path: keysPath(accountID), want: http.StatusOK, decode: into(&wire)}); err != nil {
		return nil, err
	}
	keys := make([]Key, len(wire))
	for i := range wire {
		keys[i] = wire[i].key()
		if !strings.EqualFold(keys[i].AccountID, accountID) {
			// Something between has answered with another request's answer: by a list
			// that isn't this account's, its keys would seem to be gone.
			return nil, &Error{Method: http.MethodGet, Path: keysPath(accountID), Status: http.StatusOK, Message: "the answer isn't what SigNoz answers: it lists what isn't a key of this account"}
		}
	}
	return keys, nil
}

// CreateKey makes a key. If the answer is lost, and with it the value, it
// revokes the key that this very call made and makes it again; a key that was
// there before, or that somebody else made meanwhile, is never touched. It says so with
// an [*UnresolvedError] when it can't find out, or can't set right, what the lost call did.
//
// A create whose answers get lost is sent again MaxRetries times, and not later
// than MaxRetries × 40 s after the first. Looking into it takes up to five
// more calls; they end within 25 seconds once the run was cancelled or that time is over.
func (c *Client) CreateKey(ctx context.Context, accountID string, key NewKey) (*CreatedKey, error) {
	defer c.keys.of(accountID).drop()
	resolve := c.resolveKey
	if key.UniqueName {
		resolve = c.clearUniqueKey
	}
	return c.createKey(ctx, accountID, key, newDoubts(), resolve)
}

// maxRounds is how often a create is begun again after it was resolved that its name is free.
const maxRounds = 3

// createKey creates a key and has resolve decide what a create did whose answer was lost. With
// neither a key nor an error that says that the name is free, and the create may be sent again.
func (c *Client) createKey(ctx context.Context, accountID string, key NewKey, doubts *doubts, resolve resolver) (*CreatedKey, error) {
	began := time.Now()
	for round := 1; ; round++ {
		created, failure := c.postKey(ctx, accountID, key, doubts, began)
		if failure == nil || !doubts.any() {
			return created, failure
		}
		created, err := resolve(ctx, accountID, key, doubts, failure)
		switch {
		case created != nil || err != nil:
			return created, err
		case !IsConflict(failure) || round == maxRounds:
			return nil, doubts.report(failure)
		}
	}
}

// resolver finds out what a create did that failed while an attempt was in doubt.
type resolver func(ctx context.Context, accountID string, key NewKey, doubts *doubts, failure error) (*CreatedKey, error)

func (c *Client) postKey(ctx context.Context, accountID string, key NewKey, doubts *doubts, began time.Time) (*CreatedKey, error) {
	var created CreatedKey
	err := c.do(ctx, call{
		method: http.MethodPost, path: keysPath(accountID), want: http.StatusCreated, creates: true, doubts: doubts, confidential: true, began: began,
		body: keyAttributes{Name: key.Name, ExpiresAt: UnixSeconds(key.ExpiresAt)},
		decode: func(data []byte) error {
			if err := into(&created)(data); err != nil || (created.ID != "" && created.Value != "") {
				return err
			}
			return errors.New("the answer has no id or no key value")
		},
	})
	if err != nil {
		return nil, err
	}
	c.claims.take(created.ID)
	return &created, nil
}

// clearUniqueKey is the resolver of a key whose name was made up for it: whatever has the
// name was made by a lost attempt, and since nobody knows its value it is revoked.
func (c *Client) clearUniqueKey(ctx context.Context, accountID string, key NewKey, doubts *doubts, failure error) (*CreatedKey, error) {
	ctx, cancel := doubts.resolving(ctx, failure)
	defer cancel()
	found, err := c.findKey(ctx, accountID, key.Name)
	if err == nil && found != nil {
		err = c.RevokeKey(ctx, accountID, found.ID)
	}
	switch {
	case err != nil:
		return nil, doubts.unresolved(err)
	case found != nil && !IsConflict(failure):
		return nil, doubts.report(failure)
	}
	return nil, nil
}

// resolveKey is the resolver of a key of a given name. Key names carry no mark of who made
// them, so the time decides, on the server's clock. Where no id has told that yet, another key
// does, made now under a name of its own. It also takes the place of a key that this create
// made and whose value is lost.
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

	replace := IsConflict(failure) // else the create is given up, and nothing takes its place
	whose := c.clock.originOf(found.CreatedAt, doubts)
	var substitute *CreatedKey
	if (whose == thisCreate && replace) || !c.clock.knowsServer() {
		if substitute, err = c.createSubstitute(ctx, accountID, key); err != nil {
			return nil, doubts.unresolved(err)
		}
		whose = c.clock.originOf(found.CreatedAt, doubts)
	}
	if whose == thisCreate && !c.claims.take(found.ID) {
		whose = somebodyElse
	}

	outcome := doubts.report(failure)
	switch whose {
	case somebodyElse:
	case originUnknown:
		if !replace {
			failure = errMadeMeanwhile
		}
		outcome = doubts.unresolved(failure)
	case thisCreate:
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
	substitute, err := c.createKey(ctx, accountID, NewKey{Name: name, ExpiresAt: key.ExpiresAt}, doubts, c.clearUniqueKey)
	if err == nil && doubts.openAt(time.Now()) {
		// Renamed or revoked, it would leave its name to an attempt that is late.
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

// findKey asks the server, not the shared list, for the key of that name.
func (c *Client) findKey(ctx context.Context, accountID, name string) (*Key, error) {
	keys, err := c.listKeys(ctx, accountID)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		if keys[i].Name == name {
			return &keys[i], nil
		}
	}
	return nil, nil
}

// UpdateKey sets the name and the expiry of a key (zero: never). Its value
// stays. The server refuses an expiry in the past, even one that was set before.
func (c *Client) UpdateKey(ctx context.Context, accountID, keyID, name string, expiresAt time.Time) error {
	defer c.keys.of(accountID).drop()
	return c.do(ctx, call{
		method: http.MethodPut, path: keysPath(accountID) + segments(keyID), want: http.StatusNoContent,
		body: keyAttributes{Name: name, ExpiresAt: UnixSeconds(expiresAt)},
	})
}

// RevokeKey deletes a key; it stops working at once. Revoking what is gone
// already succeeds.
func (c *Client) RevokeKey(ctx context.Context, accountID, keyID string) error {
	defer c.keys.of(accountID).drop()
	err := c.do(ctx, call{method: http.MethodDelete, path: keysPath(accountID) + segments(keyID), want: http.StatusNoContent})
	if IsNotFound(err) {
		return nil
	}
	return err
}

// MaxKeyNameLength is how many characters a key's name may have.
const MaxKeyNameLength = 80

// uniqueLetters is how many letters make a name unique: 26¹² are 9.5·10¹⁶.
const uniqueLetters = 12

// MaxKeyNamePrefixLength is how long a prefix may be to leave room for the letters.
const MaxKeyNamePrefixLength = MaxKeyNameLength - uniqueLetters

// UniqueKeyName appends random letters to prefix, cutting it where the whole
// would be too long. Letters only: v0.118 refuses digits.
func UniqueKeyName(prefix string) string {
	if len(prefix) > MaxKeyNamePrefixLength {
		prefix = prefix[:MaxKeyNamePrefixLength-1] + "-"
	}
	letters := make([]byte, uniqueLetters)
	for i := range letters {
		letters[i] = randomLetter()
	}
	return prefix + string(letters)
}

// IsUniqueKeyName reports whether name may have come from UniqueKeyName.
func IsUniqueKeyName(name, prefix string) bool {
	if len(prefix) > MaxKeyNamePrefixLength {
		prefix = prefix[:MaxKeyNamePrefixLength-1] + "-"
	}
	letters, ok := strings.CutPrefix(name, prefix)
	return ok && len(letters) == uniqueLetters && strings.Trim(letters, "abcdefghijklmnopqrstuvwxyz") == ""
}

func randomLetter() byte {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		if b[0] < 26*9 {       // the largest multiple of 26 that fits: no letter is likelier
			return 'a' + b[0]%26
		}
	}
}
