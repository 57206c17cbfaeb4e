// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/attr/xattr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	_ basetypes.StringTypable                    = durationType{}
	_ basetypes.StringValuableWithSemanticEquals = durationValue{}
	_ xattr.ValidateableAttribute                = durationValue{}
)

const day = 24 * time.Hour

// maxDuration keeps expiries within what RFC 3339 can write.
const maxDuration = 100 * 365 * day

var daysPattern = regexp.MustCompile(`^([0-9]{1,6})d(.*)$`)

// parseDuration reads Go's notation (36h, 1h30m) with d for days before it (90d, 1d12h).
func parseDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q isn't a duration: write a number and a unit, such as 90d, 36h or 1h30m (d, h, m or s)", text)
	var days time.Duration
	rest := text
	if m := daysPattern.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, wrong
		}
		if days, rest = time.Duration(n)*day, m[2]; days > maxDuration {
			return 0, fmt.Errorf("%q is longer than 100 years", text)
		}
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
	if d < 0 {
		return 0, fmt.Errorf("%q is negative", text)
	}
	if days+d > maxDuration {
		return 0, fmt.Errorf("%q is longer than 100 years", text)
	}
	return days + d, nil
}

// durationType is a string that holds a duration. Equal lengths in different
// notation (90d, 2160h) are the same value.
type durationType struct{ basetypes.StringType }

func (durationType) String() string { return "durationType" }

func (t durationType) Equal(o attr.Type) bool {
	_, ok := o.(durationType)
	return ok
}

func (durationType) ValueType(context.Context) attr.Value { return durationValue{} }

func (durationType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return durationValue{StringValue: in}, nil
}

func (t durationType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", v)
	}
	return durationValue{StringValue: s}, nil
}

type durationValue struct{ basetypes.StringValue }

func (durationValue) Type(context.Context) attr.Type { return durationType{} }

func (v durationValue) Equal(o attr.Value) bool {
	other, ok := o.(durationValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals tells whether both are the same length of time.
func (v durationValue) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(durationValue)
	return ok && v.sameAs(other), nil
}

func (v durationValue) sameAs(other durationValue) bool {
	if !known(v) || !known(other) {
		return v.Equal(other)
	}
	a, errA := parseDuration(v.ValueString())
	b, errB := parseDuration(other.ValueString())
	return errA == nil && errB == nil && a == b
}

// ValidateAttribute refuses what can't be read as a duration.
func (v durationValue) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if !known(v) {
		return
	}
	if _, err := parseDuration(v.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", sentence(err.Error()))
	}
}

// duration is the length of a value that has been validated; 0 for null and unknown.
func (v durationValue) duration() time.Duration {
	if !known(v) {
		return 0
	}
	d, err := parseDuration(v.ValueString())
	if err != nil {
		return 0
	}
	return d
}

var (
	_ basetypes.StringTypable                    = timeType{}
	_ basetypes.StringValuableWithSemanticEquals = timeValue{}
	_ xattr.ValidateableAttribute                = timeValue{}
)

// parseTime reads an RFC 3339 time in whole seconds, which is all that SigNoz keeps.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q isn't a time in RFC 3339 notation, such as 2027-01-31T12:00:00Z or 2027-01-31T13:00:00+01:00", text)
	}
	if t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("%q has a fraction of a second, but SigNoz keeps whole seconds: leave the fraction out", text)
	}
	if t.Unix() <= 0 {
		return time.Time{}, errors.New("the time lies before 1970")
	}
	return t, nil
}

// timeType is a string that holds an RFC 3339 time. The same instant in
// different notation is the same value, whatever the offset
// (timetypes.RFC3339 equates only Z and +00:00).
type timeType struct{ basetypes.StringType }

func (timeType) String() string { return "timeType" }

func (t timeType) Equal(o attr.Type) bool {
	_, ok := o.(timeType)
	return ok
}

func (timeType) ValueType(context.Context) attr.Value { return timeValue{} }

func (timeType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return timeValue{StringValue: in}, nil
}

func (t timeType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", v)
	}
	return timeValue{StringValue: s}, nil
}

type timeValue struct{ basetypes.StringValue }

// newTimeValue is t in UTC, or null for the zero time, which means never.
func newTimeValue(t time.Time) timeValue {
	if t.IsZero() {
		return timeValue{StringValue: basetypes.NewStringNull()}
	}
	return timeValue{StringValue: basetypes.NewStringValue(t.UTC().Format(time.RFC3339))}
}

func unknownTime() timeValue { return timeValue{StringValue: basetypes.NewStringUnknown()} }

func (timeValue) Type(context.Context) attr.Type { return timeType{} }

func (v timeValue) Equal(o attr.Value) bool {
	other, ok := o.(timeValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals tells whether both are the same instant.
func (v timeValue) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(timeValue)
	return ok && v.sameAs(other), nil
}

func (v timeValue) sameAs(other timeValue) bool {
	if !known(v) || !known(other) {
		return v.Equal(other)
	}
	return v.time().Equal(other.time())
}

// ValidateAttribute refuses what can't be read as a time.
func (v timeValue) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if !known(v) {
		return
	}
	if _, err := parseTime(v.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid time", sentence(err.Error()))
	}
}

// time is the instant of a value that has been validated; zero, which means
// never, for null and unknown.
func (v timeValue) time() time.Time {
	if !known(v) {
		return time.Time{}
	}
	t, err := parseTime(v.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t
}
