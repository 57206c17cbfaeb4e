// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package keyseal encrypts the value of a key to recipients, and decrypts it
// again. It knows nothing of Terraform. No error of it quotes a value or an identity.
package keyseal

import (
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/nacl/box"
)

// Recipients are those who can decrypt a value: either holders of age
// identities, or GitHub.
type Recipients struct {
	age    []age.Recipient
	github *[curve25519Size]byte
}

const curve25519Size = 32

// errFIPS is one error for age and sealed boxes: neither has a cipher that FIPS allows.
var errFIPS = errors.New("the provider runs in FIPS 140-only mode (GODEBUG=fips140=only), which forbids the ciphers of age and of GitHub's sealed boxes; encrypt and decrypt keys where that mode is off")

// checkMode reports the mode in which Go refuses X25519, which all of this rests
// on. The key is any 32 bytes: in other modes all of them are accepted.
func checkMode() error {
	if _, err := ecdh.X25519().NewPublicKey(make([]byte, curve25519Size)); err != nil {
		return errFIPS
	}
	return nil
}

// AgeRecipients reads age recipients: X25519 (age1…), post-quantum (age1pq1…) and
// SSH keys (ssh-ed25519 …, ssh-rsa …).
func AgeRecipients(texts []string) (Recipients, error) {
	if err := checkMode(); err != nil {
		return Recipients{}, err
	}
	if len(texts) == 0 {
		return Recipients{}, errors.New("at least one recipient is needed")
	}
	var (
		recipients  Recipients
		postQuantum int
	)
	for _, text := range texts {
		recipient, err := parseAgeRecipient(text)
		if err != nil {
			return Recipients{}, err
		}
		if _, ok := recipient.(*age.HybridRecipient); ok {
			postQuantum++
		}
		recipients.age = append(recipients.age, recipient)
	}
	if postQuantum != 0 && postQuantum != len(texts) {
		return Recipients{}, errors.New("post-quantum recipients (age1pq1…) can't be mixed with others: anyone who can break the others would have the key")
	}
	return recipients, nil
}

func parseAgeRecipient(text string) (age.Recipient, error) {
	kind, _, _ := strings.Cut(text, " ")
	switch {
	case text == "":
		return nil, errors.New("a recipient is empty")
	case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-"), strings.HasPrefix(strings.ToUpper(text), "AGE-PLUGIN-"), strings.HasPrefix(text, "-----BEGIN"):
		return nil, errors.New("a recipient is an identity, the secret half, which must not be in a configuration: replace it with its recipient, which age-keygen -y prints, or by the SSH key's public half, and create a new identity if others have seen this one")
	case strings.ContainsAny(text, "\r\n"):
		return nil, errors.New("a recipient has several lines: make each recipient a separate element, and remove the line break at the end of a file's content with trimspace()")
	case strings.TrimSpace(text) != text:
		return nil, errors.New("a recipient starts or ends with a space: trimspace() removes it")
	case kind == "ssh-ed25519", kind == "ssh-rsa":
		recipient, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("the recipient %s isn't a usable SSH key: it is damaged, or an RSA key of less than 2048 bits", shortened(text))
		}
		return recipient, nil
	case strings.HasPrefix(kind, "ssh-"), strings.HasPrefix(kind, "ecdsa-"), strings.HasPrefix(kind, "sk-"):
		return nil, fmt.Errorf("SSH keys of the type %s can't be recipients: age accepts ssh-ed25519 and ssh-rsa only", kind)
	case strings.HasPrefix(text, "age1pq1"):
		recipient, err := age.ParseHybridRecipient(text)
		if err != nil {
			return nil, damaged(text)
		}
		return recipient, nil
	case strings.HasPrefix(text, "age1") && strings.Contains(text[len("age1"):], "1"):
		return nil, fmt.Errorf("the recipient %s is one of an age plugin, which the provider can't run: use an X25519 (age1…), post-quantum (age1pq1…) or SSH recipient", shortened(text))
	case strings.HasPrefix(text, "age1"):
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, damaged(text)
		}
		return recipient, nil
	}
	// It may be a secret of some kind, so it isn't quoted.
	return nil, errors.New("age doesn't accept a recipient: they start with age1, age1pq1, ssh-ed25519 or ssh-rsa")
}

func damaged(recipient string) error {
	return fmt.Errorf("the recipient %s is damaged: mistyped or cut short", shortened(recipient))
}

func shortened(recipient string) string {
	const enough = 20
	if len(recipient) > enough {
		recipient = recipient[:enough] + "…"
	}
	return fmt.Sprintf("%q", recipient)
}

// GitHubRecipient reads the public key that GitHub gives for the secrets of a
// repository, an environment or an organisation: 32 bytes in base64.
func GitHubRecipient(publicKey string) (Recipients, error) {
	if err := checkMode(); err != nil {
		return Recipients{}, err
	}
	raw, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil || len(raw) != curve25519Size {
		return Recipients{}, fmt.Errorf("it must be %d bytes in base64, as the data source github_actions_public_key gives them in its attribute key", curve25519Size)
	}
	// With some keys the shared secret is zero: everybody could decrypt. libsodium refuses them too.
	key, err := ecdh.X25519().NewPublicKey(raw)
	if err != nil {
		return Recipients{}, errFIPS
	}
	probe, err := ecdh.X25519().NewPrivateKey([]byte("any private key shows the weakness")[:curve25519Size])
	if err != nil {
		return Recipients{}, errFIPS
	}
	if _, err := probe.ECDH(key); err != nil {
		return Recipients{}, errors.New("it isn't a public key that protects anything: everybody could decrypt what is encrypted to it")
	}
	return Recipients{github: (*[curve25519Size]byte)(raw)}, nil
}

// Encrypt returns an armored age file, or the base64 text of a libsodium sealed
// box, as GitHub's API takes it. Encrypting the same value again gives another text.
func (r Recipients) Encrypt(value string) (string, error) {
	if err := checkMode(); err != nil {
		return "", err
	}
	if r.github != nil {
		return sealedBox(value, r.github, nil)
	}
	var text strings.Builder
	armored := armor.NewWriter(&text)
	encrypted, err := age.Encrypt(armored, r.age...)
	if err != nil {
		return "", fmt.Errorf("encrypting with age: %w", err)
	}
	if _, err := io.WriteString(encrypted, value); err != nil {
		return "", fmt.Errorf("encrypting with age: %w", err)
	}
	if err := errors.Join(encrypted.Close(), armored.Close()); err != nil {
		return "", fmt.Errorf("encrypting with age: %w", err)
	}
	return text.String(), nil
}

// sealedBox takes the ephemeral key from random; nil is the system's randomness.
func sealedBox(value string, recipient *[curve25519Size]byte, random io.Reader) (string, error) {
	sealed, err := box.SealAnonymous(nil, []byte(value), recipient, random)
	if err != nil {
		return "", fmt.Errorf("making a sealed box: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
