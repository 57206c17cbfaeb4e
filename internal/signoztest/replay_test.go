// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// transcript is a recording of what a real server answered. Fields that a
// replay doesn't know are errors, so that it can't pass over what it should check.
type transcript struct {
	Server   string            `json:"server"`
	Recorded string            `json:"recorded"`
	Steps    []json.RawMessage `json:"steps"`
}

type recordedStep struct {
	Step        string            `json:"step"`
	Note        string            `json:"note"`
	Request     *recordedRequest  `json:"request"`
	Response    *recordedResponse `json:"response"`
	Capture     map[string]string `json:"capture"`
	CaptureEach *recordedCapture  `json:"capture_each"`
	Set         string            `json:"set"`
	Relative    *int64            `json:"relative_to_now_seconds"`
	Wait        *int64            `json:"wait_seconds"`
}

type recordedRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	RawBody *string           `json:"raw_body"`
}

type recordedResponse struct {
	Status      int             `json:"status"`
	ContentType *string         `json:"content_type"`
	Body        json.RawMessage `json:"body"`
	Text        *string         `json:"text"`
	Location    string          `json:"location"`
	RetryAfter  string          `json:"retry_after"`
}

type recordedCapture struct {
	From  string `json:"from"`
	Var   string `json:"var"`
	Value string `json:"value"`
}

// decodeStrictly refuses unknown fields and what follows the value.
func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// parseJSON decodes any JSON value, numbers kept as they are written.
func parseJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return value, nil
}

// bound are the values of a transcript's variables; numbers as json.Number.
type bound map[string]any

// replay runs a transcript against a server.
type replay struct {
	ctx    context.Context // of the test that the replay belongs to
	base   string
	client *http.Client
	clock  *Clock
	start  time.Time
	values bound
	page   string // what ${html} stands for
}

