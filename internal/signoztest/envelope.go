// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answer is what a call gives back before it is written out.
type answer struct {
	status int
	// data goes into the success envelope; nil means an empty body.
	data any
	// bare leaves the envelope away.
	bare bool
}

// problem is an error that SigNoz reports to its caller. It is no Go error, so
// that a nil one can't be taken for a failure.
type problem struct {
	status  int
	code    string
	message string
	details []string
	// retryAfter fills the envelope's retry.delay; zero leaves it out.
	retryAfter time.Duration
}

func unauthenticated() *problem {
	return &problem{status: http.StatusUnauthorized, code: "unauthenticated", message: "unauthenticated"}
}

// errorType is the envelope's type for a status (SigNoz: pkg/http/render).
func errorType(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "invalid-input"
	case http.StatusUnauthorized:
		return "unauthenticated"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not-found"
	case http.StatusConflict:
		return "already-exists"
	case http.StatusTooManyRequests:
		return "too-many-requests"
	case http.StatusNotImplemented:
		return "unsupported"
	case http.StatusGatewayTimeout:
		return "timeout"
	default:
		return "internal"
	}
}

// statusProblem is the problem that goes with a bare status, for faults.
func statusProblem(status int) *problem {
	switch status {
	case http.StatusUnauthorized:
		return unauthenticated()
	case http.StatusTooManyRequests:
		return &problem{status: status, code: "too_many_requests", message: "too many requests"}
	case http.StatusGatewayTimeout:
		return &problem{status: status, code: "timeout", message: "request timed out"}
	case http.StatusInternalServerError:
		return &problem{status: status, code: "internal", message: "an unexpected error occurred"}
	default:
		return &problem{status: status, code: "unknown", message: http.StatusText(status)}
	}
}

type successEnvelope struct {
	Status string `json:"status"`
	Data   any    `json:"data"`
}

type typedDetail struct {
	Message     string   `json:"message"`
	Suggestions []string `json:"suggestions"`
}

type retryHint struct {
	Delay time.Duration `json:"delay"` // nanoseconds
}

type typedError struct {
	Type        string        `json:"type"`
	Code        string        `json:"code"`
	Message     string        `json:"message"`
	Errors      []typedDetail `json:"errors"`
	Retry       *retryHint    `json:"retry,omitempty"`
	Suggestions []string      `json:"suggestions"`
}

type plainDetail struct {
	Message string `json:"message"`
}

type plainError struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Errors  []plainDetail `json:"errors,omitempty"`
}

type errorEnvelope[E typedError | plainError] struct {
	Status string `json:"status"`
	Error  E      `json:"error"`
}

// response is a whole HTTP answer, ready to be written, cut or thrown away.
type response struct {
	status int
	header http.Header
	body   []byte
}

func newResponse(status int, contentType string, body []byte) *response {
	r := &response{status: status, header: make(http.Header), body: body}
	if contentType != "" {
		r.header.Set("Content-Type", contentType)
	}
	return r
}

// renderAnswer writes a success. An empty body still says JSON, as SigNoz does.
func renderAnswer(a answer) *response {
	if a.data == nil {
		return newResponse(a.status, "application/json", nil)
	}
	if a.bare {
		return newResponse(a.status, "application/json", mustMarshal(a.data))
	}
	return newResponse(a.status, "application/json", mustMarshal(successEnvelope{"success", a.data}))
}

// renderProblem writes an error in the envelope of the version. Before v0.127
// it was JSON under text/plain, and knew no type.
func renderProblem(p *problem, t traits) *response {
	if !t.typedErrors {
		e := plainError{Code: p.code, Message: p.message}
		for _, d := range p.details {
			e.Errors = append(e.Errors, plainDetail{d})
		}
		body := mustMarshal(errorEnvelope[plainError]{"error", e})
		return newResponse(p.status, "text/plain; charset=utf-8", body)
	}
	e := typedError{
		Type: errorType(p.status), Code: p.code, Message: p.message,
		Errors: []typedDetail{}, Suggestions: []string{},
	}
	for _, d := range p.details {
		e.Errors = append(e.Errors, typedDetail{d, []string{}})
	}
	if p.retryAfter > 0 {
		e.Retry = &retryHint{p.retryAfter}
	}
	return newResponse(p.status, "application/json", mustMarshal(errorEnvelope[typedError]{"error", e}))
}

// mustMarshal encodes values made of this package's own types, which can't fail.
func mustMarshal(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("signoztest: encode an answer: %v", err))
	}
	return body
}

// decodeBody reads a JSON request body as SigNoz does: unknown fields are
// ignored, what follows the first value too.
func decodeBody[T any](body []byte) (T, *problem) {
	var into T
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&into)
	if err == nil {
		return into, nil
	}
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		where := ""
		if wrongType.Field != "" {
			where = fmt.Sprintf(" for field '%s'", wrongType.Field)
		}
		return into, &problem{
			status: http.StatusBadRequest, code: "invalid_request_field",
			message: "request body contains invalid field value",
			details: []string{fmt.Sprintf("value of type '%s' was received%s, try sending '%s' instead?", wrongType.Value, where, wrongType.Type)},
		}
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return into, &problem{
			status: http.StatusBadRequest, code: "invalid_request_body",
			message: "request body contains invalid JSON, please verify the format and try again.",
			details: []string{err.Error()},
		}
	}
	return into, &problem{status: http.StatusInternalServerError, code: "internal", message: err.Error()}
}
