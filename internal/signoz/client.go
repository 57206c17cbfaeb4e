// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package signoz is a client of the part of SigNoz's REST API that concerns
// service accounts, their roles and their API keys. It knows nothing of
// Terraform.
//
// It works with every SigNoz from v0.118.0 on, without being told the version:
// where the API changed between versions, the client finds out by how the
// server answers.
package signoz

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Defaults of [Config].
const (
	DefaultRequestTimeout = 30 * time.Second
	DefaultMaxRetries     = 8
)

// Config says how to reach a SigNoz server and how to sign requests.
type Config struct {
	// Endpoint is the URL under which SigNoz serves its web application, for
	// example https://signoz.example.com or https://example.com/signoz.
	Endpoint string

	// APIKey is the value of a service account's key. It excludes Email and Password.
	APIKey string

	// Email and Password sign in as a user, in organisation OrgID where that
	// user is in several.
	Email    string
	Password string
	OrgID    string

	// Headers are sent with every request, for access proxies. See CheckHeaderName.
	Headers map[string]string

	TLS       TLSConfig
	UserAgent string // the header of that name

	// RequestTimeout limits one attempt, reading the answer included. Zero means
	// DefaultRequestTimeout.
	RequestTimeout time.Duration

	// MaxRetries is how often a failed attempt is retried; 0 turns retrying off. See
	// shouldRetry for what is retried and for how long.
	MaxRetries int

	// RetryWait is the base of the exponential backoff between attempts. Zero means 250 ms.
	RetryWait time.Duration

	// Observe, when set, is called after each attempt. It gets no header or body, so it may
	// log all it gets.
	Observe func(context.Context, Attempt)
}

// Attempt is one attempt at a request, for [Config.Observe].
type Attempt struct {
	Method   string
	Path     string // below the endpoint, without query
	Number   int    // 1 for the first attempt
	Status   int    // 0 when no answer came
	Duration time.Duration
	Err      error // why no answer came; never holds a header or a body
}

// Client talks to one SigNoz server. It is safe for parallel use and keeps what
// it read (lists of accounts, of keys, of roles) until one of its own writes
// may have changed it, so one client should live no longer than one run.
type Client struct {
	cfg       Config
	base      *url.URL
	http      *retryablehttp.Client
	transport http.RoundTripper // below the layers of newHTTP

	outage      outage
	clock       clock
	orgToSignIn shared[string]
	tokens      shared[string] // of a user's session
	secretsMu   sync.Mutex
	secrets     []string // SecretsOf the configuration, and session tokens

	accounts        shared[*list[ServiceAccount]]
	accountsRefused atomic.Bool
	details         byID[shared[*ServiceAccount]]
	keys            byID[shared[*list[Key]]]
	roles           shared[*list[Role]]
	me              shared[*ServiceAccount]
	ownID           shared[string]
	version         shared[Version]
	knownOrg        atomic.Pointer[string]

	claimed        sync.Map     // ids of the objects that this client's creates have returned
	newAccounts    sync.Map     // ids of those accounts that hold no role yet
	roleGeneration atomic.Int32 // a roleGeneration
	asking         atomic.Bool  // the first role call has begun; asked is closed when it is done
	asked          chan struct{}
	roleLocks      byID[sync.Mutex] // by account

	window      time.Duration // retryWindow, shorter in tests
	createGrace time.Duration // the constant createGrace, shorter in tests
}

// New checks cfg and makes a client. It sends nothing.
func New(cfg Config) (*Client, error) {
	base, err := ParseEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	// HTTP strips spaces around a header's value; redact must know the value as it is sent.
	cfg.APIKey = strings.TrimSpace(cfg.APIKey)
	headers := make(map[string]string, len(cfg.Headers))
	for name, value := range cfg.Headers {
		if err := CheckHeaderName(name); err != nil {
			return nil, &ConfigError{Field: "headers", Message: err.Error()}
		}
		headers[name] = strings.TrimSpace(value)
		if !validHeaderValue(headers[name]) {
			return nil, &ConfigError{Field: "headers", Message: "the value of " + name + " holds a line break or another character that can't travel in a header"}
		}
	}
	cfg.Headers = headers
	if err := checkCredentials(&cfg); err != nil {
		return nil, err
	}
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = DefaultRequestTimeout
	}
	if cfg.RetryWait <= 0 {
		cfg.RetryWait = 250 * time.Millisecond
	}
	transport, err := newTransport(cfg.TLS, cfg.RequestTimeout)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, base: base, transport: transport, secrets: SecretsOf(cfg), asked: make(chan struct{}), window: retryWindow, createGrace: createGrace}
	c.knownOrg.Store(new(string))
	c.http = c.newHTTP()
	return c, nil
}

