// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func problemOf(err error) ConnectionProblem {
	var broken *ConnectionError
	if !errors.As(err, &broken) {
		return ""
	}
	return broken.Problem
}

func TestRedirects_keyReachesNoOtherServer(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(other.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(other.URL, "http://"))
	must(t, err)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, o := range operations() {
			w := newWorld(t)
			own := strings.TrimPrefix(w.server.URL, "http://")
			for _, location := range []string{other.URL + "/", "//localhost:" + port + "/", "https://" + own + "/api/v1/roles"} {
				w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Reply{Status: status, Location: location}})
				err := o.do(t.Context(), knowing(connect(t, w.server), w.server.Version()), w)
				equal(t, o.name+" to "+location, problemOf(err), ProblemRedirect)
			}
			equal(t, o.name+": requests", len(w.server.Requests()), 3)
			w.server.Close()
		}
	}
	equal(t, "reached the other server", reached.Load(), 0)
}

func TestRedirects_thatChangeTheMethodAreRefused(t *testing.T) {
	t.Parallel()
	for _, o := range operations() {
		if o.method == http.MethodGet {
			continue
		}
		for _, status := range []int{301, 302, 303} {
			w := newWorld(t)
			w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Reply{Status: status, Location: "/api/v1/roles"}})
			err := o.do(t.Context(), knowing(connect(t, w.server), w.server.Version()), w)
			equal(t, o.name, problemOf(err), ProblemRedirect)
			equal(t, o.name+": requests", len(w.server.Requests()), 1)
		}
	}
}

func TestRedirects_onTheSameServerAreFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Times: 3, Answer: signoztest.Reply{Status: status, Location: "/api/v1/roles"}})
		roles, err := connect(t, w.server).Roles(t.Context())
		must(t, err)
		equal(t, "roles", len(roles), 4)
	}
	for _, status := range []int{307, 308} { // which keep method and body
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Times: 1, Answer: signoztest.Reply{Status: status, Location: "/api/v1/service_accounts"}})
		_, err := connect(t, w.server).CreateServiceAccount(t.Context(), "fresh")
		must(t, err)
		_, ok := w.server.AccountByName("fresh")
		equal(t, "made", ok, true)
	}
}

func TestRedirects_inACircleEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: "/api/v1/roles"}})
	_, err := connect(t, w.server).Roles(t.Context())
	equal(t, "problem", problemOf(err), ProblemRedirect)
	equal(t, "requests", len(w.server.Requests()), maxRedirects+1)
}

func TestEndpoint_basePathAndTrailingSlashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, signoztest.WithBasePath("/tools/signoz"))
	for _, suffix := range []string{"", "/", "///"} {
		c := connect(t, w.server, func(cfg *Config) { cfg.Endpoint += suffix })
		equal(t, "endpoint", c.Endpoint(), w.server.URL)
		_, err := c.ServiceAccount(t.Context(), w.account.ID)
		must(t, err)
		must(t, c.UpdateKey(t.Context(), w.account.ID, w.key.ID, "deploy", time.Time{}))
	}
	equal(t, "requests, none of them redirected", len(w.server.Requests()), 6)

	c := connect(t, w.server, func(cfg *Config) { cfg.Endpoint = strings.TrimSuffix(cfg.Endpoint, "/signoz") })
	_, err := c.Roles(t.Context())
	equal(t, "outside the base path", err != nil && !IsNotFound(err), true)
}

func TestCalls_idsCannotLeaveTheirSegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := connect(t, w.server)
	for _, id := range []string{"../roles", "a/b", "x?y=z", "x#y", "%2e%2e", "."} {
		if _, err := c.ServiceAccount(t.Context(), id); err == nil {
			t.Errorf("%q: no error", id)
		}
		if err := c.RevokeKey(t.Context(), w.account.ID, id); err == nil {
			t.Errorf("%q: no error of revoking", id)
		}
	}
	equal(t, "the key works", w.server.KeyWorks(w.key.Value), true)
}

func TestAnswers_compressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roles, err := connect(t, w.server).Roles(t.Context())
	must(t, err)
	equal(t, "roles", len(roles), 4)
	equal(t, "accepts", w.server.Requests()[0].Header.Get("Accept-Encoding"), "gzip")
}

