// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*serviceAccountKeyEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithRenew     = (*serviceAccountKeyEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*serviceAccountKeyEphemeralResource)(nil)
)

const (
	defaultEphemeralPrefix = "terraform-"
	defaultLease           = "15m"

	// shortestLease leaves room for a renewal by a server that takes seconds to
	// answer: expiries are whole seconds.
	shortestLease = 10 * time.Second

	// longestRenewal bounds one call of Renew, since Close waits for it: Terraform
	// as long as it takes, OpenTofu 1.12 ten seconds.
	longestRenewal = 30 * time.Second
)

type serviceAccountKeyEphemeralResource struct{ session *session }

func newServiceAccountKeyEphemeralResource() ephemeral.EphemeralResource {
	return &serviceAccountKeyEphemeralResource{}
}

type ephemeralKeyModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	NamePrefix       types.String `tfsdk:"name_prefix"`
	ValidFor         types.String `tfsdk:"valid_for"`
	ID               types.String `tfsdk:"id"`
	Name             types.String `tfsdk:"name"`
	Key              types.String `tfsdk:"key"`
	ExpiresAt        types.String `tfsdk:"expires_at"`
}

// lease is what Renew and Close need to know of the key that Open made. The
// value isn't in it.
type lease struct {
	AccountID string        `json:"service_account_id"`
	KeyID     string        `json:"id"`
	Name      string        `json:"name"`
	ValidFor  time.Duration `json:"valid_for"`
	ExpiresAt time.Time     `json:"expires_at"`
	// ClockLead is how far the server's clock is ahead of this machine's.
	ClockLead time.Duration `json:"clock_lead"`
}

const privateLease = "lease"

// expiryFrom is the expiry of a lease that begins at a time of this machine's clock.
func (l *lease) expiryFrom(now time.Time) time.Time {
	return now.Add(l.ClockLead + l.ValidFor).Truncate(time.Second)
}

// renewAt leaves two thirds of the lease for renewals that fail.
func (l *lease) renewAt(now time.Time) time.Time { return now.Add(l.ValidFor / 3) }

func (l *lease) retryAt(now time.Time) time.Time { return now.Add(l.ValidFor / 12) }

// renewals is the state of a lease since Open. It is kept in memory, because Terraform passes the
// private data of Open to Close, not those of Renew.
type renewals struct {
	expiresAt  time.Time // as far as SigNoz has confirmed it
	worksUntil time.Time // at the latest: an attempt without an answer may have been carried out
	failure    string    // why the last renewal failed
	lapsedAt   time.Time // when the key stopped working although it was in use
}

// renewalsOf returns the renewals of a lease so far.
func (s *session) renewalsOf(key *lease) renewals {
	if r := s.leases.get(key.KeyID); !r.expiresAt.IsZero() {
		return r
	}
	return renewals{expiresAt: key.ExpiresAt, worksUntil: key.ExpiresAt}
}

func (e *serviceAccountKeyEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
}

func (e *serviceAccountKeyEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API key for a single run: the provider creates it when Terraform first needs it and revokes it when the run ends. Its value is in no plan and no state. " +
			"During the run, the provider renews the key: it moves the expiry, and the same value keeps working, however long the run takes. " +
			"If the run is killed, the key expires within `valid_for`. " +
			"Terraform opens ephemeral resources in plans too, so a plan creates and revokes a key too. Needs Terraform 1.10 or OpenTofu 1.12.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{Required: true, MarkdownDescription: "ID of the service account that the key belongs to."},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: fmt.Sprintf("Start of the key's name, followed by random letters; at most %d characters. `%s` by default.", signoz.MaxKeyNamePrefixLength, defaultEphemeralPrefix),
			},
			"valid_for": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: fmt.Sprintf("How long the key works if nothing renews or revokes it, such as `30m`; `%s` by default, at least `%s`. "+
					"It is a lease, not a limit of the run: the provider renews the key each time a third of it has passed.", defaultLease, shortestLease),
				Validators: []validator.String{times.AtLeast(shortestLease)},
			},
			"id":   schema.StringAttribute{Computed: true, MarkdownDescription: "ID of the key, a UUID."},
			"name": schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the key."},
			"key": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "Value of the key, which goes into the `SIGNOZ-API-KEY` header.",
			},
			"expires_at": schema.StringAttribute{Computed: true, MarkdownDescription: "Time at which the key expires unless it is renewed (RFC 3339, UTC)."},
		},
	}
}

