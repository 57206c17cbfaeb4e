// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package keyseal

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/ssh"
)

// value looks like the value of a key.
const value = "K7xZ0n3v6b9y2B5e8h1k4n7q0t3w6z9C2F5J8M1P4S7="

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair is an identity with its recipient, as text.
type pair struct{ identity, recipient string }

func x25519(t *testing.T) pair {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	fatal(t, err)
	return pair{identity.String(), identity.Recipient().String()}
}

func postQuantum(t *testing.T) pair {
	t.Helper()
	identity, err := age.GenerateHybridIdentity()
	fatal(t, err)
	return pair{identity.String(), identity.Recipient().String()}
}

func sshPair(t *testing.T, private any, passphrase string) pair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	fatal(t, err)
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "test")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "test", []byte(passphrase))
	}
	fatal(t, err)
	return pair{string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))}
}

func sshEd25519(t *testing.T) pair {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	fatal(t, err)
	return sshPair(t, private, "")
}

func sshRSA(t *testing.T, bits int) pair {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	fatal(t, err)
	return sshPair(t, private, "")
}

func encrypted(t *testing.T, recipients ...string) string {
	t.Helper()
	to, err := AgeRecipients(recipients)
	fatal(t, err)
	text, err := to.Encrypt(value)
	fatal(t, err)
	return text
}

func githubPair(t *testing.T) (publicKey string, open func(text string) string) {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	fatal(t, err)
	return base64.StdEncoding.EncodeToString(public[:]), func(text string) string {
		t.Helper()
		sealed, err := base64.StdEncoding.DecodeString(text)
		fatal(t, err)
		opened, ok := box.OpenAnonymous(nil, sealed, public, private)
		if !ok {
			t.Fatal("the box doesn't open")
		}
		return string(opened)
	}
}

// wantError checks what an error says, and that no secret is quoted.
func wantError(t *testing.T, err error, secrets []string, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, should say %q", says)
		return
	}
	for _, piece := range says {
		if !strings.Contains(err.Error(), piece) {
			t.Errorf("%q doesn't say %q", err, piece)
		}
	}
	for _, secret := range secrets {
		secret = secret[strings.LastIndex(secret, "-")+1:] // what AGE-SECRET-KEY- introduces
		for start := 0; start+8 <= len(secret); start++ {
			if piece := secret[start : start+8]; strings.Contains(err.Error(), piece) {
				t.Errorf("%q quotes %q of a secret", err, piece)
				break
			}
		}
	}
}

func TestAge_encryptsToEachKindOfRecipient(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]pair{
		"X25519": x25519(t), "post-quantum": postQuantum(t), "SSH Ed25519": sshEd25519(t), "SSH RSA": sshRSA(t, 2048),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := encrypted(t, of.recipient)
			if !strings.HasPrefix(text, "-----BEGIN AGE ENCRYPTED FILE-----\n") || strings.Contains(text, value) || text == encrypted(t, of.recipient) {
				t.Errorf("not an armored text of its own: %s", text)
			}
			identities, err := ParseIdentities(of.identity)
			fatal(t, err)
			for range 2 { // as often as needed
				got, err := identities.Decrypt(" \n" + strings.ReplaceAll(text, "\n", "\r\n") + "\n")
				fatal(t, err)
				if got != value {
					t.Errorf("decrypted %q", got)
				}
			}
		})
	}
}

