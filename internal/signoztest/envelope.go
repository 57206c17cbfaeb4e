// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// object is a JSON object.
type object map[string]any

// envelope is what SigNoz puts around all but bare data.
type envelope struct {
	Status string `json:"status"`
	Data   any    `json:"data,omitempty"`
	Error  object `json:"error,omitempty"`
}

// bare is data that is written without the success envelope.
type bare object

// response is a whole HTTP answer, ready to be written, cut or thrown away.
// Handlers write to it as to any [http.ResponseWriter].
type response struct {
	status int
	header http.Header
	body   []byte
	caller string // who asked, for the request log
}

func newResponse(status int, contentType string, body []byte) *response {
	r := &response{status: status, header: make(http.Header), body: body}
	if contentType != "" {
		r.header.Set("Content-Type", contentType)
	}
	return r
}

func (r *response) Header() http.Header    { return r.header }
func (r *response) WriteHeader(status int) { r.status = status }

func (r *response) Write(body []byte) (int, error) {
	r.body = append(r.body, body...)
	return len(body), nil
}

// writeJSON writes a success. Without data the body is empty and its content
// type still JSON, as SigNoz's is.
func writeJSON(w http.ResponseWriter, status int, data any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	switch data := data.(type) {
	case nil:
	case bare:
		_, _ = w.Write(mustMarshal(data))
	default:
		_, _ = w.Write(mustMarshal(envelope{Status: "success", Data: data}))
	}
}

// problem is an error that SigNoz reports to its caller. Handlers panic with
// one, see refusef.
type problem struct {
	status  int
	code    string
	message string
	details []string
	// retryAfter fills the envelope's retry.delay; zero leaves it out.
	retryAfter time.Duration
}

// refusef ends the call with a problem.
func refusef(status int, code, format string, args ...any) {
	panic(&problem{status: status, code: code, message: fmt.Sprintf(format, args...)})
}

func unauthenticated() *problem {
	return &problem{status: http.StatusUnauthorized, code: "unauthenticated", message: "unauthenticated"}
}

// write writes the error in the envelope of the version. Before v0.127 it was
// JSON under text/plain, and knew no type.
func (p *problem) write(w http.ResponseWriter, t traits) {
	content := object{"code": p.code, "message": p.message}
	details := []object{}
	for _, d := range p.details {
		detail := object{"message": d}
		if t.typedErrors {
			detail["suggestions"] = []string{}
		}
		details = append(details, detail)
	}
	if len(details) > 0 || t.typedErrors {
		content["errors"] = details
	}
	contentType := "text/plain; charset=utf-8"
	if t.typedErrors {
		contentType = "application/json"
		content["type"] = errorType(p.status)
		content["suggestions"] = []string{}
		if p.retryAfter > 0 {
			content["retry"] = object{"delay": p.retryAfter} // nanoseconds
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(p.status)
	_, _ = w.Write(mustMarshal(envelope{Status: "error", Error: content}))
}

// errorType is the envelope's type for a status (SigNoz: pkg/http/render).
func errorType(status int) string {
	types := map[int]string{
		http.StatusBadRequest:      "invalid-input",
		http.StatusUnauthorized:    "unauthenticated",
		http.StatusForbidden:       "forbidden",
		http.StatusNotFound:        "not-found",
		http.StatusConflict:        "already-exists",
		http.StatusTooManyRequests: "too-many-requests",
		http.StatusNotImplemented:  "unsupported",
		http.StatusGatewayTimeout:  "timeout",
	}
	if name, ok := types[status]; ok {
		return name
	}
	return "internal"
}

// statusProblem is the problem that goes with a bare status, for faults.
func statusProblem(status int) *problem {
	known := map[int]problem{
		http.StatusUnauthorized:        *unauthenticated(),
		http.StatusTooManyRequests:     {code: "too_many_requests", message: "too many requests"},
		http.StatusGatewayTimeout:      {code: "timeout", message: "request timed out"},
		http.StatusInternalServerError: {code: "internal", message: "an unexpected error occurred"},
	}
	p, ok := known[status]
	if !ok {
		p = problem{code: "unknown", message: http.StatusText(status)}
	}
	p.status = status
	return &p
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
func decodeBody[T any](c *call) T {
	var into T
	err := json.NewDecoder(c.req.Body).Decode(&into)
	if err == nil {
		return into
	}
	p := &problem{status: http.StatusBadRequest}
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		where := ""
		if wrongType.Field != "" {
			where = fmt.Sprintf(" for field '%s'", wrongType.Field)
		}
		p.code, p.message = "invalid_request_field", "request body contains invalid field value"
		p.details = []string{fmt.Sprintf("value of type '%s' was received%s, try sending '%s' instead?", wrongType.Value, where, wrongType.Type)}
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		p.code, p.message = "invalid_request_body", "request body contains invalid JSON, please verify the format and try again."
		p.details = []string{err.Error()}
	default:
		p.status, p.code, p.message = http.StatusInternalServerError, "internal", err.Error()
	}
	panic(p)
}
