// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// otherProvider names the binary of another provider to start in turn with this one.
const otherProvider = "BENCH_OTHER_PROVIDER"

// BenchmarkStart measures what Terraform waits for two or three times in each
// run: from the start of the provider's process to the line that says where it
// listens, and the memory that the process then holds, where the system tells.
// Built with the same versions of the plugin framework, HashiCorp's scaffolding
// provider is a good other one to compare with:
//
//	BENCH_OTHER_PROVIDER=/path/to/terraform-provider-scaffolding-framework \
//	  make bench BENCH=BenchmarkStart BENCHFLAGS=-benchtime=200x
//
// The two are started in turn, and the medians reported.
func BenchmarkStart(b *testing.B) {
	type start struct{ took, kilobytes []float64 }
	binaries := []string{buildRelease(b, b.TempDir())}
	if other := os.Getenv(otherProvider); other != "" {
		binaries = append(binaries, other)
	}
	starts := make([]start, len(binaries))
	certificate := terraformCertificate(b)
	for b.Loop() {
		for i, binary := range binaries {
			took, kilobytes := startProvider(b, binary, certificate)
			starts[i].took = append(starts[i].took, float64(took)/float64(time.Millisecond))
			starts[i].kilobytes = append(starts[i].kilobytes, kilobytes)
		}
	}
	for i, prefix := range []string{"", "other-"}[:len(binaries)] {
		b.ReportMetric(median(starts[i].took), prefix+"handshake-ms")
		b.ReportMetric(median(starts[i].kilobytes)/1024, prefix+"resident-MiB")
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// startProvider starts a provider as Terraform does and stops it once it listens.
func startProvider(b *testing.B, binary, certificate string) (took time.Duration, kilobytes float64) {
	b.Helper()
	process := exec.CommandContext(b.Context(), binary)
	process.Env = append(os.Environ(),
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=6", "PLUGIN_CLIENT_CERT="+certificate)
	stdout, err := process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	took = time.Since(began)
	if err != nil || !strings.HasPrefix(line, "1|6|unix|") {
		b.Fatalf("%s answered %q (%v) instead of where it listens", binary, line, err)
	}
	kilobytes = residentKilobytes(process.Process.Pid)
	_ = process.Process.Kill()
	_ = process.Wait() // killed: no good end is to be expected
	return took, kilobytes
}

// residentKilobytes is what Linux tells, and 0 elsewhere.
func residentKilobytes(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); len(fields) > 1 && fields[0] == "VmRSS:" {
			kilobytes, _ := strconv.ParseFloat(fields[1], 64)
			return kilobytes
		}
	}
	return 0
}

// terraformCertificate is what Terraform hands to a provider, which then makes one of its own
// for the connection between the two.
func terraformCertificate(b *testing.B) string {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
