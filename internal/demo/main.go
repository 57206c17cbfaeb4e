// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Command demo shows the provider at work and checks everything it claims; the
// table of steps lists them. `make demo` builds the provider and runs it.
//
// It runs against an embedded SigNoz, or against the server that SIGNOZ_ENDPOINT
// and SIGNOZ_API_KEY name. It cleans up after itself, also when it fails or is
// interrupted, and exits with 1 when a claim doesn't hold.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// patience bounds what may go on after an interrupt: Terraform's run, then the cleaning up.
const patience = 20 * time.Second

//go:embed main.tf
var configuration string

func main() {
	bin := flag.String("bin", "bin", "directory with the built provider")
	picture := flag.String("picture", "", "file to write the README's picture to, as SVG")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the demo at once
	err := run(ctx, *bin)
	stop()
	if err == nil && *picture != "" {
		err = os.WriteFile(*picture, draw(steps()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo is a SigNoz, a directory for Terraform, and who looks on.
type demo struct {
	colour    bool
	url, key  string            // of SigNoz and of its administrator
	account   string            // name of the account that the demo makes
	clock     *signoztest.Clock // of the embedded SigNoz; nil for another
	today     time.Time
	dir       string
	terraform string
	env       []string
}

// run shows all steps and cleans up.
func run(ctx context.Context, bin string) (err error) {
	began := time.Now()
	d := &demo{
		url: os.Getenv("SIGNOZ_ENDPOINT"), key: os.Getenv("SIGNOZ_API_KEY"), today: began.UTC().Truncate(day),
		// Others use that server too: a name of its own, in letters as v0.118 wants it.
		account: signoz.UniqueKeyName("demo-"),
	}
	if info, err := os.Stdout.Stat(); err == nil {
		d.colour = info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
	}
	if (d.url == "") != (d.key == "") {
		return errors.New("SIGNOZ_ENDPOINT and SIGNOZ_API_KEY must both be set, to use that server, or both unset, to use an embedded one")
	}
	if d.url == "" {
		embedded := signoztest.New()
		if err := embedded.Listen("127.0.0.1:0"); err != nil {
			return fmt.Errorf("start the embedded SigNoz: %w", err)
		}
		defer embedded.Close()
		d.url, d.key, d.account = embedded.URL, embedded.AdminKey(), "ci-pipeline"
		d.clock = embedded.Clock()
	}
	if err := d.prepare(bin); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		err = errors.Join(err, d.cleanUp(ctx))
	}()
	d.say(bold, "\nService accounts of SigNoz, managed with Terraform")
	d.say(plain, "SigNoz is "+d.url+". Every ✓ was checked there, not with Terraform.")
	shown := slices.DeleteFunc(steps(), func(s step) bool { return s.later > 0 && d.clock == nil })
	claims, was := 0, world{}
	for i, s := range shown {
		d.say(cyan, fmt.Sprintf("\n%d  %s", i+1, s.title))
		is, err := d.show(ctx, s, was)
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		claims, was = claims+len(s.claims), is
	}
	d.say(green, fmt.Sprintf("\n%d steps in %.1f s; all %d claims were checked and hold.", len(shown), time.Since(began).Seconds(), claims))
	return nil
}

// prepare makes Terraform's directory. Nothing of the machine's settings gets
// through to Terraform, which takes the provider from bin.
func (d *demo) prepare(bin string) (err error) {
	if d.terraform = os.Getenv("TF_ACC_TERRAFORM_PATH"); d.terraform == "" {
		if d.terraform, err = exec.LookPath("terraform"); err != nil {
			return errors.New("terraform isn't on PATH: install Terraform, or set TF_ACC_TERRAFORM_PATH to an OpenTofu binary")
		}
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	if built, _ := filepath.Glob(filepath.Join(bin, "terraform-provider-signoz*")); len(built) == 0 {
		return fmt.Errorf("there is no provider in %s: build it first, make demo does", bin)
	}
	if d.dir, err = os.MkdirTemp("", "signoz-demo-"); err != nil {
		return err
	}
	d.env = slices.DeleteFunc(os.Environ(), func(setting string) bool {
		return strings.HasPrefix(setting, "TF_") || strings.HasPrefix(setting, "SIGNOZ_")
	})
	d.env = append(d.env, "TF_CLI_CONFIG_FILE="+filepath.Join(d.dir, "demo.tfrc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1",
		"SIGNOZ_ENDPOINT="+d.url, "SIGNOZ_API_KEY="+d.key)
	_, source, _ := strings.Cut(provider.Address, "/")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", source, filepath.ToSlash(bin))
	return errors.Join(d.write("demo.tfrc", overrides), d.write("main.tf", configuration))
}

// write puts a file into Terraform's directory, for its owner alone.
func (d *demo) write(name, text string) error {
	return os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600)
}

// cleanUp removes what the steps may have left. The account goes without
// Terraform, whose state may lack what an interrupted run made, and its keys go
// with it.
func (d *demo) cleanUp(ctx context.Context) error {
	err := d.ask(d.key, func(c *signoz.Client) error {
		account, err := d.find(ctx, c)
		if err != nil || account == nil {
			return err
		}
		return c.DeleteServiceAccount(ctx, account.ID)
	})
	if err != nil {
		err = fmt.Errorf("remove the service account %q from %s: %w", d.account, d.url, err)
	}
	return errors.Join(err, os.RemoveAll(d.dir))
}

// show does what the step asks for and returns what is there afterwards.
func (d *demo) show(ctx context.Context, s step, was world) (is world, err error) {
	if s.expires > 0 {
		variables := fmt.Sprintf("account_name = %q\nexpires_at   = %q\nrotation     = %d",
			d.account, d.today.Add(s.expires).Format(time.RFC3339), s.rotation)
		d.say(plain, s.shows+"\n"+variables)
		err = d.write("terraform.tfvars", variables+"\n")
	}
	if s.later > 0 {
		d.clock.Advance(s.later)
		defer d.clock.Advance(-s.later) // Terraform's own clock doesn't move
	}
	if s.elsewhere != nil {
		err = d.ask(d.key, func(c *signoz.Client) error { return s.elsewhere(ctx, c, was) })
	}
	code := 0
	if err == nil && s.terraform != "" {
		code, err = d.run(ctx, s.terraform, s.prints)
	}
	if err == nil {
		is, err = d.look(ctx)
	}
	if err != nil {
		return is, err
	}
	is.exitCode, is.replaced = code, was.replaced
	if is.key != was.key {
		is.replaced = was.key
	}
	for _, c := range s.claims {
		if !c.holds(was, is) {
			d.say(red, "✗ "+c.text)
			return is, fmt.Errorf("this doesn't hold: %s; Terraform's exit code is %d, SigNoz has the keys %+v", c.text, code, is.keys)
		}
		d.say(green, "✓ "+c.text)
	}
	return is, nil
}

var ansi = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// run runs Terraform, which speaks for itself, and must print some lines.
// Of an interrupt Terraform learns from the terminal, as every process in it.
func (d *demo) run(ctx context.Context, command string, prints []string) (exitCode int, err error) {
	d.say(bold, "\n$ "+strings.TrimSuffix(filepath.Base(d.terraform), ".exe")+" "+command)
	args := append(strings.Fields(command), "-input=false", "-compact-warnings")
	if !d.colour {
		args = append(args, "-no-color")
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, d.terraform, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = d.dir, d.env, patience
	cmd.Cancel = func() error { return nil }
	cmd.Stdout = io.MultiWriter(os.Stdout, &output)
	cmd.Stderr = cmd.Stdout
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("run terraform %s: %w", command, err)
	}
	rest := ansi.ReplaceAllString(output.String(), "")
	for _, line := range prints {
		_, after, found := strings.Cut(rest, "\n"+line)
		if !found {
			return 0, fmt.Errorf("terraform %s ended with %v and doesn't print %q", command, cmd.ProcessState, line)
		}
		rest = after
	}
	return cmd.ProcessState.ExitCode(), nil
}

// look asks SigNoz what it has, and reads the key's value from Terraform's state.
func (d *demo) look(ctx context.Context) (is world, err error) {
	var state struct {
		Outputs struct {
			APIKey struct{ Value string } `json:"api_key"`
		}
	}
	if text, err := os.ReadFile(filepath.Join(d.dir, "terraform.tfstate")); err == nil {
		if err := json.Unmarshal(text, &state); err != nil {
			return is, err
		}
	}
	is.today, is.key = d.today, state.Outputs.APIKey.Value
	is.signIn = func(key string) error { return d.signIn(ctx, key) }
	return is, d.ask(d.key, func(c *signoz.Client) error {
		account, err := d.find(ctx, c)
		if err != nil || account == nil {
			return err
		}
		if is.account, err = c.ServiceAccount(ctx, account.ID); err != nil { // lists don't have the roles
			return err
		}
		is.keys, err = c.Keys(ctx, account.ID)
		return err
	})
}

// find looks for the demo's account among the active ones; nil when there is none.
func (d *demo) find(ctx context.Context, c *signoz.Client) (*signoz.ServiceAccount, error) {
	accounts, err := c.ServiceAccounts(ctx)
	at := slices.IndexFunc(accounts, func(a signoz.ServiceAccount) bool { return a.Name == d.account && !a.Deleted() })
	if err != nil || at < 0 {
		return nil, err
	}
	return &accounts[at], nil
}

// signIn sends a request signed with a key, as any program would.
func (d *demo) signIn(ctx context.Context, key string) error {
	return d.ask(key, func(c *signoz.Client) error {
		me, err := c.Me(ctx)
		if err == nil && me.Name != d.account {
			return errors.New("it is the key of " + me.Name)
		}
		return err
	})
}

// ask talks to SigNoz beside Terraform. Each client starts afresh: it knows
// nothing of what another has read.
func (d *demo) ask(key string, about func(*signoz.Client) error) error {
	c, err := signoz.New(signoz.Config{Endpoint: d.url, APIKey: key, MaxRetries: signoz.DefaultMaxRetries, UserAgent: "terraform-provider-signoz-demo"})
	if err != nil {
		return err
	}
	defer c.Close()
	return about(c)
}

// A style is how text looks on a terminal that has colours.
type style string

const (
	plain style = ""
	bold  style = "1"
	red   style = "31"
	green style = "32"
	cyan  style = "1;36"
)

func (d *demo) say(s style, text string) {
	if d.colour && s != plain {
		text = "\x1b[" + string(s) + "m" + text + "\x1b[0m"
	}
	fmt.Println(text)
}
