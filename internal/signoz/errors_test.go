// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// secretsOfTest are all that a client in these tests could give away.
var secretsOfTest = []string{"kEy+/value==", `pass&word <"123`, "header-secret", "ZGF0YQ==dataZGF0YQ=="}

const oneOrganisation = `{"status":"success","data":{"exists":true,"orgs":[{"id":"o","authNSupport":{"password":[{}]}}]}}`

// echoes are ways in which a server, or a proxy, repeats what it was sent.
func echoes() map[string]func(dump string, w http.ResponseWriter) {
	envelope := func(w http.ResponseWriter, status int, message string) {
		body, _ := json.Marshal(map[string]any{"status": "error", "error": map[string]any{
			"code": "echo " + message, "message": message, "errors": []map[string]string{{"message": message}},
		}})
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
	return map[string]func(string, http.ResponseWriter){
		"in an envelope": func(dump string, w http.ResponseWriter) { envelope(w, 400, dump) },
		"in a refusal":   func(dump string, w http.ResponseWriter) { envelope(w, 401, dump) },
		"in a fault":     func(dump string, w http.ResponseWriter) { envelope(w, 500, dump) },
		"in plain text":  func(dump string, w http.ResponseWriter) { http.Error(w, dump, http.StatusForbidden) },
		"in a page": func(dump string, w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, dump)
		},
		"as success": func(dump string, w http.ResponseWriter) { _, _ = io.WriteString(w, dump) },
		"in another kind of body": func(dump string, w http.ResponseWriter) {
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, `{"status":"success","data":%q}`, dump)
		},
		"in a redirect": func(dump string, w http.ResponseWriter) {
			w.Header().Set("Location", "https://elsewhere.invalid/?"+strings.NewReplacer("\r", "", "\n", "&").Replace(dump))
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"at its end": func(dump string, w http.ResponseWriter) {
			http.Error(w, strings.Repeat("x", maxExcerpt-20)+dump, http.StatusBadRequest)
		},
	}
}

func TestErrors_holdNoSecret(t *testing.T) {
	t.Parallel()
	for name, echo := range echoes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dump, _ := httputil.DumpRequest(r, true)
				if r.URL.Path == contextPath { // so that the password is sent, too
					_, _ = io.WriteString(w, oneOrganisation)
					return
				}
				echo(string(dump), w)
			}))
			t.Cleanup(s.Close)
			checkNoSecrets(t, s.URL)
		})
	}
	t.Run("in what isn't HTTP", func(t *testing.T) {
		t.Parallel()
		checkNoSecrets(t, rawEcho(t))
	})
}

// rawEcho answers each request with header lines that are its secrets.
func rawEcho(t testing.TB) string {
	t.Helper()
	return rawServer(t, func(r *http.Request) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\n%s %s\r\n\r\n", r.Header.Get("SIGNOZ-API-KEY"), r.Header.Get("X-Proxy"))
	})
}

// rawServer answers each request with bytes that needn't be HTTP.
func rawServer(t testing.TB, answer func(*http.Request) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, answer(request))
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String()
}

