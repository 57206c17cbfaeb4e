// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// ConfigError is a mistake in one field of the configuration, named as users
// know it (`tls.ca_certificate`).
type ConfigError struct {
	Field   string
	Message string
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Message }

// Codes of SigNoz's errors that the client or its callers tell apart.
const (
	codeAccountExists    = "service_account_already_exists"
	codeAccountNotFound  = "service_account_not_found"
	codeAccountDeleted   = "service_account_operation_unsupported" // v0.118 to v0.120, with status 501
	codeKeyExists        = "api_key_already_exists"
	codeKeyNotFound      = "api_key_not_found"
	codeBindingNotFound  = "service_account_role_not_found"
	codeRoleNotFound     = "role_not_found"
	codeInvalidUUID      = "invalid_valuer"   // before v0.123
	codeInvalidSelector  = "invalid_selector" // since
	codeWrongCredentials = "incorrect_password"
)

// Error is an answer of the server that isn't what the call needed: SigNoz's
// error envelope, another status, or a web page.
type Error struct {
	Method string
	Path   string // below the endpoint
	Status int

	// Code, Message and Details come from SigNoz's error envelope; Code is empty
	// when the answer had none, as when a proxy answered.
	Code    string
	Message string
	Details []string

	// WebPage is true when HTML came where JSON was due. SigNoz answers unknown
	// paths and wrong methods with its web application and status 200.
	WebPage bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	switch {
	case e.WebPage:
		fmt.Fprintf(&b, "status %d with a web page instead of JSON", e.Status)
	case e.Code != "":
		fmt.Fprintf(&b, "status %d, %s: %s", e.Status, e.Code, e.Message)
	case e.Message != "":
		fmt.Fprintf(&b, "status %d: %s", e.Status, e.Message)
	default:
		fmt.Fprintf(&b, "status %d %s", e.Status, http.StatusText(e.Status))
	}
	for _, d := range e.Details {
		b.WriteString("; " + d)
	}
	return b.String()
}

// LostAnswerError says that a call which creates something may have been
// carried out although no usable answer came.
type LostAnswerError struct {
	Method string
	Path   string
	Err    error

	// MayCome says that nothing of it was found, but that the server may still carry
	// it out: somebody gave up waiting for it.
	MayCome bool
}

func (e *LostAnswerError) Error() string {
	return fmt.Sprintf("%s %s: the answer was lost, so it may have been carried out: %v", e.Method, e.Path, e.Err)
}

func (e *LostAnswerError) Unwrap() error { return e.Err }

// UnresolvedError says that an answer was lost and that it couldn't be found
// out, or set right, what the lost call has done.
type UnresolvedError struct {
	Lost error // the loss
	Err  error // what stood in the way of resolving it
}

func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("%v; finding out what it did failed: %v", e.Lost, e.Err)
}

// Unwrap leads to the later error alone: it is the one to act on.
func (e *UnresolvedError) Unwrap() error { return e.Err }

func isLost(err error) bool {
	var (
		lost       *LostAnswerError
		unresolved *UnresolvedError
	)
	return errors.As(err, &lost) && !errors.As(err, &unresolved)
}

// ConnectionError says that no answer came.
type ConnectionError struct {
	Method  string
	Path    string
	Problem ConnectionProblem
	Err     error
}

// ConnectionProblem is why no answer came, as far as a user can act on it.
type ConnectionProblem string

// The problems a connection can have.
const (
	ProblemOther       ConnectionProblem = "no answer"
	ProblemRefused     ConnectionProblem = "connection refused"
	ProblemHostUnknown ConnectionProblem = "host not found"
	ProblemTimeout     ConnectionProblem = "timeout"
	ProblemCancelled   ConnectionProblem = "cancelled"
	ProblemUntrusted   ConnectionProblem = "certificate not trusted"
	ProblemWrongHost   ConnectionProblem = "certificate for another host"
	ProblemExpired     ConnectionProblem = "certificate expired"
	ProblemPlainHTTP   ConnectionProblem = "no TLS at this port"
	ProblemRedirect    ConnectionProblem = "redirect"
	ProblemTooLarge    ConnectionProblem = "answer too large"
	ProblemClientCert  ConnectionProblem = "client certificate refused"
	ProblemTLS         ConnectionProblem = "TLS refused"
	ProblemProxy       ConnectionProblem = "the proxy can't be used"
)

func (e *ConnectionError) Error() string {
	return fmt.Sprintf("%s %s: %s: %v", e.Method, e.Path, e.Problem, e.Err)
}

func (e *ConnectionError) Unwrap() error { return e.Err }

// connectionError classifies a transport error.
func (c *Client) connectionError(call call, err error) *ConnectionError {
	return &ConnectionError{Method: call.method, Path: call.path, Problem: connectionProblem(err), Err: c.presentable(err)}
}

