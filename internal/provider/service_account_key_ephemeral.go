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

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*serviceAccountKeyEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*serviceAccountKeyEphemeralResource)(nil)
)

const (
	defaultEphemeralPrefix   = "terraform-"
	defaultEphemeralLifetime = "1h"
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

// openKey is what Close needs to know of the key that Open made. The value isn't in it.
type openKey struct {
	AccountID string    `json:"service_account_id"`
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	ExpiresAt time.Time `json:"expires_at"`
}

const privateOpenKey = "key"

func (e *serviceAccountKeyEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key"
}

func (e *serviceAccountKeyEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API key that lives no longer than the run: it is made when Terraform first needs it and revoked when the run ends, and its value reaches neither plan nor state. " +
			"Should a run be killed before it can revoke the key, the key expires by itself. " +
			"Terraform opens ephemeral resources in plans too, so a plan makes and revokes a key as well. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the service account that the key signs in.",
			},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: fmt.Sprintf("Beginning of the key's name, to which random letters are appended; at most %d characters. `%s` by default.", signoz.MaxKeyNamePrefixLength, defaultEphemeralPrefix),
			},
			"valid_for": schema.StringAttribute{
				Optional:            true,
				Computed:            true,
				MarkdownDescription: "How long the key works if nothing revokes it, such as `30m`; `1h` by default. It should be longer than the longest run.",
				Validators:          []validator.String{durationValidator{atLeast: time.Second}},
			},
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Id of the key, a UUID.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Name of the key.",
			},
			"key": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "Value of the key, which goes into the `SIGNOZ-API-KEY` header.",
			},
			"expires_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Time at which the key stops working by itself (RFC 3339, UTC).",
			},
		},
	}
}

func (e *serviceAccountKeyEphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// Open makes the key.
func (e *serviceAccountKeyEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model ephemeralKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	checkAccountID(path.Root("service_account_id"), model.ServiceAccountID, &resp.Diagnostics)
	client := e.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	model.setDefaults(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	accountID := model.ServiceAccountID.ValueString()
	wanted := signoz.NewKey{
		Name:       signoz.UniqueKeyName(model.NamePrefix.ValueString()),
		ExpiresAt:  e.session.now().Add(durationOf(model.ValidFor)).Truncate(time.Second),
		UniqueName: true,
	}
	created, err := client.CreateKey(ctx, accountID, wanted)
	if err != nil {
		e.session.addError(ctx, &resp.Diagnostics, "Can't create an ephemeral key of service account "+accountID, err)
		return
	}
	model.ID = types.StringValue(created.ID)
	model.Name = types.StringValue(wanted.Name)
	model.Key = types.StringValue(created.Value)
	model.ExpiresAt = timestamp(wanted.ExpiresAt)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)

	private, err := json.Marshal(openKey{AccountID: accountID, ID: created.ID, Name: wanted.Name, ExpiresAt: wanted.ExpiresAt})
	if err == nil {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, privateOpenKey, private)...)
	}
	if err != nil || resp.Diagnostics.HasError() {
		// Without these facts Close couldn't revoke the key.
		if err := client.RevokeKey(ctx, accountID, created.ID); err != nil {
			resp.Diagnostics.Append(notRevoked(wanted.Name, accountID, wanted.ExpiresAt, e.session.explain(ctx, err)))
		}
	}
}

func (m *ephemeralKeyModel) setDefaults(diags *diag.Diagnostics) {
	if m.NamePrefix.IsNull() {
		m.NamePrefix = types.StringValue(defaultEphemeralPrefix)
	}
	if m.ValidFor.IsNull() {
		m.ValidFor = types.StringValue(defaultEphemeralLifetime)
	}
	if wrong := checkNamePrefix(m.NamePrefix.ValueString()); wrong != "" {
		diags.AddAttributeError(path.Root("name_prefix"), "Invalid prefix of a key's name", wrong)
	}
}

// Close revokes the key. That it can't be revoked is no reason to fail a run that did its
// work: the key's expiry bounds the harm, and the warning says when.
func (e *serviceAccountKeyEphemeralResource) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	raw, diags := req.Private.GetKey(ctx, privateOpenKey)
	resp.Diagnostics.Append(diags...)
	if len(raw) == 0 {
		return
	}
	var opened openKey
	if err := json.Unmarshal(raw, &opened); err != nil {
		resp.Diagnostics.AddError("Unreadable private data", "What the provider remembers of an ephemeral key can't be read: "+err.Error()+". This is a bug of the provider: please report it.")
		return
	}
	client := e.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := client.RevokeKey(ctx, opened.AccountID, opened.ID); err != nil {
		resp.Diagnostics.Append(notRevoked(opened.Name, opened.AccountID, opened.ExpiresAt, e.session.explain(ctx, err)))
	}
}

func notRevoked(name, accountID string, expiresAt time.Time, why string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("The ephemeral key %q wasn't revoked", name),
		fmt.Sprintf("It works until it expires by itself, at %s. To end it sooner, revoke it in SigNoz: Settings → Service Accounts, the account with the id %s.\n\n%s",
			expiresAt.UTC().Format(time.RFC3339), accountID, why))
}
