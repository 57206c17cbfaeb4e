// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var (
	killRounds = flag.Int("kill.rounds", 1, "how often TestAccKill_nextApplyIsConsistent kills the provider")
	killSeed   = flag.Uint64("kill.seed", 1, "seed of the moments at which it does")
)

// command starts the CLI in a process group of its own, as a shell does.
type command struct {
	*exec.Cmd

	out  bytes.Buffer
	done chan error
}

func (c commandLine) start(args ...string) *command {
	c.t.Helper()
	started := &command{Cmd: exec.Command(cli(), args...), done: make(chan error, 1)}
	started.Dir, started.Env = c.dir, c.env
	started.Stdout, started.Stderr = &started.out, &started.out
	started.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	fatal(c.t, started.Start())
	go func() { started.done <- started.Wait() }()
	c.t.Cleanup(func() { _ = syscall.Kill(-started.Process.Pid, syscall.SIGKILL) }) // an error: it has ended, as it should
	return started
}

// wait ends the test unless the command ends in that time; it returns its error.
func (c commandLine) wait(started *command, limit time.Duration) error {
	c.t.Helper()
	select {
	case err := <-started.done:
		return err
	case <-time.After(limit):
		_ = syscall.Kill(-started.Process.Pid, syscall.SIGQUIT)
		c.t.Fatalf("%s hasn't ended within %v", started.Args, limit)
		return nil
	}
}

// providersOf finds the provider processes that a CLI has started.
func providersOf(t *testing.T, parent int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	fatal(t, err)
	var found []int
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// PID (NAME) STATE PPID …; the name may be cut to 15 characters.
		head, tail, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(tail)
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) || !strings.Contains(head, "(terraform-provi") {
			continue
		}
		pid, err := strconv.Atoi(strings.Fields(head)[0])
		fatal(t, err)
		found = append(found, pid)
	}
	return found
}

// tfstate is what the tests need of a state file.
type tfstate struct {
	Resources []struct {
		Type      string
		Name      string
		Instances []struct {
			Status     string
			Attributes struct {
				ID   string
				Name string
				Key  string
			}
		}
	}
}

func (c commandLine) state() tfstate {
	c.t.Helper()
	var state tfstate
	text, err := os.ReadFile(filepath.Join(c.dir, "terraform.tfstate"))
	fatal(c.t, err)
	fatal(c.t, json.Unmarshal(text, &state))
	return state
}

const killedConfig = usesProvider + `
resource "signoz_service_account" "crew" {
  name  = "crew"
  roles = ["signoz-viewer"]
}

resource "signoz_service_account" "team" {
  name = "team"
}

resource "signoz_service_account_role" "team" {
  service_account_id = signoz_service_account.team.id
  role               = "signoz-editor"
}

resource "signoz_service_account_key" "crew" {
  service_account_id = signoz_service_account.crew.id
  name               = "deploy"
}

resource "signoz_service_account_key" "team" {
  service_account_id = signoz_service_account.team.id
  name               = "ship"
}
`

// The provider is killed in the middle of an apply, without a chance to save
// anything. The next apply makes the world consistent, or its errors name the
// command to run, and after that command an apply does.
func TestAccKill_nextApplyIsConsistent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("finds the provider's process in /proc")
	}
	on := embeddedOnly(t) // for its skips; each round has a server of its own
	on.Close()
	built := buildProvider(t)
	chance := rand.New(rand.NewPCG(*killSeed, 0))
	for round := range *killRounds {
		after := 1 + chance.IntN(6) // the apply makes six changes and reads between them
		t.Run(fmt.Sprintf("round=%d,after=%d", round, after), func(t *testing.T) { killedAfter(t, built, after) })
	}
}

