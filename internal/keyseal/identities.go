// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package keyseal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/ssh"
)

// Identities decrypt what is encrypted to any of their recipients.
type Identities []age.Identity

// ParseIdentities reads what an age identity file holds: identities, one a line,
// with comments and empty lines between them; or one SSH private key.
func ParseIdentities(text string) (Identities, error) {
	if err := checkMode(); err != nil {
		return nil, err
	}
	switch text = strings.TrimSpace(text); {
	case strings.HasPrefix(text, armor.Header):
		return nil, errors.New("it is encrypted with a passphrase, which the provider can't ask for: set the identity itself")
	case strings.HasPrefix(text, "-----BEGIN"):
		identity, err := parseSSHIdentity(text)
		if err != nil {
			return nil, err
		}
		return Identities{identity}, nil
	}
	var identities Identities
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		identity, err := parseIdentity(line)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", number, err)
		}
		identities = append(identities, identity)
	}
	if len(identities) == 0 {
		return nil, errors.New("there is no identity in it: age-keygen creates one, which starts with AGE-SECRET-KEY-1")
	}
	return identities, nil
}

// parseIdentity wraps no error of age's: it could quote a part of the secret.
func parseIdentity(line string) (identity age.Identity, err error) {
	switch {
	case strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1"):
		identity, err = age.ParseHybridIdentity(line)
	case strings.HasPrefix(line, "AGE-SECRET-KEY-1"):
		identity, err = age.ParseX25519Identity(line)
	case strings.HasPrefix(line, "AGE-PLUGIN-"):
		return nil, errors.New("is an identity of an age plugin, which the provider can't run")
	case strings.HasPrefix(line, "age1"), strings.HasPrefix(line, "ssh-"):
		return nil, errors.New("is a recipient, which only encrypts: set its identity, the secret half")
	default:
		return nil, errors.New("isn't an age identity: they start with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1")
	}
	if err != nil {
		return nil, errors.New("is a damaged age identity: mistyped or cut short")
	}
	return identity, nil
}

func parseSSHIdentity(text string) (age.Identity, error) {
	identity, err := agessh.ParseIdentity([]byte(text + "\n"))
	if protected := (*ssh.PassphraseMissingError)(nil); errors.As(err, &protected) {
		return nil, errors.New("it is an SSH key protected by a passphrase, which the provider can't ask for: use an age identity (age-keygen creates one), or a key without a passphrase")
	}
	if err != nil {
		return nil, errors.New("it isn't a usable SSH private key: age accepts Ed25519 and RSA keys, and this one is damaged or of another type")
	}
	return identity, nil
}

// MismatchError says that none of the identities is one of the recipients'.
type MismatchError struct {
	Identities int
	// Types are those of the recipients, as age calls them: X25519, mlkem768x25519, ssh-ed25519, ssh-rsa, …
	Types []string
}

func (e *MismatchError) Error() string {
	identities := "the identity isn't one"
	if e.Identities > 1 {
		identities = fmt.Sprintf("none of the %d identities is one", e.Identities)
	}
	return fmt.Sprintf("%s that the key is encrypted to (its recipients are of the type %s)", identities, strings.Join(slices.Compact(slices.Sorted(slices.Values(e.Types))), ", "))
}

// maxValue is far more than any key has, and bounds what a foreign text can make of memory.
const maxValue = 64 << 10

// Decrypt returns the value in an armored age file. The error is a *MismatchError
// where the text is whole and the identities are others.
func (identities Identities) Decrypt(text string) (string, error) {
	if err := checkMode(); err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, armor.Header) {
		if isSealedBox(text) {
			return "", errors.New("it is a sealed box, which only GitHub can decrypt (encrypt_to has github_public_key): pass it to value_encrypted of a GitHub secret as it is, and create another key with age_recipients for other receivers")
		}
		return "", errors.New("it isn't an armored age file, which begins with " + armor.Header)
	}
	decrypted, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), identities...)
	var mismatch *age.NoIdentityMatchError
	if errors.As(err, &mismatch) {
		return "", &MismatchError{Identities: len(identities), Types: mismatch.StanzaTypes}
	}
	var value []byte
	if err == nil {
		value, err = io.ReadAll(io.LimitReader(decrypted, maxValue+1))
	}
	if err != nil {
		return "", fmt.Errorf("it is damaged, cut short or changed since it was encrypted: %w", err)
	}
	if len(value) == 0 || len(value) > maxValue {
		return "", errors.New("it doesn't hold the value of a key")
	}
	return string(value), nil
}

// isSealedBox reports whether a text can be a sealed box in base64.
func isSealedBox(text string) bool {
	raw, err := base64.StdEncoding.DecodeString(text)
	return err == nil && len(raw) > box.AnonymousOverhead
}
