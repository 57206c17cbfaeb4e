// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

const (
	// maxAnswer bounds what is read of one answer. The largest real one, a list
	// of 10,000 keys, is about 3 MB.
	maxAnswer = 32 << 20

	// createGrace is how long a request that creates something may finish after
	// the run was cancelled, so that its answer, which alone holds the id and the
	// key's value, isn't thrown away.
	createGrace = 5 * time.Second

	// maxIdle connections are kept: enough for a high -parallelism, so that no
	// request pays for a new TLS handshake.
	maxIdle = 64

	maxRedirects = 5
)

// TLSConfig is how the client and the server prove who they are. All are PEM texts.
type TLSConfig struct {
	CACertificate      string // trusted besides those of the system
	ClientCertificate  string
	ClientKey          string
	InsecureSkipVerify bool
}

func newTransport(cfg TLSConfig) (*http.Transport, error) {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConns = 0 // bounded by the next line: there is one host
	t.MaxIdleConnsPerHost = maxIdle
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return &proxyRefusedError{status: resp.StatusCode}
		}
		return nil
	}
	t.TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: cfg.InsecureSkipVerify, //nolint:gosec // the user's choice, which the provider warns of
	}
	if cfg.CACertificate != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(cfg.CACertificate)) {
			return nil, &ConfigError{Field: "tls.ca_certificate", Message: "no certificate found in it; it must be the PEM text itself (-----BEGIN CERTIFICATE-----), not a file name: use file(\"ca.pem\")"}
		}
		t.TLSClientConfig.RootCAs = pool
	}
	if cfg.ClientCertificate == "" && cfg.ClientKey == "" {
		return t, nil
	}
	pair, err := tls.X509KeyPair([]byte(cfg.ClientCertificate), []byte(cfg.ClientKey))
	if err != nil {
		// The errors of X509KeyPair name what is wrong, never the key's content.
		return nil, &ConfigError{Field: "tls.client_certificate", Message: "it doesn't fit together with client_key: " + err.Error() + ". Both must be PEM texts, not file names: use file(\"client.pem\")"}
	}
	t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	return t, nil
}

// answer is what came back of one call, read whole.
type answer struct {
	status    int
	header    http.Header
	body      []byte
	sent      time.Time
	received  time.Time
	signature string
}

// answerFacts tell when the server answered, on our clock with its monotonic reading.
type answerFacts struct{ sent, received time.Time }

func (a *answer) facts() answerFacts { return answerFacts{sent: a.sent, received: a.received} }

func isWebPage(a *answer) bool {
	return strings.HasPrefix(strings.ToLower(a.header.Get("Content-Type")), "text/html")
}

// bufferedBody is an answer's body that was read whole inside the round trip,
// so that half an answer counts as a transport error, is repeated like one, and
// the attempt's time limit covers it.
type bufferedBody struct {
	*bytes.Reader
	bytes          []byte
	sent, received time.Time
}

func (*bufferedBody) Close() error { return nil }

// errTooLarge is permanent: the next answer would be as large.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)

// proxyRefusedError says that the proxy on the way doesn't connect to the server.
type proxyRefusedError struct{ status int }

func (e *proxyRefusedError) Error() string {
	return fmt.Sprintf("the proxy answered %d %s", e.status, http.StatusText(e.status))
}

// permanent tells whether the proxy will answer the same again.
func (e *proxyRefusedError) permanent() bool {
	return e.status < 500 && e.status != http.StatusTooManyRequests
}

// redirectRefusedError ends a redirect that would take the key elsewhere.
type redirectRefusedError struct{ from, to string }

func (e *redirectRefusedError) Error() string {
	return fmt.Sprintf("the server redirects from %s to %s", e.from, e.to)
}

