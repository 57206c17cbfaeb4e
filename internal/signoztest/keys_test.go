// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestKey_expiresAndComesBack(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock))
	a := s.CreateAccount("ci")
	path := accountsPath + "/" + a.ID + "/keys"
	expiry := contractStart.Add(time.Hour)
	body := fmt.Sprintf(`{"name":"k","expiresAt":%d}`, expiry.Unix())
	created := dataOf[newKeyView](t, admin(t, s, http.MethodPost, path, body, http.StatusCreated))
	if raw, err := base64.StdEncoding.DecodeString(created.Key); err != nil || len(raw) != keyBytes {
		t.Fatalf("the value %q is not %d bytes in base64", created.Key, keyBytes)
	}

	clock.Set(expiry) // the very moment still counts
	wantStatus(t, send(t, s, http.MethodGet, mePath, byKey(created.Key), ""), http.StatusOK)
	clock.Advance(time.Nanosecond)
	wantProblem(t, send(t, s, http.MethodGet, mePath, byKey(created.Key), ""), http.StatusUnauthorized, "unauthenticated")
	if s.KeyWorks(created.Key) {
		t.Fatal("an expired key works")
	}
	if keys := dataOf[[]keyView](t, admin(t, s, http.MethodGet, path, "", http.StatusOK)); len(keys) != 1 {
		t.Fatalf("the expired key is not listed: %+v", keys)
	}
	wantProblem(t, admin(t, s, http.MethodPut, path+"/"+created.ID, body, http.StatusBadRequest), http.StatusBadRequest, "api_key_invalid_input")

	// Without expiresAt the expiry is removed.
	admin(t, s, http.MethodPut, path+"/"+created.ID, `{"name":"renamed"}`, http.StatusNoContent)
	wantStatus(t, send(t, s, http.MethodGet, mePath, byKey(created.Key), ""), http.StatusOK)
	key, ok := s.KeyByName(a.ID, "renamed")
	if !ok || !key.ExpiresAt.IsZero() || key.Value != created.Key || !key.UpdatedAt.Equal(clock.Now()) {
		t.Fatalf("the key is %+v", key)
	}
	if _, ok := s.KeyByName(a.ID, "k"); ok {
		t.Fatal("the old name is still there")
	}
}

func TestKey_useIsObserved(t *testing.T) {
	t.Parallel()
	clock := NewClock(contractStart)
	s := Start(t, WithClock(clock))
	a := s.CreateAccount("ci")
	key := s.CreateKey(a.ID, "k", time.Time{})
	clock.Advance(time.Minute)
	s.KeyWorks(key.Value)
	if got := s.Keys(a.ID)[0].LastObservedAt; !got.Equal(contractStart) {
		t.Fatalf("asking whether the key works counted as use at %s", got)
	}
	// A refused request is use as well: the key was good.
	wantStatus(t, send(t, s, http.MethodGet, accountsPath, byKey(key.Value), ""), http.StatusForbidden)
	if got := s.Keys(a.ID)[0].LastObservedAt; !got.Equal(contractStart.Add(time.Minute)) {
		t.Fatalf("last observed at %s", got)
	}
}

func TestKey_endsWithItsAccount(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	key := s.CreateKey(a.ID, "k", time.Time{})
	if !s.KeyWorks(key.Value) {
		t.Fatal("the key doesn't work")
	}
	admin(t, s, http.MethodDelete, accountsPath+"/"+a.ID, "", http.StatusNoContent)
	if s.KeyWorks(key.Value) || len(s.Keys(a.ID)) != 0 {
		t.Fatal("the key survived its account")
	}
	wantStatus(t, send(t, s, http.MethodGet, mePath, byKey(key.Value), ""), http.StatusUnauthorized)
}

func TestAuthorization_winsOverAKey(t *testing.T) {
	t.Parallel()
	s := Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+mePath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("SIGNOZ-API-KEY", s.AdminKey())
	req.SetBasicAuth("proxy", "secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

// TestCalls_needTheAdminRole: without it everything but me is refused.
func TestCalls_needTheAdminRole(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s := Start(t, WithVersion(version))
			key := s.CreateKey(s.CreateAccount("viewer", "signoz-viewer").ID, "k", time.Time{})
			for _, rt := range routesOf(s.traits) {
				method, path, _ := strings.Cut(expand(rt.pattern), " ")
				got := send(t, s, method, path, byKey(key.Value), `{"name":"x"}`)
				if len(rt.needs) > 0 {
					wantProblem(t, got, http.StatusForbidden, "authz_forbidden")
				} else if got.status == http.StatusForbidden {
					t.Fatalf("%s %s is refused", method, path)
				}
				if rt.access != open {
					wantProblem(t, send(t, s, method, path, authorization{}, `{}`), http.StatusUnauthorized, "unauthenticated")
				}
			}
		})
	}
}

// expand puts some id into the variables of a route's pattern.
func expand(pattern string) string {
	for _, variable := range []string{"{id}", "{sub}"} {
		pattern = strings.ReplaceAll(pattern, variable, "01a20456-0000-7000-8000-000000000000")
	}
	return pattern
}

func TestKeys_areListedInOrderOfCreation(t *testing.T) {
	t.Parallel()
	s := Start(t)
	a := s.CreateAccount("ci")
	var ids []string
	for i := range 20 {
		ids = append(ids, s.CreateKey(a.ID, fmt.Sprintf("k%d", 20-i), time.Time{}).ID)
	}
	// One after the other goes, from the middle to both ends, and one comes.
	for round := range 19 {
		middle := len(ids) / 2
		s.RevokeKey(a.ID, ids[middle])
		ids = slices.Delete(ids, middle, middle+1)
		if round == 15 {
			ids = append(ids, s.CreateKey(a.ID, "late", time.Time{}).ID)
		}
		keys := dataOf[[]keyView](t, admin(t, s, http.MethodGet, accountsPath+"/"+a.ID+"/keys", "", http.StatusOK))
		got := make([]string, 0, len(keys))
		for _, key := range keys {
			got = append(got, key.ID)
		}
		if !slices.Equal(got, ids) {
			t.Fatalf("keys %v, want %v", got, ids)
		}
	}
}

// TestKeys_many: work grows with what is asked for, not with what there is.
func TestKeys_many(t *testing.T) {
	t.Parallel()
	const many = 10_000
	s := Start(t)
	crowded := s.CreateAccount("crowded")
	ids := make([]string, 0, many)
	for i := range many {
		ids = append(ids, s.CreateKey(crowded.ID, fmt.Sprintf("k%d", i), time.Time{}).ID)
		s.CreateAccount(fmt.Sprintf("a%d", i))
	}
	if keys := dataOf[[]keyView](t, admin(t, s, http.MethodGet, accountsPath+"/"+crowded.ID+"/keys", "", http.StatusOK)); len(keys) != many {
		t.Fatalf("%d keys", len(keys))
	}
	if accounts := dataOf[[]accountView](t, admin(t, s, http.MethodGet, accountsPath, "", http.StatusOK)); len(accounts) != many+2 {
		t.Fatalf("%d accounts", len(accounts))
	}
	for _, id := range ids {
		s.RevokeKey(crowded.ID, id)
	}
	if left := len(s.AllKeys()); left != 1 { // the administrator's
		t.Fatalf("%d keys are left", left)
	}
}
