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
	codeInvalidUUID      = "invalid_valuer"   // before v0.123 (SigNoz's spelling)
	codeInvalidSelector  = "invalid_selector" // since v0.123
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
	text := fmt.Sprintf("%s %s: status %d", e.Method, e.Path, e.Status)
	switch {
	case e.WebPage:
		text += " with a web page instead of JSON"
	case e.Code != "":
		text += ", " + e.Code + ": " + e.Message
	case e.Message != "":
		text += ": " + e.Message
	default:
		text += " " + http.StatusText(e.Status)
	}
	return strings.Join(append([]string{text}, e.Details...), "; ")
}

// LostAnswerError says that a call which creates something may have been
// carried out although no usable response came.
type LostAnswerError struct {
	Method string
	Path   string
	Err    error

	// MayCome says that the object wasn't found, but that the server may still create it:
	// the client or a gateway stopped waiting for an attempt.
	MayCome bool
}

func (e *LostAnswerError) Error() string {
	return fmt.Sprintf("%s %s: the response was lost, so it may have been carried out: %v", e.Method, e.Path, e.Err)
}

func (e *LostAnswerError) Unwrap() error { return e.Err }

// UnresolvedError says that an answer was lost, and that the client couldn't find out or undo what
// the call had done.
type UnresolvedError struct {
	Lost error // of the attempt whose answer was lost
	Err  error // why the attempt couldn't be resolved
}

func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("%v; finding out what it did failed: %v", e.Lost, e.Err)
}

// Unwrap leads to the later error alone: it is the one to act on.
func (e *UnresolvedError) Unwrap() error { return e.Err }

