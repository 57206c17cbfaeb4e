// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/signoz-community/terraform-provider-signoz/internal/keyseal"
)

const (
	keyValueKind = "signoz_service_account_key_value"
	secretValue  = "K7xZ0n3v6b9y2B5e8h1k4n7q0t3w6z9C2F5J8M1P4S7="
)

// clearAgeIdentity removes what stands in for age_identity on this machine.
func clearAgeIdentity(t *testing.T) {
	t.Helper()
	t.Setenv("SIGNOZ_AGE_IDENTITY", "")
	t.Setenv("SIGNOZ_AGE_IDENTITY_FILE", "")
}

// writeIdentityFile writes an identity file with that mode and returns its name.
func writeIdentityFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "identity")
	fatal(t, os.WriteFile(file, []byte(text), 0o600))
	fatal(t, os.Chmod(file, mode))
	return file
}

func keyValueConfig(encrypted, identity string) string {
	if identity == "" {
		return `{"encrypted_key": ` + quote(encrypted) + `}`
	}
	return `{"encrypted_key": ` + quote(encrypted) + `, "age_identity": ` + quote(identity) + `}`
}

// It needs no configuration of the provider, and can be repeated.
func TestKeyValue_decrypts(t *testing.T) {
	t.Parallel()
	p := unconfigured(t)
	mine, other := newAgePair(t), newAgePair(t)
	text := mine.encrypt(t, secretValue)
	for range 2 {
		opened := p.open(keyValueKind, keyValueConfig(text, mine.identity))
		equal(t, "key", opened.text("key"), secretValue)
		equal(t, "private data", len(opened.private), 0)
	}
	several := "# mine is the second\n" + other.identity + "\n\n" + mine.identity + "\n"
	equal(t, "key by several identities", p.open(keyValueKind, keyValueConfig(text, several)).text("key"), secretValue)
}

// The argument counts before the variable, the variable before the file.
func TestKeyValue_findsTheIdentity(t *testing.T) { //nolint:paralleltest // sets environment variables
	clearAgeIdentity(t)
	p := unconfigured(t)
	argument, variable, file := newAgePair(t), newAgePair(t), newAgePair(t)
	decrypts := func(what string, of agePair, identity string) {
		t.Helper()
		equal(t, what, p.open(keyValueKind, keyValueConfig(of.encrypt(t, secretValue), identity)).text("key"), secretValue)
	}
	t.Setenv("SIGNOZ_AGE_IDENTITY_FILE", writeIdentityFile(t, "# a file\n"+file.identity+"\n", 0o400))
	decrypts("by the file", file, "")
	t.Setenv("SIGNOZ_AGE_IDENTITY", variable.identity+"\n")
	decrypts("by the variable", variable, "")
	decrypts("by the argument", argument, argument.identity)
	p.refused("doesn't decrypt the key", "age_identity").open(keyValueKind, keyValueConfig(file.encrypt(t, secretValue), ""))
}

func TestKeyValue_refuses(t *testing.T) {
	t.Parallel()
	mine, other := newAgePair(t), newAgePair(t)
	text := mine.encrypt(t, secretValue)
	github, err := keyseal.GitHubRecipient(newGitHubKeys(t).publicKey())
	fatal(t, err)
	sealed, err := github.Encrypt(secretValue)
	fatal(t, err)
	for name, test := range map[string]struct {
		encrypted, identity string
		says                []string
	}{
		"none fits":             {text, other.identity, []string{"The identity doesn't decrypt the key", "age_identity", "of the type X25519", "encrypt_to"}},
		"none of several fits":  {text, other.identity + "\n" + newAgePair(t).identity, []string{"None of the 2 identities"}},
		"a recipient":           {text, mine.recipient, []string{"Can't use the identity", "is a recipient", "It comes from `age_identity`"}},
		"a damaged identity":    {text, mine.identity[:60], []string{"Can't use the identity", "damaged"}},
		"a damaged text":        {text[:len(text)-60], mine.identity, []string{"Can't decrypt the key", "encrypted_key", "is damaged"}},
		"a sealed box":          {sealed, mine.identity, []string{"Can't decrypt the key", "encrypted_key", "sealed box, which only GitHub can decrypt", "value_encrypted"}},
		"the clear value":       {secretValue, mine.identity, []string{"Can't decrypt the key", "isn't an armored age file"}},
		"an empty text":         {"", mine.identity, []string{"Can't decrypt the key", "isn't an armored age file"}},
		"an identity file name": {text, "/etc/age/identity", []string{"Can't use the identity", "isn't an age identity"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened := unconfigured(t).refused(test.says...).open(keyValueKind, keyValueConfig(test.encrypted, test.identity))
			wantNoSecret(t, "the error", opened.said.text(), map[string]string{"the value": secretValue, "an identity": mine.identity[16:50], "another identity": other.identity[16:50]})
		})
	}
}