// checkRedirect follows redirects only within the same scheme and host, because
// Go forwards custom headers, SIGNOZ-API-KEY among them, to any host; and only
// where the method stays, because Go turns a redirected POST into a GET.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > maxRedirects {
		return &redirectRefusedError{from: first.URL.Path, to: "itself, again and again"}
	}
	if req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return &redirectRefusedError{from: first.URL.Scheme + "://" + first.URL.Host, to: req.URL.Scheme + "://" + req.URL.Host}
	}
	if req.Method != first.Method {
		return &redirectRefusedError{from: first.Method + " " + first.URL.Path, to: req.Method + " " + req.URL.Path}
	}
	return nil
}

// attempt carries out the attempts of one call, one after the other. It bounds
// each by the request timeout, reads the answer whole, and reports each attempt.
type attempt struct {
	client  *Client
	path    string
	creates bool
	number  int
	until   time.Time // when the present attempt times out

	// unsure is set once it can't be told any more that nothing was carried out:
	// a request left this machine and wasn't answered, or it was answered 429,
	// which v0.118 does to deletions that it carried out.
	unsure bool
}

// RoundTrip implements [http.RoundTripper]. Redirects belong to the attempt
// that they are the answer to, and to its time.
func (a *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	if req.Response == nil {
		a.number++
		a.until = began.Add(a.client.cfg.RequestTimeout)
	}
	resp, err := a.roundTrip(req)
	if a.client.cfg.Observe != nil {
		told := Attempt{Method: req.Method, Path: a.path, Number: a.number, Duration: time.Since(began), Err: a.client.redactError(err)}
		if resp != nil {
			told.Status = resp.StatusCode
		}
		a.client.cfg.Observe(req.Context(), told)
	}
	return resp, err
}

func (a *attempt) roundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err // limit wouldn't notice: nothing is begun after a cancellation
	}
	ctx, cancel := a.limit(req.Context())
	defer cancel()
	sent := time.Now()
	var left atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { left.Store(true) }})

	resp, err := a.client.http.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = buffer(resp, sent)
	}
	if err != nil {
		a.unsure = a.unsure || left.Load()
		return nil, err
	}
	a.unsure = a.unsure || resp.StatusCode == http.StatusTooManyRequests
	return resp, nil
}

// limit bounds one attempt. An attempt at creating something outlives the
// cancellation of the run by createGrace, others end with it.
func (a *attempt) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if !a.creates {
		return context.WithDeadlineCause(ctx, a.until, errTimeout)
	}
	outliving, release := outlive(ctx, a.client.createGrace)
	own, cancel := context.WithDeadlineCause(outliving, a.until, errTimeout)
	return own, func() { cancel(); release() }
}

// outlive is a context that ends a while after ctx was cancelled.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(own, func() { timer.Stop() })
	})
	return own, func() { stop(); cancel() }
}

// errTimeout distinguishes the request timeout from the run's own deadline.
var errTimeout = errors.New("no answer within the request timeout")

// buffer reads the answer whole into a bufferedBody.
func buffer(resp *http.Response, sent time.Time) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
	}
	if len(body) > maxAnswer {
		return errTooLarge
	}
	if cutShort(resp, body) {
		return fmt.Errorf("the answer broke off after %d bytes: %w", len(body), io.ErrUnexpectedEOF)
	}
	resp.Body = &bufferedBody{Reader: bytes.NewReader(body), bytes: body, sent: sent, received: time.Now()}
	return nil
}

// cutShort recognises a JSON answer that a proxy passed on in part although
// the transfer itself was complete: all answers of the API are objects.
func cutShort(resp *http.Response, body []byte) bool {
	if resp.StatusCode >= 300 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return false
	}
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] == '{' && body[len(body)-1] != '}'
}

// isPermanent tells of a transport error that the next attempt would meet again.
func isPermanent(err error) bool {
	if err == nil {
		return false
	}
	var (
		refused *redirectRefusedError
		proxy   *proxyRefusedError
	)
	return errors.Is(err, errTooLarge) || errors.As(err, &refused) || (errors.As(err, &proxy) && proxy.permanent()) || certificateProblem(err) != ""
}