// SecretsOf lists the secrets of a configuration, and their forms in quoted JSON and Go strings, longest
// first, so that a secret that contains another is replaced whole. It leaves out secrets shorter than
// six characters: replacing every "a" in a text would reveal that the password is "a".
func SecretsOf(cfg Config) []string {
	all := []string{cfg.APIKey, cfg.Password, cfg.TLS.ClientKey}
	for _, value := range cfg.Headers {
		_, credentials, _ := strings.Cut(value, " ") // of "Basic …"
		all = append(all, value, credentials)
	}
	for _, secret := range slices.Clone(all) {
		all = append(all, quoted(secret, true), quoted(secret, false))
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < 6 })
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(all)
}

// quoted is a text as it stands in JSON, without the quotes. For HTML means that
// <, > and & are escaped too, as Go's encoder does by default.
func quoted(text string, forHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(forHTML)
	if err := encoder.Encode(text); err != nil {
		return "" // can't happen: a string always encodes
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// allSecrets are the secrets of the configuration and the session tokens of the run.
func (c *Client) allSecrets() []string {
	c.secretsMu.Lock()
	defer c.secretsMu.Unlock()
	return c.secrets
}

// redact replaces the secrets that sign requests, should a server or a proxy
// repeat one in an error.
func (c *Client) redact(s string) string {
	for _, secret := range c.allSecrets() {
		s = strings.ReplaceAll(s, secret, "(secret)")
	}
	return s
}

// Endpoint is the URL that the client was configured with, without a trailing slash.
func (c *Client) Endpoint() string { return c.base.String() }

// SignsWith reports whether value is the API key that signs this client's requests.
func (c *Client) SignsWith(value string) bool { return value != "" && value == c.cfg.APIKey }

// SignsWithHash reports whether hash is the [HashKey] of that API key.
func (c *Client) SignsWithHash(hash string) bool {
	return c.cfg.APIKey != "" && hash == HashKey(c.cfg.APIKey)
}

// HashKey is the SHA-256 of a key's value, in hex. It recognizes the value without storing it.
func HashKey(value string) string {
	hash := sha256.Sum256([]byte(value))
	return hex.EncodeToString(hash[:])
}

// SignsAsUser reports whether requests are signed by a user's session, not by an API key.
func (c *Client) SignsAsUser() bool { return c.cfg.APIKey == "" }

// Close releases the idle connections.
func (c *Client) Close() { c.closeIdleConnections() }

func (c *Client) closeIdleConnections() {
	if t, ok := c.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// ParseEndpoint checks the URL of a SigNoz server and removes its trailing
// slashes: SigNoz answers a doubled slash with a redirect.
func ParseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(endpoint))
	if err != nil {
		// The error of url.Parse repeats its input, which may hold a password.
		return nil, errors.New("it is not a URL; write it as https://HOST or https://HOST/PATH")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("it must begin with https:// (or http:// for a server on this machine)")
	case u.Hostname() == "":
		return nil, errors.New("it names no host; write it as https://HOST or https://HOST/PATH")
	case u.User != nil:
		return nil, errors.New("it holds a user name or password. SigNoz judges any request with an Authorization header by that header alone and ignores the API key, so credentials of a proxy can't go there; use `headers` for the proxy's own header instead")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it must end with the path: remove what follows the ? or #")
	case apiPath.MatchString(u.Path):
		return nil, errors.New("it must be the URL under which you open SigNoz in a browser: remove the /api part, the provider adds it")
	}
	return u, nil
}

var apiPath = regexp.MustCompile(`/api(/v[12])?$`)

// CheckHeaderName refuses the headers that decide who signs a request.
func CheckHeaderName(name string) error {
	switch http.CanonicalHeaderKey(name) {
	case "":
		return errors.New("a header has an empty name")
	case http.CanonicalHeaderKey(apiKeyHeader):
		return fmt.Errorf("%s is the header the API key travels in: set `api_key` instead", name)
	case "Authorization":
		return fmt.Errorf("%s can't be set: SigNoz judges a request that has it by it alone and ignores the API key, so every request would be refused. Let the proxy read another header", name)
	case "Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "User-Agent", "Accept-Encoding":
		return fmt.Errorf("%s is set by the provider itself", name)
	}
	if !headerName.MatchString(name) {
		return fmt.Errorf("%q can't be the name of a header", name)
	}
	return nil
}

// headerName is what RFC 9110 allows. The transport would refuse others only when a request is sent.
var headerName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")
