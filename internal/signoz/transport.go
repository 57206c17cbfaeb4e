// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

const (
	maxIdle      = 64 // connections that are kept: enough for a high -parallelism
	maxRedirects = 5

	// idleTimeout is shorter than the 60 s after which common load balancers drop an idle
	// connection, some without closing it.
	idleTimeout = 50 * time.Second
)

// TLSConfig is how the client and the server prove who they are. All are PEM texts.
type TLSConfig struct {
	CACertificate      string // trusted besides those of the system
	ClientCertificate  string
	ClientKey          string
	InsecureSkipVerify bool
}

func newTransport(cfg TLSConfig, timeout time.Duration) (*http.Transport, error) {
	t := cleanhttp.DefaultPooledTransport()
	t.MaxIdleConns = 0 // bounded by the next line: there is one host
	t.MaxIdleConnsPerHost = maxIdle
	t.IdleConnTimeout = idleTimeout
	// An attempt that times out doesn't give up the one connection of HTTP/2 that all requests
	// share. Pings find it dead after half the time that an attempt has.
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: timeout / 3, PingTimeout: timeout / 6}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return &transportError{
				problem:   ProblemProxy,
				permanent: resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests,
				text:      fmt.Sprintf("the proxy answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)),
			}
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

// checkRedirect follows redirects only within the same scheme and host, because
// Go forwards custom headers, SIGNOZ-API-KEY among them, to any host; and only
// where the method stays, because Go turns a redirected POST into a GET.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from, to := *via[0].URL, *req.URL
	refused := func(from, to string) error {
		return &transportError{problem: ProblemRedirect, permanent: true, text: fmt.Sprintf("the server redirects from %s to %s", from, to)}
	}
	switch {
	case len(via) > maxRedirects:
		return refused(from.Path, "itself, again and again")
	case to.Scheme != from.Scheme || to.Host != from.Host:
		return refused(from.Scheme+"://"+from.Host, to.Scheme+"://"+to.Host)
	case req.Method != via[0].Method:
		return refused(via[0].Method+" "+from.Path, req.Method+" "+to.Path)
	}
	return nil
}
