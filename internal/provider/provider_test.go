// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// clearEnvironment removes what a developer's shell may set. It excludes
// parallel runs: the environment belongs to the whole process.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"SIGNOZ_ENDPOINT", "SIGNOZ_API_KEY", "SIGNOZ_ACCESS_TOKEN", "SIGNOZ_EMAIL", "SIGNOZ_PASSWORD",
		"SIGNOZ_ORG_ID", "SIGNOZ_REQUEST_TIMEOUT", "SIGNOZ_MAX_RETRIES",
	} {
		t.Setenv(name, "")
	}
}

func TestProvider_configuration(t *testing.T) { //nolint:paralleltest // changes the environment
	const endpoint, key = `"endpoint": "https://signoz.example.com"`, `"api_key": "k"`
	for name, c := range map[string]struct {
		config string
		env    map[string]string
		fails  []string // in one error; none: it must succeed
		needs  []string // likewise, of the first thing that needs SigNoz
		warns  []string
	}{
		"whole":           {config: `{` + endpoint + `, ` + key + `}`},
		"nothing":         {config: `{}`, needs: []string{"Missing SigNoz endpoint", "SIGNOZ_ENDPOINT", "endpoint"}},
		"no key":          {config: `{` + endpoint + `}`, needs: []string{"Missing SigNoz API key", "SIGNOZ_API_KEY", "SIGNOZ_EMAIL"}},
		"environment":     {config: `{}`, env: map[string]string{"SIGNOZ_ENDPOINT": "https://signoz.example.com", "SIGNOZ_API_KEY": "k"}},
		"access token":    {config: `{` + endpoint + `}`, env: map[string]string{"SIGNOZ_ACCESS_TOKEN": "k"}},
		"user":            {config: `{` + endpoint + `, "email": "a@example.com", "password": "p"}`},
		"user half":       {config: `{` + endpoint + `, "email": "a@example.com"}`, needs: []string{"Missing password", "SIGNOZ_PASSWORD"}},
		"password alone":  {config: `{` + endpoint + `, "password": "p"}`, needs: []string{"Missing email address", "SIGNOZ_EMAIL"}},
		"user by env":     {config: `{` + endpoint + `}`, env: map[string]string{"SIGNOZ_EMAIL": "a@example.com", "SIGNOZ_PASSWORD": "p"}},
		"key and user":    {config: `{` + endpoint + `, ` + key + `, "email": "a@example.com"}`, fails: []string{"api_key", "email"}},
		"user before env": {config: `{` + endpoint + `, "email": "a@example.com", "password": "p"}`, env: map[string]string{"SIGNOZ_API_KEY": "k"}},
		"key with break":  {config: `{` + endpoint + `, "api_key": "k\nk"}`, fails: []string{"api_key", "line break"}},

		"no scheme":       {config: `{"endpoint": "signoz.example.com", ` + key + `}`, fails: []string{"Invalid endpoint", "https://"}},
		"no host":         {config: `{"endpoint": "https://", ` + key + `}`, fails: []string{"Invalid endpoint", "names no host"}},
		"user in URL":     {config: `{"endpoint": "https://joe:secret@signoz.example.com", ` + key + `}`, fails: []string{"Invalid endpoint", "headers"}},
		"API path":        {config: `{"endpoint": "https://signoz.example.com/api/v1", ` + key + `}`, fails: []string{"Invalid endpoint", "remove the /api part"}},
		"query":           {config: `{"endpoint": "https://signoz.example.com/?x=1", ` + key + `}`, fails: []string{"Invalid endpoint"}},
		"endpoint by env": {config: `{` + key + `}`, env: map[string]string{"SIGNOZ_ENDPOINT": "nonsense"}, fails: []string{"SIGNOZ_ENDPOINT", "https://"}},
		"clear text":      {config: `{"endpoint": "http://signoz.example.com", ` + key + `}`, warns: []string{"clear text", "endpoint"}},
		"loopback":        {config: `{"endpoint": "http://127.0.0.1:8080/signoz/", ` + key + `}`},

		"timeout":             {config: `{` + endpoint + `, ` + key + `, "request_timeout": "2m"}`},
		"timeout unreadable":  {config: `{` + endpoint + `, ` + key + `, "request_timeout": "soon"}`, fails: []string{"request_timeout", "isn't a duration"}},
		"timeout zero":        {config: `{` + endpoint + `, ` + key + `, "request_timeout": "0s"}`, fails: []string{"request_timeout", "longer than zero"}},
		"timeout by env":      {config: `{` + endpoint + `, ` + key + `}`, env: map[string]string{"SIGNOZ_REQUEST_TIMEOUT": "soon"}, fails: []string{"SIGNOZ_REQUEST_TIMEOUT", "isn't a duration"}},
		"retries":             {config: `{` + endpoint + `, ` + key + `, "max_retries": 0}`},
		"retries below zero":  {config: `{` + endpoint + `, ` + key + `, "max_retries": -1}`, fails: []string{"max_retries"}},
		"retries by env":      {config: `{` + endpoint + `, ` + key + `}`, env: map[string]string{"SIGNOZ_MAX_RETRIES": "3"}},
		"retries env garbage": {config: `{` + endpoint + `, ` + key + `}`, env: map[string]string{"SIGNOZ_MAX_RETRIES": "many"}, fails: []string{"SIGNOZ_MAX_RETRIES", "whole number"}},

		"headers":        {config: `{` + endpoint + `, ` + key + `, "headers": {"CF-Access-Client-Id": "x"}}`},
		"authorization":  {config: `{` + endpoint + `, ` + key + `, "headers": {"authorization": "Basic x"}}`, fails: []string{"headers", "ignores the API key"}},
		"key as header":  {config: `{` + endpoint + `, ` + key + `, "headers": {"signoz-api-key": "x"}}`, fails: []string{"headers", "api_key"}},
		"insecure":       {config: `{` + endpoint + `, ` + key + `, "tls": {"insecure_skip_verify": true}}`, warns: []string{"isn't checked", "ca_certificate"}},
		"CA is no PEM":   {config: `{` + endpoint + `, ` + key + `, "tls": {"ca_certificate": "ca.pem"}}`, fails: []string{"ca_certificate", `file(`}},
		"half a client":  {config: `{` + endpoint + `, ` + key + `, "tls": {"client_certificate": "x"}}`, fails: []string{"client_key"}},
		"client no PEM":  {config: `{` + endpoint + `, ` + key + `, "tls": {"client_certificate": "x", "client_key": "y"}}`, fails: []string{"client_certificate", `file(`}},
		"null in header": {config: `{` + endpoint + `, ` + key + `, "headers": {"X-Team": null}}`},
	} {
		t.Run(name, func(t *testing.T) {
			clearEnvironment(t)
			for variable, value := range c.env {
				t.Setenv(variable, value)
			}
			p := unconfigured(t)
			if c.fails != nil {
				p = p.refused(c.fails...)
			}
			got := p.configure(c.config)
			if strings.Contains(got.text(), "secret") && !strings.Contains(got.text(), "(secret)") {
				t.Errorf("a diagnostic repeats the password:\n%s", got.text())
			}
			if c.needs != nil {
				p.refused(c.needs...).plan(p.none(accountKind), `{"name": "ci"}`)
				p.refused(c.needs...).destroy(p.stored(keyKind, `{"id": "a", "service_account_id": "b", "name": "c"}`))
			}
			if c.warns != nil && !got.warns(c.warns...) {
				t.Errorf("no warning says %q:\n%s", c.warns, got.text())
			}
			if c.warns == nil && got.warns() {
				t.Errorf("unexpected warning:\n%s", got.text())
			}
		})
	}
}

