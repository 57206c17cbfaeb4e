// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is what Terraform sees of SigNoz: resources, data sources,
// ephemeral resources and list resources for service accounts, their roles
// and their API keys.
package provider

import (
	"context"
	"fmt"
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
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// Address is the provider's address in the registry. It stands nowhere else in
// the code. It isn't signoz/signoz, which is SigNoz's own provider.
const Address = "registry.terraform.io/signoz-community/signoz"

var (
	_ provider.ProviderWithEphemeralResources = (*signozProvider)(nil)
	_ provider.ProviderWithListResources      = (*signozProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*signozProvider)(nil)
)

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

// NewServer returns a factory of the provider's protocol server: the plugin framework's server,
// with a fast path for unchanged objects (see [core.Server]).
func NewServer(version string, options ...Option) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := newProvider(version, options)
		server, err := core.NewServer(p, func() any { return p.session.Load() })
		if err != nil {
			return providerserver.NewProtocol6(p)()
		}
		return server
	}
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

func (p *signozProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "signoz"
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
					"ca_certificate": schema.StringAttribute{Optional: true, MarkdownDescription: "Certificate of a private certificate authority to trust, in addition to those of the system."},
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

// ValidateConfig checks what can be checked without the environment, for `terraform validate`.
func (p *signozProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if values.Known(config.Endpoint) {
		if _, err := signoz.ParseEndpoint(config.Endpoint.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("endpoint"), "Invalid endpoint", wording.Sentence(err.Error()))
		}
	}
	for name := range config.Headers.Elements() {
		if err := signoz.CheckHeaderName(name); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("headers").AtMapKey(name), "Header not allowed", wording.Sentence(err.Error()))
		}
	}
}

// Configure reads the configuration and creates the client. It sends no request, so that a plan
// without SigNoz objects works offline. Missing or unknown settings are reported only by operations
// that need the client (see session.requireClient); invalid settings are an error here.
func (p *signozProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := &session{now: p.now, unknown: unknownAttributes(req.Config.Raw)}
	s.pulumi = strings.Contains(req.TerraformVersion, "pulumi") // "1.0.0+pulumi-terraform-bridge"
	if len(s.unknown) == 0 {
		clientConfig := config.clientConfig(ctx, &s.missing, &resp.Diagnostics)
		if len(s.missing) == 0 && !resp.Diagnostics.HasError() {
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