// as is the first error of type E in err.
func as[E error](err error) (found E, ok bool) {
	ok = errors.As(err, &found)
	return found, ok
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
	ProblemOther       ConnectionProblem = "no response"
	ProblemRefused     ConnectionProblem = "connection refused"
	ProblemHostUnknown ConnectionProblem = "host not found"
	ProblemTimeout     ConnectionProblem = "timeout"
	ProblemCancelled   ConnectionProblem = "cancelled"
	ProblemUntrusted   ConnectionProblem = "certificate not trusted"
	ProblemWrongHost   ConnectionProblem = "certificate for another host"
	ProblemExpired     ConnectionProblem = "certificate expired"
	ProblemPlainHTTP   ConnectionProblem = "no TLS at this port"
	ProblemRedirect    ConnectionProblem = "redirect"
	ProblemTooLarge    ConnectionProblem = "response too large"
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

// presentable is a transport error that may be shown: without the URL of *url.Error, whose query
// may hold an e-mail address, and without text from the server. net/http quotes a response that isn't
// HTTP; if a proxy dropped the head of a response, the quote can contain a key's value.
func (c *Client) presentable(err error) error {
	if inner, ok := as[*url.Error](err); ok {
		err = inner.Err
	}
	if err == nil {
		return nil
	}
	text := "no usable response came"
	_, ownText := as[*net.OpError](err)
	if ownText || connectionProblem(err) != ProblemOther || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || connectionLost(err) {
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

// transportError is a failure of an attempt that the client itself finds.
type transportError struct {
	problem   ConnectionProblem
	permanent bool // the next attempt would fail in the same way
	text      string
}

func (e *transportError) Error() string { return e.text }

var (
	// errTimeout distinguishes the request timeout from the run's own deadline.
	errTimeout  = &transportError{problem: ProblemTimeout, text: "no answer within the request timeout"}
	errTooLarge = &transportError{problem: ProblemTooLarge, permanent: true, text: fmt.Sprintf("the answer is larger than %d MiB", maxAnswer>>20)}
)

// isPermanent reports whether the next attempt would meet the same transport error again.
func isPermanent(err error) bool {
	own, isOwn := as[*transportError](err)
	dns, isDNS := as[*net.DNSError](err)
	return (isOwn && own.permanent) || (isDNS && dns.IsNotFound) || certificateProblem(err) != ""
}

// connectionLost recognizes an error of net/http by its text: it has no type or value of its own.
func connectionLost(err error) bool { return err.Error() == "http2: client connection lost" }

// errRefusedOnWindows is WSAECONNREFUSED, which Go doesn't take for ECONNREFUSED. Other systems
// have no error of this number.
const errRefusedOnWindows = syscall.Errno(10061)

func connectionProblem(err error) ConnectionProblem {
	op, isOp := as[*net.OpError](err)
	own, isOwn := as[*transportError](err)
	_, isDNS := as[*net.DNSError](err)
	_, isPlain := as[tls.RecordHeaderError](err)
	timeout, isNet := as[net.Error](err)
	certificate := certificateProblem(err)
	switch {
	case certificate != "":
		return certificate
	case errors.Is(err, context.Canceled):
		return ProblemCancelled
	case isOp && op.Op == "proxyconnect":
		return ProblemProxy
	case isOwn:
		return own.problem
	case isDNS:
		return ProblemHostUnknown
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, errRefusedOnWindows):
		return ProblemRefused
	case isPlain, err.Error() == "http: server gave HTTP response to HTTPS client":
		return ProblemPlainHTTP
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return ProblemTimeout
	}
	return ProblemOther
}

func certificateProblem(err error) ConnectionProblem {
	_, isHost := as[x509.HostnameError](err)
	_, isAuthority := as[x509.UnknownAuthorityError](err)
	_, isUnverified := as[*tls.CertificateVerificationError](err)
	invalid, isInvalid := as[x509.CertificateInvalidError](err)
	switch {
	case isHost:
		return ProblemWrongHost
	case isInvalid && invalid.Reason == x509.Expired:
		return ProblemExpired
	case isAuthority, isInvalid, isUnverified:
		return ProblemUntrusted
	}
	// The alert that a server sends is an opaque error of crypto/tls, known by its text alone.
	op, isOp := as[*net.OpError](err)
	if !isOp || op.Op != "remote error" {
		return ""
	}
	switch strings.TrimPrefix(op.Err.Error(), "tls: ") {
	case "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate", "unknown certificate",
		"unknown certificate authority", "certificate required", "access denied":
		return ProblemClientCert
	case "handshake failure", "protocol version not supported", "insufficient security level", "inappropriate fallback",
		"unrecognized name", "no application protocol", "missing extension", "unsupported extension", "illegal parameter":
		return ProblemTLS
	}
	return "" // other alerts, such as internal error, may be temporary
}

// errorEnvelope is how SigNoz wraps errors; `retry.delay` is in nanoseconds.
type errorEnvelope struct {
	Status string `json:"status"`
	Error  struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Errors  []struct {
			Message string `json:"message"`
		} `json:"errors"`
		Retry struct {
			Delay int64 `json:"delay"`
		} `json:"retry"`
	} `json:"error"`
}

// parseErrorEnvelope reads SigNoz's error envelope, whatever the content type
// says: before v0.127 it travels as text/plain.
func parseErrorEnvelope(body []byte) (envelope errorEnvelope, ok bool) {
	err := json.Unmarshal(body, &envelope)
	if _, wrongType := as[*json.UnmarshalTypeError](err); err != nil && !wrongType { // of one field; the others are read
		return errorEnvelope{}, false
	}
	return envelope, envelope.Error.Code != "" || envelope.Error.Message != ""
}

// errorFrom turns an answer that isn't a success into an Error.
func (c *Client) errorFrom(call call, a *answer) *Error {
	e := &Error{Method: call.method, Path: call.path, Status: a.status, WebPage: a.webPage()}
	envelope, ok := parseErrorEnvelope(a.body)
	switch {
	case e.WebPage:
	case ok && (!call.confidential || (a.status >= 400 && envelope.Error.Code != "")):
		e.Code = c.excerpt(envelope.Error.Code)
		e.Message = c.excerpt(envelope.Error.Message)
		for _, d := range envelope.Error.Errors[:min(10, len(envelope.Error.Errors))] {
			e.Details = append(e.Details, c.excerpt(d.Message))
		}
	case a.status < 300:
		e.Message = fmt.Sprintf("status %d was due", call.want)
	case !call.confidential:
		e.Message = c.excerpt(string(a.body))
	}
	return e
}

// maxExcerpt bounds, in bytes, the text of a response that is shown.
const maxExcerpt = 500

// excerpt makes text from a server presentable: short, one line, printable, without secrets.
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
	return strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
}

