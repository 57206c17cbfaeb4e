// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is what Terraform sees of SigNoz: resources, data sources,
// an ephemeral resource and list resources for service accounts, their roles
// and their API keys.
package provider

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// Address is the provider's address in the registry. It stands nowhere else in
// the code. It isn't signoz/signoz, which is SigNoz's own provider.
const Address = "registry.terraform.io/signoz-community/signoz"

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

var (
	_ provider.ProviderWithEphemeralResources = (*signozProvider)(nil)
	_ provider.ProviderWithListResources      = (*signozProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*signozProvider)(nil)
)

// providerTypeName begins the names of all resources.
const providerTypeName = "signoz"

type signozProvider struct {
	version   string
	now       func() time.Time
	retryWait time.Duration
	session   atomic.Pointer[session] // nil before Configure
}

// Option changes how the provider behaves in tests.
type Option func(*signozProvider)

// WithNow injects the clock by which keys expire and rotate.
func WithNow(now func() time.Time) Option {
	return func(p *signozProvider) { p.now = now }
}

// WithRetryWait sets the base of the backoff between retries, so that tests of
// failing servers don't wait.
func WithRetryWait(wait time.Duration) Option {
	return func(p *signozProvider) { p.retryWait = wait }
}

// NewServer returns the factory of the provider as Terraform talks to it: the plugin
// framework's server, with a short way for objects in which nothing changes (see
// [core.Server]).
func NewServer(version string, options ...Option) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := newProvider(version, options)
		server, err := core.NewServer(p, p.resourceData)
		if err != nil {
			return providerserver.NewProtocol6(p)()
		}
		return server
	}
}

// resourceData is what Configure has handed to resources; nil before that.
func (p *signozProvider) resourceData() any {
	s := p.session.Load()
	if s == nil {
		return nil // a nil *session would be data
	}
	return s
}

// New returns the provider's factory. version goes into the User-Agent header.
func New(version string, options ...Option) func() provider.Provider {
	return func() provider.Provider { return newProvider(version, options) }
}

func newProvider(version string, options []Option) *signozProvider {
	p := &signozProvider{version: version, now: time.Now}
	for _, option := range options {
		option(p)
	}
	return p
}

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

func (p *signozProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = providerTypeName
	resp.Version = p.version
}

func (p *signozProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the machine identities of [SigNoz](https://signoz.io): service accounts, their roles, and the API keys that CI and integrations use. " +
			"It works with self-hosted servers v0.118.0 and later; SigNoz Cloud has the same API.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "URL at which you open SigNoz in a browser, such as `https://signoz.example.com`; a base path (`https://example.com/signoz`) is allowed. " +
					"Can be set with the environment variable `" + envEndpoint + "`. One of the two is required: there is no default.",
			},
			"api_key": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "API key of a service account that has the role `signoz-admin`. " +
					"Can be set with the environment variable `" + envAPIKey + "`, or else `" + envAccessToken + "`. Conflicts with `email` and `password`.",
				Validators: []validator.String{
					stringvalidator.ConflictsWith(path.MatchRoot("email"), path.MatchRoot("password")),
				},
			},
			"email": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Email address of a user with the admin role to sign in as, instead of a key: for a new server, where no key exists yet. " +
					"Can be set with the environment variable `" + envEmail + "`.",
			},
			"password": schema.StringAttribute{
				Optional:            true,
				Sensitive:           true,
				MarkdownDescription: "Password of that user. Can be set with the environment variable `" + envPassword + "`.",
			},
			"org_id": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "ID of the organization to sign in to. Needed only with `email`, if the user is in several. " +
					"Can be set with the environment variable `" + envOrgID + "`. A key always belongs to one organization.",
			},
			"headers": schema.MapAttribute{
				ElementType: types.StringType,
				Optional:    true,
				Sensitive:   true,
				MarkdownDescription: "Headers sent with every request, for an access proxy in front of SigNoz, such as `CF-Access-Client-Id`. " +
					"`SIGNOZ-API-KEY` and `Authorization` aren't allowed: SigNoz authenticates a request by its `Authorization` header only and ignores the API key.",
			},
			"tls": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "How the provider checks the server's certificate, and its own client certificate. All values are PEM texts: read files with `file()`.",
				Attributes: map[string]schema.Attribute{
					"ca_certificate": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Certificate of a private certificate authority to trust, in addition to those of the system.",
					},
					"client_certificate": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "Client certificate, for a server or proxy that requires one. Needs `client_key`.",
						Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("client_key"))},
					},
					"client_key": schema.StringAttribute{
						Optional:            true,
						Sensitive:           true,
						MarkdownDescription: "Private key of `client_certificate`.",
						Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("client_certificate"))},
					},
					"insecure_skip_verify": schema.BoolAttribute{
						Optional:            true,
						MarkdownDescription: "Disables certificate verification. Anyone who can intercept the connection can then read the API key. Every run shows a warning. Prefer `ca_certificate`.",
					},
				},
			},
			"request_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{times.AtLeast(0)},
				MarkdownDescription: "Maximum time for one attempt at a request, such as `30s` (the default) or `2m`. " +
					"Can be set with the environment variable `" + envRequestTimeout + "`.",
			},
			"max_retries": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "Maximum number of retries for a failed request. Default 8, maximum 100, `0` disables retries. Responses with status 429 don't count, but all retries stop `max_retries` × 40 seconds after the first attempt (5 minutes 20 seconds by default). " +
					"Can be set with the environment variable `" + envMaxRetries + "`.",
				Validators: []validator.Int64{int64validator.Between(0, maxMaxRetries)},
			},
		},
	}
}