// presentable is a transport error as it may be shown. Its text stays only where it is known to
// quote nothing that came from the server: net/http quotes whatever isn't HTTP, and
// where a proxy has dropped the first line of an answer that may be a key. The URL that
// *url.Error repeats is left out, too: its query may hold an e-mail address.
func (c *Client) presentable(err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	if err == nil {
		return nil
	}
	text := "no usable answer came"
	if quotesNothing(err) {
		text = c.redact(err.Error())
	}
	return &presentableError{text: text, err: err}
}

type presentableError struct {
	text string
	err  error
}

func (e *presentableError) Error() string { return e.text }
func (e *presentableError) Unwrap() error { return e.err }

// quotesNothing reports whether the text of a transport error is Go's or the client's own.
func quotesNothing(err error) bool {
	var op *net.OpError
	return connectionProblem(err) != ProblemOther || errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || connectionLost(err)
}

// plainHTTP and connectionLost know errors of net/http by their texts, which are all they have.
func plainHTTP(err error) bool {
	return err.Error() == "http: server gave HTTP response to HTTPS client"
}
func connectionLost(err error) bool { return err.Error() == "http2: client connection lost" }

func connectionProblem(err error) ConnectionProblem {
	var (
		dns      *net.DNSError
		redirect *redirectRefusedError
		timeout  net.Error
		plain    tls.RecordHeaderError
	)
	if p := certificateProblem(err); p != "" {
		return p
	}
	var (
		op    *net.OpError
		proxy *proxyRefusedError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ProblemCancelled
	case errors.As(err, &op) && op.Op == "proxyconnect", errors.As(err, &proxy):
		return ProblemProxy
	case errors.As(err, &redirect):
		return ProblemRedirect
	case errors.Is(err, errTooLarge):
		return ProblemTooLarge
	case errors.As(err, &dns):
		return ProblemHostUnknown
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errRefusedOnWindows):
		return ProblemRefused
	case errors.As(err, &plain) || plainHTTP(err):
		return ProblemPlainHTTP
	case errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()):
		return ProblemTimeout
	}
	return ProblemOther
}

// errRefusedOnWindows is WSAECONNREFUSED, for which Go has no name and which it
// doesn't take for ECONNREFUSED. Other systems have no error of this number.
const errRefusedOnWindows = syscall.Errno(10061)

func certificateProblem(err error) ConnectionProblem {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &host):
		return ProblemWrongHost
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ProblemExpired
	case errors.As(err, &authority), errors.As(err, &invalid), errors.As(err, &verify):
		return ProblemUntrusted
	}
	// The alert that a server sends arrives as an opaque error of crypto/tls, which
	// tells which one it is by its text alone.
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return ""
	}
	switch alert := strings.TrimPrefix(op.Err.Error(), "tls: "); alert {
	case "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate", "unknown certificate",
		"unknown certificate authority", "certificate required", "access denied":
		return ProblemClientCert
	case "handshake failure", "protocol version not supported", "insufficient security level", "inappropriate fallback",
		"unrecognized name", "no application protocol", "missing extension", "unsupported extension", "illegal parameter":
		return ProblemTLS
	}
	return "" // such as an internal error, which may pass
}

// errorEnvelope is how SigNoz wraps errors; `type` and `suggestions` exist since
// v0.127, `retry.delay` is in nanoseconds.
type errorEnvelope struct {
	Status string `json:"status"`
	Error  struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Errors  []struct {
			Message string `json:"message"`
		} `json:"errors"`
		Retry *struct {
			Delay int64 `json:"delay"`
		} `json:"retry"`
	} `json:"error"`
}

// parseErrorEnvelope reads SigNoz's error envelope, whatever the content type
// says: before v0.127 it travels as text/plain.
func parseErrorEnvelope(body []byte) (errorEnvelope, bool) {
	var (
		envelope  errorEnvelope
		wrongType *json.UnmarshalTypeError // of one field; the others are read
	)
	if err := json.Unmarshal(body, &envelope); err != nil && !errors.As(err, &wrongType) {
		return errorEnvelope{}, false
	}
	return envelope, envelope.Error.Code != "" || envelope.Error.Message != ""
}

