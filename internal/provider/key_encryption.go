// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/keyseal"
)

// encryptToAttribute names those who can decrypt a key's value.
func encryptToAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Who can decrypt the key's value: exactly one of `age_recipients` and `github_public_key`. With it, the value is in the state only as `encrypted_key`, and `key` is null. " +
			"Adding it to a key whose value is in the state encrypts that value in place; earlier versions of the state still hold it in clear text. " +
			"Changing or removing it makes a new key: the provider can't decrypt the value to encrypt it to others.",
		Attributes: map[string]schema.Attribute{
			"age_recipients": schema.SetAttribute{
				ElementType: types.StringType,
				Optional:    true,
				MarkdownDescription: "Public keys of [age](https://age-encryption.org), each of whose holders can decrypt the value: X25519 (`age1…`), post-quantum (`age1pq1…`, which can't be mixed with others) and SSH (`ssh-ed25519 …`, `ssh-rsa …`). " +
					"`age-keygen` makes a pair. The ephemeral resource `signoz_service_account_key_value` and the `age` program decrypt it.",
			},
			"github_public_key": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Public key of a GitHub repository, environment or organization for its secrets, in base64, as the data source `github_actions_public_key` gives it in `key`. " +
					"Only GitHub can decrypt the value: pass `encrypted_key` to `value_encrypted` of `github_actions_secret`, together with `key_id`.",
			},
		},
		Validators: []validator.Object{recipientsValidator{}},
	}
}

func encryptedKeyAttribute() schema.StringAttribute { //nolint:unused // until the key takes it up
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Value of the key, encrypted to `encrypt_to`: an armored age file, or the base64 text of a sealed box that GitHub's secrets take. It isn't sensitive: only the recipients can decrypt it. " +
			"Null without `encrypt_to`, and for an imported key.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// encryptKey encrypts a key's value as encrypt_to says, which isn't null and all known.
func encryptKey(encryptTo types.Object, value string) (string, error) {
	age, github := recipientTexts(encryptTo)
	recipients, err := parseRecipients(age, github)
	if err != nil {
		return "", err
	}
	return recipients.Encrypt(value)
}

func recipientTexts(encryptTo types.Object) (age types.Set, github types.String) {
	attributes := encryptTo.Attributes()
	age, _ = attributes["age_recipients"].(types.Set)
	github, _ = attributes["github_public_key"].(types.String)
	return age, github
}

// parseRecipients reads what is known; a null element of the set is an empty recipient.
func parseRecipients(age types.Set, github types.String) (keyseal.Recipients, error) {
	if known(github) {
		return keyseal.GitHubRecipient(github.ValueString())
	}
	var texts []string
	for _, element := range age.Elements() {
		if text, ok := element.(types.String); ok && !text.IsUnknown() {
			texts = append(texts, text.ValueString())
		}
	}
	return keyseal.AgeRecipients(texts)
}

// recipientsValidator refuses recipients that can't be encrypted to. What is
// unknown waits for the apply.
type recipientsValidator struct{}

func (recipientsValidator) Description(context.Context) string {
	return "exactly one of age_recipients and github_public_key, with recipients that can be encrypted to"
}

func (v recipientsValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (recipientsValidator) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if !known(req.ConfigValue) {
		return
	}
	age, github := recipientTexts(req.ConfigValue)
	if age.IsNull() == github.IsNull() && !age.IsUnknown() && !github.IsUnknown() {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid recipients of a key",
			"Exactly one of `age_recipients` and `github_public_key` is required: a value that several receivers need takes an age recipient for each, and a key for GitHub is one that nobody else can decrypt.")
		return
	}
	if known(github) {
		if _, err := parseRecipients(age, github); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtName("github_public_key"), "Invalid public key of GitHub", sentence(err.Error()))
		}
		return
	}
	if !known(age) || len(age.Elements()) > 0 && !anyKnown(age) {
		return
	}
	if _, err := parseRecipients(age, github); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path.AtName("age_recipients"), "Invalid recipient of a key", sentence(err.Error()))
	}
}

func anyKnown(set types.Set) bool {
	for _, element := range set.Elements() {
		if !element.IsUnknown() {
			return true
		}
	}
	return false
}