// maxMaxRetries keeps a slip of the finger from becoming a run that never ends.
const maxMaxRetries = 100

// ValidateConfig checks what can be checked without the environment, for `terraform validate`.
func (p *signozProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if known(config.Endpoint) {
		if _, err := signoz.ParseEndpoint(config.Endpoint.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("endpoint"), "Invalid endpoint", sentence(err.Error()))
		}
	}
	for name := range config.Headers.Elements() {
		if err := signoz.CheckHeaderName(name); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("headers").AtMapKey(name), "Header not allowed", sentence(err.Error()))
		}
	}
}

// Configure reads the configuration and makes the client. It sends nothing, so that a plan
// without SigNoz objects works offline; and neither settings that are missing nor values
// that become known only during the apply block what doesn't need them (see
// session.requireClient). What is wrong is an error at once.
func (p *signozProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := &session{now: p.now, unknown: config.unknownAttributes(), seen: newSeenObjects()}
	if len(s.unknown) == 0 {
		clientConfig := config.clientConfig(ctx, &s.missing, &resp.Diagnostics)
		if resp.Diagnostics.HasError() {
			return
		}
		if len(s.missing) == 0 {
			s.client = p.newClient(clientConfig, req.TerraformVersion, &resp.Diagnostics)
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	p.session.Store(s)
	resp.ResourceData = s
	resp.DataSourceData = s
	resp.EphemeralResourceData = s
	resp.ListResourceData = s
}

func (p *signozProvider) newClient(config signoz.Config, terraformVersion string, diags *diag.Diagnostics) *signoz.Client {
	config.UserAgent = fmt.Sprintf("terraform-provider-signoz/%s (+terraform/%s)", p.version, terraformVersion)
	config.RetryWait = p.retryWait
	config.Observe = logAttempt(signoz.SecretsOf(config))
	client, err := signoz.New(config)
	if err != nil {
		addConfigError(diags, err)
	}
	return client
}

// unknownAttributes names the attributes that get their value only during the apply.
func (m *providerModel) unknownAttributes() []string {
	var names []string
	for _, a := range []struct {
		name    string
		unknown bool
	}{
		{"endpoint", m.Endpoint.IsUnknown()},
		{"api_key", m.APIKey.IsUnknown()},
		{"email", m.Email.IsUnknown()},
		{"password", m.Password.IsUnknown()},
		{"org_id", m.OrgID.IsUnknown()},
		{"headers", hasUnknown(m.Headers)},
		{"tls", hasUnknown(m.TLS)},
		{"request_timeout", m.RequestTimeout.IsUnknown()},
		{"max_retries", m.MaxRetries.IsUnknown()},
	} {
		if a.unknown {
			names = append(names, a.name)
		}
	}
	return names
}

func hasUnknown(v interface {
	IsUnknown() bool
},
) bool {
	if v.IsUnknown() {
		return true
	}
	switch v := v.(type) {
	case types.Map:
		for _, element := range v.Elements() {
			if element.IsUnknown() {
				return true
			}
		}
	case types.Object:
		for _, attribute := range v.Attributes() {
			if attribute.IsUnknown() {
				return true
			}
		}
	}
	return false
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
		if text, ok := value.(types.String); ok && known(text) { // null: as if left out
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
		diags.AddAttributeError(path.Root("endpoint"), "Invalid endpoint", from+sentence(err.Error()))
		return
	}
	if u.Scheme == "http" && !isLoopback(u) {
		diags.AddAttributeWarning(path.Root("endpoint"), "The API key travels in clear text",
			"The endpoint begins with http://, so anyone who can read the traffic to "+u.Host+" gets the key. Use https://.")
	}
}

func isLoopback(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// signIn chooses the credentials: those of the configuration before those of the
// environment, and a key before a user.
func (m *providerModel) signIn(config *signoz.Config, missing *diag.Diagnostics) {
	config.OrgID = firstSet(m.OrgID, envOrgID)
	switch {
	case m.APIKey.ValueString() != "":
		config.APIKey = m.APIKey.ValueString()
	case m.Email.ValueString() != "" || m.Password.ValueString() != "":
		config.Email, config.Password = firstSet(m.Email, envEmail), firstSet(m.Password, envPassword)
	case os.Getenv(envAPIKey) != "":
		config.APIKey = os.Getenv(envAPIKey)
	case os.Getenv(envAccessToken) != "":
		config.APIKey = os.Getenv(envAccessToken)
	default:
		config.Email, config.Password = os.Getenv(envEmail), os.Getenv(envPassword)
	}
	switch {
	case config.APIKey != "":
	case config.Email == "" && config.Password == "":
		missing.AddAttributeError(path.Root("api_key"), "Missing SigNoz API key",
			"Set the environment variable "+envAPIKey+", or `api_key` in the provider block, to a key of a service account with the role signoz-admin. "+
				"On a fresh server without any key, sign in as a user instead: set `email` and `password`, or "+envEmail+" and "+envPassword+".")
	case config.Email == "":
		missing.AddAttributeError(path.Root("email"), "Missing email address",
			"A password is set, so the email address of the user must be too: set `email` or the environment variable "+envEmail+".")
	case config.Password == "":
		missing.AddAttributeError(path.Root("password"), "Missing password",
			"An email address is set, so the user's password must be too: set `password` or the environment variable "+envPassword+".")
	}
}

func (m *providerModel) limits(config *signoz.Config, diags *diag.Diagnostics) {
	if known(m.RequestTimeout) {
		config.RequestTimeout = times.DurationOf(m.RequestTimeout)
	} else if text := os.Getenv(envRequestTimeout); text != "" {
		d, err := times.ParseDuration(text)
		if err != nil {
			diags.AddError("Invalid environment variable "+envRequestTimeout, sentence(err.Error()))
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
	if v := attribute.ValueString(); v != "" {
		return v
	}
	return os.Getenv(env)
}

func (p *signozProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		core.New(newServiceAccount),
		core.New(newServiceAccountKey),
		core.New(newServiceAccountRole),
		core.New(newServiceAccountKeysExclusive),
	}
}

func (p *signozProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		core.NewDataSource(meDataSource),
		core.NewDataSource(serviceAccountDataSource),
		core.NewDataSource(serviceAccountsDataSource),
		core.NewDataSource(serviceAccountKeysDataSource),
		core.NewDataSource(rolesDataSource),
	}
}

func (p *signozProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		newServiceAccountKeyEphemeralResource,
		newServiceAccountKeyValueEphemeralResource,
	}
}

func (p *signozProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		core.NewList(serviceAccountList),
		core.NewList(serviceAccountKeyList),
	}
}