func (e *serviceAccountKeyEphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = core.Data[*session](req.ProviderData, &resp.Diagnostics)
}

// Open makes the key.
func (e *serviceAccountKeyEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model ephemeralKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	checkAccountID(path.Root("service_account_id"), model.ServiceAccountID, &resp.Diagnostics)
	model.setDefaults(&resp.Diagnostics)
	client := e.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	key := lease{
		AccountID: model.ServiceAccountID.ValueString(),
		Name:      signoz.UniqueKeyName(model.NamePrefix.ValueString()),
		ValidFor:  times.DurationOf(model.ValidFor),
	}
	value := e.create(ctx, client, &key, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	model.ID = types.StringValue(key.KeyID)
	model.Name = types.StringValue(key.Name)
	model.Key = types.StringValue(value)
	model.ExpiresAt = times.Timestamp(key.ExpiresAt)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
	resp.RenewAt = key.renewAt(e.session.now())

	private, err := json.Marshal(key)
	if err == nil {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, privateLease, private)...)
	}
	if err != nil || resp.Diagnostics.HasError() {
		// Without these facts Close couldn't revoke the key.
		e.revoke(ctx, client, &key, key.ExpiresAt, &resp.Diagnostics)
	}
}

func (m *ephemeralKeyModel) setDefaults(diags *diag.Diagnostics) {
	if m.NamePrefix.IsNull() {
		m.NamePrefix = types.StringValue(defaultEphemeralPrefix)
	}
	if m.ValidFor.IsNull() {
		m.ValidFor = types.StringValue(defaultLease)
	}
	keyPrefixRule().check("name_prefix", m.NamePrefix, diags)
}

// create makes the key and returns its value. The lease counts by the server's
// clock, which is known only once the key is there: its id tells when it was
// made. Where this machine's clock is off by more than a part of the lease, or the
// answer took that long, the expiry is set right at once.
func (e *serviceAccountKeyEphemeralResource) create(ctx context.Context, client *signoz.Client, key *lease, diags *diag.Diagnostics) string {
	summary := "Can't create an ephemeral key of service account " + key.AccountID
	sent := e.session.now()
	wanted := signoz.NewKey{Name: key.Name, ExpiresAt: key.expiryFrom(sent), UniqueName: true}
	created, err := client.CreateKey(ctx, key.AccountID, wanted)
	if signoz.IsInvalidInput(err) {
		// By the server's clock the expiry may have passed.
		wanted.ExpiresAt = wanted.ExpiresAt.Add(times.Day)
		created, err = client.CreateKey(ctx, key.AccountID, wanted)
	}
	received := e.session.now()
	if signoz.IsInvalidInput(err) {
		diags.AddError(summary, fmt.Sprintf("SigNoz refused the key's name or its expiry. If it is the name, choose another `name_prefix` (SigNoz v0.118 allows no digits). If it is the expiry, set this machine's clock, by which it is %s: it is behind SigNoz's by more than a day. %s",
			received.UTC().Format(time.RFC3339), quote(err)))
		return ""
	}
	if err != nil {
		e.session.addError(ctx, diags, summary, err)
		return ""
	}
	e.session.noteRefreshed(created.ID) // no stray in this run, however long it is valid
	key.KeyID, key.ExpiresAt = created.ID, wanted.ExpiresAt
	if at, ok := created.CreatedAt(); ok {
		key.ClockLead = clockLead(at, sent, received)
	}
	right := key.expiryFrom(received)
	if right.Sub(key.ExpiresAt).Abs() <= key.ValidFor/5 {
		return created.Value
	}
	if err := client.UpdateKey(ctx, key.AccountID, key.KeyID, key.Name, right); err != nil {
		e.session.addError(ctx, diags, summary, err)
		e.revoke(ctx, client, key, key.ExpiresAt, diags)
		return ""
	}
	key.ExpiresAt = right
	return created.Value
}

// clockLead is how far, at least, the server's clock is ahead of this machine's: its clock showed
// `at` at some time between sent and received by this machine's.
func clockLead(at, sent, received time.Time) time.Duration {
	switch {
	case at.Before(sent):
		return at.Sub(sent)
	case at.After(received):
		return at.Sub(received)
	}
	return 0
}

