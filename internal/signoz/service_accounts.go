// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// ServiceAccount is a machine identity of SigNoz.
type ServiceAccount struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"` // made from the first name, never changes
	Status    string    `json:"status"`
	OrgID     string    `json:"orgId"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	// Bindings are the roles that the account holds. Only answers about one
	// account have them, lists don't.
	Bindings []RoleBinding `json:"serviceAccountRoles"`
}

// RoleBinding says that an account holds a role.
type RoleBinding struct {
	ID     string `json:"id"`
	RoleID string `json:"roleId"`
	Role   Role   `json:"role"`
}

// Deleted tells whether the account was deleted. Deletion is soft: the server
// still answers for such an account and lists it, but none of its keys work,
// and its name is free again.
func (a *ServiceAccount) Deleted() bool { return a.Status == "deleted" }

// accountList is the answer of the account list, found by id too.
type accountList struct {
	all  []ServiceAccount
	byID map[string]int
}

const accountsPath = "/api/v1/service_accounts"

// ServiceAccount reads one account with its roles. It answers for deleted
// accounts too.
func (c *Client) ServiceAccount(ctx context.Context, id string) (*ServiceAccount, error) {
	var account ServiceAccount
	if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath + segments(id), want: http.StatusOK}, &account); err != nil {
		return nil, err
	}
	return &account, nil
}

// ServiceAccounts lists all accounts, deleted ones included, without roles. The
// slice is shared: don't change it.
func (c *Client) ServiceAccounts(ctx context.Context) ([]ServiceAccount, error) {
	list, err := c.accountList(ctx)
	if err != nil {
		return nil, err
	}
	return list.all, nil
}

func (c *Client) accountList(ctx context.Context) (*accountList, error) {
	return c.accounts.get(ctx, func(ctx context.Context) (*accountList, error) {
		var list accountList
		if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath, want: http.StatusOK}, &list.all); err != nil {
			return nil, err
		}
		list.byID = make(map[string]int, len(list.all))
		for i := range list.all {
			list.byID[list.all[i].ID] = i
		}
		return &list, nil
	})
}

// ServiceAccountFromList finds one account, without its roles, in the list that
// all callers share. Where the signer may not list accounts, it reads the
// account itself. An account that isn't there gives an error that IsNotFound knows.
func (c *Client) ServiceAccountFromList(ctx context.Context, id string) (*ServiceAccount, error) {
	if c.accountsRefused.Load() {
		return c.ServiceAccount(ctx, id)
	}
	list, err := c.accountList(ctx)
	if IsForbidden(err) {
		c.accountsRefused.Store(true)
		return c.ServiceAccount(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	i, ok := list.byID[id]
	if !ok {
		return nil, &Error{
			Method: http.MethodGet, Path: accountsPath, Status: http.StatusNotFound,
			Code: codeAccountNotFound, Message: "the list of service accounts has no account with id " + id,
		}
	}
	account := list.all[i]
	return &account, nil
}

// Me reads the account whose key signs the requests.
func (c *Client) Me(ctx context.Context) (*ServiceAccount, error) {
	return c.me.get(ctx, func(ctx context.Context) (*ServiceAccount, error) {
		var account ServiceAccount
		if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath + "/me", want: http.StatusOK}, &account); err != nil {
			return nil, err
		}
		return &account, nil
	})
}

// accountsChanged forgets what an own write may have changed.
func (c *Client) accountsChanged() {
	c.accounts.drop()
	c.me.drop()
}

type accountName struct {
	Name string `json:"name"`
}

// CreateServiceAccount makes an account and returns its id. If the answer is
// lost, it finds out whether the account was made, and returns the id of the
// account that this very call made; an account that was there before is never
// returned.
func (c *Client) CreateServiceAccount(ctx context.Context, name string) (string, error) {
	defer c.accountsChanged()
	began := time.Now()
	id, err := c.postAccount(ctx, name)
	for repeat := 0; isLost(err); repeat++ {
		if ctx.Err() != nil || c.patienceEnded(began, repeat) {
			return c.recoverAccount(ctx, name, began, err)
		}
		if err := c.pause(ctx, repeat); err != nil {
			continue // cancelled: the check above ends the loop
		}
		lost := err
		if id, err = c.postAccount(ctx, name); IsConflict(err) {
			return c.resolveAccount(ctx, name, began, lost, err)
		}
	}
	return id, err
}

func (c *Client) postAccount(ctx context.Context, name string) (string, error) {
	var created struct {
		ID string `json:"id"`
	}
	request := call{method: http.MethodPost, path: accountsPath, body: accountName{name}, want: http.StatusCreated, creates: true}
	if err := c.do(ctx, request, &created); err != nil {
		return "", err
	}
	if created.ID == "" {
		return "", &LostAnswerError{Method: request.method, Path: request.path, Err: errors.New("the answer has no id")}
	}
	return created.ID, nil
}

// resolveAccount decides whose account stands in the way of a repeated create:
// that of the first attempt, whose answer was lost, or one that was there before.
func (c *Client) resolveAccount(ctx context.Context, name string, began time.Time, lost, conflict error) (string, error) {
	account, facts, err := c.findActive(ctx, name)
	if err != nil {
		return "", &UnresolvedError{Lost: lost, Err: err}
	}
	if account == nil {
		return "", conflict // the e-mail address is taken, by an account that was renamed since
	}
	now, ok := serverTimeOfConflict(conflict)
	if !ok {
		now = facts
	}
	if !madeSince(account.CreatedAt, began, now) {
		return "", conflict
	}
	return account.ID, nil
}

// recoverAccount is for when the run ends while an answer is missing: the
// account, if it was made, must not be left behind unnoticed.
func (c *Client) recoverAccount(ctx context.Context, name string, began time.Time, lost error) (string, error) {
	ctx, cancel := afterCancel(ctx)
	defer cancel()
	account, facts, err := c.findActive(ctx, name)
	if err != nil {
		return "", &UnresolvedError{Lost: lost, Err: err}
	}
	if account == nil || !madeSince(account.CreatedAt, began, facts) {
		return "", lost
	}
	return account.ID, nil
}

// findActive asks the server, not the shared list, for the active account of that name.
func (c *Client) findActive(ctx context.Context, name string) (*ServiceAccount, serverTime, error) {
	var (
		list  []ServiceAccount
		facts answerFacts
	)
	if err := c.do(ctx, call{method: http.MethodGet, path: accountsPath, want: http.StatusOK, sent: &facts}, &list); err != nil {
		return nil, serverTime{}, err
	}
	for i := range list {
		if list[i].Name == name && !list[i].Deleted() {
			return &list[i], facts.serverTime(), nil
		}
	}
	return nil, facts.serverTime(), nil
}

// RenameServiceAccount gives the account another name. Its e-mail address stays.
func (c *Client) RenameServiceAccount(ctx context.Context, id, name string) error {
	defer c.accountsChanged()
	return c.do(ctx, call{method: http.MethodPut, path: accountsPath + segments(id), body: accountName{name}, want: http.StatusNoContent}, nil)
}

// DeleteServiceAccount deletes the account and with it revokes its keys.
// Deleting what is gone already succeeds: v0.118 answers 429 to deletions that
// it carried out, and 404 or 501 to the repeat.
func (c *Client) DeleteServiceAccount(ctx context.Context, id string) error {
	defer func() {
		c.accountsChanged()
		c.keys.of(id).drop()
	}()
	err := c.do(ctx, call{method: http.MethodDelete, path: accountsPath + segments(id), want: http.StatusNoContent}, nil)
	if IsAccountNotFound(err) {
		return nil
	}
	return err
}

// serverTime is a moment on the server's clock and when, on ours, it was over.
type serverTime struct {
	at    time.Time
	local time.Time
}

func (f answerFacts) serverTime() serverTime { return serverTime{at: f.date, local: f.received} }

// madeSince tells whether an object that the server made at created was made
// after began, a moment on our clock. It holds the two clocks together by one
// moment known on both, so a wrong clock on either side does no harm.
func madeSince(created time.Time, began time.Time, known serverTime) bool {
	if known.at.IsZero() || known.local.IsZero() {
		return false
	}
	beganOnServer := known.at.Add(-known.local.Sub(began))
	// Milliseconds: ids hold no more of the time.
	return !created.Before(beganOnServer.Truncate(time.Millisecond))
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// serverTimeOfConflict reads the server's clock off a 409: its message names the
// id that the refused account would have had, a UUID of version 7, which begins
// with the time it was made at.
func serverTimeOfConflict(err error) (serverTime, bool) {
	var e *Error
	if !errors.As(err, &e) {
		return serverTime{}, false
	}
	at, ok := timeOfUUID(uuidPattern.FindString(e.Message))
	return serverTime{at: at, local: e.facts.received}, ok
}

// timeOfUUID reads the time, in milliseconds, that a UUID of version 7 was made at (RFC 9562).
func timeOfUUID(id string) (time.Time, bool) {
	m := uuidPattern.FindStringSubmatch(id)
	if m == nil || m[1] != "7" {
		return time.Time{}, false
	}
	millis, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(millis), true
}

// patienceEnded tells whether a create whose answers get lost has been tried
// often and long enough. The limits are those of the retries of other calls.
func (c *Client) patienceEnded(began time.Time, repeats int) bool {
	return repeats >= c.cfg.MaxRetries || time.Since(began) > time.Duration(c.cfg.MaxRetries)*retryWindow
}

// pause waits before create number repeat+2 of one call.
func (c *Client) pause(ctx context.Context, repeat int) error {
	timer := time.NewTimer(jittered(c.cfg.RetryWait, repeat+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// recoverTime bounds the look at the server after a run was cancelled.
const recoverTime = 10 * time.Second

// afterCancel is a context for what must still be done when ctx is over.
func afterCancel(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recoverTime)
}
