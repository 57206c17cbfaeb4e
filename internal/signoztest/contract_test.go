// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	contractDirectory = "testdata/contract"
	contractSteps     = 138
)

// contractStart is a time of no significance for servers with a clock of their own.
var contractStart = time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)

// TestContract_isReplayed replays what real servers answered, step by step.
func TestContract_isReplayed(t *testing.T) {
	t.Parallel()
	for _, version := range Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			recording := readTranscript(t, version)
			clock := NewClock(contractStart)
			s := Start(t, Fresh(), WithVersion(version), WithClock(clock))
			r := newReplay(t.Context(), s.URL, clock, webPage)
			defer r.client.CloseIdleConnections()
			for i, raw := range recording.Steps {
				if err := r.step(raw); err != nil {
					t.Fatalf("step %d: %v\n%s", i, err, raw)
				}
			}
		})
	}
}

func readTranscript(t *testing.T, version Version) transcript {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(contractDirectory, string(version)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var recording transcript
	if err := decodeStrictly(data, &recording); err != nil {
		t.Fatalf("a transcript of unknown form: %v", err)
	}
	if !strings.Contains(recording.Server, string(version)) {
		t.Fatalf("this is the transcript of %q", recording.Server)
	}
	if len(recording.Steps) != contractSteps {
		t.Fatalf("%d steps, want %d", len(recording.Steps), contractSteps)
	}
	return recording
}

// TestContract_isWhole makes sure that no recording is left out.
func TestContract_isWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(contractDirectory, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Versions()) {
		t.Fatalf("%d files for %d versions: %v", len(files), len(Versions()), files)
	}
}