// Renew moves the key's expiry. It returns no error: Terraform ends the renewals
// of a resource at the first error, and up to 1.16 it drops that error. So a
// renewal that fails is repeated soon, beyond the expiry too, since a later
// expiry makes an expired key work again; and Close reports what went wrong.
func (e *serviceAccountKeyEphemeralResource) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	client, key := e.opened(ctx, req.Private, &resp.Diagnostics)
	if key == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, min(longestRenewal, key.ValidFor/2))
	defer cancel()
	past := e.session.renewalsOf(key)
	began := e.session.now()
	expiresAt := key.expiryFrom(began)
	err := client.UpdateKey(limited, key.AccountID, key.KeyID, key.Name, expiresAt)
	now := e.session.now()
	if past.lapsedAt.IsZero() && !now.Add(key.ClockLead).Before(past.expiresAt) {
		past.lapsedAt = past.expiresAt
	}
	past.worksUntil = expiresAt
	switch {
	case err == nil:
		past.expiresAt = expiresAt
		switch {
		case past.lapsedAt.IsZero():
			past.failure = ""
		case past.failure == "":
			past.failure = fmt.Sprintf("Terraform asked for the renewal only at %s, as it does when the machine has slept.", began.UTC().Format(time.RFC3339))
		}
		resp.RenewAt = key.renewAt(began)
	case ctx.Err() != nil: // the run was cancelled: Close follows
	case signoz.IsNotFound(err):
		past.failure = "It was revoked in SigNoz during the run. " + quote(err)
	default:
		past.failure = e.session.explain(ctx, err)
		resp.RenewAt = key.retryAt(now)
	}
	e.session.leases.set(key.KeyID, past)
}

// Close revokes the key. A failed revocation or renewal is only a warning, since the run did its
// work: the key expires soon, and the warning says when.
func (e *serviceAccountKeyEphemeralResource) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	client, key := e.opened(ctx, req.Private, &resp.Diagnostics)
	if key == nil {
		return
	}
	past := e.session.renewalsOf(key)
	e.session.leases.set(key.KeyID, renewals{}) // report a failure only once
	if past.failure != "" {
		resp.Diagnostics.Append(notRenewed(key, past, e.session.now().Add(key.ClockLead)))
	}
	e.revoke(ctx, client, key, past.worksUntil, &resp.Diagnostics)
}

// revoke ends the key, or warns until when it works.
func (e *serviceAccountKeyEphemeralResource) revoke(ctx context.Context, client *signoz.Client, key *lease, worksUntil time.Time, diags *diag.Diagnostics) {
	err := client.RevokeKey(ctx, key.AccountID, key.KeyID)
	if err == nil {
		return
	}
	diags.AddWarning(fmt.Sprintf("The ephemeral key %q wasn't revoked", key.Name),
		fmt.Sprintf("It works until it expires at %s. To revoke it sooner, use the SigNoz UI: Settings → Service Accounts, the account with the ID %s.\n\n%s",
			worksUntil.UTC().Format(time.RFC3339), key.AccountID, e.session.explain(ctx, err)))
}

// opened is the key that Open has made, and the client to renew or revoke it with; nil
// where Open has left nothing, or there is an error.
func (e *serviceAccountKeyEphemeralResource) opened(ctx context.Context, private interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}, diags *diag.Diagnostics,
) (*signoz.Client, *lease) {
	raw, d := private.GetKey(ctx, privateLease)
	diags.Append(d...)
	client := e.session.requireClient(diags)
	if client == nil || len(raw) == 0 {
		return nil, nil
	}
	var key lease
	if err := json.Unmarshal(raw, &key); err != nil {
		diags.AddError("Unreadable private data", "What the provider remembers of an ephemeral key can't be read: "+err.Error()+". This is a bug of the provider: please report it.")
		return nil, nil
	}
	return client, &key
}

func notRenewed(key *lease, past renewals, serverTime time.Time) diag.Diagnostic {
	lapsedAt := past.lapsedAt
	if lapsedAt.IsZero() && !serverTime.Before(past.expiresAt) {
		lapsedAt = past.expiresAt
	}
	harm := fmt.Sprintf("The run ended before the key's expiry at %s, so the key worked to the end.", past.expiresAt.UTC().Format(time.RFC3339))
	if !lapsedAt.IsZero() {
		harm = fmt.Sprintf("The key stopped working at %s, while the run went on: SigNoz refused with 401 what used it after that.", lapsedAt.UTC().Format(time.RFC3339))
	}
	return diag.NewWarningDiagnostic(fmt.Sprintf("The ephemeral key %q couldn't be renewed", key.Name),
		harm+" A longer `valid_for` outlasts longer failures.\n\n"+past.failure)
}
