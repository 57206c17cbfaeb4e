// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package provider_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const leaseConfig = usesProvider + `
ephemeral "signoz_service_account_key" "ci" {
  service_account_id = "ACCOUNT"
  valid_for          = "10s"
}

provider "signoz" {
  alias   = "ci"
  api_key = ephemeral.signoz_service_account_key.ci.key
}

data "signoz_me" "ci" {
  provider = signoz.ci
}
`

// holdBack holds back the requests that other keys than the administrator's sign
// until release is called.
func (on target) holdBack() (arrived <-chan struct{}, release func()) {
	reached, released := make(chan struct{}), make(chan struct{})
	reach := sync.OnceFunc(func() { close(reached) })
	on.Inject(signoztest.Fault{Answer: signoztest.Reset, Match: func(req *http.Request) bool {
		if req.Header.Get("SIGNOZ-API-KEY") != on.apiKey {
			reach()
			<-released
		}
		return false
	}})
	return reached, sync.OnceFunc(func() { close(released) })
}

// With the real CLI: a command that outlasts a third of its lease sees the key
// renewed, or tells that it couldn't be, and the key is gone afterwards; one that is
// killed leaves a key for no longer than the lease.
func TestAccEphemeralKey_lease(t *testing.T) {
	embeddedOnly(t).Close() // for its skips
	skipBelow(t, 11)
	built := buildProvider(t)
	for name, run := range map[string]func(t *testing.T, on target, c commandLine, account string){
		"renewed": func(t *testing.T, on target, c commandLine, account string) {
			planUntilRenewed(t, on, c, account, signoztest.Fault{CarriedOut: true}, "No changes")
		},
		"refused": func(t *testing.T, on target, c commandLine, account string) {
			planUntilRenewed(t, on, c, account, signoztest.Fault{Answer: signoztest.Status(http.StatusForbidden)},
				"Warning: The ephemeral key", "couldn't be renewed", "worked to the end")
		},
		"killed": planKilled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := embedded(t)
			account := on.CreateAccount("ci")
			c := newCommandLine(t, on, built)
			c.write("main.tf", strings.ReplaceAll(leaseConfig, "ACCOUNT", account.ID))
			there := on.CreateKey(account.ID, "somebody-elses", noExpiry)
			run(t, on, c, account.ID)
			if now, ok := on.KeyByName(account.ID, there.Name); !ok || now != there {
				t.Errorf("the other key is %+v, was %+v", now, there)
			}
		})
	}
}

// planUntilRenewed runs a plan that goes on until it has renewed its key, as the
// fault lets it.
func planUntilRenewed(t *testing.T, on target, c commandLine, account string, fault signoztest.Fault, says ...string) {
	t.Helper()
	_, release := on.holdBack()
	defer release()
	var renewals atomic.Int64
	fault.Method = http.MethodPut
	fault.Match = func(*http.Request) bool {
		renewals.Add(1)
		release()
		return true
	}
	on.Inject(fault)
	plan := c.start("plan", "-no-color", "-input=false")
	if err := c.wait(plan, time.Minute); err != nil {
		t.Fatalf("plan: %v\n%s", err, plan.out.String())
	}
	out := strings.Join(strings.Fields(strings.ReplaceAll(plan.out.String(), "│", " ")), " ")
	for _, text := range says {
		if !strings.Contains(out, text) {
			t.Errorf("the plan doesn't say %q:\n%s", text, plan.out.String())
		}
	}
	if renewals.Load() == 0 {
		t.Error("the key wasn't renewed")
	}
	equal(t, "keys left", len(on.Keys(account)), 1)
}

func planKilled(t *testing.T, on target, c commandLine, account string) {
	t.Helper()
	arrived, release := on.holdBack()
	defer release()
	plan := c.start("plan", "-no-color", "-input=false")
	select {
	case <-arrived:
	case err := <-plan.done:
		t.Fatalf("the plan ended: %v\n%s", err, plan.out.String())
	case <-time.After(time.Minute):
		t.Fatal("the plan doesn't get on")
	}
	fatal(t, syscall.Kill(-plan.Process.Pid, syscall.SIGKILL))
	if err := c.wait(plan, time.Minute); err == nil {
		t.Error("the plan succeeded")
	}
	release()
	equal(t, "keys left", len(on.Keys(account)), 2)
	for _, key := range on.Keys(account) {
		if key.ExpiresAt.IsZero() {
			continue
		}
		if lease := key.ExpiresAt.Sub(on.Clock().Now()); lease > 10*time.Second {
			t.Errorf("the key that is left works for another %s", lease)
		}
		on.Clock().Set(key.ExpiresAt)
		if on.KeyWorks(key.Value) {
			t.Error("the key that is left works after its lease")
		}
	}
}
