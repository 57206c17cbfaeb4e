// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/nacl/box"

	"github.com/signoz-community/terraform-provider-signoz/internal/keyseal"
	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// agePair is a new age identity with its recipient.
type agePair struct{ identity, recipient string }

func newAgePair(t *testing.T) agePair {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	fatal(t, err)
	return agePair{identity.String(), identity.Recipient().String()}
}

// encrypt encrypts a value as the provider does.
func (p agePair) encrypt(t *testing.T, value string) string {
	t.Helper()
	recipients, err := keyseal.AgeRecipients([]string{p.recipient})
	fatal(t, err)
	text, err := recipients.Encrypt(value)
	fatal(t, err)
	return text
}

// decrypt decrypts what the provider encrypted.
func (p agePair) decrypt(t *testing.T, text string) string {
	t.Helper()
	identities, err := keyseal.ParseIdentities(p.identity)
	fatal(t, err)
	value, err := identities.Decrypt(text)
	fatal(t, err)
	return value
}

// githubKeys is a key pair of a GitHub repository.
type githubKeys struct{ public, private *[32]byte }

func newGitHubKeys(t *testing.T) githubKeys {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	fatal(t, err)
	return githubKeys{public, private}
}

func (k githubKeys) publicKey() string { return base64.StdEncoding.EncodeToString(k.public[:]) }

// open opens a sealed box as GitHub does.
func (k githubKeys) open(t *testing.T, text string) string {
	t.Helper()
	sealed, err := base64.StdEncoding.DecodeString(text)
	fatal(t, err)
	value, ok := box.OpenAnonymous(nil, sealed, k.public, k.private)
	if !ok {
		t.Fatal("GitHub can't open the sealed box")
	}
	return string(value)
}

// encryptTo is a value of the attribute of that name.
func encryptTo(recipients, github attr.Value) types.Object {
	return types.ObjectValueMust(
		map[string]attr.Type{"age_recipients": types.SetType{ElemType: types.StringType}, "github_public_key": types.StringType},
		map[string]attr.Value{"age_recipients": recipients, "github_public_key": github},
	)
}

func ageRecipients(texts ...string) types.Set {
	elements := make([]attr.Value, len(texts))
	for i, text := range texts {
		elements[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, elements)
}

func TestEncryptTo_refuses(t *testing.T) {
	t.Parallel()
	none, noKey := types.SetNull(types.StringType), types.StringNull()
	good, key := newAgePair(t), newGitHubKeys(t).publicKey()
	partly := func(known string) types.Set {
		return types.SetValueMust(types.StringType, []attr.Value{types.StringValue(known), types.StringUnknown()})
	}
	for name, test := range map[string]struct {
		config types.Object
		says   []string // none: accepted
	}{
		"left out":              {config: types.ObjectNull(encryptTo(none, noKey).AttributeTypes(t.Context()))},
		"unknown":               {config: types.ObjectUnknown(encryptTo(none, noKey).AttributeTypes(t.Context()))},
		"a recipient":           {config: encryptTo(ageRecipients(good.recipient), noKey)},
		"several":               {config: encryptTo(ageRecipients(good.recipient, newAgePair(t).recipient), noKey)},
		"GitHub":                {config: encryptTo(none, types.StringValue(key))},
		"unknown recipients":    {config: encryptTo(types.SetUnknown(types.StringType), noKey)},
		"an unknown recipient":  {config: encryptTo(types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()}), noKey)},
		"one of two unknown":    {config: encryptTo(partly(good.recipient), noKey)},
		"an unknown key":        {config: encryptTo(none, types.StringUnknown())},
		"one that may be null":  {config: encryptTo(ageRecipients(good.recipient), types.StringUnknown())},
		"neither":               {encryptTo(none, noKey), []string{"encrypt_to", "Exactly one of"}},
		"both":                  {encryptTo(ageRecipients(good.recipient), types.StringValue(key)), []string{"encrypt_to", "Exactly one of"}},
		"no recipient":          {encryptTo(ageRecipients(), noKey), []string{"encrypt_to.age_recipients", "At least one recipient"}},
		"a null recipient":      {encryptTo(types.SetValueMust(types.StringType, []attr.Value{types.StringNull()}), noKey), []string{"encrypt_to.age_recipients", "is empty"}},
		"a damaged one":         {encryptTo(ageRecipients(good.recipient[:50]), noKey), []string{"encrypt_to.age_recipients", "is damaged"}},
		"a damaged one, partly": {encryptTo(partly(good.recipient[:50]), noKey), []string{"encrypt_to.age_recipients", "is damaged"}},
		"an identity":           {encryptTo(ageRecipients(good.identity), noKey), []string{"encrypt_to.age_recipients", "the secret half"}},
		"no key of GitHub":      {encryptTo(none, types.StringValue("3380204578043523366")), []string{"encrypt_to.github_public_key", "32 bytes in base64"}},
		"an empty key":          {encryptTo(none, types.StringValue("")), []string{"encrypt_to.github_public_key", "32 bytes in base64"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diags := provider.CheckEncryptTo(test.config)
			if len(test.says) == 0 {
				if len(diags) != 0 {
					t.Errorf("refused: %v", diags)
				}
				return
			}
			if len(diags) != 1 {
				t.Fatalf("%d diagnostics: %v", len(diags), diags)
			}
			text := diags[0].Summary() + "\n" + diags[0].Detail()
			if located, ok := diags[0].(diag.DiagnosticWithPath); ok {
				text = located.Path().String() + ": " + text
			}
			for _, piece := range test.says {
				if !strings.Contains(text, piece) {
					t.Errorf("%s\ndoesn't say %q", text, piece)
				}
			}
			if strings.Contains(text, good.identity[20:]) {
				t.Errorf("a secret is quoted: %s", text)
			}
		})
	}
}

func TestEncryptTo_encrypts(t *testing.T) {
	t.Parallel()
	const value = "K7xZ0n3v6b9y2B5e8h1k4n7q0t3w6z9C2F5J8M1P4S7="
	one, other := newAgePair(t), newAgePair(t)
	text, err := provider.EncryptKey(encryptTo(ageRecipients(one.recipient, other.recipient), types.StringNull()), value)
	fatal(t, err)
	equal(t, "one's value", one.decrypt(t, text), value)
	equal(t, "the other's value", other.decrypt(t, text), value)

	github := newGitHubKeys(t)
	text, err = provider.EncryptKey(encryptTo(types.SetNull(types.StringType), types.StringValue(github.publicKey())), value)
	fatal(t, err)
	equal(t, "GitHub's value", github.open(t, text), value)
}
