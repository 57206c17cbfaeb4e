// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Option changes how a Server is made.
type Option func(*options)

type options struct {
	version         Version
	reportedVersion string
	clock           *Clock
	basePath        string
	requestLog      func(Request)
	requestDelay    time.Duration
	tokenLifetime   time.Duration
	organisations   []string
	ssoOnlyUsers    []string
	fresh           bool
}

func newOptions(opts []Option) options {
	o := options{
		version: Default,
		// What servers built from source report, the recorded ones too.
		reportedVersion: "<unset>",
		tokenLifetime:   defaultTokenLifetime,
		organisations:   []string{"acme"},
	}
	for _, opt := range opts {
		opt(&o)
	}
	if o.clock == nil {
		o.clock = newRunningClock()
	}
	return o
}

// WithVersion makes the server behave as version v does. It panics at New for
// a version that is not one of Versions.
func WithVersion(v Version) Option {
	return func(o *options) { o.version = v }
}

// WithReportedVersion sets what GET /api/v1/version reports, "<unset>" if left
// out. The server behaves as WithVersion says, whatever it reports.
func WithReportedVersion(text string) Option {
	return func(o *options) { o.reportedVersion = text }
}

// WithClock makes the server use the clock c, which other servers may share.
func WithClock(c *Clock) Option {
	return func(o *options) { o.clock = c }
}

// WithBasePath serves everything below a path such as "/signoz", which is part
// of Server.URL then.
func WithBasePath(base string) Option {
	return func(o *options) {
		o.basePath = ""
		if trimmed := strings.Trim(base, "/"); trimmed != "" {
			o.basePath = "/" + trimmed
		}
	}
}

// WithRequestLog calls log after each request, answered or cut off. Requests
// that come at the same time call it at the same time.
func WithRequestLog(log func(Request)) Option {
	return func(o *options) { o.requestLog = log }
}

// WithRequestDelay makes each request take d longer, in real time. Benchmarks
// use it for the network between a client and its server.
func WithRequestDelay(d time.Duration) Option {
	return func(o *options) { o.requestDelay = d }
}

// WithTokenLifetime sets how long users' access tokens work; 30 minutes if left out.
func WithTokenLifetime(d time.Duration) Option {
	return func(o *options) { o.tokenLifetime = d }
}

// WithOrganisations makes these organisations in place of "acme". The admin
// user is a member of each; the account "terraform" belongs to the first.
func WithOrganisations(names ...string) Option {
	return func(o *options) { o.organisations = slices.Clone(names) }
}

// WithSSOOnlyUser adds a user to the first organisation who has no password
// and can sign in through an identity provider only.
func WithSSOOnlyUser(email string) Option {
	return func(o *options) { o.ssoOnlyUsers = append(o.ssoOnlyUsers, strings.ToLower(email)) }
}

// Fresh makes a server on which nobody has registered yet: no organisation, no
// user, no account. POST /api/v1/register sets it up.
func Fresh() Option {
	return func(o *options) { o.fresh = true }
}

func (o options) check() {
	if !slices.Contains(Versions(), o.version) {
		panic(fmt.Sprintf("signoztest: no version %q, there are %v", o.version, Versions()))
	}
	if len(o.organisations) == 0 {
		panic("signoztest: WithOrganisations needs at least one name")
	}
}
