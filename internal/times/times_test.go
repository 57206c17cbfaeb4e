// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package times

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestDuration_isParsed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90d": 90 * Day, "36h": 36 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0, "0d": 0, "0": 0, "1.5h": 90 * time.Minute, "36500d": 36500 * Day,
		"": -1, "d": -1, "1.5d": -1, "-1h": -1, "-1d": -1, "1d-1h": -1, "1d+1h": -1, "1d.5h": -1, "12h1d": -1, "90": -1, "3M": -1, "1w": -1, "1 d": -1,
		"36501d": -1, "36500d1h": -1, "36500d2000000h": -1, "999999d": -1, "9999999d": -1, "2562047h": -1, "99999999999999999999h": -1,
	} {
		got, err := ParseDuration(text)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("ParseDuration(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
}

// The notation doesn't matter, and what can't be read is like nothing but itself.
func TestSame_readsTheNotation(t *testing.T) {
	t.Parallel()
	null, unknown := types.StringNull(), types.StringUnknown()
	for _, test := range []struct {
		same func(a, b types.String) bool
		a, b types.String
		want bool
	}{
		{SameDuration, types.StringValue("90d"), types.StringValue("2160h"), true},
		{SameDuration, types.StringValue("90d"), types.StringValue("91d"), false},
		{SameDuration, types.StringValue("0s"), null, false},
		{SameDuration, types.StringValue("soon"), types.StringValue("later"), false},
		{SameDuration, null, unknown, false},
		{SameDuration, unknown, unknown, true},
		{SameTime, types.StringValue("2027-01-31T12:00:00Z"), types.StringValue("2027-01-31T13:00:00+01:00"), true},
		{SameTime, types.StringValue("2027-01-31T12:00:00Z"), types.StringValue("2027-01-31T12:00:00+01:00"), false},
		{SameTime, types.StringValue("soon"), types.StringValue("later"), false},
		{SameTime, null, null, true},
	} {
		if got := test.same(test.a, test.b); got != test.want {
			t.Errorf("%s and %s: %t", test.a, test.b, got)
		}
	}
}

// Whatever is accepted lies within the bounds that the expiries are reckoned with.
func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"90d", "1d12h", "36h", "1h30m", "-1h", "36500d2000000h", "1.5h", "0", "d", "1e9h", "٣d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err == nil && (d < 0 || d > maxDuration) {
			t.Errorf("ParseDuration(%q) = %s", text, d)
		}
	})
}

// Whatever is accepted survives being written and read again, as the state does it.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{
		"2027-01-31T12:00:00Z", "2027-01-31T13:00:00+01:00", "2027-01-31T12:00:00.5Z", "2027-01-31", "1969-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z", "9999-12-31T23:00:00-01:00", "0001-01-01T00:00:00Z", "2027-02-30T00:00:00Z", "2027-01-31t12:00:00z", "2016-12-31T23:59:60Z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseTime(text)
		if err != nil {
			return
		}
		again, err := ParseTime(Timestamp(parsed).ValueString())
		if err != nil || !again.Equal(parsed) {
			t.Errorf("ParseTime(%q) = %s, written and read again %s (%v)", text, parsed, again, err)
		}
	})
}