// Configure sends nothing, and what isn't known yet blocks no plan: objects are
// planned as the state has them, which is said, and what needs the server now
// says which attribute it waits for.
func TestProvider_unknownConfiguration(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	account := on.CreateAccount("ci")
	p := unconfigured(t)
	p.configure(`{"endpoint": `+quote(on.endpoint)+`}`, "api_key")

	p.plan(p.none(accountKind), `{"name": "new", "roles": ["signoz-viewer"]}`)
	stored := p.stored(accountKind, `{"id": `+quote(account.ID)+`, "name": "ci"}`)
	if got := p.read(stored); got.gone() || !got.said.warns("Plan made without contacting SigNoz", "`api_key`") {
		t.Errorf("read: %s", got.said.text())
	}
	p.refused("isn't known yet", "`api_key`", "depends_on").data("signoz_me", `{}`)
	if n := len(on.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// What a user can meet when the endpoint or the key is wrong, with what to do about it.
func TestProvider_wrongServerOrKey(t *testing.T) {
	t.Parallel()
	const account = `{"name": "ci"}`

	t.Run("wrong key", func(t *testing.T) {
		t.Parallel()
		on := embedded(t)
		on.apiKey = "bm90LWEta2V5"
		talk(t, on).refused("Can't create service account \"ci\"", "API key rejected (401)", "api_key", "unauthenticated").create(accountKind, account)
		talk(t, on).refused("Can't read the provider's own service account", "API key rejected (401)").data("signoz_me", `{}`)
		talk(t, on).refused("Can't list the roles", "api_key").plan(talk(t, on).none(accountKind), `{"name": "ci", "roles": ["signoz-viewer"]}`)
	})
	t.Run("viewer's key", func(t *testing.T) {
		t.Parallel()
		on := embedded(t)
		on.apiKey = on.CreateKey(on.CreateAccount("viewer", "signoz-viewer").ID, "k", time.Time{}).Value
		talk(t, on).refused("Can't create service account \"ci\"", "signoz-admin", "authz_forbidden").create(accountKind, account)
		if me := talk(t, on).data("signoz_me", `{}`); me.text("name") != "viewer" {
			t.Errorf("signoz_me is %s", me.json())
		}
	})
	t.Run("web page of something else", func(t *testing.T) {
		t.Parallel()
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>sign in</html>"))
		}))
		t.Cleanup(web.Close)
		talk(t, target{endpoint: web.URL, apiKey: "k"}).refused("HTML instead of JSON", web.URL, "SIGNOZ_ENDPOINT").create(accountKind, account)
	})
	t.Run("SigNoz without the call", func(t *testing.T) {
		t.Parallel()
		on := embedded(t, signoztest.WithReportedVersion("v0.99.0"))
		on.Inject(signoztest.Fault{Path: "/api/v1/service_accounts/**", Answer: signoztest.WebPage()})
		on.Inject(signoztest.Fault{Path: "/api/v1/service_accounts", Answer: signoztest.WebPage()})
		talk(t, on).refused("SigNoz v0.99.0 doesn't have this API endpoint", "v0.118.0").create(accountKind, account)
	})
	t.Run("nothing listens", func(t *testing.T) {
		t.Parallel()
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		endpoint := "http://" + listener.Addr().String()
		_ = listener.Close()
		talk(t, target{endpoint: endpoint, apiKey: "k"}).refused("Connection refused at "+endpoint, "port").create(accountKind, account)
	})
	t.Run("wrong host name", func(t *testing.T) {
		t.Parallel()
		p := unconfigured(t)
		p.configure(`{"endpoint": "https://signoz.invalid", "api_key": "k", "max_retries": 0}`)
		p.refused("can't be resolved", "SIGNOZ_ENDPOINT").create(accountKind, account)
	})
	t.Run("redirect to another host", func(t *testing.T) {
		t.Parallel()
		other := embedded(t)
		redirect := httptest.NewServer(http.RedirectHandler(other.endpoint, http.StatusTemporaryRedirect))
		t.Cleanup(redirect.Close)
		talk(t, target{endpoint: redirect.URL, apiKey: other.apiKey}).refused("doesn't follow", "endpoint").create(accountKind, account)
		if n := len(other.Requests()); n != 0 {
			t.Errorf("the other host got %d requests", n)
		}
	})
	t.Run("http at a TLS port", func(t *testing.T) {
		t.Parallel()
		on := embedded(t)
		talk(t, target{endpoint: strings.Replace(on.endpoint, "http:", "https:", 1), apiKey: "k"}).refused("doesn't speak TLS").create(accountKind, account)
	})
	t.Run("unknown authority", func(t *testing.T) {
		t.Parallel()
		on := embedded(t)
		tls := httptest.NewTLSServer(on.Server)
		t.Cleanup(tls.Close)
		on.endpoint = tls.URL
		talk(t, on).refused("wasn't issued by an authority that this machine trusts", "ca_certificate").create(accountKind, account)
		ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}))
		p := unconfigured(t)
		p.configure(`{"endpoint": ` + quote(tls.URL) + `, "api_key": ` + quote(on.apiKey) + `, "tls": {"ca_certificate": ` + quote(ca) + `}}`)
		p.create(accountKind, account)
	})
	t.Run("server down", func(t *testing.T) {
		t.Parallel()
		on := embedded(t)
		on.Inject(signoztest.Fault{Answer: signoztest.Status(http.StatusServiceUnavailable)})
		p := unconfigured(t)
		p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `, "max_retries": 1}`)
		p.refused("server error", "503").data("signoz_me", `{}`)
	})
}