// Nothing is quoted that may hold a secret which the client doesn't know yet: a new key's value,
// or a session's token, in whatever way a proxy mangles the answer that it travels in.
func TestErrors_quoteNoNewSecret(t *testing.T) {
	t.Parallel()
	const secret = "bmV3LXNlY3JldA/+Zm9y=="
	key := `{"status":"success","data":{"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","key":"` + secret + `"}}`
	token := `{"status":"success","data":{"accessToken":"` + secret + `"}}`
	for name, mangle := range map[string]string{
		"no status line":         "%s\r\n\r\n",
		"body as status":         "HTTP/1.1 %s\r\n\r\n",
		"body as version":        "HTTP/%s 200 OK\r\n\r\n",
		"body as header":         "HTTP/1.1 201 Created\r\n%s\r\n\r\n",
		"header without a colon": "HTTP/1.1 201 Created\r\n" + secret + "\r\n\r\n%s",
		"as a length":            "HTTP/1.1 201 Created\r\nContent-Length: %s\r\n\r\n",
		"as an encoding":         "HTTP/1.1 201 Created\r\nTransfer-Encoding: %s\r\n\r\n",
		"as a place to go":       "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://[%s\r\n\r\n",
		"under another status":   "HTTP/1.1 202 Accepted\r\n\r\n%s",
		"as a failure":           "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\n%s",
		"as a refusal":           "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n%s",
		"in an error of another": "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\":{\"message\":\"got " + secret + "\"}} %s",
		"half":                   "HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n%s",
		"with a comma too many":  "HTTP/1.1 201 Created\r\n\r\n%s,",
		"as data":                "HTTP/1.1 201 Created\r\n\r\n{\"status\":\"success\",\"data\":\"" + secret + "\"}%.0s",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen attempts
			endpoint := rawServer(t, func(r *http.Request) string {
				switch {
				case r.URL.Path == contextPath:
					return "HTTP/1.1 200 OK\r\n\r\n" + oneOrganisation
				case r.URL.Path == signInPath:
					return fmt.Sprintf(strings.ReplaceAll(mangle, "201 Created", "200 OK"), token)
				case r.Method == http.MethodPost:
					return fmt.Sprintf(mangle, key)
				}
				return "HTTP/1.1 503 Service Unavailable\r\n\r\n"
			})
			for _, as := range []func(*Config){func(c *Config) { c.APIKey = "k" }, asUser("admin@example.com", "password", "")} {
				cfg := Config{Endpoint: endpoint, MaxRetries: 1, RetryWait: 1, Observe: seen.observe}
				as(&cfg)
				c, err := New(cfg)
				must(t, err)
				t.Cleanup(c.Close)
				_, err = c.CreateKey(t.Context(), "a", NewKey{Name: "fresh"})
				if err == nil {
					t.Fatal("no error")
				}
				texts := []string{fmt.Sprintf("%v %+v", err, err)}
				for _, a := range seen.all {
					texts = append(texts, fmt.Sprintf("%+v %v", a, a.Err))
				}
				for _, text := range texts {
					if strings.Contains(text, secret[:10]) {
						t.Errorf("the secret is in: %s", text)
					}
				}
			}
		})
	}
}

// checkNoSecrets makes all calls, signed in both ways, and looks for the
// secrets in all that comes of it.
func checkNoSecrets(t *testing.T, endpoint string) {
	t.Helper()
	var (
		mu   sync.Mutex
		said []string
	)
	tell := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}
	observe := func(_ context.Context, a Attempt) { tell(fmt.Sprintf("observed %+v %v", a, a.Err)) }
	base := Config{
		Endpoint: endpoint, MaxRetries: 1, RetryWait: 1, Observe: observe,
		Headers: map[string]string{"X-Proxy": secretsOfTest[2], "X-Basic": "Basic " + secretsOfTest[3]},
	}
	withKey, asUser := base, base
	withKey.APIKey = secretsOfTest[0]
	asUser.Email, asUser.Password = "admin@example.com", secretsOfTest[1]
	w := &world{account: signoztest.Account{ID: "a"}, key: signoztest.Key{ID: "k"}, binding: RoleBinding{ID: "b"}}
	for _, cfg := range []Config{withKey, asUser} {
		c, err := New(cfg)
		must(t, err)
		for _, o := range operations() {
			if err := o.do(t.Context(), c, w); err != nil {
				tell(fmt.Sprintf("%s: %v %+v", o.name, err, err))
			}
		}
		for _, create := range creations() {
			_, _, err := create.do(t.Context(), c, w)
			tell(fmt.Sprintf("%s: %v", create.name, err))
		}
		c.Close()
	}
	if len(said) < 20 {
		t.Fatalf("only %d texts: the calls failed too early to prove anything", len(said))
	}
	for _, text := range said {
		for _, secret := range secretsOfTest {
			for _, written := range []string{secret, quoted(secret, true), quoted(secret, false)} {
				if strings.Contains(text, written) {
					t.Errorf("%q is in: %s", written, text)
				}
			}
		}
	}
}

func TestErrors_holdNoSessionToken(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case contextPath:
			_, _ = io.WriteString(w, oneOrganisation)
		case signInPath:
			_, _ = io.WriteString(w, `{"status":"success","data":{"accessToken":"token.of.session"}}`)
		default:
			http.Error(w, "you sent "+r.Header.Get("Authorization"), http.StatusTeapot)
		}
	}))
	t.Cleanup(s.Close)
	c, err := New(Config{Endpoint: s.URL, Email: "admin@example.com", Password: "pass word 123"})
	must(t, err)
	t.Cleanup(c.Close)
	_, err = c.Roles(t.Context())
	if err == nil || !strings.Contains(err.Error(), "you sent Bearer (secret)") {
		t.Errorf("got %v", err)
	}
}