// answerIn is the [Error] in err; the zero Error if there is none.
func answerIn(err error) Error {
	if e, ok := as[*Error](err); ok {
		return *e
	}
	return Error{}
}

// hasCode reports whether SigNoz answered with one of these codes.
func hasCode(err error, codes ...string) bool { return slices.Contains(codes, answerIn(err).Code) }

func hasStatus(err error, status int) bool {
	e := answerIn(err)
	return e.Status == status && !e.WebPage
}

// answeredBySigNoz reports whether SigNoz itself answered, be it with an error.
func answeredBySigNoz(err error) bool { return err == nil || answerIn(err).Code != "" }

// IsNotFound reports whether SigNoz itself said that the account, the key, the role
// or the binding doesn't exist (any more). It is false for a 404 of a proxy.
func IsNotFound(err error) bool {
	return IsAccountNotFound(err) || hasCode(err, codeKeyNotFound, codeBindingNotFound, codeRoleNotFound)
}

// IsAccountNotFound reports whether the account doesn't exist or was deleted.
func IsAccountNotFound(err error) bool {
	_, deleted := as[*AccountDeletedError](err)
	return deleted || hasCode(err, codeAccountNotFound, codeAccountDeleted)
}

// IsConflict reports whether the name is in use by somebody else's object. It is false for an
// [*UnresolvedError]: there, the object may be the result of a create whose answer was lost.
func IsConflict(err error) bool {
	_, unresolved := as[*UnresolvedError](err)
	return !unresolved && hasCode(err, codeAccountExists, codeKeyExists)
}

// IsUnauthenticated reports whether the request's signature was refused (401).
func IsUnauthenticated(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsForbidden reports whether the signer may not do this (403).
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsInvalidID reports whether an id has the wrong form; SigNoz's ids are UUIDs.
func IsInvalidID(err error) bool { return hasCode(err, codeInvalidUUID, codeInvalidSelector) }

// IsInvalidInput reports whether SigNoz itself refused a value in the request (400). It is false for
// a 400 without SigNoz's envelope, such as one of a server that got plain HTTP on a TLS port.
func IsInvalidInput(err error) bool {
	return hasStatus(err, http.StatusBadRequest) && answeredBySigNoz(err)
}

// IsWebPage reports whether HTML came where JSON was due: the endpoint isn't the
// SigNoz API, or this server doesn't have the call.
func IsWebPage(err error) bool {
	e := answerIn(err)
	return e.WebPage && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// lacksCall reports whether the server doesn't have the call at all.
func lacksCall(err error) bool {
	e := answerIn(err)
	unknown := e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed
	return (e.WebPage && e.Status < 300) || (unknown && e.Code == "")
}

var permissionPattern = regexp.MustCompile(`is not authorized to perform (\S+) on resource "([^"]*)"`)

// MissingPermission reads off a 403 which permission the signer lacks, such as
// serviceaccount:detach, and on which object. SigNoz names one at a time, and not always.
func MissingPermission(err error) (permission, resource string, ok bool) {
	e := answerIn(err)
	m := permissionPattern.FindStringSubmatch(strings.Join(append([]string{e.Message}, e.Details...), "\n"))
	if m == nil || e.Status != http.StatusForbidden || e.Code == "" {
		return "", "", false
	}
	return m[1], m[2], true
}