func newReplay(ctx context.Context, base string, clock *Clock, page string) *replay {
	return &replay{
		ctx: ctx, base: base, clock: clock, start: clock.Now(), page: page,
		values: bound{"base": base},
		client: &http.Client{
			Transport: &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// step runs one step and returns how the server differs from it.
func (r *replay) step(raw []byte) error {
	var s recordedStep
	if err := decodeStrictly(raw, &s); err != nil {
		return fmt.Errorf("a step of unknown form: %w", err)
	}
	isSet := s.Set != "" && s.Relative != nil
	switch {
	case s.Step == "":
		return errors.New("a step of unknown form: it has no name")
	case s.Request != nil && s.Response != nil && s.Set == "" && s.Relative == nil && s.Wait == nil:
		return r.exchange(s)
	case s.Capture != nil || s.CaptureEach != nil || s.Request != nil || s.Response != nil:
		return errors.New("a step of unknown form: half a request, or mixed with another step")
	case isSet && s.Wait == nil:
		r.values[s.Set] = json.Number(strconv.FormatInt(r.clock.Now().Unix()+*s.Relative, 10))
		return nil
	case s.Wait != nil && s.Set == "" && s.Relative == nil:
		r.clock.Advance(time.Duration(*s.Wait) * time.Second)
		return nil
	default:
		return errors.New("a step of unknown form: neither request, time nor wait")
	}
}

func (r *replay) exchange(s recordedStep) error {
	req, err := r.buildRequest(*s.Request)
	if err != nil {
		return fmt.Errorf("build the request: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return fmt.Errorf("send the request: %w", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if err := r.checkHead(*s.Response, resp); err != nil {
		return fmt.Errorf("%w; body: %s", err, body)
	}
	got, err := r.checkBody(s, body)
	if err != nil {
		return err
	}
	return r.capture(s, got)
}

func (r *replay) buildRequest(recorded recordedRequest) (*http.Request, error) {
	body, err := r.requestBody(recorded)
	if err != nil {
		return nil, err
	}
	path, err := r.substitute(recorded.Path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(r.ctx, recorded.Method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, template := range recorded.Headers {
		value, err := r.substitute(template)
		if err != nil {
			return nil, err
		}
		req.Header.Set(name, value)
	}
	return req, nil
}

func (r *replay) requestBody(recorded recordedRequest) ([]byte, error) {
	if recorded.RawBody != nil {
		if recorded.Body != nil {
			return nil, errors.New("body and raw_body")
		}
		return []byte(*recorded.RawBody), nil
	}
	if recorded.Body == nil {
		return nil, nil
	}
	template, err := parseJSON(recorded.Body)
	if err != nil {
		return nil, err
	}
	value, err := r.fill(template)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// fill puts the variables' values into a request body. A string that is
// nothing but a variable takes its type as well.
func (r *replay) fill(template any) (any, error) {
	switch t := template.(type) {
	case map[string]any:
		out := make(map[string]any, len(t))
		for name, member := range t {
			value, err := r.fill(member)
			if err != nil {
				return nil, err
			}
			out[name] = value
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(t))
		for _, element := range t {
			value, err := r.fill(element)
			if err != nil {
				return nil, err
			}
			out = append(out, value)
		}
		return out, nil
	case string:
		if name, whole := soleVariable(t); whole {
			if value, ok := r.values[name]; ok {
				return value, nil
			}
		}
		return r.substitute(t)
	default:
		return template, nil
	}
}

var variablePattern = regexp.MustCompile(`\$\{([^}]*)\}`)

func soleVariable(text string) (name string, whole bool) {
	m := variablePattern.FindStringSubmatch(text)
	if len(m) != 2 || m[0] != text {
		return "", false
	}
	return m[1], true
}

func (r *replay) substitute(text string) (string, error) {
	var missing error
	out := variablePattern.ReplaceAllStringFunc(text, func(variable string) string {
		value, ok := r.values[strings.Trim(variable, "${}")]
		if !ok {
			missing = fmt.Errorf("%s is used before it has a value", variable)
		}
		return fmt.Sprint(value)
	})
	return out, missing
}

func (r *replay) checkHead(want recordedResponse, got *http.Response) error {
	if got.StatusCode != want.Status {
		return fmt.Errorf("status %d, want %d", got.StatusCode, want.Status)
	}
	if want.ContentType == nil {
		return errors.New("the step records no content_type")
	}
	if contentType := got.Header.Get("Content-Type"); contentType != *want.ContentType {
		return fmt.Errorf("content type %q, want %q", contentType, *want.ContentType)
	}
	if location := got.Header.Get("Location"); location != want.Location {
		return fmt.Errorf("location %q, want %q", location, want.Location)
	}
	if after := got.Header.Get("Retry-After"); after != want.RetryAfter {
		return fmt.Errorf("retry after %q, want %q", after, want.RetryAfter)
	}
	return nil
}

// checkBody compares the body and returns it decoded, nil if it isn't JSON.
func (r *replay) checkBody(s recordedStep, body []byte) (any, error) {
	want := *s.Response
	switch {
	case want.Text != nil && want.Body != nil:
		return nil, errors.New("a step of unknown form: text and body")
	case want.Text != nil && *want.Text != "${html}":
		return nil, fmt.Errorf("a step of unknown form: text %q", *want.Text)
	case want.Text != nil:
		if string(body) != r.page {
			return nil, fmt.Errorf("want the web page, got %s", body)
		}
		return nil, nil
	case want.Body == nil:
		if len(body) != 0 {
			return nil, fmt.Errorf("want no body, got %s", body)
		}
		return nil, nil
	}
	template, err := parseJSON(want.Body)
	if err != nil {
		return nil, fmt.Errorf("the recorded body: %w", err)
	}
	got, err := parseJSON(body)
	if err != nil {
		return nil, fmt.Errorf("decode the body %q: %w", body, err)
	}
	m := &matcher{start: r.start, now: r.clock.Now(), unordered: unorderedLists(s.Request.Path)}
	values, err := m.match("", template, got, r.values)
	if err != nil {
		return nil, fmt.Errorf("%w; body: %s", err, body)
	}
	r.values = values
	return got, nil
}

// unorderedLists reports whether the list called data of a call has no order:
// lists of accounts and of roles haven't, lists of keys have.
func unorderedLists(path string) map[string]bool {
	path, _, _ = strings.Cut(path, "?")
	return map[string]bool{
		".data":                     path == "/api/v1/service_accounts" || strings.HasSuffix(path, "/roles"),
		".data.serviceAccountRoles": true,
	}
}

func (r *replay) capture(s recordedStep, got any) error {
	for name, path := range s.Capture {
		value, err := dig(got, path)
		if err != nil {
			return fmt.Errorf("capture %s: %w", name, err)
		}
		if err := r.bind(name, value); err != nil {
			return err
		}
	}
	if s.CaptureEach == nil {
		return nil
	}
	list, err := dig(got, s.CaptureEach.From)
	if err != nil {
		return fmt.Errorf("capture each: %w", err)
	}
	elements, ok := list.([]any)
	if !ok || len(elements) == 0 {
		return fmt.Errorf("capture each: %s is no list, or an empty one", s.CaptureEach.From)
	}
	for _, element := range elements {
		if err := r.captureElement(*s.CaptureEach, element); err != nil {
			return fmt.Errorf("capture each: %w", err)
		}
	}
	return nil
}

var fieldPattern = regexp.MustCompile(`\{([^}]*)\}`)

func (r *replay) captureElement(c recordedCapture, element any) error {
	var failed error
	name := fieldPattern.ReplaceAllStringFunc(c.Var, func(field string) string {
		value, err := dig(element, strings.Trim(field, "{}"))
		failed = errors.Join(failed, err)
		return fmt.Sprint(value)
	})
	value, err := dig(element, c.Value)
	if err := errors.Join(failed, err); err != nil {
		return err
	}
	return r.bind(name, value)
}

// bind gives a variable its value; one that has a value must keep it.
func (r *replay) bind(name string, value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("capture %s: %v is no string", name, value)
	}
	if old, known := r.values[name]; known && old != text {
		return fmt.Errorf("capture %s: it is %v already, now %s", name, old, text)
	}
	if err := checkForm(name, text); err != nil {
		return err
	}
	r.values[name] = text
	return nil
}

// dig follows a dotted path through objects and lists.
func dig(value any, path string) (any, error) {
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			member, ok := v[part]
			if !ok {
				return nil, fmt.Errorf("no %q on the way to %s", part, path)
			}
			value = member
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil, fmt.Errorf("no element %q on the way to %s", part, path)
			}
			value = v[i]
		default:
			return nil, fmt.Errorf("nothing below %q on the way to %s", part, path)
		}
	}
	return value, nil
}

// checkForm checks that a variable's value has the form that its kind has on
// real servers.
func checkForm(name, value string) error {
	switch {
	case name == "token":
		if strings.Count(value, ".") != 2 {
			return fmt.Errorf("%s: %q is no JSON Web Token", name, value)
		}
	case strings.HasSuffix(name, ".value"):
		if raw, err := base64.StdEncoding.DecodeString(value); err != nil || len(raw) != 32 {
			return fmt.Errorf("%s: %q is not 32 bytes in base64", name, value)
		}
	case !uuidText.MatchString(value):
		return fmt.Errorf("%s: %q is no UUID", name, value)
	}
	return nil
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// matcher compares an answer with its template. It never changes the values it
// is given: what a match binds is in the values it returns.
type matcher struct {
	start, now time.Time
	unordered  map[string]bool
}

func (m *matcher) match(path string, want, got any, values bound) (bound, error) {
	switch w := want.(type) {
	case map[string]any:
		return m.matchObject(path, w, got, values)
	case []any:
		return m.matchList(path, w, got, values)
	case string:
		return m.matchString(path, w, got, values)
	default: // null, numbers, true and false
		if want != got {
			return nil, fmt.Errorf("%s is %v, want %v", path, got, want)
		}
		return values, nil
	}
}

func (m *matcher) matchObject(path string, want map[string]any, got any, values bound) (bound, error) {
	object, ok := got.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s is %v, want an object", path, got)
	}
	for name := range object {
		if _, ok := want[name]; !ok {
			return nil, fmt.Errorf("%s.%s is there and should not", path, name)
		}
	}
	// Sorted, so that a failure reads the same each time.
	for _, name := range slices.Sorted(maps.Keys(want)) {
		member, ok := object[name]
		if !ok {
			return nil, fmt.Errorf("%s.%s is missing", path, name)
		}
		var err error
		if values, err = m.match(path+"."+name, want[name], member, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (m *matcher) matchList(path string, want []any, got any, values bound) (bound, error) {
	list, ok := got.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is %v, want a list", path, got)
	}
	if len(list) != len(want) {
		return nil, fmt.Errorf("%s has %d elements, want %d", path, len(list), len(want))
	}
	if m.unordered[path] {
		return m.matchAnyOrder(path, want, list, values)
	}
	for i := range want {
		var err error
		if values, err = m.match(fmt.Sprintf("%s.%d", path, i), want[i], list[i], values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// matchAnyOrder looks for an order in which the lists agree.
func (m *matcher) matchAnyOrder(path string, want, got []any, values bound) (bound, error) {
	if len(want) == 0 {
		return values, nil
	}
	var reasons []error
	for i, candidate := range got {
		bound, err := m.match(path+"."+strconv.Itoa(i), want[0], candidate, values)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		rest := slices.Delete(slices.Clone(got), i, i+1)
		if bound, err = m.matchAnyOrder(path, want[1:], rest, bound); err == nil {
			return bound, nil
		}
		reasons = append(reasons, err)
	}
	return nil, fmt.Errorf("%s: no order agrees: %w", path, errors.Join(reasons...))
}

func (m *matcher) matchString(path, want string, got any, values bound) (bound, error) {
	name, whole := soleVariable(want)
	if whole && name == "any" {
		return values, nil
	}
	if number, ok := values[name].(json.Number); whole && ok {
		if got != number {
			return nil, fmt.Errorf("%s is %v, want ${%s}, %s", path, got, name, number)
		}
		return values, nil
	}
	text, ok := got.(string)
	if !ok {
		return nil, fmt.Errorf("%s is %v, want a string", path, got)
	}
	if whole && name == "time" {
		return values, m.checkTime(path, text)
	}
	return matchTemplate(path, want, text, values)
}

// checkTime wants RFC 3339, and a time between the server's start and now.
func (m *matcher) checkTime(path, text string) error {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if t.Before(m.start) || t.After(m.now) {
		return fmt.Errorf("%s is %s, which is not between %s and %s", path, t, m.start, m.now)
	}
	return nil
}

// matchTemplate matches a text with variables in it; one that has no value yet
// gets it here.
func matchTemplate(path, want, got string, values bound) (bound, error) {
	var pattern strings.Builder
	var unbound []string
	rest := want
	for _, span := range variablePattern.FindAllStringSubmatch(want, -1) {
		before, after, _ := strings.Cut(rest, span[0])
		pattern.WriteString(regexp.QuoteMeta(before))
		rest = after
		value, known := values[span[1]]
		switch {
		case span[1] == "uuid":
			pattern.WriteString(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
		case span[1] == "time" || span[1] == "any" || span[1] == "html":
			return nil, fmt.Errorf("%s: ${%s} inside of a text", path, span[1])
		case known:
			pattern.WriteString(regexp.QuoteMeta(fmt.Sprint(value)))
		default:
			pattern.WriteString(`(.+)`)
			unbound = append(unbound, span[1])
		}
	}
	pattern.WriteString(regexp.QuoteMeta(rest))
	found := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(got)
	if found == nil {
		return nil, fmt.Errorf("%s is %q, want %q", path, got, want)
	}
	if len(unbound) == 0 {
		return values, nil
	}
	values = maps.Clone(values)
	for i, name := range unbound {
		if err := checkForm(name, found[i+1]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if value, known := values[name]; known && value != found[i+1] {
			return nil, fmt.Errorf("%s: ${%s} is %s and %s", path, name, value, found[i+1])
		}
		values[name] = found[i+1]
	}
	return values, nil
}
