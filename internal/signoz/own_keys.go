// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"strings"
	"time"
)

// LastUse is the time of the key's last use, the zero time if it was never used.
// LastUsedAt is the time of its creation then.
func (k *Key) LastUse() time.Time {
	if changedSince(k.CreatedAt, k.LastUsedAt) {
		return k.LastUsedAt
	}
	return time.Time{}
}

// OwnKeys returns the ids of the account's keys that may be the one that signs this
// client's requests: none unless the account is its own.
//
// SigNoz doesn't say which key signed a request, but each request moves its key's last
// use at once. The own key is therefore among those that moved between three lists;
// others that were in use at that very moment are too. Where nothing moved,
// all keys that have ever been used may be the own one.
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