func TestAge_eachRecipientDecrypts(t *testing.T) {
	t.Parallel()
	first, second, third := x25519(t), x25519(t), sshEd25519(t)
	text := encrypted(t, first.recipient, second.recipient, third.recipient)
	for _, one := range []pair{first, second, third} {
		identities, err := ParseIdentities(one.identity)
		fatal(t, err)
		if got, err := identities.Decrypt(text); err != nil || got != value {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestAge_oneOfSeveralIdentitiesFits(t *testing.T) {
	t.Parallel()
	mine := x25519(t)
	file := "# created: 2026-01-31\r\n# public key: " + mine.recipient + "\r\n" + postQuantum(t).identity + "\r\n\r\n" + x25519(t).identity + "\n  " + mine.identity + "\n"
	identities, err := ParseIdentities(file)
	fatal(t, err)
	if got, err := identities.Decrypt(encrypted(t, mine.recipient)); err != nil || got != value {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAgeRecipients_refuses(t *testing.T) {
	t.Parallel()
	good, identity := x25519(t).recipient, x25519(t).identity
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	swapped := strings.Replace(good, good[20:22], good[21:22]+good[20:21], 1)
	if swapped == good {
		swapped = good[:len(good)-1]
	}
	for name, test := range map[string]struct {
		recipients []string
		says       string
	}{
		"none":                      {nil, "at least one recipient"},
		"an empty one":              {[]string{""}, "is empty"},
		"a mistyped one":            {[]string{swapped}, "is damaged"},
		"one cut short":             {[]string{good[:40]}, "is damaged"},
		"a damaged one beside":      {[]string{good, good[:40]}, "is damaged"},
		"a damaged post-quantum":    {[]string{postQuantum(t).recipient[:200]}, "is damaged"},
		"an identity":               {[]string{identity}, "is an identity, the secret half"},
		"an identity in small":      {[]string{strings.ToLower(identity)}, "is an identity, the secret half"},
		"an SSH identity":           {[]string{sshEd25519(t).identity}, "is an identity, the secret half"},
		"the content of a file":     {[]string{good + "\n"}, "trimspace()"},
		"a space":                   {[]string{good + " "}, "trimspace()"},
		"one of a plugin":           {[]string{"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"}, "age plugin"},
		"an SSH key too small":      {[]string{sshRSA(t, 1024).recipient}, "less than 2048 bits"},
		"an SSH key that's damaged": {[]string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"}, "is damaged"},
		"another type of SSH key":   {[]string{sshPair(t, ec, "").recipient}, "ssh-ed25519 and ssh-rsa only"},
		"something else":            {[]string{"hunter2hunter2hunter2"}, "start with age1"},
		"mixed with post-quantum":   {[]string{good, postQuantum(t).recipient}, "can't be mixed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := AgeRecipients(test.recipients)
			wantError(t, err, []string{identity, strings.ToLower(identity), "hunter2hunter2hunter2"}, test.says)
		})
	}
}

func TestGitHubRecipient_sealsABox(t *testing.T) {
	t.Parallel()
	publicKey, open := githubPair(t)
	to, err := GitHubRecipient(publicKey)
	fatal(t, err)
	text, err := to.Encrypt(value)
	fatal(t, err)
	if got := open(text); got != value || strings.Contains(text, value) {
		t.Errorf("the box holds %q", got)
	}
	if again, err := to.Encrypt(value); err != nil || again == text {
		t.Errorf("the same box twice (%v)", err)
	}
}

// With the same ephemeral key, the box is that of libsodium 1.0.22, byte for byte:
// crypto_box_easy with the nonce that crypto_box_seal derives, which crypto_box_seal_open accepts.
func TestGitHubRecipient_asLibsodium(t *testing.T) {
	t.Parallel()
	const (
		publicKey = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=" // of the private key 1, 2, 3, …
		libsodium = "ja/P7q6QRe6aeNeKmfzzLneB5EHrBzCWw0K44tzDthKPPeJjxndozz5W2nibId0g2OS1a7e8penesRKB832pq2ftEMnTUxQFZOFVFnul1/c2G3cxjT7YiMg7E4A="
	)
	ephemeral := make([]byte, curve25519Size)
	for i := range ephemeral {
		ephemeral[i] = byte(200 - i)
	}
	to, err := GitHubRecipient(publicKey)
	fatal(t, err)
	got, err := sealedBox(value, to.github, bytes.NewReader(ephemeral))
	fatal(t, err)
	if got != libsodium {
		t.Errorf("the box is\n%s, libsodium's is\n%s", got, libsodium)
	}
}

// libsodium itself opens our boxes, through its package for Node.
func TestGitHubRecipient_opensInNode(t *testing.T) {
	t.Parallel()
	const script = `
import { createRequire } from "node:module";
const sodium = createRequire(import.meta.url)("libsodium-wrappers");
await sodium.ready;
const [sealed, secret] = process.argv.slice(2).map(text => sodium.from_base64(text, sodium.base64_variants.ORIGINAL));
process.stdout.write(sodium.crypto_box_seal_open(sealed, sodium.crypto_scalarmult_base(secret), secret, "text"));
`
	if err := exec.Command("node", "-e", `require("libsodium-wrappers")`).Run(); err != nil {
		t.Skip("Node or its package libsodium-wrappers (npm install, NODE_PATH) is missing")
	}
	file := filepath.Join(t.TempDir(), "open.mjs")
	fatal(t, os.WriteFile(file, []byte(script), 0o600))
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	fatal(t, err)
	to, err := GitHubRecipient(base64.StdEncoding.EncodeToString(private.PublicKey().Bytes()))
	fatal(t, err)
	text, err := to.Encrypt(value)
	fatal(t, err)
	out, err := exec.Command("node", file, text, base64.StdEncoding.EncodeToString(private.Bytes())).CombinedOutput()
	if err != nil || string(out) != value {
		t.Errorf("Node opens it to %q (%v)", out, err)
	}
}

func TestGitHubRecipient_refuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ key, says string }{
		"nothing":         {"", "32 bytes in base64"},
		"no base64":       {"not base64!", "32 bytes in base64"},
		"too short":       {base64.StdEncoding.EncodeToString(make([]byte, 31)), "32 bytes in base64"},
		"a key id":        {"3380204578043523366", "32 bytes in base64"},
		"a low-order key": {base64.StdEncoding.EncodeToString(make([]byte, 32)), "everybody could decrypt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := GitHubRecipient(test.key)
			wantError(t, err, nil, test.says)
		})
	}
}

func TestParseIdentities_refuses(t *testing.T) {
	t.Parallel()
	good := x25519(t)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	fatal(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	for name, test := range map[string]struct {
		text string
		says string
	}{
		"nothing":             {" \n", "no identity in it"},
		"comments":            {"# created\n", "no identity in it"},
		"a recipient":         {good.identity + "\n" + good.recipient, "line 2 is a recipient"},
		"an SSH recipient":    {sshEd25519(t).recipient, "line 1 is a recipient"},
		"cut short":           {good.identity[:50], "line 1 is a damaged age identity"},
		"mistyped":            {strings.Replace(good.identity, good.identity[20:23], "QQQ", 1), "damaged"},
		"damaged PQ":          {postQuantum(t).identity[:60], "damaged"},
		"one of a plugin":     {"AGE-PLUGIN-YUBIKEY-1XYZ", "age plugin"},
		"something else":      {"hunter2hunter2hunter2", "isn't an age identity"},
		"an encrypted file":   {encrypted(t, good.recipient), "encrypted with a passphrase"},
		"a protected SSH key": {sshPair(t, private, "secret").identity, "protected by a passphrase"},
		"another SSH key":     {sshPair(t, ec, "").identity, "Ed25519 and RSA"},
		"a damaged SSH key":   {"-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2hunter2hunter2\n", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseIdentities(test.text)
			wantError(t, err, []string{good.identity, "hunter2hunter2hunter2"}, test.says)
		})
	}
}

func TestDecrypt_refuses(t *testing.T) {
	t.Parallel()
	mine, other := x25519(t), x25519(t)
	text := encrypted(t, mine.recipient)
	lines := strings.SplitAfter(text, "\n")
	publicKey, _ := githubPair(t)
	to, err := GitHubRecipient(publicKey)
	fatal(t, err)
	sealed, err := to.Encrypt(value)
	fatal(t, err)
	empty, err := AgeRecipients([]string{mine.recipient})
	fatal(t, err)
	ofNothing, err := empty.Encrypt("")
	fatal(t, err)
	// The last full line of the base64 text is of the encrypted value itself.
	last := len(lines) - 3
	changed := strings.Join(lines[:last], "") + flip(lines[last]) + strings.Join(lines[last+1:], "")
	for name, test := range map[string]struct {
		text string
		says string
	}{
		"a sealed box":        {sealed, "sealed box, which only GitHub can decrypt"},
		"the clear value":     {value, "isn't an armored age file"},
		"nothing":             {"", "isn't an armored age file"},
		"no end":              {strings.Join(lines[:len(lines)-2], ""), "is damaged"},
		"only the beginning":  {lines[0], "is damaged"},
		"a line lost":         {strings.Join(append(append([]string{}, lines[:last]...), lines[last+1:]...), ""), "is damaged"},
		"a letter changed":    {changed, "is damaged"},
		"something behind it": {text + "more\n", "is damaged"},
		"an empty value":      {ofNothing, "doesn't hold the value of a key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			identities, err := ParseIdentities(mine.identity)
			fatal(t, err)
			got, err := identities.Decrypt(test.text)
			if got != "" {
				t.Errorf("decrypted %q", got)
			}
			wantError(t, err, []string{value, mine.identity}, test.says)
		})
	}

	identities, err := ParseIdentities(other.identity + "\n" + postQuantum(t).identity)
	fatal(t, err)
	_, err = identities.Decrypt(text)
	if mismatch := (*MismatchError)(nil); !errors.As(err, &mismatch) {
		t.Errorf("no mismatch: %v", err)
	}
	wantError(t, err, []string{other.identity}, "none of the 2 identities", "of the type X25519")
}

// flip changes the third letter of a line of base64.
func flip(line string) string {
	with := "A"
	if line[2:3] == with {
		with = "B"
	}
	return line[:2] + with + line[3:]
}

// The age program, where there is one, decrypts what we encrypted, and we what it encrypted.
func TestAge_program(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("age")
	if err != nil {
		t.Skip("the age program is missing")
	}
	for name, of := range map[string]pair{"X25519": x25519(t), "SSH Ed25519": sshEd25519(t), "SSH RSA": sshRSA(t, 2048), "post-quantum": postQuantum(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if help, _ := exec.Command("age-keygen", "-help").CombinedOutput(); name == "post-quantum" && !strings.Contains(string(help), "-pq") {
				t.Skip("this age is too old for post-quantum keys")
			}
			file := filepath.Join(t.TempDir(), "identity")
			fatal(t, os.WriteFile(file, []byte(of.identity+"\n"), 0o600))
			if got := runWith(t, encrypted(t, of.recipient), program, "-d", "-i", file); got != value {
				t.Errorf("age decrypts it to %q", got)
			}
			identities, err := ParseIdentities(of.identity)
			fatal(t, err)
			if got, err := identities.Decrypt(runWith(t, value, program, "-a", "-r", of.recipient)); err != nil || got != value {
				t.Errorf("we decrypt age's to %q (%v)", got, err)
			}
		})
	}
}