func TestErrors_hideASecretThatContainsAnother(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Endpoint: "https://example.com", APIKey: "abcdef", Headers: map[string]string{"X": "abcdefghij", "Y": "short"}})
	must(t, err)
	equal(t, "redacted", c.redact("abcdefghij, abcdef, short"), "(secret), (secret), short")
}

func TestErrors_recognizeSecretsHoweverWritten(t *testing.T) {
	t.Parallel()
	c, err := New(Config{
		Endpoint: "https://example.com", Email: "e", Password: `Aa1-pass&word<9"`,
		Headers: map[string]string{"X-Proxy": " proxysecret\t"},
	})
	must(t, err)
	for _, text := range []string{
		`Aa1-pass&word<9"`, `Aa1-pass&word<9\"`, `Aa1-pass\u0026word\u003c9\"`, "proxysecret",
	} {
		equal(t, text, c.redact("got "+text+"."), "got (secret).")
	}
}

func TestObserve_noKeyValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen attempts
	c := connect(t, w.server, func(cfg *Config) { cfg.Observe = seen.observe })
	w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Half})
	key, err := c.CreateKey(t.Context(), w.account.ID, NewKey{Name: "fresh"})
	must(t, err)
	for _, a := range seen.all {
		if text := fmt.Sprintf("%+v %v", a, a.Err); strings.Contains(text, key.Value) || strings.Contains(text, w.server.AdminKey()) {
			t.Errorf("a secret was observed: %s", text)
		}
	}
}

func TestExcerpt_ofABody(t *testing.T) {
	t.Parallel()
	c := &Client{}
	tests := map[string]string{
		"  two\n\tlines\r\n": "two lines", "bell\x07": "bell", "bad\xffbyte": "bad?byte", "": "",
	}
	for in, want := range tests {
		equal(t, fmt.Sprintf("%q", in), c.excerpt(in), want)
	}
	long := c.excerpt(strings.Repeat("ä", 1000))
	if !utf8.ValidString(long) || len(long) > maxExcerpt+len("…") {
		t.Errorf("got %d bytes, valid: %v", len(long), utf8.ValidString(long))
	}
}

func TestErrors_sayWhatHappened(t *testing.T) {
	t.Parallel()
	tests := map[string]error{
		"GET /x: status 200 with a web page instead of JSON":                                                           &Error{Method: "GET", Path: "/x", Status: 200, WebPage: true},
		"GET /x: status 404, role_not_found: no role; hint":                                                            &Error{Method: "GET", Path: "/x", Status: 404, Code: "role_not_found", Message: "no role", Details: []string{"hint"}},
		"GET /x: status 502: Bad gateway":                                                                              &Error{Method: "GET", Path: "/x", Status: 502, Message: "Bad gateway"},
		"GET /x: status 502 Bad Gateway":                                                                               &Error{Method: "GET", Path: "/x", Status: 502},
		"POST /x: the response was lost, so it may have been carried out: EOF":                                         &LostAnswerError{Method: "POST", Path: "/x", Err: io.EOF},
		"POST /x: the response was lost, so it may have been carried out: EOF; finding out what it did failed: closed": &UnresolvedError{&LostAnswerError{Method: "POST", Path: "/x", Err: io.EOF}, errors.New("closed")},
		"GET /x: no response: EOF":                                                                                     &ConnectionError{"GET", "/x", ProblemOther, io.EOF},
		"signing in as e: no such user":                                                                                &SignInError{Problem: SignInUnknownUser, Email: "e"},
	}
	for want, err := range tests {
		equal(t, "text", err.Error(), want)
	}
}

// A bare 404 is a proxy's or a wrong path's: whoever takes it for "gone" makes
// Terraform forget an object that exists.
func TestErrors_bare404IsNotNotFound(t *testing.T) {
	t.Parallel()
	for _, f := range []signoztest.Fault{
		{Answer: signoztest.Reply{Status: 404, Body: "not found", ContentType: "text/plain"}},
		{Answer: signoztest.Reply{Status: 404, Body: "<html>", ContentType: "Text/HTML; charset=utf-8"}},
		{Answer: signoztest.Reply{Status: 404, Body: `{"status":"error","error":{"code":"not_found","message":"?"}}`}},
		{Answer: signoztest.Reply{Status: 501, Body: `{"status":"error","error":{"code":"role_unsupported","message":"?"}}`}},
	} {
		for _, o := range operations() {
			w := newWorld(t)
			w.server.Inject(f)
			err := o.do(t.Context(), connect(t, w.server), w)
			if err == nil || IsNotFound(err) {
				t.Errorf("%s: %v counts as not found", o.name, err)
			}
			w.server.Close()
		}
	}
}