func killedAfter(t *testing.T, built string, changes int) {
	t.Helper()
	on := embedded(t, signoztest.WithRequestDelay(10*time.Millisecond))
	there := bystanders(on)
	c := newCommandLine(t, on, built)
	c.write("main.tf", killedConfig)
	var arrived atomic.Int64
	reached, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	defer release()
	on.Inject(signoztest.Fault{Answer: signoztest.Reset, Match: func(req *http.Request) bool {
		if req.Method == http.MethodPost && arrived.Add(1) == int64(changes) {
			close(reached)
			<-released // so that the apply is still under way when the provider is killed
		}
		return false
	}})
	apply := c.start("apply", "-auto-approve", "-no-color")
	select {
	case <-reached:
	case err := <-apply.done:
		t.Fatalf("the apply ended before it made %d changes: %v\n%s", changes, err, apply.out.String())
	case <-time.After(time.Minute):
		t.Fatal("the apply doesn't get on")
	}
	killed := providersOf(t, apply.Process.Pid)
	if len(killed) == 0 {
		t.Fatal("there is no provider process to kill")
	}
	for _, pid := range killed {
		fatal(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	release()
	if err := c.wait(apply, time.Minute); err == nil {
		t.Fatalf("the apply succeeded without its provider:\n%s", apply.out.String())
	}

	on.ClearFaults()
	imported := applyAndObey(t, c)
	state := c.state()
	accounts, keys := map[string]bool{}, map[string]bool{}
	for _, resource := range state.Resources {
		for _, in := range resource.Instances {
			switch resource.Type {
			case accountKind:
				accounts[in.Attributes.ID] = true
			case keyKind:
				keys[in.Attributes.ID] = true
				if in.Attributes.Key == "" && !imported[resource.Type+"."+resource.Name] || in.Attributes.Key != "" && !on.KeyWorks(in.Attributes.Key) {
					t.Errorf("the value of the key %q doesn't work", in.Attributes.Name)
				}
			}
		}
	}
	if len(accounts) != 2 || len(keys) != 2 {
		t.Errorf("the state has %d accounts and %d keys", len(accounts), len(keys))
	}
	for _, account := range on.ActiveAccounts() {
		for _, key := range on.Keys(account.ID) {
			if !keys[key.ID] && !wasThere(there, key.ID) {
				t.Errorf("nobody knows of the key %q of %q", key.Name, account.Name)
			}
		}
		if wasThere(there, account.ID) {
			continue
		}
		if !accounts[account.ID] || len(account.Roles) != 1 {
			t.Errorf("the account %q with the roles %q isn't as the state (%t) or the configuration says", account.Name, account.Roles, accounts[account.ID])
		}
	}
}

// advice is what an error tells the user to run, and for which resource.
var (
	advice  = regexp.MustCompile(`terraform import ADDRESS (\S+?),? `)
	advised = regexp.MustCompile(`with (signoz_[a-z_]+\.[a-z]+),`)
)

// applyAndObey applies; where that fails, every error must name the command to
// run. It runs those and applies again, which must succeed. A chain of
// dependencies may need a command each. It returns the addresses imported.
func applyAndObey(t *testing.T, c commandLine) map[string]bool {
	t.Helper()
	imported := map[string]bool{}
	for range 3 {
		apply := c.start("apply", "-auto-approve", "-no-color")
		if c.wait(apply, time.Minute) == nil {
			return imported
		}
		errors := strings.Split(apply.out.String(), "Error: ")[1:]
		for _, text := range errors {
			text = strings.Join(strings.Fields(strings.ReplaceAll(text, "│", " ")), " ")
			command, address := advice.FindStringSubmatch(text), advised.FindStringSubmatch(text)
			if command == nil || address == nil {
				t.Fatalf("the error names no command to run: %s", text)
			}
			t.Logf("following the advice: terraform import %s %s", address[1], command[1])
			c.run("import", "-no-color", address[1], command[1])
			imported[address[1]] = true
		}
	}
	t.Fatal("following the advice doesn't help")
	return nil
}

// Ctrl-C ends an apply promptly although it waits for a server that fails or
// hangs, and what was made before is in the state.
func TestAccInterrupt_endsAnApply(t *testing.T) {
	embeddedOnly(t).Close() // for its skips
	built := buildProvider(t)
	for name, fault := range map[string]signoztest.Fault{
		"503 to every grant":      {Method: http.MethodPost, Path: "/api/v1/service_account_roles", Answer: signoztest.Status(http.StatusServiceUnavailable)},
		"a grant hangs":           {Method: http.MethodPost, Path: "/api/v1/service_account_roles", Answer: signoztest.Hang},
		"making an account hangs": {Method: http.MethodPost, Path: "/api/v1/service_accounts", Skip: 1, Answer: signoztest.Hang},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := embedded(t)
			c := newCommandLine(t, on, built)
			c.write("main.tf", usesProvider+`
resource "signoz_service_account" "first" {
  name = "first"
}

resource "signoz_service_account" "second" {
  name       = "second"
  roles      = ["signoz-viewer"]
  depends_on = [signoz_service_account.first]
}
`)
			injection := on.Inject(fault)
			apply := c.start("apply", "-auto-approve", "-no-color")
			for deadline := time.Now().Add(time.Minute); injection.Hits() == 0; {
				if time.Now().After(deadline) {
					t.Fatalf("the fault didn't strike:\n%s", apply.out.String())
				}
				<-time.After(20 * time.Millisecond)
			}
			began := time.Now()
			fatal(t, syscall.Kill(-apply.Process.Pid, syscall.SIGINT)) // the whole group, as the terminal does
			if err := c.wait(apply, 12*time.Second); err == nil {
				t.Error("an interrupted apply should fail")
			}
			t.Logf("ended %v after the interrupt", time.Since(began).Round(time.Millisecond))

			held := map[string]string{}
			for _, resource := range c.state().Resources {
				for _, in := range resource.Instances {
					held[in.Attributes.Name] = in.Attributes.ID
				}
			}
			for _, account := range on.ActiveAccounts() {
				if account.Name != signoztest.AdminAccountName && held[account.Name] != account.ID {
					t.Errorf("the account %q isn't in the state: %v\n%s", account.Name, held, apply.out.String())
				}
			}
			if held["first"] == "" {
				t.Errorf("the first account isn't in the state:\n%s", apply.out.String())
			}
		})
	}
}
