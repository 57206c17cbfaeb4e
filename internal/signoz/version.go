// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
)

// Version is what a server says of itself, such as v0.138.0. Builds from source say "<unset>".
type Version string

// ServerVersion asks the server for its version. That needs no credentials.
func (c *Client) ServerVersion(ctx context.Context) (Version, error) {
	return c.version.get(ctx, func(ctx context.Context) (Version, error) {
		var answer struct {
			Version string `json:"version"`
		}
		decode := require(into(&answer), func() bool { return answer.Version != "" }, "it has no version")
		err := c.do(ctx, call{method: http.MethodGet, path: "/api/v1/version", want: http.StatusOK, bare: true, anonymous: true, decode: decode})
		return Version(c.excerpt(answer.Version)), err
	})
}

var versionPattern = regexp.MustCompile(`^v?(\d{1,9})\.(\d{1,9})\.\d{1,9}([-+]|$)`)

// numbers reads the major and minor version; known is false if v isn't a version number.
func (v Version) numbers() (major, minor int, known bool) {
	m := versionPattern.FindStringSubmatch(string(v))
	if m == nil {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(m[1]) // digits, few enough
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}

// OneRoleOnly reports whether accounts of this version are known to have a single role, so
// that assigning replaces the one before: v0.118 to v0.122.
func (v Version) OneRoleOnly() bool {
	major, minor, known := v.numbers()
	return known && major == 0 && minor < 123
}

// String is the version as the server reports it, or what to call it where it reports none.
func (v Version) String() string {
	if v == "" || v == "<unset>" {
		return "of unknown version"
	}
	return string(v)
}