func TestErrors_wrongTypeKeepsTheRest(t *testing.T) {
	t.Parallel()
	e, ok := parseErrorEnvelope([]byte(`{"error":{"retry":{"delay":1.5},"errors":"?","code":"api_key_not_found","message":"m"}}`))
	equal(t, "parsed", ok, true)
	equal(t, "code", e.Error.Code, codeKeyNotFound)
	for _, body := range []string{"", "null", "[]", "{}", `{"error":{}}`, `{"error":"x"}`, "<html>"} {
		_, ok := parseErrorEnvelope([]byte(body))
		equal(t, body, ok, false)
	}
}

func TestVersion_isRead(t *testing.T) {
	t.Parallel()
	known := map[Version][2]int{"v0.138.0": {0, 138}, "0.118.1": {0, 118}, "v0.132.0-rc.1": {0, 132}, "v1.2.3+build": {1, 2}}
	for v, want := range known {
		major, minor, ok := v.numbers()
		equal(t, v.String(), ok, true)
		equal(t, v.String(), [2]int{major, minor}, want)
	}
	for _, v := range []Version{"", "<unset>", "main", "v1", "v1.2", "v1.2.3.4", "v1.-2.3", "v1.2.x", "v99999999999.0.0", "vv1.2.3", "v1..3"} {
		_, _, ok := v.numbers()
		equal(t, v.String(), ok, false)
		equal(t, v.String()+": one role", v.OneRoleOnly(), false)
	}
	equal(t, "v0.122.9", Version("v0.122.9").OneRoleOnly(), true)
	equal(t, "v0.123.0", Version("v0.123.0").OneRoleOnly(), false)
	equal(t, "v1.0.0", Version("v1.0.0").OneRoleOnly(), false)
	equal(t, "unset", Version("<unset>").String(), "of unknown version")
	equal(t, "known", Version("v1.2.3").String(), "v1.2.3")
}

// What an error quotes is bounded before anything is searched in it.
func TestExcerpt_ofALongText(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Endpoint: "https://example.com", APIKey: "abcdef-secret"})
	must(t, err)
	most := 8*maxExcerpt + len("abcdef-secret")
	for _, at := range []int{0, maxExcerpt - 3, most - 3, most - 12, most} {
		// Spaces become one, so that what lies far behind may come to the front.
		text := strings.Repeat(" ", at) + "abcdef-secret" + strings.Repeat("x", 1<<20)
		if got := c.excerpt(text); strings.Contains(got, "abc") {
			t.Errorf("at %d: a part of the secret is in %q", at, got)
		}
	}
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: 400, Body: strings.Repeat("x", 1<<20), ContentType: "text/plain"}})
	x := &exchange{}
	c = connect(t, w.server)
	inner := c.transport
	c.transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		x = exchangeOf(req.Context())
		return inner.RoundTrip(req)
	})
	_, err = c.Roles(t.Context())
	equal(t, "failed", err != nil, true)
	equal(t, "read of an error", len(x.answer.body), maxErrorAnswer)
}

func TestErrors_nameTheMissingPermission(t *testing.T) {
	t.Parallel()
	message := `service_account/019a is not authorized to perform serviceaccount:detach on resource "019b"`
	err := fmt.Errorf("taking it: %w", &Error{Status: 403, Code: "authz_forbidden", Message: message})
	permission, resource, ok := MissingPermission(err)
	equal(t, "told", permission+" "+resource, "serviceaccount:detach 019b")
	equal(t, "known", ok, true)
	_, _, ok = MissingPermission(&Error{Status: 403, Code: "authz_forbidden", Details: []string{message}})
	equal(t, "in the details", ok, true)
	for _, err := range []error{
		nil, errors.New(message), &Error{Status: 403, Message: message}, &Error{Status: 400, Code: "c", Message: message}, &Error{Status: 403, Code: "c", Message: "no"},
	} {
		_, _, ok := MissingPermission(err)
		equal(t, fmt.Sprint(err), ok, false)
	}
}

// A 403 of a proxy may pass: it doesn't turn the list of accounts off for the run.
func TestForbidden_byAProxyIsNotRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: 403, Body: "blocked", ContentType: "text/plain"}, Path: "/api/v1/service_accounts", Times: 1})
	c := connect(t, w.server)
	for range 100 {
		_, err := c.ServiceAccountFromList(t.Context(), w.account.ID)
		must(t, err)
	}
	equal(t, "requests", len(w.server.Requests()), 3)
}
