// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// startPatience is how long the embedded SigNoz may take to listen.
const startPatience = 10 * time.Second

// endpoint says where a SigNoz is and which key administers it.
type endpoint struct{ url, key string }

// site is where the story takes place: a SigNoz, and a directory for Terraform.
type site struct {
	endpoint

	stopEmbedded func() // nil for a SigNoz that the environment names
	account      string // name of the account that the story makes
	touched      bool   // whether the account may have been made
	*workspace
}

// openSite starts a SigNoz, unless the environment names one, and prepares a
// directory for Terraform.
func openSite(ctx context.Context, set settings, environ []string, tell *narrator) (*site, error) {
	s := &site{
		endpoint: endpoint{url: lookup(environ, "SIGNOZ_ENDPOINT"), key: lookup(environ, "SIGNOZ_API_KEY")},
		// Others use that server too: a name of its own, in letters as v0.118 wants it.
		account: signoz.UniqueKeyName("demo-"),
	}
	switch {
	case s.url == "" && s.key == "":
		s.account = "ci-pipeline"
		if err := s.startEmbedded(ctx, set.bin); err != nil {
			return nil, fmt.Errorf("start the embedded SigNoz: %w", err)
		}
	case s.url == "" || s.key == "":
		return nil, errors.New("SIGNOZ_ENDPOINT and SIGNOZ_API_KEY must both be set, to use that server, or both unset, to use the embedded one")
	}
	var err error
	if s.workspace, err = newWorkspace(set.bin, environ, s.endpoint, tell); err != nil {
		s.stopServer()
		return nil, err
	}
	return s, nil
}

// startEmbedded starts the devserver and reads where it listens.
func (s *site) startEmbedded(ctx context.Context, bin string) error {
	// Not ended by ctx: cleaning up needs it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	name := "devserver"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, name), "-quiet")
	isolate(cmd)
	cmd.WaitDelay = startPatience
	var complaint strings.Builder
	cmd.Stderr = &complaint
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		stop()
		return err
	}
	if err := cmd.Start(); err != nil {
		stop()
		return fmt.Errorf("%w: build it first, make demo does", err)
	}
	s.stopEmbedded = func() {
		stop()
		_ = cmd.Wait() // says only that it was stopped
	}
	overdue := time.AfterFunc(startPatience, stop)
	defer overdue.Stop()
	lines := bufio.NewScanner(stdout)
	for (s.url == "" || s.key == "") && lines.Scan() {
		s.read(lines.Text())
	}
	if s.url == "" || s.key == "" {
		s.stopServer()
		return fmt.Errorf("it doesn't say where it listens, but %q", strings.TrimSpace(complaint.String()))
	}
	return nil
}

// read takes one of the lines that the devserver prints for shells.
func (s *site) read(line string) {
	setting, _ := strings.CutPrefix(line, "export ")
	name, value, _ := strings.Cut(setting, "=")
	value = strings.Trim(value, "'")
	switch name {
	case "SIGNOZ_ENDPOINT":
		s.url = value
	case "SIGNOZ_API_KEY":
		s.key = value
	}
}

func (s *site) stopServer() {
	if s.stopEmbedded != nil {
		s.stopEmbedded()
	}
}

// client talks to SigNoz beside Terraform, signed by a key. Each one starts
// afresh: it knows nothing of what another has read.
func (s *site) client(key string) (*signoz.Client, error) {
	return signoz.New(signoz.Config{Endpoint: s.url, APIKey: key, MaxRetries: signoz.DefaultMaxRetries, UserAgent: "terraform-provider-signoz-demo"})
}

// find looks for the story's account among the active ones; nil when there is none.
func (s *site) find(ctx context.Context) (*signoz.ServiceAccount, error) {
	client, err := s.client(s.key)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	accounts, err := client.ServiceAccounts(ctx)
	if err != nil {
		return nil, err
	}
	for i := range accounts {
		if accounts[i].Name == s.account && !accounts[i].Deleted() {
			return &accounts[i], nil
		}
	}
	return nil, nil
}

// close removes what the story may have left, and then its ground. The account
// goes first and without Terraform, whose state may lack what an interrupted
// run made; its keys go with it.
func (s *site) close(ctx context.Context, keep bool) error {
	err := s.removeAccount(ctx)
	if err != nil {
		err = fmt.Errorf("remove the service account %q from %s: %w", s.account, s.url, err)
	}
	s.stopServer()
	if keep {
		return err
	}
	return errors.Join(err, s.remove())
}

func (s *site) removeAccount(ctx context.Context) error {
	if !s.touched {
		return nil
	}
	account, err := s.find(ctx)
	if err != nil || account == nil {
		return err
	}
	client, err := s.client(s.key)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.DeleteServiceAccount(ctx, account.ID)
}

// invite tells how to go on in the directory that is left behind.
func (s *site) invite(tell *narrator) {
	tell.gap()
	tell.say("The directory is yours to play with:")
	lines := []string{"cd " + s.dir, "export TF_CLI_CONFIG_FILE=$PWD/" + cliConfigFile}
	if s.stopEmbedded != nil {
		lines = append(lines, "export SIGNOZ_ENDPOINT=… SIGNOZ_API_KEY=…    # as `make devserver` prints them in another terminal")
	}
	tell.say(append(lines, s.name()+" apply")...)
}