func TestConnections_areReused(t *testing.T) {
	t.Parallel()
	const workers, rounds = 20, 15
	var opened atomic.Int32
	// The delay keeps all workers' requests under way at the same time.
	inner := signoztest.New(signoztest.WithRequestDelay(2 * time.Millisecond))
	s := httptest.NewUnstartedServer(inner)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	account := inner.CreateAccount("ci")
	c, err := New(Config{Endpoint: s.URL, APIKey: inner.AdminKey()})
	must(t, err)
	t.Cleanup(c.Close)
	for range rounds { // after each, all connections are idle
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				if _, err := c.ServiceAccount(t.Context(), account.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	equal(t, "requests", inner.CountRequests("", ""), workers*rounds)
	// A dial that was begun while all were busy may end up idle: hence the
	// factor. Go's default of two idle connections opens well over a hundred.
	if opened := opened.Load(); opened > 2*workers {
		t.Errorf("%d connections for %d workers", opened, workers)
	}
}

func TestEndpoint_isParsed(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"https://signoz.example.com":        "https://signoz.example.com",
		" https://signoz.example.com/ ":     "https://signoz.example.com",
		"HTTPS://signoz.example.com//":      "https://signoz.example.com",
		"http://localhost:8080":             "http://localhost:8080",
		"http://[::1]:8080/":                "http://[::1]:8080",
		"https://example.com/tools/signoz/": "https://example.com/tools/signoz",
		"https://example.com/a%2Fb/":        "https://example.com/a%2Fb",
		"https://example.com/apis":          "https://example.com/apis",
		"https://example.com/#":             "https://example.com",
		"https://api.signoz.example.com/ä/": "https://api.signoz.example.com/%C3%A4",
	}
	for endpoint, want := range good {
		u, err := ParseEndpoint(endpoint)
		if err != nil {
			t.Errorf("%s: %v", endpoint, err)
			continue
		}
		equal(t, endpoint, u.String(), want)
	}
	bad := map[string]string{
		"": "begin with https://", "signoz.example.com": "begin with https://", "signoz:8080": "begin with https://",
		"ftp://example.com": "begin with https://", "https://": "no host", "https:///path": "no host", "https://:8080": "no host",
		"https:example.com": "no host", "https://user:hunter22@example.com": "user name or password",
		"https://example.com?x=1": "?", "https://example.com/?": "?", "https://example.com/#x": "#",
		"https://example.com/api": "/api", "https://example.com/api/v1/": "/api", "https://example.com/base/api/v2": "/api",
		"https://exa mple.com": "not a URL", "https://example.com:port": "not a URL", "https://u:hunter22@exa mple.com": "not a URL", "://": "not a URL",
	}
	for endpoint, want := range bad {
		_, err := ParseEndpoint(endpoint)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want something about %q", endpoint, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: the error repeats the password", endpoint)
		}
	}
}

func TestHeaders_areSent(t *testing.T) {
	t.Parallel()
	refusedHeaders := []string{
		"", "SIGNOZ-API-KEY", "signoz-api-key", "authorization", "Authorization", "Host", "content-length", "Content-Type",
		"Transfer-Encoding", "Connection", "user-agent", "Accept-Encoding", "with space", "colon:", "new\nline", "ümlaut",
	}
	for _, name := range refusedHeaders {
		if CheckHeaderName(name) == nil {
			t.Errorf("%q: accepted", name)
		}
		var config *ConfigError
		_, err := New(Config{Endpoint: "https://example.com", APIKey: "k", Headers: map[string]string{name: "v"}})
		equal(t, name, errors.As(err, &config) && config.Field == "headers", true)
	}
	var config *ConfigError
	_, err := New(Config{Endpoint: "https://example.com", APIKey: "k", Headers: map[string]string{"X-Token": "secret\r\nX: y"}})
	equal(t, "value", errors.As(err, &config) && !strings.Contains(err.Error(), "secret"), true)

	w := newWorld(t)
	c := connect(t, w.server, func(cfg *Config) {
		cfg.Headers = map[string]string{"CF-Access-Client-Id": "id", "Proxy-Authorization": "Basic abc"}
	})
	must(t, c.RenameServiceAccount(t.Context(), w.account.ID, "renamed"))
	header := w.server.Requests()[0].Header
	equal(t, "own header", header.Get("Cf-Access-Client-Id")+" "+header.Get("Proxy-Authorization"), "id Basic abc")
}

