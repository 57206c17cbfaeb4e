// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/keyseal"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// Environment variables that stand in for age_identity.
const (
	envAgeIdentity     = "SIGNOZ_AGE_IDENTITY"
	envAgeIdentityFile = "SIGNOZ_AGE_IDENTITY_FILE"
)

// serviceAccountKeyValueEphemeralResource has no session: it needs neither SigNoz nor the provider's configuration.
type serviceAccountKeyValueEphemeralResource struct{}

func newServiceAccountKeyValueEphemeralResource() ephemeral.EphemeralResource {
	return serviceAccountKeyValueEphemeralResource{}
}

type keyValueModel struct {
	EncryptedKey types.String `tfsdk:"encrypted_key"`
	AgeIdentity  types.String `tfsdk:"age_identity"`
	Key          types.String `tfsdk:"key"`
}

func (serviceAccountKeyValueEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_key_value"
}

func (serviceAccountKeyValueEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Decrypts the value of a key that has `encrypt_to`, for the write-only argument of a secret store or for a provider block. It decrypts in memory: the value is in no plan and no state. " +
			"It sends no request to SigNoz and can run any number of times, so a failed delivery succeeds in the next run. Needs Terraform 1.10 or OpenTofu 1.11; write-only arguments need 1.11 of either.",
		Attributes: map[string]schema.Attribute{
			"encrypted_key": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The attribute `encrypted_key` of a key that is encrypted to `age_recipients`. While it is unknown, because the key doesn't exist yet, Terraform waits for the apply.",
			},
			"age_identity": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "The identity of one of the recipients: the content of an age identity file, with one or several identities (`AGE-SECRET-KEY-1…`), or an SSH private key without a passphrase. " +
					"Can be set with the environment variable `" + envAgeIdentity + "`, or else be in the file that `" + envAgeIdentityFile + "` names, which only its owner may read.",
			},
			"key": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "Value of the key, which goes into the `SIGNOZ-API-KEY` header.",
			},
		},
	}
}

// Open decrypts the value.
func (serviceAccountKeyValueEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model keyValueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	identities := model.identities(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	value, err := identities.Decrypt(model.EncryptedKey.ValueString())
	if mismatch := (*keyseal.MismatchError)(nil); errors.As(err, &mismatch) {
		resp.Diagnostics.AddAttributeError(path.Root("age_identity"), "The identity doesn't decrypt the key",
			wording.Sentence(err.Error())+" Use the identity of a recipient in the key's `encrypt_to`. A recipient can't be added to an existing key: change `encrypt_to`, which creates a new key.")
		return
	}
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("encrypted_key"), "Can't decrypt the key", wording.Sentence(err.Error()))
		return
	}
	model.Key = types.StringValue(value)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}

// identities are those of the argument, else of the environment, else of the
// file. An empty text counts as not set.
func (m keyValueModel) identities(diags *diag.Diagnostics) keyseal.Identities {
	text, from := m.AgeIdentity.ValueString(), "`age_identity`"
	if text == "" {
		text, from = os.Getenv(envAgeIdentity), "the environment variable "+envAgeIdentity
	}
	if file := os.Getenv(envAgeIdentityFile); text == "" && file != "" {
		from = "the file " + file + " (" + envAgeIdentityFile + ")"
		var err error
		if text, err = keyseal.ReadIdentityFile(file); err != nil {
			diags.AddAttributeError(path.Root("age_identity"), "Can't use the identity file",
				fmt.Sprintf("%s names the file, and %s. Where a file can't have another mode, use %s instead.", envAgeIdentityFile, err, envAgeIdentity))
			return nil
		}
	} else if text == "" {
		diags.AddAttributeError(path.Root("age_identity"), "No identity to decrypt the key with",
			fmt.Sprintf("Set `age_identity` from an ephemeral variable, or the environment variable %s to an identity, or %s to the name of a file that holds it. The key is encrypted, and only the identity of one of its recipients decrypts it.", envAgeIdentity, envAgeIdentityFile))
		return nil
	}
	identities, err := keyseal.ParseIdentities(text)
	if err != nil {
		diags.AddAttributeError(path.Root("age_identity"), "Can't use the identity", wording.Sentence(err.Error())+" It comes from "+from+".")
		return nil
	}
	return identities
}
