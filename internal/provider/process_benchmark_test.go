// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// BenchmarkPlanProcess compares what can't be done without with what the
// provider makes of it: `terraform plan` of 500 accounts with roles and of one
// key of each, with a provider built as a release is, against `terraform plan`
// of as many terraform_data plus the requests of that refresh, sent bare, ten at
// once as Terraform does. "ratio" is the first divided by the second.
//
// It can't be 1: terraform_data lives in Terraform's own process. So the same is
// measured of a provider that does nothing but send these requests and hand back what came
// (see relay): nobody can be quicker than "relay-ratio".
//
// Against the server of SIGNOZ_ENDPOINT and SIGNOZ_API_KEY, if they are set, it
// makes those objects there and destroys them at the end; otherwise against the
// embedded SigNoz at two distances. All are measured in turn, and the
// least of each counts: run it with -benchtime=5x on a machine that does nothing else.
// The CPU times, which bear company better, are those of Terraform and its providers together.
func BenchmarkPlanProcess(b *testing.B) {
	if on, real := realTarget(); real {
		benchmarkPlanProcess(b, on)
		return
	}
	for _, away := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond} {
		b.Run(away.String()+"-away", func(b *testing.B) {
			server := signoztest.Start(b, signoztest.WithRequestDelay(away))
			benchmarkPlanProcess(b, target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()})
		})
	}
}

func benchmarkPlanProcess(b *testing.B, on target) {
	b.Helper()
	const accounts = 500
	terraform := newProcessCLI(b, on)
	prefix := letters("bench")
	ours := terraform.workspace(b, fmt.Sprintf(accountsAndKeys, accounts, prefix))
	if on.Server == nil {
		b.Cleanup(func() { ours.run(context.WithoutCancel(b.Context()), b, "destroy", "-auto-approve") })
	}
	relay := workspace{processCLI: newRelayCLI(b, on), dir: ours.dir}
	theirs := terraform.workspace(b, fmt.Sprintf(asManyTerraformData, accounts))
	requests := refreshRequests(b, on, prefix, accounts)

	plan, least, terraformData, bare := forever, forever, forever, forever.wall
	sent := 0
	for b.Loop() {
		terraformData = terraformData.least(theirs.plan(b))
		bare = min(bare, sendBare(b, on, requests))
		before := on.requestsSoFar()
		plan = plan.least(ours.plan(b))
		sent = on.requestsSoFar() - before
		least = least.least(relay.plan(b))
	}
	b.ReportMetric(plan.wall.Seconds(), "plan-s")
	b.ReportMetric(terraformData.wall.Seconds(), "terraform_data-s")
	b.ReportMetric(bare.Seconds(), "bare-requests-s")
	b.ReportMetric(plan.wall.Seconds()/(terraformData.wall+bare).Seconds(), "ratio")
	b.ReportMetric(least.wall.Seconds(), "relay-s")
	b.ReportMetric(least.wall.Seconds()/(terraformData.wall+bare).Seconds(), "relay-ratio")
	b.ReportMetric(plan.cpu.Seconds(), "plan-cpu-s")
	b.ReportMetric(least.cpu.Seconds(), "relay-cpu-s")
	b.ReportMetric(terraformData.cpu.Seconds(), "terraform_data-cpu-s")
	if on.Server != nil {
		b.ReportMetric(float64(sent), "requests")
	}
}

// spent is the time that a process took, on the clock and of the processors.
type spent struct{ wall, cpu time.Duration }

var forever = spent{wall: math.MaxInt64, cpu: math.MaxInt64}

func (s spent) least(other spent) spent {
	return spent{wall: min(s.wall, other.wall), cpu: min(s.cpu, other.cpu)}
}

func (on target) requestsSoFar() int {
	if on.Server == nil {
		return 0 // a real server isn't asked how many it got
	}
	return on.CountRequests("", "")
}

const accountsAndKeys = `
terraform {
  required_providers {
    signoz = { source = "signoz-community/signoz" }
  }
}

resource "signoz_service_account" "bench" {
  count = %d
  name  = "%s-${count.index}"
  roles = ["signoz-viewer"]
}

resource "signoz_service_account_key" "bench" {
  count              = length(signoz_service_account.bench)
  service_account_id = signoz_service_account.bench[count.index].id
  name               = "bench"
}
`

