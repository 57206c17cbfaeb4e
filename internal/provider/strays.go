// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
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

// exceptions are the keys that aren't strays.
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
	list, _ := types.ListValueFrom(context.Background(), strayType, factsOf(keys)) // can't fail: keyFacts has the fields of strayType
	return list
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

// describe lists when each key was created, was last used and expires, one key per line.
func describe(strays []keyFacts, now time.Time) string {
	lines := make([]string, len(strays))
	for i, key := range strays {
		used, expires := "never used", "never expires"
		if !key.LastUsedAt.IsNull() {
			used = "last used " + since(key.LastUsedAt, now)
		}
		if end := key.ExpiresAt; hasPassed(times.TimeOf(end), now) {
			expires = "expired " + end.ValueString()
		} else if !end.IsNull() {
			expires = "expires " + end.ValueString()
		}
		lines[i] = fmt.Sprintf("- %q: created %s, %s, %s", key.Name.ValueString(), since(key.CreatedAt, now), used, expires)
	}
	return strings.Join(lines, "\n")
}

// since formats a time and how long ago it was.
func since(at types.String, now time.Time) string {
	if ago := now.Sub(times.TimeOf(at)); ago >= time.Minute {
		return at.ValueString() + " (" + times.Roughly(ago) + " ago)"
	}
	return at.ValueString()
}
