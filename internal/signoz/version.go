// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Version is what a server says of itself. Builds from source say "<unset>".
type Version struct {
	Text                string // as reported
	Known               bool   // whether the numbers could be read
	Major, Minor, Patch int
}

const versionPath = "/api/v1/version"

// ServerVersion asks the server for its version. That needs no credentials.
func (c *Client) ServerVersion(ctx context.Context) (Version, error) {
	return c.version.get(ctx, func(ctx context.Context) (Version, error) {
		var answer struct {
			Version string `json:"version"`
		}
		err := c.do(ctx, call{method: http.MethodGet, path: versionPath, want: http.StatusOK, bare: true, anonymous: true, decode: into(&answer)})
		if err != nil {
			return Version{}, err
		}
		if answer.Version == "" {
			return Version{}, &Error{Method: http.MethodGet, Path: versionPath, Status: http.StatusOK, Message: "the answer isn't what SigNoz answers: it has no version"}
		}
		return ParseVersion(c.excerpt(answer.Version)), nil
	})
}

// ParseVersion reads versions such as v0.138.0, 0.118.1 and v0.132.0-rc.1.
func ParseVersion(text string) Version {
	v := Version{Text: text}
	core := strings.TrimPrefix(text, "v")
	if i := strings.IndexAny(core, "-+"); i >= 0 {
		core = core[:i]
	}
	parts := strings.Split(core, ".")
	if len(parts) != 3 {
		return v
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return v
		}
		numbers[i] = int(n)
	}
	v.Known = true
	v.Major, v.Minor, v.Patch = numbers[0], numbers[1], numbers[2]
	return v
}

// Before reports whether v is a known version older than major.minor.
func (v Version) Before(major, minor int) bool {
	if !v.Known {
		return false
	}
	return v.Major < major || (v.Major == major && v.Minor < minor)
}

// OneRoleOnly reports whether accounts of this version have a single role, so that
// assigning replaces the one before.
func (v Version) OneRoleOnly() bool { return v.Before(0, 123) }

// String is the version as the server reports it, or what to call it where it reports none.
func (v Version) String() string {
	if v.Text == "" || v.Text == "<unset>" {
		return "of unknown version"
	}
	return v.Text
}