const asManyTerraformData = `
resource "terraform_data" "account" {
  count = %d
  input = "bench-${count.index}"
}

resource "terraform_data" "key" {
  count = length(terraform_data.account)
  input = terraform_data.account[count.index].id
}
`

// processCLI is the Terraform on this machine with the provider of this source tree.
type processCLI struct {
	terraform   string
	environment []string
}

func newProcessCLI(b *testing.B, on target) processCLI {
	b.Helper()
	dir := b.TempDir()
	buildRelease(b, dir)
	return newOverriddenCLI(b, on, dir)
}

func terraformPath(b *testing.B) string {
	b.Helper()
	if terraform := os.Getenv("TF_ACC_TERRAFORM_PATH"); terraform != "" {
		return terraform
	}
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		b.Skip("needs Terraform")
	}
	return terraform
}

// newOverriddenCLI runs the provider that is in dir.
func newOverriddenCLI(b *testing.B, on target, dir string, environment ...string) processCLI {
	b.Helper()
	config := filepath.Join(dir, "terraform.rc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n    %q = %q\n  }\n  direct {}\n}\n",
		provider.Address, dir, strings.Replace(provider.Address, "registry.terraform.io", "registry.opentofu.org", 1), dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	c := processCLI{terraform: terraformPath(b)}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "SIGNOZ_") {
			c.environment = append(c.environment, variable)
		}
	}
	c.environment = append(c.environment, "TF_CLI_CONFIG_FILE="+config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"SIGNOZ_ENDPOINT="+on.endpoint, "SIGNOZ_API_KEY="+on.apiKey)
	c.environment = append(c.environment, environment...)
	return c
}

// buildRelease builds the provider of this source tree as releases are built.
func buildRelease(b *testing.B, dir string) string {
	b.Helper()
	binary := filepath.Join(dir, "terraform-provider-signoz")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, ".")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building the provider: %v\n%s", err, output)
	}
	return binary
}

// workspace is a directory whose configuration has been applied.
type workspace struct {
	processCLI
	dir string
}

func (c processCLI) workspace(b *testing.B, config string) workspace {
	b.Helper()
	w := workspace{processCLI: c, dir: b.TempDir()}
	if err := os.WriteFile(filepath.Join(w.dir, "main.tf"), []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	w.run(b.Context(), b, "apply", "-auto-approve")
	return w
}

func (w workspace) run(ctx context.Context, b *testing.B, args ...string) spent {
	b.Helper()
	command := exec.CommandContext(ctx, w.terraform, append(args, "-input=false", "-no-color")...)
	command.Dir, command.Env = w.dir, w.environment
	began := time.Now()
	if output, err := command.CombinedOutput(); err != nil {
		b.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return spent{wall: time.Since(began), cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
}

// plan plans what needs no change; any other plan fails the benchmark.
func (w workspace) plan(b *testing.B) spent {
	b.Helper()
	return w.run(b.Context(), b, "plan", "-detailed-exitcode")
}

// refreshRequests are the requests that no refresh of the accounts and keys can do without.
func refreshRequests(b *testing.B, on target, prefix string, accounts int) []string {
	b.Helper()
	client, err := signoz.New(signoz.Config{Endpoint: on.endpoint, APIKey: on.apiKey})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	all, err := client.ServiceAccounts(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var urls []string
	for i := range all {
		if strings.HasPrefix(all[i].Name, prefix) && !all[i].Deleted() {
			account := on.endpoint + "/api/v1/service_accounts/" + all[i].ID
			urls = append(urls, account, account+"/keys")
		}
	}
	if len(urls) != 2*accounts {
		b.Fatalf("the server has %d of the %d accounts", len(urls)/2, accounts)
	}
	return urls
}

// sendBare gets what the URLs answer, ten at a time on as many connections, and
// does nothing with it but check that it is whole JSON.
func sendBare(b *testing.B, on target, urls []string) time.Duration {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: terraformParallelism}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	next := make(chan string)
	var workers sync.WaitGroup
	began := time.Now()
	for range terraformParallelism {
		workers.Go(func() {
			for url := range next {
				if err := getBare(b.Context(), client, url, on.apiKey); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, url := range urls {
		next <- url
	}
	close(next)
	workers.Wait()
	return time.Since(began)
}

func getBare(ctx context.Context, client *http.Client, url, key string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("SIGNOZ-API-KEY", key)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK || !json.Valid(body) {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
