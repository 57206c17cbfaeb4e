// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package times reads and writes the times and durations of a schema, which are plain
// texts there: the timetypes package equates only Z and +00:00, and knows no durations in
// days. It is of use to any provider.
package times

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Day is 24 hours, whatever the clocks of a place do.
const Day = 24 * time.Hour

// maxDuration keeps expiries within what RFC 3339 can write.
const maxDuration = 100 * 365 * Day

// DurationOf is the duration that an attribute holds; zero for null, unknown and unreadable.
func DurationOf(v types.String) time.Duration {
	d, err := ParseDuration(v.ValueString())
	if err != nil {
		return 0
	}
	return d
}

// TimeOf is the time that an attribute holds; zero, which means never, for null, unknown
// and unreadable.
func TimeOf(v types.String) time.Time {
	t, err := ParseTime(v.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t
}

// Timestamp is a time as Terraform shows it: RFC 3339, UTC, whole seconds; null for the zero time.
func Timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// SameDuration reports whether two attributes hold the same duration, in whatever notation.
func SameDuration(a, b types.String) bool {
	if a.Equal(b) {
		return true
	}
	x, errX := ParseDuration(a.ValueString())
	y, errY := ParseDuration(b.ValueString())
	return errX == nil && errY == nil && x == y
}

// SameTime reports whether two attributes hold the same time, in whatever notation.
func SameTime(a, b types.String) bool {
	if a.Equal(b) {
		return true
	}
	x, errX := ParseTime(a.ValueString())
	y, errY := ParseTime(b.ValueString())
	return errX == nil && errY == nil && x.Equal(y)
}

var daysPattern = regexp.MustCompile(`^([0-9]{1,9})d(.*)$`)

// ParseDuration reads Go's notation (36h, 1h30m) with d for days before it (90d, 1d12h).
func ParseDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q isn't a duration: write a number and a unit, such as 90d, 36h or 1h30m (d, h, m or s)", text)
	if positive, ok := strings.CutPrefix(text, "-"); ok {
		if _, err := ParseDuration(positive); err == nil {
			return 0, fmt.Errorf("%q is negative: write a duration without a sign", text)
		}
		return 0, wrong
	}
	var days time.Duration
	rest := text
	if m := daysPattern.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, wrong
		}
		if n > int(maxDuration/Day) {
			return 0, fmt.Errorf("%q is longer than 100 years", text)
		}
		days, rest = time.Duration(n)*Day, m[2]
		if rest == "" {
			return days, nil
		}
		if rest[0] < '0' || rest[0] > '9' { // no sign, and no fraction without a number, behind the days
			return 0, wrong
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		return 0, wrong
	}
	if d > maxDuration-days {
		return 0, fmt.Errorf("%q is longer than 100 years", text)
	}
	return days + d, nil
}

// ParseTime reads an RFC 3339 time in whole seconds, which is all that SigNoz keeps.
func ParseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q isn't a time in RFC 3339 notation, such as 2027-01-31T12:00:00Z or 2027-01-31T13:00:00+01:00", text)
	}
	if t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("%q has a fraction of a second, but SigNoz keeps whole seconds: leave the fraction out", text)
	}
	if t.UTC().Year() > 9999 {
		return time.Time{}, fmt.Errorf("%q lies after the year 9999", text)
	}
	if t.Unix() <= 0 {
		return time.Time{}, fmt.Errorf("%q lies before 1970", text)
	}
	return t, nil
}

// CheckTime refuses what isn't a time. The plan does so and not the validation of the
// configuration: in `terraform test` a time may come from a mock, which is a random text.
func CheckTime(at path.Path, v types.String, diags *diag.Diagnostics) {
	if v.IsNull() || v.IsUnknown() {
		return
	}
	if _, err := ParseTime(v.ValueString()); err != nil {
		diags.AddAttributeError(at, "Invalid time", err.Error()+".")
	}
}

// Roughly says how long d is, as people do.
func Roughly(d time.Duration) string {
	unit, n := "second", int64(d/time.Second)
	switch {
	case d >= 2*Day:
		unit, n = "day", int64(d/Day)
	case d >= 2*time.Hour:
		unit, n = "hour", int64(d/time.Hour)
	case d >= 2*time.Minute:
		unit, n = "minute", int64(d/time.Minute)
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// AtLeast refuses what isn't a duration of at least this length.
func AtLeast(shortest time.Duration) validator.String { return durationValidator{shortest} }

type durationValidator struct{ atLeast time.Duration }

func (durationValidator) Description(context.Context) string {
	return "must be a duration, such as 90d or 36h"
}

func (v durationValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v durationValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	d, err := ParseDuration(req.ConfigValue.ValueString())
	switch {
	case err != nil:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", err.Error()+".")
	case d < v.atLeast:
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", fmt.Sprintf("%q is too short: it must be at least %s.", req.ConfigValue.ValueString(), v.atLeast))
	}
}
