// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// Environment variables that stand in for attributes left out.
const (
	envEndpoint       = "SIGNOZ_ENDPOINT"
	envAPIKey         = "SIGNOZ_API_KEY"
	envAccessToken    = "SIGNOZ_ACCESS_TOKEN"
	envEmail          = "SIGNOZ_EMAIL"
	envPassword       = "SIGNOZ_PASSWORD"
	envOrgID          = "SIGNOZ_ORG_ID"
	envRequestTimeout = "SIGNOZ_REQUEST_TIMEOUT"
	envMaxRetries     = "SIGNOZ_MAX_RETRIES"
)

type providerModel struct {
	Endpoint       types.String `tfsdk:"endpoint"`
	APIKey         types.String `tfsdk:"api_key"`
	Email          types.String `tfsdk:"email"`
	Password       types.String `tfsdk:"password"`
	OrgID          types.String `tfsdk:"org_id"`
	Headers        types.Map    `tfsdk:"headers"`
	TLS            types.Object `tfsdk:"tls"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	MaxRetries     types.Int64  `tfsdk:"max_retries"`
}

type tlsModel struct {
	CACertificate      types.String `tfsdk:"ca_certificate"`
	ClientCertificate  types.String `tfsdk:"client_certificate"`
	ClientKey          types.String `tfsdk:"client_key"`
	InsecureSkipVerify types.Bool   `tfsdk:"insecure_skip_verify"`
}

// maxMaxRetries keeps a typing mistake from causing a run that retries for hours.
const maxMaxRetries = 100

// unknownAttributes names the attributes that get their value only during the apply.
func unknownAttributes(config tftypes.Value) (names []string) {
	var attributes map[string]tftypes.Value
	_ = config.As(&attributes) // the framework has read it as the same object
	for name, value := range attributes {
		if !value.IsFullyKnown() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// clientConfig merges configuration and environment.
func (m *providerModel) clientConfig(ctx context.Context, missing, diags *diag.Diagnostics) signoz.Config {
	config := signoz.Config{
		Endpoint:       firstSet(m.Endpoint, envEndpoint),
		RequestTimeout: signoz.DefaultRequestTimeout,
		MaxRetries:     signoz.DefaultMaxRetries,
	}
	m.checkEndpoint(config.Endpoint, missing, diags)
	m.signIn(&config, missing)
	m.limits(&config, diags)

	config.Headers = make(map[string]string)
	for name, value := range m.Headers.Elements() {
		if text, ok := value.(types.String); ok && values.Known(text) { // null: as if left out
			config.Headers[name] = text.ValueString()
		}
	}

	if m.TLS.IsNull() {
		return config
	}
	var tls tlsModel
	diags.Append(m.TLS.As(ctx, &tls, basetypes.ObjectAsOptions{})...)
	config.TLS = signoz.TLSConfig{
		CACertificate:      tls.CACertificate.ValueString(),
		ClientCertificate:  tls.ClientCertificate.ValueString(),
		ClientKey:          tls.ClientKey.ValueString(),
		InsecureSkipVerify: tls.InsecureSkipVerify.ValueBool(),
	}
	if config.TLS.InsecureSkipVerify {
		diags.AddAttributeWarning(path.Root("tls").AtName("insecure_skip_verify"), "SigNoz's certificate isn't checked",
			"Anyone who can intercept the connection can read the API key. If a private authority issued the certificate, trust that authority instead: tls = { ca_certificate = file(\"ca.pem\") }.")
	}
	return config
}

// checkEndpoint reports an endpoint that is missing, isn't a URL or lets the key travel in clear text.
func (m *providerModel) checkEndpoint(endpoint string, missing, diags *diag.Diagnostics) {
	if endpoint == "" {
		missing.AddAttributeError(path.Root("endpoint"), "Missing SigNoz endpoint",
			"Set `endpoint` in the provider block, or the environment variable "+envEndpoint+", to the URL at which you open SigNoz in a browser, such as https://signoz.example.com.")
		return
	}
	u, err := signoz.ParseEndpoint(endpoint)
	if err != nil {
		from := ""
		if m.Endpoint.ValueString() == "" {
			from = "The value comes from the environment variable " + envEndpoint + ". "
		}
		diags.AddAttributeError(path.Root("endpoint"), "Invalid endpoint", from+wording.Sentence(err.Error()))
		return
	}
	if u.Scheme == "http" && !isLoopback(u) {
		diags.AddAttributeWarning(path.Root("endpoint"), "The API key travels in clear text",
			"The endpoint begins with http://, so anyone who can read the traffic to "+u.Host+" gets the key. Use https://.")
	}
}

func isLoopback(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}

// signIn chooses the credentials: those of the configuration before those of the
// environment, and a key before a user.
func (m *providerModel) signIn(config *signoz.Config, missing *diag.Diagnostics) {
	config.OrgID = firstSet(m.OrgID, envOrgID)
	switch key := cmp.Or(os.Getenv(envAPIKey), os.Getenv(envAccessToken)); {
	case m.APIKey.ValueString() != "":
		config.APIKey = m.APIKey.ValueString()
	case m.Email.ValueString() != "" || m.Password.ValueString() != "":
		config.Email, config.Password = firstSet(m.Email, envEmail), firstSet(m.Password, envPassword)
	case key != "":
		config.APIKey = key
	default:
		config.Email, config.Password = os.Getenv(envEmail), os.Getenv(envPassword)
	}
	switch {
	case config.APIKey != "":
	case config.Email == "" && config.Password == "":
		missing.AddAttributeError(path.Root("api_key"), "Missing SigNoz API key",
			"Set the environment variable "+envAPIKey+", or `api_key` in the provider block, to a key of a service account with the role signoz-admin. "+
				"On a new server without any key, sign in as a user instead: set `email` and `password`, or "+envEmail+" and "+envPassword+".")
	case config.Email == "":
		missing.AddAttributeError(path.Root("email"), "Missing email address",
			"A password is set, so the email address of the user must be too: set `email` or the environment variable "+envEmail+".")
	case config.Password == "":
		missing.AddAttributeError(path.Root("password"), "Missing password",
			"An email address is set, so the user's password must be too: set `password` or the environment variable "+envPassword+".")
	}
}

func (m *providerModel) limits(config *signoz.Config, diags *diag.Diagnostics) {
	if text := firstSet(m.RequestTimeout, envRequestTimeout); text != "" {
		d, err := times.ParseDuration(text)
		if err != nil { // the attribute has a validator
			diags.AddError("Invalid environment variable "+envRequestTimeout, wording.Sentence(err.Error()))
		}
		config.RequestTimeout = d
	}
	if config.RequestTimeout <= 0 && !diags.HasError() {
		diags.AddAttributeError(path.Root("request_timeout"), "Invalid request timeout",
			"The time that a request may take must be longer than zero, such as 30s. It comes from `request_timeout` or the environment variable "+envRequestTimeout+".")
	}
	if !m.MaxRetries.IsNull() {
		config.MaxRetries = int(m.MaxRetries.ValueInt64())
	} else if text := os.Getenv(envMaxRetries); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxMaxRetries {
			diags.AddError("Invalid environment variable "+envMaxRetries,
				fmt.Sprintf("%q isn't a whole number from 0 to %d. Set it to such a number, or remove it to have %d retries.", text, maxMaxRetries, signoz.DefaultMaxRetries))
		}
		config.MaxRetries = n
	}
}

// firstSet is the attribute's value or else that of the environment variable.
// An empty variable counts as not set.
func firstSet(attribute types.String, env string) string {
	return cmp.Or(attribute.ValueString(), os.Getenv(env))
}