func TestConfig_mistakesAreExplained(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	client := ca.issue(t, "client", time.Hour)
	tests := []struct {
		name, field string
		cfg         Config
	}{
		{"nothing to sign with", "api_key", Config{}},
		{"key and user", "api_key", Config{APIKey: "k", Email: "e", Password: "p"}},
		{"key with a line break", "api_key", Config{APIKey: "k\nk"}},
		{"no password", "password", Config{Email: "e"}},
		{"CA that is a file name", "tls.ca_certificate", Config{APIKey: "k", TLS: TLSConfig{CACertificate: "ca.pem"}}},
		{"certificate without key", "tls.client_certificate", Config{APIKey: "k", TLS: TLSConfig{ClientCertificate: client.certificate}}},
		{"key without certificate", "tls.client_certificate", Config{APIKey: "k", TLS: TLSConfig{ClientKey: client.key}}},
		{"key of another", "tls.client_certificate", Config{APIKey: "k", TLS: TLSConfig{ClientCertificate: client.certificate, ClientKey: ca.issue(t, "x", time.Hour).key}}},
	}
	for _, test := range tests {
		test.cfg.Endpoint = "https://example.com"
		_, err := New(test.cfg)
		var config *ConfigError
		if !errors.As(err, &config) || config.Field != test.field {
			t.Errorf("%s: got %v, want an error of %s", test.name, err, test.field)
		}
	}
	_, err := New(Config{APIKey: "k", Endpoint: "example.com"})
	equal(t, "bad endpoint", err != nil, true)
}

func TestConfig_decidesWhoSigns(t *testing.T) {
	t.Parallel()
	byKey, err := New(Config{Endpoint: "https://example.com", APIKey: "value"})
	must(t, err)
	byUser, err := New(Config{Endpoint: "https://example.com", Email: "e", Password: "p"})
	must(t, err)
	equal(t, "its own key", byKey.SignsWith("value"), true)
	equal(t, "another key", byKey.SignsWith("other"), false)
	equal(t, "no key", byUser.SignsWith(""), false)
	// As it comes out of a file, or of a hasty copy.
	padded, err := New(Config{Endpoint: "https://example.com", APIKey: " value\n"})
	must(t, err)
	equal(t, "its own key, padded", padded.SignsWith("value"), true)
	equal(t, "as user", byUser.SignsAsUser() && !byKey.SignsAsUser(), true)
}

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

// identity is a certificate with its key, as PEM texts.
type identity struct{ certificate, key string }

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return &authority{certificate, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// issue makes a certificate for a host, IP address or client, good until then.
func (a *authority) issue(t testing.TB, name string, until time.Duration) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(until),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return identity{
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:         string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

func TestTLS_explainsFailures(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	good := ours.issue(t, "127.0.0.1", time.Hour)
	client := ours.issue(t, "client", time.Hour)
	trusting := TLSConfig{CACertificate: ours.pem}
	withClient := func(i identity) TLSConfig {
		return TLSConfig{CACertificate: ours.pem, ClientCertificate: i.certificate, ClientKey: i.key}
	}
	tests := []struct {
		name    string
		server  identity
		mutual  bool
		oldest  bool // the server speaks TLS 1.2 only
		config  TLSConfig
		problem ConnectionProblem
	}{
		{"private CA", good, false, false, trusting, ""},
		{"private CA, TLS 1.2", good, false, true, trusting, ""},
		{"unknown CA", good, false, false, TLSConfig{}, ProblemUntrusted},
		{"another CA", good, false, false, TLSConfig{CACertificate: theirs.pem}, ProblemUntrusted},
		{"wrong host", ours.issue(t, "signoz.example.com", time.Hour), false, false, trusting, ProblemWrongHost},
		{"expired", ours.issue(t, "127.0.0.1", -time.Hour), false, false, trusting, ProblemExpired},
		{"unknown CA, not verified", good, false, false, TLSConfig{InsecureSkipVerify: true}, ""},
		{"wrong host, not verified", ours.issue(t, "signoz.example.com", time.Hour), false, false, TLSConfig{InsecureSkipVerify: true}, ""},
		{"expired, not verified", ours.issue(t, "127.0.0.1", -time.Hour), false, false, TLSConfig{InsecureSkipVerify: true}, ""},
		{"client certificate", good, true, false, withClient(client), ""},
		{"client certificate, TLS 1.2", good, true, true, withClient(client), ""},
		{"no client certificate", good, true, false, trusting, ProblemClientCert},
		{"no client certificate, TLS 1.2", good, true, true, trusting, ProblemTLS}, // a mere "handshake failure"
		{"client certificate of another CA", good, true, false, withClient(theirs.issue(t, "client", time.Hour)), ProblemClientCert},
		{"expired client certificate", good, true, false, withClient(ours.issue(t, "client", -time.Hour)), ProblemClientCert},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inner := signoztest.New()
			var newest uint16 = tls.VersionTLS13
			if test.oldest {
				newest = tls.VersionTLS12
			}
			s := serveTLS(t, inner, test.server, ours, test.mutual, newest)
			var seen attempts
			c, err := New(Config{Endpoint: s.URL, APIKey: inner.AdminKey(), TLS: test.config, MaxRetries: DefaultMaxRetries, RetryWait: time.Millisecond, Observe: seen.observe})
			must(t, err)
			t.Cleanup(c.Close)
			_, err = c.Roles(t.Context())
			equal(t, "problem", problemOf(err), test.problem)
			equal(t, "worked", err == nil, test.problem == "")
			// A bad certificate is as bad the next time: nothing is repeated. With TLS 1.3
			// a server refuses the client's certificate when the client is sending its
			// request already, and the reset that follows may overtake the refusal:
			// only then is there another attempt, which learns the reason.
			if test.problem != ProblemClientCert {
				equal(t, "attempts", len(seen.all), 1)
			}
		})
	}
	t.Run("plain HTTP where TLS was asked for", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		c := connect(t, w.server, maxRetries(0), func(cfg *Config) { cfg.Endpoint = strings.Replace(cfg.Endpoint, "http:", "https:", 1) })
		_, err := c.Roles(t.Context())
		equal(t, "problem", problemOf(err), ProblemPlainHTTP)
	})
}

