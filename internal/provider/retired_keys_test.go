// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var retiredAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// keyName is a random name that some server takes or took.
func keyName(random *rand.Rand, alphabet string, length int) string {
	name := make([]byte, length)
	for i := range name {
		name[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(name)
}

// Whatever a key was called, its retired name is one that the server takes, says that
// the key is retired, and is found by the rotations of its own resource alone.
func TestRetiredName_isFoundByItsOwnResourceOnly(t *testing.T) {
	t.Parallel()
	const seed = 15
	random := rand.New(rand.NewPCG(seed, seed))
	for _, alphabet := range []string{"ab-", "abcdefghijklmnopqrstuvwxyz0123456789-", "aB9-._"} {
		letters := !strings.ContainsAny(alphabet, "0B")
		for range 5000 {
			// Two resources whose names differ in their last letter only, fixed or a prefix.
			common := "a" + keyName(random, alphabet, random.IntN(signoz.MaxKeyNamePrefixLength-1))
			first, second := common+"a", common+"b"
			names := map[string]string{first: "", second: ""} // fixed name: its key's name
			for prefix := range map[string]bool{first: true, second: true} {
				names["prefix "+prefix] = signoz.UniqueKeyName(prefix)
			}
			for resource, keyName := range names {
				prefix, isPrefix := strings.CutPrefix(resource, "prefix ")
				if !isPrefix {
					prefix, keyName = "", resource
				}
				key := &signoz.Key{Name: retiredName(keyName, prefix), ExpiresAt: retiredAt}
				if len(key.Name) > signoz.MaxKeyNameLength || !isName(key.Name) || (letters && !oldNamePattern.MatchString(key.Name)) {
					t.Fatalf("%q, retired, is called %q, which SigNoz refuses", keyName, key.Name)
				}
				if !isRetired(key) {
					t.Fatalf("%q, retired, is called %q, which doesn't say so", keyName, key.Name)
				}
				for other := range names {
					otherPrefix, isPrefix := strings.CutPrefix(other, "prefix ")
					name := other
					if isPrefix {
						name = ""
					} else {
						otherPrefix = ""
					}
					if isExpiredPredecessor(key, name, otherPrefix, retiredAt) != (other == resource) {
						t.Fatalf("%q, retired by the resource %q as %q: wrong answer for the resource %q", keyName, resource, key.Name, other)
					}
				}
			}
		}
	}
}

func TestRetiredName_keepsWhatPeopleKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, prefix, begins string }{
		{"deploy", "", "deploy-retired-"},
		{"ci-abcdefghijkl", "ci-", "ci-abcdefghijkl-retired-"},
		{"ci-2026", "", "ci-2026-retired-"},
		{"Legacy.Key_1", "", "legacy-key-"},
		{"...", "", "key-"},
		{strings.Repeat("a", 80), "", strings.Repeat("a", 50) + "-"},
	} {
		if got := retiredName(c.name, c.prefix); !strings.HasPrefix(got, c.begins) {
			t.Errorf("%q, retired, is called %q", c.name, got)
		}
	}
}

func TestRetiredKeys_areToldFromOthers(t *testing.T) {
	t.Parallel()
	now := retiredAt
	for _, c := range []struct {
		name        string
		expiresAt   time.Time
		retired     bool
		predecessor bool // of the fixed name "deploy"
	}{
		{"deploy-retired-abcdefghijkl", now.Add(time.Hour), true, false},
		{"deploy-retired-abcdefghijkl", now, true, true},
		{"deploy-retired-abcdefghijkl", time.Time{}, false, false}, // somebody removed its expiry
		{"deploy-retired-abcdefghijk", now, false, false},
		{"deploy-retired-abcdefghijk1", now, false, false},
		{"-retired-abcdefghijkl", now, false, false},
		{"deploy-abcdefghijkl", now, false, false},
		{"deploy", now, false, false},
		{"deploy-two-retired-abcdefghijkl", now, true, false},
		{"deploy-retired-abcdefghijkl-retired-abcdefghijkl", now, true, false},
	} {
		key := &signoz.Key{Name: c.name, ExpiresAt: c.expiresAt}
		if got := isRetired(key); got != c.retired {
			t.Errorf("%s, expiring %v: retired is %v", c.name, c.expiresAt, got)
		}
		if got := isExpiredPredecessor(key, "deploy", "", now); got != c.predecessor {
			t.Errorf("%s, expiring %v: an expired predecessor of deploy is %v", c.name, c.expiresAt, got)
		}
	}
}

func TestEphemeralKeys_areToldFromOthers(t *testing.T) {
	t.Parallel()
	now := retiredAt
	for _, c := range []struct {
		name      string
		expiresAt time.Time
		want      bool
	}{
		{"terraform-abcdefghijkl", now.Add(15 * time.Minute), true},
		{"deploy-abcdefghijkl", now.Add(24 * time.Hour), true},
		{"terraform-abcdefghijkl", now.Add(24*time.Hour + time.Second), false},
		{"terraform-abcdefghijkl", now, false},         // it has expired: its run was killed
		{"terraform-abcdefghijkl", time.Time{}, false}, // ephemeral keys expire
		{"terraform-abcdefghijk", now.Add(time.Hour), false},
		{"abcdefghijkl", now.Add(time.Hour), false},
	} {
		if got := isEphemeral(&signoz.Key{Name: c.name, ExpiresAt: c.expiresAt}, now); got != c.want {
			t.Errorf("%s, expiring in %v: ephemeral is %v", c.name, c.expiresAt.Sub(now), got)
		}
	}
}
