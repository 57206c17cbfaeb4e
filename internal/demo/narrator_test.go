// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNarratorColoursTerminalsOnly(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if newNarrator(file, true).colour {
		t.Error("it colours a file")
	}
	if newNarrator(&strings.Builder{}, true).colour {
		t.Error("it colours a buffer")
	}
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = device.Close() })
	if newNarrator(device, false).colour {
		t.Error("it colours where that isn't welcome")
	}
}

func TestNarratorPaintsByTheSign(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"      + name = \"ci\"":     "\x1b[32m",
		"      - name = \"ci\"":     "\x1b[31m",
		"      ~ expires_at = \"\"": "\x1b[33m",
		"Plan: 1 to add":            "\x1b[1m",
	} {
		var out strings.Builder
		(&narrator{out: &out, colour: true}).quote(line)
		if !strings.Contains(out.String(), want+line+"\x1b[0m\n") {
			t.Errorf("%q is written as %q", line, out.String())
		}
	}
}

func TestNarratorCountsClaimsThatHold(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	n := &narrator{out: &out}
	if err := n.claim(true, "water is wet", ""); err != nil {
		t.Error(err)
	}
	err := n.claim(false, "pigs fly", "they walk")
	var wrong *claimError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "pigs fly (they walk)") {
		t.Errorf("the error is %v", err)
	}
	if out.String() != "  ✓ water is wet\n  ✗ pigs fly\n" || n.claims != 1 {
		t.Errorf("it wrote %q and counts %d", out.String(), n.claims)
	}
}
