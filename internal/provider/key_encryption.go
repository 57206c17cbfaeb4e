// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/keyseal"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// encryptToTypes are the types of encrypt_to's attributes.
var encryptToTypes = map[string]attr.Type{
	"age_recipients":    types.SetType{ElemType: types.StringType},
	"github_public_key": types.StringType,
}

// encryptToAttribute names those who can decrypt a key's value.
func encryptToAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Who can decrypt the key's value: exactly one of `age_recipients` and `github_public_key`. With it, the value is in the state only as `encrypted_key`, and `key` is null. " +
			"Adding it to a key whose value is in the state encrypts that value in place; earlier versions of the state still have it in plain text. " +
			"Changing or removing it creates a new key: the provider can't decrypt the value to encrypt it to others.",
		Attributes: map[string]schema.Attribute{
			"age_recipients": schema.SetAttribute{
				ElementType: types.StringType,
				Optional:    true,
				MarkdownDescription: "Public keys of [age](https://age-encryption.org), each of whose holders can decrypt the value: X25519 (`age1…`), post-quantum (`age1pq1…`, which can't be mixed with others) and SSH (`ssh-ed25519 …`, `ssh-rsa …`). " +
					"`age-keygen` creates a pair. The ephemeral resource `signoz_service_account_key_value` and the `age` program decrypt it.",
			},
			"github_public_key": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Public key of a GitHub repository, environment or organization for its secrets, in base64, as in `key` of the data source `github_actions_public_key`. " +
					"Only GitHub can decrypt the value: pass `encrypted_key` to `value_encrypted` of `github_actions_secret`, together with `key_id`.",
			},
		},
	}
}

func encryptedKeyAttribute() schema.StringAttribute {
	return assigned("Value of the key, encrypted to `encrypt_to`: an armored age file, or the base64 text of a sealed box that GitHub's secrets accept. It isn't sensitive: only the recipients can decrypt it. " +
		"Null without `encrypt_to`, and for an imported key.")
}

// encryptKey encrypts a key's value to the recipients in encrypt_to, which must be fully known. It
// returns "" if encrypt_to is null.
func encryptKey(encryptTo types.Object, value string) (string, error) {
	if encryptTo.IsNull() {
		return "", nil
	}
	recipients, err := parseRecipients(recipientTexts(encryptTo))
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
	if values.Known(github) {
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

// checkEncryptTo refuses none or both of the two kinds of recipients. Recipients themselves
// are judged in the plan: in `terraform test` they may come from mocks.
func checkEncryptTo(encryptTo types.Object, diags *diag.Diagnostics) {
	age, github := recipientTexts(encryptTo)
	if values.Known(encryptTo) && age.IsNull() == github.IsNull() && !age.IsUnknown() && !github.IsUnknown() {
		diags.AddAttributeError(path.Root("encrypt_to"), "Invalid recipients of a key",
			"Exactly one of `age_recipients` and `github_public_key` is required: name an age recipient for each receiver, or create a separate key for GitHub, which nobody else can decrypt.")
	}
}

// checkRecipients refuses recipients that can't be encrypted to. What is unknown waits for
// the apply.
func checkRecipients(encryptTo types.Object, diags *diag.Diagnostics) {
	age, github := recipientTexts(encryptTo)
	if !values.Known(encryptTo) || github.IsUnknown() || (values.HasUnknown(age) && len(values.Strings(age)) == 0) {
		return
	}
	if _, err := parseRecipients(age, github); err != nil {
		at := path.Root("encrypt_to").AtName("age_recipients")
		if values.Known(github) {
			at = path.Root("encrypt_to").AtName("github_public_key")
		}
		diags.AddAttributeError(at, "Invalid recipient of a key", wording.Sentence(err.Error()))
	}
}

// keepValue sets key or, if encrypt_to is set, encrypted_key to a key's value.
func keepValue(m *serviceAccountKeyModel, record *keyRecord, value string) error {
	m.Key, m.EncryptedKey = types.StringValue(value), types.StringNull()
	if m.EncryptTo.IsNull() {
		return nil
	}
	m.Key = types.StringNull()
	record.Hash = signoz.HashKey(value)
	text, err := encryptKey(m.EncryptTo, value)
	if err == nil {
		m.EncryptedKey = types.StringValue(text)
	}
	return err
}

// planEncryption plans key and encrypted_key of an existing key. Changing the encrypt_to of an
// encrypted value replaces the key instead: see replacedAttributes.
func planEncryption(plan *serviceAccountKeyModel, state serviceAccountKeyModel, diags *diag.Diagnostics) {
	if plan.EncryptTo.IsNull() || !state.EncryptTo.IsNull() {
		plan.Key, plan.EncryptedKey = state.Key, state.EncryptedKey
		return
	}
	name := state.Name.ValueString()
	if state.Key.IsNull() {
		plan.Key, plan.EncryptedKey = types.StringNull(), types.StringNull()
		diags.AddAttributeWarning(path.Root("encrypt_to"), fmt.Sprintf("The key %q has no value to encrypt", name),
			"It was imported, and SigNoz shows a value only once. encrypt_to takes effect when the key is replaced: change rotate_when_changed, or run terraform apply -replace=ADDRESS.")
		return
	}
	plan.Key, plan.EncryptedKey = types.StringNull(), types.StringUnknown()
	diags.AddAttributeWarning(path.Root("encrypt_to"), fmt.Sprintf("Earlier versions of the state still hold the value of the key %q", name),
		"The apply encrypts the value in the state, and the key stays as it is. Backups and earlier versions of the state still have it in plain text. For a value that was never in a state, replace the key: change rotate_when_changed, or run terraform apply -replace=ADDRESS.")
}