func TestKeyValue_refusesWhatStandsInForTheIdentity(t *testing.T) { //nolint:paralleltest // sets environment variables
	clearAgeIdentity(t)
	mine := newAgePair(t)
	config := keyValueConfig(mine.encrypt(t, secretValue), "")
	p := unconfigured(t)
	p.refused("No identity to decrypt the key with", "age_identity", "SIGNOZ_AGE_IDENTITY", "SIGNOZ_AGE_IDENTITY_FILE").open(keyValueKind, config)

	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("SIGNOZ_AGE_IDENTITY_FILE", missing)
	p.refused("Can't use the identity file", missing).open(keyValueKind, config)

	file := writeIdentityFile(t, "# nothing\n", 0o600)
	t.Setenv("SIGNOZ_AGE_IDENTITY_FILE", file)
	p.refused("Can't use the identity", "no identity in it", "the file "+file).open(keyValueKind, config)

	if runtime.GOOS != "windows" {
		for _, mode := range []os.FileMode{0o644, 0o640, 0o602} {
			file = writeIdentityFile(t, mine.identity, mode)
			t.Setenv("SIGNOZ_AGE_IDENTITY_FILE", file)
			opened := p.refused("Can't use the identity file", fmt.Sprintf("its mode is %#o", mode), "chmod 600 "+file).open(keyValueKind, config)
			wantNoSecret(t, "the error", opened.said.text(), map[string]string{"the identity": mine.identity})
		}
	}

	t.Setenv("SIGNOZ_AGE_IDENTITY", "hunter2hunter2")
	opened := p.refused("Can't use the identity", "the environment variable SIGNOZ_AGE_IDENTITY").open(keyValueKind, config)
	wantNoSecret(t, "the error", opened.said.text(), map[string]string{"what the variable holds": "hunter2"})
}

// The mode is one of the whole process, so the test starts itself.
func TestKeyValue_saysThatFIPSForbidsAge(t *testing.T) {
	t.Parallel()
	const inside = "KEY_VALUE_TEST_FIPS"
	if os.Getenv(inside) != "" {
		unconfigured(t).refused("FIPS 140-only mode").open(keyValueKind, keyValueConfig("-----BEGIN AGE ENCRYPTED FILE-----", "AGE-SECRET-KEY-1…"))
		t.Log("asked in FIPS mode")
		return
	}
	self, err := os.Executable()
	fatal(t, err)
	command := exec.Command(self, "-test.run=^TestKeyValue_saysThatFIPSForbidsAge$", "-test.v")
	command.Env = append(os.Environ(), "GODEBUG=fips140=only", inside+"=1")
	if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "asked in FIPS mode") {
		t.Errorf("%v\n%s", err, out)
	}
}

// keyValueCase is an acceptance test with the providers that can show or take an ephemeral value.
func keyValueCase(box inbox, steps ...resource.TestStep) resource.TestCase {
	providers := factories()
	providers["echo"] = echoprovider.NewProviderServer()
	providers["receiver"] = box.factory("receiver")
	return resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_11_0)},
		ProtoV6ProviderFactories: providers,
		Steps:                    steps,
	}
}

func keyValueBlock(encrypted, identity string) string {
	return fmt.Sprintf("ephemeral \"signoz_service_account_key_value\" \"test\" {\n  encrypted_key = %s\n  age_identity  = %q\n}\n", encrypted, identity)
}

// offline is a provider block whose SigNoz nothing may ask: nobody listens there.
const offline = "provider \"signoz\" {\n  endpoint    = \"http://127.0.0.1:1\"\n  api_key     = \"none\"\n  max_retries = 0\n}\n"

func TestAccKeyValue_decryptsInMemory(t *testing.T) {
	t.Parallel()
	mine := newAgePair(t)
	resource.Test(t, keyValueCase(newInbox(t), resource.TestStep{
		Config: offline + keyValueBlock(quoteHCL(mine.encrypt(t, secretValue)), mine.identity) + `
provider "echo" {
  data = ephemeral.signoz_service_account_key_value.test.key
}

resource "echo" "test" {}
`,
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue("echo.test", tfjsonpath.New("data"), knownvalue.StringExact(secretValue)),
		},
	}))
}

// quoteHCL writes a text of several lines as an expression.
func quoteHCL(text string) string {
	return `"` + strings.ReplaceAll(text, "\n", `\n`) + `"`
}

// A key without a value, as after an import, is told by a precondition, and never delivered as null.
func TestAccKeyValue_refusesNull(t *testing.T) {
	t.Parallel()
	config := func(lifecycle string) string {
		return offline + `
variable "encrypted_key" {
  default = null
  type    = string
}

ephemeral "signoz_service_account_key_value" "test" {
  encrypted_key = var.encrypted_key
` + lifecycle + `
}

resource "receiver_secret" "test" {
  name     = "signoz"
  value_wo = ephemeral.signoz_service_account_key_value.test.key
}
`
	}
	box := newInbox(t)
	resource.Test(t, keyValueCase(
		box,
		resource.TestStep{
			Config: config(`
  lifecycle {
    precondition {
      condition     = var.encrypted_key != null
      error_message = "This key was imported."
    }
  }
`),
			ExpectError: regexp.MustCompile("This key was imported"),
		},
		resource.TestStep{Config: config(""), ExpectError: regexp.MustCompile("encrypted_key")},
	))
	equal(t, "the number of calls", len(box.all(t, "receiver_secret")), 0)
}