// errorFrom turns an answer that isn't a success into an Error.
func (c *Client) errorFrom(call call, a *answer) *Error {
	e := &Error{Method: call.method, Path: call.path, Status: a.status, WebPage: a.webPage()}
	if e.WebPage {
		return e
	}
	envelope, ok := parseErrorEnvelope(a.body)
	switch {
	case ok && (!call.confidential || (a.status >= 400 && envelope.Error.Code != "")):
		e.Code = c.excerpt(envelope.Error.Code)
		e.Message = c.excerpt(envelope.Error.Message)
		for _, d := range envelope.Error.Errors {
			if len(e.Details) < 10 {
				e.Details = append(e.Details, c.excerpt(d.Message))
			}
		}
	case a.status < 300:
		e.Message = fmt.Sprintf("status %d was due", call.want)
	case !call.confidential:
		e.Message = c.excerpt(string(a.body))
	}
	return e
}

// malformed is a success that can't be read.
func (c *Client) malformed(call call, a *answer, cause error) error {
	e := &Error{Method: call.method, Path: call.path, Status: a.status, Message: "the answer isn't what SigNoz answers"}
	if !call.confidential {
		e.Message = c.excerpt(e.Message + ": " + cause.Error())
	}
	return e
}

// maxExcerpt bounds, in bytes, what is shown of a server's words.
const maxExcerpt = 500

// excerpt makes a server's words fit to be shown: short, one line, printable, without secrets.
func (c *Client) excerpt(s string) string {
	longest := 0
	for _, secret := range c.allSecrets() {
		longest = max(longest, len(secret))
	}
	if most := 8*maxExcerpt + longest; len(s) > most { // bounded before anything is searched in it
		s = c.redact(s[:most])
		s = s[:max(0, len(s)-longest)] // the cut may have left a part of a secret
	}
	s = strings.Join(strings.Fields(c.redact(strings.ToValidUTF8(s, "?"))), " ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxExcerpt {
		return s
	}
	cut := maxExcerpt
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// hasCode reports whether err is an Error with one of codes.
func hasCode(err error, codes ...string) bool {
	var e *Error
	if !errors.As(err, &e) || e.WebPage {
		return false
	}
	return slices.Contains(codes, e.Code)
}

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && !e.WebPage && e.Status == status
}

// IsNotFound reports whether SigNoz itself said that the account, the key, the role
// or the binding doesn't exist (any more). A bare 404, as a proxy gives, isn't that.
func IsNotFound(err error) bool {
	return hasCode(err, codeAccountNotFound, codeAccountDeleted, codeKeyNotFound, codeBindingNotFound, codeRoleNotFound)
}

// IsAccountNotFound reports whether the account doesn't exist or was deleted.
func IsAccountNotFound(err error) bool {
	return hasCode(err, codeAccountNotFound, codeAccountDeleted)
}

// IsConflict reports whether the name is in use, by somebody else's object. Where it
// may be that of a create whose answer was lost, the error is an [*UnresolvedError]
// and not this.
func IsConflict(err error) bool {
	var unresolved *UnresolvedError
	return hasCode(err, codeAccountExists, codeKeyExists) && !errors.As(err, &unresolved)
}

// IsUnauthenticated reports whether the request's signature was refused (401).
func IsUnauthenticated(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// answeredBySigNoz reports whether SigNoz itself answered, be it with an error.
func answeredBySigNoz(err error) bool {
	var e *Error
	return err == nil || (errors.As(err, &e) && e.Code != "")
}

var permissionPattern = regexp.MustCompile(`is not authorized to perform (\S+) on resource "([^"]*)"`)

// MissingPermission reads off a 403 which permission the signer lacks, such as
// serviceaccount:detach, and on which object. SigNoz names one at a time, and not always.
func MissingPermission(err error) (permission, resource string, ok bool) {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusForbidden || e.Code == "" {
		return "", "", false
	}
	for _, text := range append([]string{e.Message}, e.Details...) {
		if m := permissionPattern.FindStringSubmatch(text); m != nil {
			return m[1], m[2], true
		}
	}
	return "", "", false
}

// IsForbidden reports whether the signer may not do this (403).
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsInvalidID reports whether an id has the wrong form; SigNoz's ids are UUIDs.
func IsInvalidID(err error) bool { return hasCode(err, codeInvalidUUID, codeInvalidSelector) }

// IsTooManyRequests reports whether the server still answered 429 when patience ended.
func IsTooManyRequests(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

// IsInvalidInput reports whether SigNoz itself refused a value that it was sent (400). A bare
// 400, as another server gives that was spoken to in the wrong way, isn't that.
func IsInvalidInput(err error) bool {
	var e *Error
	return hasStatus(err, http.StatusBadRequest) && errors.As(err, &e) && e.Code != ""
}

// IsWebPage reports whether HTML came where JSON was due: the endpoint isn't the
// SigNoz API, or this server doesn't have the call.
func IsWebPage(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.WebPage && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// lacksCall reports whether the server doesn't have the call at all.
func lacksCall(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	unknown := e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed
	return (e.WebPage && e.Status < 300) || (unknown && e.Code == "")
}