func runWith(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	command := exec.Command(program, args...)
	command.Stdin = strings.NewReader(stdin)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, said.String())
	}
	return string(out)
}

// Where Go allows nothing that FIPS 140 doesn't know, everything says so and
// nothing panics. The mode is one of the whole process, so the test starts itself.
func TestFIPSOnly_saysSo(t *testing.T) {
	t.Parallel()
	const inside = "KEYSEAL_TEST_FIPS"
	if os.Getenv(inside) == "" {
		self, err := os.Executable()
		fatal(t, err)
		command := exec.Command(self, "-test.run=^TestFIPSOnly_saysSo$", "-test.v")
		command.Env = append(os.Environ(), "GODEBUG=fips140=only", inside+"=1")
		if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "asked in FIPS mode") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	_, err := AgeRecipients([]string{"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"})
	wantError(t, err, nil, "FIPS 140-only mode")
	_, err = GitHubRecipient("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=")
	wantError(t, err, nil, "FIPS 140-only mode")
	_, err = ParseIdentities("AGE-SECRET-KEY-1…")
	wantError(t, err, nil, "FIPS 140-only mode")
	_, err = Recipients{github: &[32]byte{1}}.Encrypt(value)
	wantError(t, err, nil, "FIPS 140-only mode")
	_, err = Identities{}.Decrypt("-----BEGIN AGE ENCRYPTED FILE-----")
	wantError(t, err, nil, "FIPS 140-only mode")
	t.Log("asked in FIPS mode")
}
