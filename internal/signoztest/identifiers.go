// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// zeroUUID is what SigNoz calls an id that is not there.
const zeroUUID = "00000000-0000-0000-0000-000000000000"

// keyBytes is the size of an API key's secret before base64.
const keyBytes = 32

// uuidPattern is the only notation that the authorization layer accepts.
var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// newUUID returns a version 7 UUID: 48 bits of milliseconds, then chance.
func newUUID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	fillRandom(b[6:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// newKeyValue returns the value of a new API key.
func newKeyValue() string {
	b := make([]byte, keyBytes)
	fillRandom(b)
	return base64.StdEncoding.EncodeToString(b)
}

// fillRandom fills b with random bytes. rand.Read never fails: it ends the
// program instead (documented since Go 1.24).
func fillRandom(b []byte) {
	_, _ = rand.Read(b)
}

// parseUUID normalises an id that a caller sent. The refusal's wording is that
// of the UUID library behind SigNoz's own type.
func parseUUID(text string) string {
	id := strings.ToLower(text)
	if uuidPattern.MatchString(id) {
		return id
	}
	detail := "invalid UUID format"
	if len(text) != len(zeroUUID) {
		detail = fmt.Sprintf("invalid UUID length: %d", len(text))
	}
	panic(&problem{status: http.StatusBadRequest, code: "invalid_valuer", message: "invalid uuid " + text, details: []string{detail}})
}
