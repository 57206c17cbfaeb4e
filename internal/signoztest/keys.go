// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"net/http"
	"time"
)

type keyView struct {
	ID               string    `json:"id"`
	CreatedAt        time.Time `json:"createdAt"`
	UpdatedAt        time.Time `json:"updatedAt"`
	Name             string    `json:"name"`
	ExpiresAt        uint64    `json:"expiresAt"`
	LastObservedAt   time.Time `json:"lastObservedAt"`
	ServiceAccountID string    `json:"serviceAccountId"`
}

type newKeyView struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

type keyBody struct {
	Name string `json:"name"`
	// ExpiresAt is in unix seconds. Left out it is 0 in updates too, which
	// removes the expiry.
	ExpiresAt uint64 `json:"expiresAt"`
}

func (c *call) createKey() (status int, data any) {
	id, body := c.pathID(), c.keyBody()
	a := c.activeAccount(id)
	if a.keyNames[body.Name] != nil {
		refusef(http.StatusConflict, "api_key_already_exists", "api key with name: %s already exists for service account: %s", body.Name, id)
	}
	k := c.st.addKey(a, body.Name, body.ExpiresAt, c.now)
	return http.StatusCreated, newKeyView{k.id, k.value}
}

func (c *call) listKeys() (status int, data any) {
	a := c.account(c.pathID())
	views := make([]keyView, 0, len(a.keys))
	for _, k := range a.keys {
		views = append(views, keyView{k.id, k.created, k.updated, k.name, k.expiresAt, k.observed, a.id})
	}
	return http.StatusOK, views
}

func (c *call) updateKey() (status int, data any) {
	accountID, keyID, body := c.pathID(), c.pathSub(), c.keyBody()
	k := c.key(accountID, keyID)
	if other := k.account.keyNames[body.Name]; other != nil && other != k {
		refusef(http.StatusConflict, "api_key_already_exists", "api key with name: %s already exists in service account: %s", body.Name, accountID)
	}
	c.st.updateKey(k, body.Name, body.ExpiresAt, c.now)
	return http.StatusNoContent, nil
}

func (c *call) revokeKey() (status int, data any) {
	c.st.revokeKey(c.key(c.pathID(), c.pathSub()))
	return http.StatusNoContent, nil
}

// keyBody reads the body of both writing calls. A time in the past is refused
// in updates too, so an expired key can't be renamed and stay expired.
func (c *call) keyBody() keyBody {
	body := decodeBody[keyBody](c)
	if !c.traits.keyName.pattern.MatchString(body.Name) {
		refusef(http.StatusBadRequest, "api_key_invalid_input", "%s", c.traits.keyName.refusal)
	}
	if inPast(body.ExpiresAt, c.now) {
		refusef(http.StatusBadRequest, "api_key_invalid_input", "cannot set api key expiry in the past")
	}
	return body
}

// key finds a key in its account; a deleted account is found and has none.
func (c *call) key(accountID, keyID string) *key {
	a := c.account(accountID)
	k := c.st.keys[keyID]
	if k == nil || k.account != a {
		refusef(http.StatusNotFound, "api_key_not_found", "api key with id: %s doesn't exist for service account: %s", keyID, accountID)
	}
	return k
}
