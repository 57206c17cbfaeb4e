// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
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

func (c *call) createKey() (answer, *problem) {
	id, p := parseUUID(c.id)
	if p != nil {
		return answer{}, p
	}
	body, p := c.decodeKey()
	if p != nil {
		return answer{}, p
	}
	a, p := c.findAccount(id)
	if p != nil {
		return answer{}, p
	}
	if p := c.refuseDeleted(a); p != nil {
		return answer{}, p
	}
	if a.keyNames[body.Name] != nil {
		return answer{}, keyNameTaken("for", body.Name, a)
	}
	k := c.st.addKey(a, body.Name, body.ExpiresAt, c.now)
	return answer{status: http.StatusCreated, data: newKeyView{k.id, k.value}}, nil
}

func (c *call) listKeys() (answer, *problem) {
	a, p := c.accountInPath()
	if p != nil {
		return answer{}, p
	}
	views := make([]keyView, 0, a.keys.count())
	for k := range a.keys.all() {
		views = append(views, keyView{k.id, k.created, k.updated, k.name, k.expiresAt, k.observed, a.id})
	}
	return answer{status: http.StatusOK, data: views}, nil
}

func (c *call) updateKey() (answer, *problem) {
	accountID, keyID, p := c.accountAndKeyID()
	if p != nil {
		return answer{}, p
	}
	body, p := c.decodeKey()
	if p != nil {
		return answer{}, p
	}
	k, p := c.findKey(accountID, keyID)
	if p != nil {
		return answer{}, p
	}
	if other := k.account.keyNames[body.Name]; other != nil && other != k {
		return answer{}, keyNameTaken("in", body.Name, k.account)
	}
	c.st.updateKey(k, body.Name, body.ExpiresAt, c.now)
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) revokeKey() (answer, *problem) {
	accountID, keyID, p := c.accountAndKeyID()
	if p != nil {
		return answer{}, p
	}
	k, p := c.findKey(accountID, keyID)
	if p != nil {
		return answer{}, p
	}
	c.st.revokeKey(k)
	return answer{status: http.StatusNoContent}, nil
}

func (c *call) accountAndKeyID() (accountID, keyID string, p *problem) {
	if accountID, p = parseUUID(c.id); p != nil {
		return "", "", p
	}
	if keyID, p = parseUUID(c.sub); p != nil {
		return "", "", p
	}
	return accountID, keyID, nil
}

// decodeKey reads the body of both writing calls. A time in the past is
// refused in updates too, so an expired key can't be renamed and stay expired.
func (c *call) decodeKey() (keyBody, *problem) {
	body, p := decodeBody[keyBody](c.body)
	if p != nil {
		return keyBody{}, p
	}
	if !c.traits.keyName.pattern.MatchString(body.Name) {
		return keyBody{}, &problem{status: http.StatusBadRequest, code: "api_key_invalid_input", message: c.traits.keyName.refusal}
	}
	if inPast(body.ExpiresAt, c.now) {
		return keyBody{}, &problem{status: http.StatusBadRequest, code: "api_key_invalid_input", message: "cannot set api key expiry in the past"}
	}
	return body, nil
}

// findKey finds a key in its account; a deleted account is found and has none.
func (c *call) findKey(accountID, keyID string) (*key, *problem) {
	a, p := c.findAccount(accountID)
	if p != nil {
		return nil, p
	}
	k := c.st.keys[keyID]
	if k == nil || k.account != a {
		return nil, &problem{
			status: http.StatusNotFound, code: "api_key_not_found",
			message: fmt.Sprintf("api key with id: %s doesn't exist for service account: %s", keyID, accountID),
		}
	}
	return k, nil
}

func keyNameTaken(preposition, name string, a *account) *problem {
	return &problem{
		status: http.StatusConflict, code: "api_key_already_exists",
		message: fmt.Sprintf("api key with name: %s already exists %s service account: %s", name, preposition, a.id),
	}
}
