// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package keyseal

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxIdentityFile is more than any identity file has, and bounds what a file of another kind takes of memory.
const maxIdentityFile = 1 << 20

// ReadIdentityFile reads the text of an identity file. It refuses, as ssh does, a file that
// others can read. What is no ordinary file, such as a pipe, has no such mode; on Windows
// no file has.
func ReadIdentityFile(name string) (string, error) {
	file, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return "", fmt.Errorf("it can't be opened: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("it can't be read: %w", err)
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("others can read %s (its mode is %#o), and so decrypt every key that is encrypted to it: chmod 600 %s", name, mode.Perm(), name)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxIdentityFile))
	if err != nil {
		return "", fmt.Errorf("it can't be read: %w", err)
	}
	return string(text), nil
}
