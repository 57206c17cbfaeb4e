// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// What a key that was never used has as its last use is its creation, or a microsecond later.
func TestKeyLastUse_isZeroForAKeyNeverUsed(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for after, used := range map[time.Duration]bool{
		-time.Microsecond: false, 0: false, time.Microsecond: false, 20 * time.Microsecond: false,
		time.Millisecond: true, time.Hour: true,
	} {
		key := signoz.Key{CreatedAt: made, LastUsedAt: made.Add(after)}
		if got := key.LastUse(); got.IsZero() == used || (used && !got.Equal(made.Add(after))) {
			t.Errorf("last used %v after its creation: %v", after, got)
		}
	}
}

func TestOwnKeys_findsTheKeyThatSigns(t *testing.T) {
	t.Parallel()
	for _, version := range signoztest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			server := signoztest.Start(t, signoztest.WithVersion(version))
			account := server.CreateAccount("ci", "signoz-admin")
			keys := map[string]signoztest.Key{}
			for _, name := range []string{"own", "used", "unused"} {
				keys[name] = server.CreateKey(account.ID, name, time.Time{})
			}
			connect := func(key signoztest.Key) *signoz.Client {
				client, err := signoz.New(signoz.Config{Endpoint: server.URL, APIKey: key.Value})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(client.Close)
				return client
			}
			if _, err := connect(keys["used"]).Me(t.Context()); err != nil {
				t.Fatal(err)
			}
			own := connect(keys["own"])
			find := func(accountID string) string {
				found, err := own.OwnKeys(t.Context(), accountID)
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for name, key := range keys {
					if found[key.ID] {
						names = append(names, name)
					}
				}
				slices.Sort(names)
				return strings.Join(names, ",")
			}
			if got := find(account.ID); got != "own" {
				t.Errorf("the keys that may be the own one: %q", got)
			}
			other := server.CreateAccount("other")
			maps.DeleteFunc(keys, func(string, signoztest.Key) bool { return true })
			keys["other"] = server.CreateKey(other.ID, "other", time.Time{})
			if got := find(other.ID); got != "" {
				t.Errorf("the keys of another account that may be the own one: %q", got)
			}
		})
	}
}
