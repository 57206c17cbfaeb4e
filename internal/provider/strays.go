// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

var strayType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"id": types.StringType, "name": types.StringType,
	"created_at": types.StringType, "last_used_at": types.StringType, "expires_at": types.StringType,
}}

// exceptions are the keys that are never strays, whatever key_ids says.
type exceptions struct {
	allowed   map[string]bool // ids in lower case: key_ids
	declared  func(keyID string) bool
	own       map[string]bool // ids that may be the key that the provider signs in with
	tolerated []*regexp.Regexp
	now       time.Time
}

// straysAmong returns the keys that nobody declared, sorted by name. Retired keys are
// strays when their grace period is over, ephemeral ones when they have outlived their run.
func straysAmong(keys []signoz.Key, but exceptions) []signoz.Key {
	return slices.DeleteFunc(sortedKeys(keys), func(key signoz.Key) bool {
		return but.allowed[strings.ToLower(key.ID)] || but.own[key.ID] ||
			(but.declared != nil && but.declared(key.ID)) ||
			(isRetired(&key) && !key.Expired(but.now)) ||
			isEphemeral(&key, but.now) ||
			slices.ContainsFunc(but.tolerated, func(pattern *regexp.Regexp) bool { return pattern.MatchString(key.Name) })
	})
}

func strayList(keys []signoz.Key) types.List {
	elements := make([]attr.Value, len(keys))
	for i := range keys {
		s := newKeyFacts(&keys[i])
		elements[i] = types.ObjectValueMust(strayType.AttrTypes, map[string]attr.Value{
			"id": s.ID, "name": s.Name, "created_at": s.CreatedAt, "last_used_at": s.LastUsedAt, "expires_at": s.ExpiresAt,
		})
	}
	return types.ListValueMust(strayType, elements)
}

// nameStrays names some keys in a summary.
func nameStrays(strays []keyFacts) string {
	const most = 5
	var names []string
	for _, key := range strays[:min(len(strays), most)] {
		names = append(names, strconv.Quote(key.Name.ValueString()))
	}
	if more := len(strays) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	last := len(names) - 1
	if last == 0 {
		return "the key " + names[0]
	}
	return "the keys " + strings.Join(names[:last], ", ") + " and " + names[last]
}

// describe says of each key when it was made, last used and expires, one a line.
func describe(strays []keyFacts, now time.Time) string {
	lines := make([]string, len(strays))
	for i, key := range strays {
		used, expires := "never used", "never expires"
		if at := key.LastUsedAt.ValueString(); at != "" {
			used = "last used " + at + ago(at, now)
		}
		if at := key.ExpiresAt.ValueString(); at != "" {
			expires = "expires " + at
			if when, err := time.Parse(time.RFC3339, at); err == nil && !when.After(now) {
				expires = "expired " + at
			}
		}
		made := key.CreatedAt.ValueString()
		lines[i] = fmt.Sprintf("- %q: made %s%s, %s, %s", key.Name.ValueString(), made, ago(made, now), used, expires)
	}
	return strings.Join(lines, "\n")
}

func ago(at string, now time.Time) string {
	when, err := time.Parse(time.RFC3339, at)
	if err != nil || now.Sub(when) < time.Minute {
		return ""
	}
	return " (" + times.Roughly(now.Sub(when)) + " ago)"
}