// A proxy's error page is neither a wrong endpoint nor a call that the server lacks.
func TestProvider_errorPages(t *testing.T) {
	t.Parallel()
	page := func(method, path string) signoztest.Fault {
		return signoztest.Fault{Method: method, Path: path, Answer: signoztest.Reply{Status: http.StatusServiceUnavailable, Body: "<html>try later</html>", ContentType: "text/html"}}
	}
	on := embedded(t)
	account := on.CreateAccount("ci")
	configured := func() *protocol {
		p := unconfigured(t)
		p.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `, "max_retries": 1}`)
		return p
	}
	on.Inject(page(http.MethodGet, "/api/v1/service_accounts/me"))
	configured().refused("a proxy in front of it, returned a server error", "503").data("signoz_me", `{}`)

	on.Inject(page(http.MethodPost, "/api/v1/service_account_roles"))
	configured().refused("a proxy in front of it, returned a server error", "503").create(roleKind, `{"service_account_id": `+quote(account.ID)+`, "role": "signoz-viewer"}`)
	if n := on.CountRequests(http.MethodPost, "/api/v1/service_accounts/*/roles"); n != 0 {
		t.Errorf("the role was assigned in another way, %d times", n)
	}
}

// Whoever stands between the provider and SigNoz isn't taken for SigNoz.
func TestProvider_refusedOnTheWay(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	for status, html := range map[int]bool{400: true, 401: true, 403: true, 407: true, 413: true, 404: false} {
		reply := signoztest.Reply{Status: status, Body: "<html>blocked</html>", ContentType: "text/html"}
		says := []string{"a proxy or firewall in front of SigNoz", "Allow POST /api/v1/service_accounts there"}
		if !html {
			reply.ContentType, reply.Body = "application/json", `{"message":"no Route matched with those values"}`
			says = []string{"didn't come from SigNoz", "gateway", "no Route matched"}
		}
		on.ClearFaults()
		on.Inject(signoztest.Fault{Method: http.MethodPost, Answer: reply})
		talk(t, on).refused(says...).create(accountKind, `{"name": "ci"}`)
		if html { // and for all requests, so that not even the version is told
			on.ClearFaults()
			on.Inject(signoztest.Fault{Answer: reply})
			talk(t, on).refused("Either a proxy or firewall refuses the requests", "Or "+on.endpoint+" isn't SigNoz's URL").create(accountKind, `{"name": "ci"}`)
		}
	}
}

