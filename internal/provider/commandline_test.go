// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// commandLine is a directory in which the real CLI runs a provider that was built for it:
// for commands that the testing framework doesn't know.
type commandLine struct {
	t   *testing.T
	dir string
	env []string
}

// usesProvider is what a configuration needs to use the provider that was built.
const usesProvider = `
terraform {
  required_providers {
    signoz = { source = "` + provider.Address + `" }
  }
}
`

// buildProvider returns the directory of the provider's binary, which is built once for all
// tests; beside it is the receiver. It skips the test where acceptance tests don't run.
func buildProvider(t *testing.T) string {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run when TF_ACC is set")
	}
	fatal(t, buildOnce())
	return buildDir
}

var (
	buildDir  string // TestMain removes it
	buildOnce = sync.OnceValue(func() (err error) {
		if buildDir, err = os.MkdirTemp("", "signoz-provider-"); err != nil {
			return err
		}
		return buildInto(buildDir)
	})
)

// buildInto builds the provider, with further flags, into a directory, and puts the receiver beside it.
func buildInto(dir string, flags ...string) error {
	build := exec.Command("go", append(append([]string{"build"}, flags...), "-o", filepath.Join(dir, "terraform-provider-signoz"), "../..")...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	self, err := os.Executable()
	return errors.Join(err, os.Symlink(self, filepath.Join(dir, "terraform-provider-receiver")))
}

// newCommandLine signs the provider in built in to the target by the environment.
// The same binary stands in for the providers of other addresses.
func newCommandLine(t *testing.T, on target, built string, standIn ...string) commandLine {
	t.Helper()
	c := commandLine{t: t, dir: t.TempDir()}
	overrides := ""
	for _, address := range append(standIn, provider.Address) {
		overrides += fmt.Sprintf("    %q = %q\n", address, built)
		if name, ok := strings.CutPrefix(address, "registry.terraform.io/"); ok { // where OpenTofu looks for the same source
			overrides += fmt.Sprintf("    %q = %q\n", "registry.opentofu.org/"+name, built)
		}
	}
	c.write("cli.tfrc", `
disable_checkpoint = true
provider_installation {
  dev_overrides {
`+overrides+`  }
  direct {}
}
`)
	c.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(c.dir, "cli.tfrc"), "SIGNOZ_ENDPOINT="+on.endpoint, "SIGNOZ_API_KEY="+on.apiKey)
	return c
}

func (c commandLine) write(name, text string) {
	c.t.Helper()
	fatal(c.t, os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600))
}

// run runs the CLI, ends the test if it fails and returns what it prints.
func (c commandLine) run(args ...string) string {
	c.t.Helper()
	out, failed, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("%s %s: %v\n%s%s", cli(), strings.Join(args, " "), err, out, failed)
	}
	return out
}

// fails runs the CLI, which must fail with an error that says so.
func (c commandLine) fails(says string, args ...string) {
	c.t.Helper()
	out, failed, err := c.try(args...)
	if err == nil || !unwrapped(says).MatchString(failed) {
		c.t.Fatalf("%s %s should fail, saying %q: %v\n%s%s", cli(), strings.Join(args, " "), says, err, out, failed)
	}
}

func (c commandLine) try(args ...string) (out, failed string, err error) {
	command := exec.Command(cli(), args...)
	command.Dir, command.Env = c.dir, c.env
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	return stdout.String(), stderr.String(), err
}

// unwrapped matches a text although Terraform breaks its lines anywhere.
func unwrapped(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)` + strings.ReplaceAll(pattern, " ", `[\s│]+`))
}

// cli is the CLI that the acceptance tests use.
func cli() string {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	return "terraform"
}

// skipWithoutCommand skips the test where the CLI doesn't have a command.
func skipWithoutCommand(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command(cli(), command, "-help").CombinedOutput(); err != nil {
		t.Skipf("%s has no command %q:\n%s", cli(), command, out)
	}
}

// skipBelow skips the test where the CLI, Terraform or OpenTofu, is older than 1.minor.
func skipBelow(t *testing.T, minor int) {
	t.Helper()
	out, err := exec.Command(cli(), "version", "-json").Output()
	fatal(t, err)
	var found struct {
		Version string `json:"terraform_version"`
	}
	fatal(t, json.Unmarshal(out, &found))
	var major, have int
	if _, err := fmt.Sscanf(found.Version, "%d.%d", &major, &have); err != nil {
		t.Fatalf("%q isn't a version: %v", found.Version, err)
	}
	if major == 1 && have < minor {
		t.Skipf("needs 1.%d, this is %s", minor, found.Version)
	}
}
