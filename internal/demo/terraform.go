// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

const (
	providerBinary  = "terraform-provider-signoz"
	providerVersion = "0.0.1" // of whatever was built; 0.0.0 means "none" to Terraform

	configurationFile = "main.tf"
	variablesFile     = "terraform.tfvars"
	cliConfigFile     = "demo.tfrc"
	mirrorDirectory   = "mirror"

	// exitChanges is what a plan with -detailed-exitcode ends with when it
	// isn't empty.
	exitChanges = 2

	// stopPatience is how long Terraform gets to end in good order after an interrupt.
	stopPatience = 15 * time.Second
)

// workspace is a directory that Terraform runs in, cut off from the settings
// and the network of the machine: providers come from a mirror of its own.
type workspace struct {
	dir     string
	command string // path of terraform or tofu
	env     []string
	tell    *narrator
}

// newWorkspace makes the directory. What was built in bin stands in its mirror
// as a release would.
func newWorkspace(bin string, environ []string, to endpoint, tell *narrator) (*workspace, error) {
	command, err := findTerraform(environ)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "signoz-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	w := &workspace{dir: dir, command: command, tell: tell}
	w.env = append(withoutSettings(environ),
		"TF_CLI_CONFIG_FILE="+filepath.Join(dir, cliConfigFile), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"SIGNOZ_ENDPOINT="+to.url, "SIGNOZ_API_KEY="+to.key)
	if err := errors.Join(w.fillMirror(bin), w.write(cliConfigFile, cliConfig(filepath.Join(dir, mirrorDirectory)))); err != nil {
		return nil, errors.Join(fmt.Errorf("set up Terraform: %w", err), w.remove())
	}
	return w, nil
}

func findTerraform(environ []string) (string, error) {
	if named := lookup(environ, "TF_ACC_TERRAFORM_PATH"); named != "" {
		return named, nil
	}
	command, err := exec.LookPath("terraform")
	if err != nil {
		return "", errors.New("terraform isn't on PATH: install Terraform, or set TF_ACC_TERRAFORM_PATH to an OpenTofu binary")
	}
	return command, nil
}

// lookup returns the value of a variable in an environment, "" for none.
func lookup(environ []string, name string) string {
	for _, setting := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(setting, name+"="); ok {
			return value
		}
	}
	return ""
}

// withoutSettings drops what would change Terraform's or the provider's
// behaviour: logging, arguments, variables, another workspace, a proxy's headers.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(setting string) bool {
		return strings.HasPrefix(setting, "TF_") || strings.HasPrefix(setting, "SIGNOZ_")
	})
}

// cliConfig lets Terraform find providers in the mirror and nowhere else.
func cliConfig(mirror string) string {
	return fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror))
}

// fillMirror lays the provider out as filesystem mirrors are. OpenTofu looks
// for a source without a host name under a host of its own.
func (w *workspace) fillMirror(bin string) error {
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	built := filepath.Join(bin, providerBinary+suffix)
	if _, err := os.Stat(built); err != nil {
		return fmt.Errorf("%w: build it first, make demo does", err)
	}
	_, source, _ := strings.Cut(provider.Address, "/")
	platform := filepath.Join(filepath.FromSlash(source), providerVersion, runtime.GOOS+"_"+runtime.GOARCH)
	released := providerBinary + "_v" + providerVersion + suffix
	forTerraform := filepath.Join(w.dir, mirrorDirectory, "registry.terraform.io", platform)
	forOpenTofu := filepath.Join(w.dir, mirrorDirectory, "registry.opentofu.org", platform)
	if err := errors.Join(os.MkdirAll(forTerraform, 0o700), os.MkdirAll(forOpenTofu, 0o700)); err != nil {
		return err
	}
	// A copy: a build that runs meanwhile, or later with -keep, mustn't change what Terraform has installed.
	if err := copyProgram(built, filepath.Join(forTerraform, released)); err != nil {
		return err
	}
	return os.Link(filepath.Join(forTerraform, released), filepath.Join(forOpenTofu, released))
}

func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read

	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700) //nolint:gosec // G302: it is a program
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// write puts a file into the directory, for its owner alone.
func (w *workspace) write(name, text string) error {
	return os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600)
}

// remove removes the directory and, with it, the state that holds keys.
func (w *workspace) remove() error {
	err := os.RemoveAll(w.dir) //nolint:gosec // G703: the path comes from os.MkdirTemp
	if err != nil {
		return fmt.Errorf("remove Terraform's directory, whose state may hold keys: %w", err)
	}
	return nil
}

// name is what the reader would type.
func (w *workspace) name() string {
	return strings.TrimSuffix(filepath.Base(w.command), ".exe")
}

// ran is how a run of Terraform ended.
type ran struct {
	text string // all it said
	code int
}

// summary is the line of a plan that counts its actions, or says that there are none.
func (r ran) summary() string {
	for line := range strings.Lines(r.text) {
		if strings.HasPrefix(line, "Plan: ") || strings.HasPrefix(line, "No changes.") {
			return strings.TrimSpace(line)
		}
	}
	return "no plan"
}

// show runs Terraform and lets the reader see what it says, in short.
func (w *workspace) show(ctx context.Context, shorten func(line string) bool, args ...string) (ran, error) {
	w.tell.command(w.name() + " " + strings.Join(args, " "))
	shown := &digest{shorten: shorten, show: w.tell.quote}
	var all bytes.Buffer
	code, err := w.run(ctx, io.MultiWriter(&all, shown), append(args, "-input=false", "-no-color"))
	shown.flush()
	w.tell.gap()
	result := ran{text: all.String(), code: code}
	if err != nil {
		return result, err
	}
	if code != 0 && (code != exitChanges || !slices.Contains(args, "-detailed-exitcode")) {
		return result, fmt.Errorf("%s %s ended with exit code %d and said:\n%s", w.name(), args[0], code, result.text)
	}
	return result, nil
}

// run runs Terraform. An exit code isn't an error.
func (w *workspace) run(ctx context.Context, out io.Writer, args []string) (int, error) {
	cmd := exec.CommandContext(ctx, w.command, args...)
	isolate(cmd)
	cmd.Dir, cmd.Env, cmd.WaitDelay = w.dir, w.env, stopPatience
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return -1, ctx.Err()
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return -1, fmt.Errorf("run %s %s: %w", w.name(), args[0], err)
	}
	return 0, nil
}

// output is one output of the configuration.
type output struct {
	Sensitive bool   `json:"sensitive"`
	Value     string `json:"value"`
}

// outputs reads what the state holds. The reader sees none of it here.
func (w *workspace) outputs(ctx context.Context) (map[string]output, error) {
	var all bytes.Buffer
	code, err := w.run(ctx, &all, []string{"output", "-json"})
	if err != nil {
		return nil, err
	}
	outputs := map[string]output{}
	if err := json.Unmarshal(all.Bytes(), &outputs); code != 0 || err != nil {
		// What was printed may hold the key.
		return nil, fmt.Errorf("%s output -json ended with exit code %d, and what it printed can't be read as outputs", w.name(), code)
	}
	return outputs, nil
}