// http:// where TLS is spoken is answered by Go's servers with a 400 of their own.
func TestProvider_plainToTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	endpoint := strings.Replace(server.URL, "https:", "http:", 1)
	talk(t, target{endpoint: endpoint, apiKey: "k"}).refused("didn't come from SigNoz", "http:// or https://").data("signoz_me", `{}`)
	asUser := unconfigured(t)
	asUser.configure(`{"endpoint": ` + quote(endpoint) + `, "email": "admin@example.com", "password": "p"}`)
	asUser.refused("didn't come from SigNoz", "http:// or https://").data("signoz_roles", `{}`)
}

// A state that was made with another SigNoz isn't taken for one whose accounts are all gone.
func TestProvider_anotherSigNoz(t *testing.T) {
	t.Parallel()
	on, another := embedded(t), embedded(t)
	for _, config := range []string{`{"name": "ci"}`, `{"name": "robot", "roles": ["signoz-viewer"]}`} {
		account := talk(t, on).create(accountKind, config)
		talk(t, another).refused("belongs to another organization", "endpoint", "terraform state rm").read(account)

		key := talk(t, on).create(keyKind, `{"service_account_id": `+account.at("id")+`, "name": "deploy"}`)
		talk(t, another).refused(`Can't read the key "deploy"`, "doesn't know its service account", "terraform state rm").read(key)
		role := talk(t, on).create(roleKind, `{"service_account_id": `+account.at("id")+`, "role": "signoz-editor"}`)
		talk(t, another).refused(`the role "signoz-editor"`, "belongs to another organization").read(role)

		asUser := unconfigured(t)
		asUser.configure(`{"endpoint": ` + quote(another.endpoint) + `, "email": ` + quote(signoztest.AdminEmail) + `, "password": ` + quote(signoztest.AdminPassword) + `}`)
		asUser.refused("belongs to another organization").read(account)

		// In the same organisation, an account that SigNoz doesn't know is gone.
		unknown := talk(t, on).stored(accountKind, strings.Replace(account.json(), account.text("id"), "01900000-0000-7000-8000-000000000000", 1))
		if found := talk(t, on).read(unknown); !found.IsNull() {
			t.Errorf("an account that SigNoz doesn't know is still there: %s", found.json())
		}
	}
}

// The user agent tells SigNoz's operators who it is.
func TestProvider_userAgent(t *testing.T) {
	t.Parallel()
	on := embedded(t)
	talk(t, on).data("signoz_me", `{}`)
	if got := on.Requests()[0].Header.Get("User-Agent"); got != "terraform-provider-signoz/test (+terraform/1.14.0)" {
		t.Errorf("User-Agent: %q", got)
	}
}
