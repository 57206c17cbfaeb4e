// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const proxySecret = "proxy-secret-9f8e7d6c"

// echo stands before a SigNoz like a careless proxy: to a quarter of the
// requests it answers an error that repeats the request, its headers and its body.
type echo struct {
	signoz   http.Handler
	repeated atomic.Int64

	mu     sync.Mutex
	chance *mathrand.Rand
}

func (e *echo) strikes() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.chance.IntN(4) == 0
}

func (e *echo) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !e.strikes() {
		e.signoz.ServeHTTP(w, req)
		return
	}
	e.repeated.Add(1)
	body, _ := io.ReadAll(req.Body) // what can't be read isn't repeated
	var words strings.Builder
	for name, values := range req.Header {
		fmt.Fprintf(&words, "%s: %s; ", name, strings.Join(values, ", "))
	}
	words.Write(body)
	w.Header().Set("Content-Type", "application/json")
	if e.repeated.Load()%2 == 0 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"status":"error","error":{"code":"bad_request","message":%s,"errors":[{"message":%s}]}}`, quote(words.String()), quote(words.String()))
		return
	}
	w.WriteHeader(http.StatusTeapot)
	_, _ = io.WriteString(w, words.String())
}

// lines collects a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// secretsOf are all secrets that a server gave away or was shown.
func secretsOf(on target) map[string]string {
	secrets := map[string]string{"the provider's key": on.apiKey, "a header's value": proxySecret, "the password": signoztest.AdminPassword}
	for _, key := range on.AllKeys() {
		secrets["the key "+key.Name] = key.Value
	}
	for i, r := range on.Requests() {
		if _, token, ok := strings.Cut(r.Header.Get("Authorization"), "Bearer "); ok {
			secrets[fmt.Sprintf("the token of request %d", i)] = token
		}
	}
	return secrets
}

func wantNoSecret(t *testing.T, where, text string, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		if at := strings.Index(text, secret); at >= 0 && secret != "" {
			t.Errorf("%s holds %s: …%q…", where, name, text[max(0, at-150):min(len(text), at+len(secret)+20)])
		}
	}
}

// clientCertificate makes a self-signed certificate with its key, in PEM.
func clientCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	fatal(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	fatal(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// Whatever the provider does, behind a proxy that repeats in its errors what it
// was sent: no log line at any level and no diagnostic holds a secret.
func TestSecrets_stayInside(t *testing.T) {
	for _, signIn := range []string{"key", "user"} {
		t.Run(signIn, func(t *testing.T) {
			on := embeddedOnly(t)
			careless := &echo{signoz: on.Server, chance: mathrand.New(mathrand.NewPCG(1, 0))}
			front := httptest.NewServer(careless)
			t.Cleanup(front.Close)
			certificate, privateKey := clientCertificate(t)
			credentials := `"api_key": ` + quote(on.apiKey)
			if signIn == "user" {
				credentials = `"email": ` + quote(signoztest.AdminEmail) + `, "password": ` + quote(signoztest.AdminPassword)
			}
			config := `{"endpoint": ` + quote(front.URL) + `, ` + credentials + `, "headers": {"X-Proxy": ` + quote(proxySecret) + `},
				"tls": {"client_certificate": ` + quote(certificate) + `, "client_key": ` + quote(privateKey) + `}}`

			var log lines
			ctx := tflogtest.RootLogger(t.Context(), &log)
			said := underEcho(ctx, t, on, config)

			secrets := secretsOf(on)
			if len(on.AllKeys()) < 2 {
				t.Errorf("no key was made: this proves nothing:\n%s", said)
			}
			secrets["the client's private key"] = strings.Split(privateKey, "\n")[1]
			if careless.repeated.Load() < 10 || !strings.Contains(said, "X-Proxy") {
				t.Errorf("the errors repeat no request (%d did): this proves nothing:\n%s", careless.repeated.Load(), said)
			}
			if !strings.Contains(log.String(), "SigNoz request") {
				t.Errorf("the provider's own lines aren't in the log: this proves nothing:\n%s", log.String())
			}
			wantNoSecret(t, "the log", log.String(), secrets)
			wantNoSecret(t, "a diagnostic", said, secrets)
		})
	}
}

// underEcho makes, changes and destroys one of each, again and again until it
// works, and returns all that was said.
func underEcho(ctx context.Context, t *testing.T, on target, config string) string {
	t.Helper()
	s := newWorkingDir(t, on, 1, provider.WithRetryWait(time.Microsecond))
	s.start = func(string) *protocol {
		p := unconfigured(t, s.options...)
		p.configure(config)
		return p
	}
	var said strings.Builder
	worlds := [][]block{
		{
			{address: "account", kind: accountKind, attributes: `"name": "ci"`},
			{address: "key", kind: keyKind, parent: "account", attributes: `"name": "deploy"`},
			{address: "role", kind: roleKind, parent: "account", attributes: `"role": "signoz-viewer"`},
		},
		{
			{address: "account", kind: accountKind, attributes: `"name": "cd"`},
			{address: "key", kind: keyKind, parent: "account", attributes: `"name": "ship", "expires_at": "2090-01-01T00:00:00Z"`},
			{address: "role", kind: roleKind, parent: "account", attributes: `"role": "signoz-editor"`},
		},
	}
	for _, world := range worlds {
		for range 40 {
			failed := s.apply(ctx, world, conditions{})
			for _, f := range failed {
				said.WriteString(f.String() + "\n")
			}
			if len(failed) == 0 {
				break
			}
		}
	}
	return said.String()
}

// The same with the real CLI at TF_LOG=TRACE: nothing that the provider process
// logs, nothing that is printed and no plan holds a secret, and plan and state mark
// the key's value as sensitive. Terraform's own lines are looked through as well,
// apart from the provider's: it logs no secret either.
func TestAccSecrets_stayInside(t *testing.T) {
	on := embeddedOnly(t)
	c := newCommandLine(t, on, buildProvider(t))
	logFile := filepath.Join(c.dir, "trace.log")
	c.env = append(c.env, "TF_LOG=TRACE", "TF_LOG_PATH="+logFile, "TF_VAR_proxy="+proxySecret)
	c.write("main.tf", `
