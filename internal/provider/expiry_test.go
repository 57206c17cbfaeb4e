// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// Every row of the table in the doc comment of expiry, for expires_at and for valid_for:
// what is planned, what is said, and what the record is after the update.
func TestExpiry_table(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	at := func(hours int) types.String { return times.Timestamp(now.Add(time.Duration(hours) * time.Hour)) }
	unix := func(hours int) int64 { return now.Add(time.Duration(hours) * time.Hour).Unix() }
	none, unknown := types.StringNull(), types.StringUnknown()
	key := func(state types.String, setHours int, passed bool) *keyObject {
		return &keyObject{State: serviceAccountKeyModel{Name: types.StringValue("deploy"), ExpiresAt: state}, Private: keyPrivate{keyRecord{ExpiresAt: unix(setHours), Name: "deploy", Passed: passed}}}
	}
	living := func(state types.String, setHours int, passed bool) *keyObject {
		k := key(state, setHours, passed)
		k.State.ValidFor = types.StringValue("100h")
		return k
	}
	for name, row := range map[string]struct {
		expiresAt, validFor types.String
		prior               *keyObject
		lost                bool
		want                types.String
		fails, warns        string
		record              int64 // after the update, where there is one
	}{
		"unknown":                               {expiresAt: unknown, prior: key(at(5), 5, false), want: unknown, record: -1},
		"unknown lifetime":                      {validFor: unknown, prior: living(at(5), 5, false), want: unknown, record: -1},
		"as in the state":                       {expiresAt: at(5), prior: key(at(5), 5, false), want: at(5), record: unix(5)},
		"as in the state, in another notation":  {expiresAt: types.StringValue(now.Add(5 * time.Hour).In(time.FixedZone("", 3600)).Format(time.RFC3339)), prior: key(at(5), 5, false), want: at(5), record: unix(5)},
		"as in the state, passed":               {expiresAt: at(-5), prior: key(at(-5), -5, false), want: at(-5), record: unix(-5)},
		"lifetime as in the state":              {validFor: types.StringValue("100h"), prior: living(at(5), 5, false), want: at(5), record: unix(5)},
		"new":                                   {expiresAt: at(5), want: at(5), record: -1},
		"new lifetime":                          {validFor: types.StringValue("5h"), want: unknown, record: -1},
		"new, passed":                           {expiresAt: at(-5), want: at(-5), fails: "lies in the past", record: -1},
		"new, passed, the old one gone":         {expiresAt: at(-5), lost: true, want: at(-5), warns: "can't be re-created", record: -1},
		"moved elsewhere":                       {expiresAt: at(5), prior: key(at(9), 5, false), want: at(5), record: unix(5)},
		"removed elsewhere":                     {expiresAt: at(5), prior: key(none, 5, false), want: at(5), record: unix(5)},
		"lifetime, moved elsewhere":             {validFor: types.StringValue("100h"), prior: living(at(9), 5, false), want: at(5), record: unix(5)},
		"moved elsewhere, passed":               {expiresAt: at(-5), prior: key(at(9), -5, true), want: at(9), warns: "longer than configured", record: unix(-5)},
		"removed elsewhere, passed, kept":       {expiresAt: at(-5), prior: key(at(-5), -5, true), want: at(-5), warns: "longer than configured", record: unix(-5)},
		"removed elsewhere, passed, null":       {expiresAt: at(-5), prior: key(none, -5, true), want: at(-5), warns: "longer than configured", record: unix(-5)},
		"lifetime, moved elsewhere, passed":     {validFor: types.StringValue("100h"), prior: living(at(9), -5, true), want: at(9), warns: "longer than configured", record: unix(-5)},
		"lifetime, removed elsewhere, passed":   {validFor: types.StringValue("100h"), prior: living(none, -5, true), want: none, warns: "longer than configured", record: unix(-5)},
		"moved elsewhere, passed, expired":      {expiresAt: at(-5), prior: key(at(-1), -5, true), want: at(-1), record: unix(-5)},
		"moved elsewhere, passed since":         {expiresAt: at(-5), prior: key(at(9), -5, false), want: at(-5), fails: "has passed since", record: -1},
		"changed":                               {expiresAt: at(7), prior: key(at(5), 5, false), want: at(7), record: unix(7)},
		"changed, expired before":               {expiresAt: at(7), prior: key(at(-5), -5, false), want: at(7), record: unix(7)},
		"changed, passed":                       {expiresAt: at(-7), prior: key(at(5), 5, false), want: at(-7), fails: "lies in the past", record: -1},
		"lifetime longer":                       {validFor: types.StringValue("102h"), prior: living(at(5), 5, false), want: at(7), record: unix(7)},
		"lifetime shorter than the key's age":   {validFor: types.StringValue("50h"), prior: living(at(5), 5, false), want: at(-45), fails: "would have expired", record: -1},
		"removed from the configuration":        {prior: key(at(5), 5, false), want: none, record: 0},
		"removed from the configuration, past":  {prior: key(at(-5), -5, false), want: none, record: 0},
		"removed elsewhere and here, afterward": {prior: key(none, 5, false), want: none, record: 0},
	} {
		config := serviceAccountKeyModel{Name: types.StringValue("deploy"), ExpiresAt: row.expiresAt, ValidFor: row.validFor}
		var diags diag.Diagnostics
		got := expiry{config: config, prior: row.prior, now: now, lost: row.lost}.plan(&diags)
		if !got.Equal(row.want) {
			t.Errorf("%s: planned %s, should be %s", name, got, row.want)
		}
		var fails, warns string
		for _, d := range diags.Errors() {
			fails += d.Summary()
		}
		for _, d := range diags.Warnings() {
			warns += d.Summary()
		}
		if (fails == "") != (row.fails == "") || !strings.Contains(fails, row.fails) || (warns == "") != (row.warns == "") || !strings.Contains(warns, row.warns) {
			t.Errorf("%s: error %q, should say %q; warning %q, should say %q", name, fails, row.fails, warns, row.warns)
		}
		if row.record < 0 {
			continue
		}
		plan := row.prior.State
		plan.ExpiresAt, plan.ValidFor = got, config.ValidFor
		if record := row.prior.Private.Record.updated(plan, row.prior.State, config); record.ExpiresAt != row.record {
			t.Errorf("%s: the record has %d afterwards, should be %d", name, record.ExpiresAt, row.record)
		}
	}
}