// TestTLS_explainsAlerts: a server says by an alert why it ends a connection, of which
// crypto/tls shows the text alone.
func TestTLS_explainsAlerts(t *testing.T) {
	t.Parallel()
	for alert, want := range map[string]ConnectionProblem{
		"tls: certificate required":           ProblemClientCert,
		"tls: unknown certificate authority":  ProblemClientCert,
		"tls: access denied":                  ProblemClientCert,
		"tls: protocol version not supported": ProblemTLS,
		"tls: unrecognized name":              ProblemTLS,
		"tls: internal error":                 ProblemOther,
		"tls: bad record MAC":                 ProblemOther,
	} {
		err := &net.OpError{Op: "remote error", Err: errors.New(alert)}
		equal(t, alert, connectionProblem(err), want)
		equal(t, alert+": the next attempt would meet it", isPermanent(err), want != ProblemOther)
	}
	// The real one, from a server that speaks only what is too old.
	ca := newAuthority(t)
	s := serveTLS(t, signoztest.New(), ca.issue(t, "127.0.0.1", time.Hour), ca, false, tls.VersionTLS11)
	c, err := New(Config{Endpoint: s.URL, APIKey: "k", TLS: TLSConfig{CACertificate: ca.pem}})
	must(t, err)
	t.Cleanup(c.Close)
	_, err = c.Roles(t.Context())
	equal(t, "problem", problemOf(err), ProblemTLS)
}

func serveTLS(t testing.TB, handler http.Handler, server identity, ca *authority, mutual bool, newest uint16) *httptest.Server {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(server.certificate), []byte(server.key))
	must(t, err)
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
		s.TLS.ClientCAs = x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(ca.certificate)
	}
	s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, newest
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// serveTLSOver serves with a certificate of ca, over HTTP/2 or over HTTP/1.1 alone.
func serveTLSOver(t testing.TB, handler http.Handler, ca *authority, http2 bool) *httptest.Server {
	t.Helper()
	own := ca.issue(t, "127.0.0.1", time.Hour)
	pair, err := tls.X509KeyPair([]byte(own.certificate), []byte(own.key))
	must(t, err)
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = http2
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestConnect_proxyThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	refusing := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, test := range map[string]struct {
		proxy    string
		attempts int
	}{
		"not there":        {"http://no-such-proxy.invalid:3128", 1},
		"asks for a login": {refusing(http.StatusProxyAuthRequired), 1},
		"forbids":          {refusing(http.StatusForbidden), 1},
		"finds no way":     {refusing(http.StatusBadGateway), 2},
	} {
		var seen attempts
		c, err := New(Config{Endpoint: "https://signoz.example.com", APIKey: "k", MaxRetries: 1, RetryWait: 1, Observe: seen.observe})
		must(t, err)
		transport, ok := c.transport.(*http.Transport)
		equal(t, "transport", ok, true)
		transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(test.proxy) }
		_, err = c.Roles(t.Context())
		equal(t, name, problemOf(err), ProblemProxy)
		equal(t, name+": attempts", len(seen.all), test.attempts)
		c.Close()
	}
}

func TestConnect_hostThatIsNotThere(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Endpoint: "http://no-such-host.invalid", APIKey: "k"})
	must(t, err)
	_, err = c.Roles(t.Context())
	equal(t, "problem", problemOf(err), ProblemHostUnknown)
}
