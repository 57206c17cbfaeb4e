// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
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

// notation says how a kind of value is written as text.
type notation[T any] interface {
	parse(text string) (T, error)
	same(a, b T) bool
	summary() string // of the error that a text which can't be read gives
}

// textType is a string attribute that holds a T. What is the same T in different
// notation is the same value: it makes no difference in a plan, and a refresh keeps
// the notation of the state.
type textType[T any, N notation[T]] struct{ basetypes.StringType }

func (textType[T, N]) String() string {
	var n N
	return fmt.Sprintf("textType[%T]", n)
}

func (t textType[T, N]) Equal(o attr.Type) bool {
	_, ok := o.(textType[T, N])
	return ok
}

func (textType[T, N]) ValueType(context.Context) attr.Value { return textValue[T, N]{} }

func (textType[T, N]) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return textValue[T, N]{StringValue: in}, nil
}

func (t textType[T, N]) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	v, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := v.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", v)
	}
	return textValue[T, N]{StringValue: s}, nil
}

type textValue[T any, N notation[T]] struct{ basetypes.StringValue }

func (textValue[T, N]) Type(context.Context) attr.Type { return textType[T, N]{} }

func (v textValue[T, N]) Equal(o attr.Value) bool {
	other, ok := o.(textValue[T, N])
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals tells whether both are the same T.
func (v textValue[T, N]) StringSemanticEquals(_ context.Context, o basetypes.StringValuable) (bool, diag.Diagnostics) {
	other, ok := o.(textValue[T, N])
	return ok && v.sameAs(other), nil
}

func (v textValue[T, N]) sameAs(other textValue[T, N]) bool {
	if !known(v) || !known(other) {
		return v.Equal(other)
	}
	var n N
	a, errA := n.parse(v.ValueString())
	b, errB := n.parse(other.ValueString())
	return errA == nil && errB == nil && n.same(a, b)
}

// readable tells whether ValidateAttribute has nothing to say.
func (v textValue[T, N]) readable() bool {
	if !known(v) {
		return true
	}
	var n N
	_, err := n.parse(v.ValueString())
	return err == nil
}

// ValidateAttribute refuses what can't be read.
func (v textValue[T, N]) ValidateAttribute(_ context.Context, req xattr.ValidateAttributeRequest, resp *xattr.ValidateAttributeResponse) {
	if !known(v) {
		return
	}
	var n N
	if _, err := n.parse(v.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, n.summary(), sentence(err.Error()))
	}
}

// value is the T of a text that has been validated; the zero T for null and unknown.
func (v textValue[T, N]) value() T {
	var (
		n    N
		zero T
	)
	if !known(v) {
		return zero
	}
	parsed, err := n.parse(v.ValueString())
	if err != nil {
		return zero
	}
	return parsed
}

// Durations, such as 90d and 36h.
type (
	durationType     = textType[time.Duration, durationNotation]
	durationValue    = textValue[time.Duration, durationNotation]
	durationNotation struct{}
)

func (durationNotation) parse(text string) (time.Duration, error) { return parseDuration(text) }
func (durationNotation) same(a, b time.Duration) bool             { return a == b }
func (durationNotation) summary() string                          { return "Invalid duration" }

// Times in RFC 3339 notation with any offset (timetypes.RFC3339 equates only Z
// and +00:00). The zero time means never, and is null.
type (
	timeType     = textType[time.Time, timeNotation]
	timeValue    = textValue[time.Time, timeNotation]
	timeNotation struct{}
)

func (timeNotation) parse(text string) (time.Time, error) { return parseTime(text) }
func (timeNotation) same(a, b time.Time) bool             { return a.Equal(b) }
func (timeNotation) summary() string                      { return "Invalid time" }

// newTimeValue is t in UTC, or null for the zero time, which means never.
func newTimeValue(t time.Time) timeValue {
	if t.IsZero() {
		return timeValue{StringValue: basetypes.NewStringNull()}
	}
	return timeValue{StringValue: basetypes.NewStringValue(t.UTC().Format(time.RFC3339))}
}

func unknownTime() timeValue { return timeValue{StringValue: basetypes.NewStringUnknown()} }

const day = 24 * time.Hour

// maxDuration keeps expiries within what RFC 3339 can write.
const maxDuration = 100 * 365 * day

var daysPattern = regexp.MustCompile(`^([0-9]{1,9})d(.*)$`)

// parseDuration reads Go's notation (36h, 1h30m) with d for days before it (90d, 1d12h).
func parseDuration(text string) (time.Duration, error) {
	wrong := fmt.Errorf("%q isn't a duration: write a number and a unit, such as 90d, 36h or 1h30m (d, h, m or s)", text)
	if positive, ok := strings.CutPrefix(text, "-"); ok {
		if _, err := parseDuration(positive); err == nil {
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
		if n > int(maxDuration/day) {
			return 0, fmt.Errorf("%q is longer than 100 years", text)
		}
		days, rest = time.Duration(n)*day, m[2]
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

// parseTime reads an RFC 3339 time in whole seconds, which is all that SigNoz keeps.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q isn't a time in RFC 3339 notation, such as 2027-01-31T12:00:00Z or 2027-01-31T13:00:00+01:00", text)
	}
	if t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("%q has a fraction of a second, but SigNoz keeps whole seconds: leave the fraction out", text)
	}
	if t.UTC().Year() > 9999 {
		return time.Time{}, errors.New("the time lies after the year 9999")
	}
	if t.Unix() <= 0 {
		return time.Time{}, errors.New("the time lies before 1970")
	}
	return t, nil
}