terraform {
  required_providers {
    signoz = { source = "signoz-community/signoz" }
  }
}

variable "proxy" {
  sensitive = true
}

provider "signoz" {
  headers = { "X-Proxy" = var.proxy }
}

resource "signoz_service_account" "ci" {
  name  = "ci"
  roles = ["signoz-viewer"]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name               = "deploy"
}

output "key" {
  value     = signoz_service_account_key.deploy.key
  sensitive = true
}
`)
	printed := c.run("apply", "-auto-approve", "-no-color")
	secrets := secretsOf(on)
	if len(secrets) < 5 {
		t.Fatalf("there should be a key's value among the secrets: %d of them", len(secrets))
	}

	// As a user, and with a new expiry, so that there is a change to plan.
	c.write("override.tf", `resource "signoz_service_account_key" "deploy" {
  expires_at = "2090-01-01T00:00:00Z"
}`)
	c.env = append(c.env, "SIGNOZ_API_KEY=", "SIGNOZ_EMAIL="+signoztest.AdminEmail, "SIGNOZ_PASSWORD="+signoztest.AdminPassword)
	printed += c.run("plan", "-no-color", "-out=change.tfplan")
	var plan struct {
		Changes []struct {
			Address string
			Change  struct {
				Actions         []string
				BeforeSensitive map[string]any `json:"before_sensitive"`
				AfterSensitive  map[string]any `json:"after_sensitive"`
			}
		} `json:"resource_changes"`
	}
	fatal(t, json.Unmarshal([]byte(c.run("show", "-json", "change.tfplan")), &plan))
	marked := false
	for _, change := range plan.Changes {
		if change.Address == "signoz_service_account_key.deploy" {
			marked = change.Change.BeforeSensitive["key"] == true && change.Change.AfterSensitive["key"] == true && slices.Equal(change.Change.Actions, []string{"update"})
		}
	}
	if !marked {
		t.Errorf("the plan doesn't mark the key's value as sensitive: %+v", plan.Changes)
	}
	printed += c.run("apply", "-no-color", "change.tfplan")

	maps.Copy(secrets, secretsOf(on))
	if !slices.ContainsFunc(on.Requests(), func(r signoztest.Request) bool { return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") }) {
		t.Error("nobody signed in as a user")
	}
	wantNoSecret(t, "what the CLI prints", printed, secrets)
	trace, err := os.ReadFile(logFile)
	fatal(t, err)
	ours, theirs := split(string(trace))
	if !strings.Contains(ours, "SigNoz request") {
		t.Error("the provider's own lines aren't in the log: this proves nothing")
	}
	wantNoSecret(t, "the provider's log", ours, secrets)
	wantNoSecret(t, "Terraform's own log", theirs, secrets)
}

// split tells the lines that the provider's process wrote from Terraform's own.
func split(trace string) (ours, theirs string) {
	var own, others strings.Builder
	scanner := bufio.NewScanner(strings.NewReader(trace))
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		if line := scanner.Text(); strings.Contains(line, "provider.terraform-provider-signoz") {
			own.WriteString(line + "\n")
		} else {
			others.WriteString(line + "\n")
		}
	}
	return own.String(), others.String()
}
