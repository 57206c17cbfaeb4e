// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var faultsEverywhere = flag.Bool("faults.everywhere", false, "TestFaults_atEachRequest strikes with every kind of fault at every request; otherwise each kind strikes each story at one request, every kind at another")

// namedFault is a way in which a request can go wrong.
type namedFault struct {
	name  string
	fault signoztest.Fault
}

// faultKinds are all ways in which a request can go wrong and a test doesn't
// take long; Giant, which does, stands apart. endpoint is the server's own URL.
func faultKinds(endpoint string) []namedFault {
	before := func(status int, retryAfter string) signoztest.Fault {
		return signoztest.Fault{Answer: signoztest.Reply{Status: status, RetryAfter: retryAfter}}
	}
	after := func(status int) signoztest.Fault {
		return signoztest.Fault{CarriedOut: true, Answer: signoztest.Status(status)}
	}
	replaced := func(status int, body string) signoztest.Fault {
		return signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Status: status, Body: body}}
	}
	return []namedFault{
		{"reset before", signoztest.Fault{Answer: signoztest.Reset}},
		{"reset after", signoztest.Fault{CarriedOut: true, Answer: signoztest.Reset}},
		{"half response", signoztest.Fault{CarriedOut: true, Answer: signoztest.Half}},
		{"slow", signoztest.Fault{Delay: 3 * time.Millisecond, CarriedOut: true}},
		{"slow, given up", signoztest.Fault{Delay: 3 * time.Millisecond, GiveUp: true, CarriedOut: true}},
		{"too slow", signoztest.Fault{Delay: 400 * time.Millisecond, Times: 1, CarriedOut: true}},
		{"hang", signoztest.Fault{Times: 1, Answer: signoztest.Hang}},
		{"429 before", before(http.StatusTooManyRequests, "0")},
		{"429 before, Retry-After garbage", before(http.StatusTooManyRequests, "soon")},
		{"429 before, Retry-After past", before(http.StatusTooManyRequests, "Mon, 02 Jan 2006 15:04:05 GMT")},
		{"429 after", after(http.StatusTooManyRequests)},
		{"500 before", before(http.StatusInternalServerError, "")},
		{"500 after", after(http.StatusInternalServerError)},
		{"502 before", before(http.StatusBadGateway, "")},
		{"502 after", after(http.StatusBadGateway)},
		{"503 before", before(http.StatusServiceUnavailable, "-7")},
		{"503 after", after(http.StatusServiceUnavailable)},
		{"504 before", before(http.StatusGatewayTimeout, "")},
		{"504 after", after(http.StatusGatewayTimeout)},
		{"408 after", after(http.StatusRequestTimeout)},
		{"401 before", before(http.StatusUnauthorized, "")},
		{"403 before", before(http.StatusForbidden, "")},
		{"web page", signoztest.Fault{Answer: signoztest.WebPage()}},
		{"web page of a proxy", signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusBadGateway, Body: "<html>", ContentType: "text/html"}}},
		{"redirect within", signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: endpoint + "/api/v1/version"}}},
		{"redirect to another host", signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: "http://other.invalid/"}}},
		{"redirect as GET", signoztest.Fault{Answer: signoztest.Reply{Status: http.StatusFound, Location: endpoint + "/api/v1/service_accounts"}}},
		{"cut JSON", replaced(0, `{"status":"success","data":{"id":"0`)},
		{"wrong types", replaced(0, `{"status":"success","data":{"id":7,"key":[],"name":{}}}`)},
		{"list for object", replaced(0, `{"status":"success","data":["id"]}`)},
		{"no data", replaced(0, `{"status":"success"}`)},
		{"null data", replaced(0, `{"status":"success","data":null}`)},
		{"empty data", replaced(0, `{"status":"success","data":{}}`)},
		{"empty body", replaced(0, ` `)},
		{"success of another status", replaced(http.StatusOK, `{"status":"success","data":{"id":"0"}}`)},
	}
}

// Every fault at every request of creating, updating and deleting accounts,
// keys and roles: the result is success, and then all is as the state says; or
// an error, and then the next apply finishes the job. Nothing is made twice,
// nothing is left behind, and what was there before is untouched.
func TestFaults_atEachRequest(t *testing.T) {
	t.Parallel()
	var cases []faultCase
	for i, kind := range faultKinds("ENDPOINT") {
		for j, story := range faultStories() {
			c := faultCase{name: kind.name, fault: kind.fault, story: story, version: []signoztest.Version{signoztest.V0_138_0, signoztest.V0_118_0}[(i+j)%2]}
			if c.fault.Times == 0 {
				c.fault.Times = 1
			}
			cases = append(cases, c)
		}
	}
	for _, name := range []string{"reset before", "reset after", "503 before", "503 after", "web page", "401 before", "redirect to another host", "wrong types"} {
		for i, story := range faultStories() {
			c := faultCase{name: name + " from then on", fault: kindNamed(name).fault, story: story, version: []signoztest.Version{signoztest.Main, signoztest.V0_123_0}[i%2]}
			cases = append(cases, c)
		}
	}
	for _, story := range faultStories() {
		cases = append(cases,
			faultCase{name: "cancelled", fault: signoztest.Fault{Delay: 2 * time.Millisecond, Times: 1, CarriedOut: true}, story: story, version: signoztest.V0_138_0, cancels: true},
			faultCase{name: "cancelled, then carried out and lost", fault: signoztest.Fault{Delay: 2 * time.Millisecond, Times: 1, CarriedOut: true, Answer: signoztest.Reset}, story: story, version: signoztest.V0_138_0, cancels: true},
			faultCase{name: "cancelled, then not carried out", fault: signoztest.Fault{Delay: 2 * time.Millisecond, Times: 1, Answer: signoztest.Reset}, story: story, version: signoztest.V0_123_0, cancels: true})
	}
	first := func(i int) int {
		if *faultsEverywhere {
			return 0
		}
		return i / len(faultStories()) % 10 // no story has many more requests
	}
	inParallel(t, len(cases), func(t *testing.T, i int) { cases[i].atEveryRequest(t, first(i)) }, func(i int) string { return cases[i].name + "/" + cases[i].story.name })
}

// inParallel runs subtests beside each other that mostly wait: more at once than
// t.Parallel would have on a small machine.
func inParallel(t *testing.T, n int, run func(t *testing.T, i int), name func(i int) string) {
	t.Helper()
	var running sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range n {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			t.Run(name(i), func(t *testing.T) { run(t, i) })
		})
	}
	running.Wait()
}

func kindNamed(name string) namedFault {
	kinds := faultKinds("ENDPOINT")
	return kinds[slices.IndexFunc(kinds, func(k namedFault) bool { return k.name == name })]
}

// faultStory is a change of the world. host is an account of somebody else.
type faultStory struct {
	name   string
	before func(host string) []block
	after  func(host string) []block
}

func faultStories() []faultStory {
	nothing := func(string) []block { return nil }
	world := func(crew, deploy, hosted string) func(host string) []block {
		return func(host string) []block {
			return []block{
				{address: "account.0", kind: accountKind, attributes: crew},
				{address: "account.1", kind: accountKind, attributes: `"name": "bare"`},
				{address: "key.0", kind: keyKind, parent: "account.1", attributes: deploy},
				{address: "key.1", kind: keyKind, accountID: host, attributes: hosted},
				{address: "role.0", kind: roleKind, accountID: host, attributes: `"role": "signoz-viewer"`},
			}
		}
	}
	first := world(`"name": "crew", "roles": ["signoz-viewer"]`, `"name": "deploy", "valid_for": "48h"`, `"name_prefix": "hosted-"`)
	second := world(`"name": "team", "roles": ["signoz-editor"]`, `"name": "ship", "expires_at": "2090-01-01T00:00:00Z"`, `"name_prefix": "hosted-", "valid_for": "9d"`)
	replaced := world(`"name": "crew", "roles": []`, `"name": "deploy", "valid_for": "48h"`, `"name_prefix": "other-", "destroy_grace_period": "1h"`)
	graceful := world(`"name": "crew", "roles": ["auditor"]`, `"name": "deploy"`, `"name": "hosted", "destroy_grace_period": "1h"`)
	return []faultStory{
		{"create", nothing, first},
		{"update", first, second},
		{"replace", first, replaced},
		{"delete", graceful, nothing},
	}
}

// faultCase is one kind of fault in one story on one version.
type faultCase struct {
	name    string
	fault   signoztest.Fault
	story   faultStory
	version signoztest.Version
	cancels bool // the run is cancelled at the moment of the fault
}

// atEveryRequest tells the story again and again; each time, the fault strikes
// one request later, until there is none left to strike. Without -faults.everywhere it
// strikes the first time only.
func (c faultCase) atEveryRequest(t *testing.T, first int) {
	t.Helper()
	for skip := first; ; skip++ {
		struck, requests := c.at(t, skip)
		if t.Failed() {
			t.Fatalf("SigNoz %s, at request %d of the apply:\n%s", c.version, skip+1, requests)
		}
		if !struck || !*faultsEverywhere {
			return
		}
		if skip > 100 {
			t.Fatal("there is no end of requests")
		}
	}
}

func (c faultCase) at(t *testing.T, skip int) (struck bool, requests string) {
	t.Helper()
	server := signoztest.New(signoztest.WithVersion(c.version), signoztest.WithClock(pastClock(time.Hour)))
	fatal(t, server.Listen("127.0.0.1:0"))
	defer server.Close()
	on := target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
	host := server.CreateAccount(hostName)
	server.CreateKey(host.ID, "deploy", time.Time{})
	server.CreateCustomRole("auditor")
	server.Clock().Advance(time.Hour)
	there := bystanders(on)

	s := newWorkingDir(t, on, 1, provider.WithRetryWait(50*time.Microsecond))
	s.settled(c.story.before(host.ID), there, "before the fault")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fault := c.fault
	fault.Skip = skip
	if reply, ok := fault.Answer.(signoztest.Reply); ok {
		reply.Location = strings.Replace(reply.Location, "ENDPOINT", on.endpoint, 1)
		fault.Answer = reply
	}
	if c.cancels {
		arrived := 0 // -parallelism=1: one request at a time
		fault.Match = func(*http.Request) bool {
			if arrived++; arrived > skip {
				cancel()
			}
			return true
		}
	}
	var injected *signoztest.Injection
	failed := s.apply(ctx, c.story.after(host.ID), conditions{settings: `, "request_timeout": "300ms"`, planned: func() {
		server.ResetRequests()
		injected = server.Inject(fault)
	}})
	if injected == nil { // on a busy machine, a request of the plan can take longer than its timeout
		t.Logf("planned again, since the plan failed: %v", failed)
		return c.at(t, skip)
	}
	server.WaitDisconnected() // what is carried out only after a later run, no run can know of
	requests = requestLog(on)
	server.ClearFaults()
	if len(failed) == 0 && ctx.Err() == nil {
		for _, difference := range s.differences(there) {
			t.Errorf("after an apply that reported success: %s", difference)
		}
	}
	for _, f := range failed {
		if f.refused() || f.unresolved() && !s.followAdvice(f, there) {
			t.Errorf("the %s", f)
		}
	}
	s.settled(c.story.after(host.ID), there, "after the fault")
	if t.Failed() {
		t.Logf("the errors under the fault: %v", failed)
	}
	return injected.Hits() > 0, requests
}

// settled applies without faults: all must succeed, and be as the state says.
func (w *workingDir) settled(blocks []block, there []bystander, when string) {
	w.t.Helper()
	for _, f := range w.apply(w.t.Context(), blocks, conditions{}) {
		w.t.Errorf("%s: the %s", when, f)
	}
	for _, difference := range w.differences(there) {
		w.t.Errorf("%s: %s", when, difference)
	}
}

// requestLog lists the requests that came, with what was answered.
func requestLog(on target) string {
	var log strings.Builder
	for i, r := range on.Requests() {
		fmt.Fprintf(&log, "%d. %s %s → %d %s\n", i+1, r.Method, r.Path, r.Status, r.Fault)
	}
	return log.String()
}

// An account whose roles could not be given is deleted again, and the next apply simply
// makes it. Only where deleting it fails too is it in the state, tainted: untainted, as its
// error says, the next apply completes it; otherwise it is made anew, and the first one is
// gone.
func TestAccount_createIsAllOrNothing(t *testing.T) {
	for name, test := range map[string]struct{ kept, untaint bool }{
		"taken back":    {},
		"kept":          {kept: true},
		"kept, untaint": {kept: true, untaint: true},
	} {
		t.Run(name, func(t *testing.T) {
			on := embeddedOnly(t)
			there := bystanders(on)
			on.Inject(signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_account_roles", Answer: signoztest.Status(http.StatusServiceUnavailable)})
			summary, advice := "Can't create service account", "deleted again"
			if test.kept {
				on.Inject(signoztest.Fault{Method: http.MethodDelete, Answer: signoztest.Status(http.StatusServiceUnavailable)})
				summary, advice = "was created, but isn't complete", "terraform untaint"
			}
			s := newWorkingDir(t, on, 10, provider.WithRetryWait(time.Microsecond))
			blocks := []block{{address: "account", kind: accountKind, attributes: `"name": "ci", "roles": ["signoz-viewer"]`}}
			failed := s.apply(t.Context(), blocks, conditions{})
			if len(failed) != 1 || !strings.Contains(failed[0].summary, summary) || !strings.Contains(failed[0].detail, advice) {
				t.Fatalf("the errors should say what is the matter and what to do: %v", failed)
			}
			made, there1 := on.AccountByName("ci")
			in, inState := s.get("account")
			if there1 != test.kept || inState != test.kept {
				t.Fatalf("the server has the account: %t, the state: %t", there1, inState)
			}
			on.ClearFaults()
			if test.kept {
				if in.text("id") != made.ID || !in.tainted {
					t.Fatalf("the server has the account %q, the state %s (tainted: %t)", made.ID, in.json(), in.tainted)
				}
				in.tainted = !test.untaint
				s.put("account", in)
			}
			s.settled(blocks, there, "afterwards")
			if after, _ := on.AccountByName("ci"); (after.ID == made.ID) != test.untaint || len(after.Roles) != 1 {
				t.Errorf("the account is %s with roles %q, it was %s", after.ID, after.Roles, made.ID)
			}
		})
	}
}

// An answer about another account, as a confused cache gives it, is taken for what it is:
// the account that was made is deleted again, and the other one stays.
func TestAccount_answerAboutAnother(t *testing.T) {
	on := embeddedOnly(t)
	there := bystanders(on)
	other := on.CreateAccount("other")
	there = append(there, bystander{account: other})
	s := newWorkingDir(t, on, 10)
	blocks := []block{{address: "account", kind: accountKind, attributes: `"name": "ci", "roles": ["signoz-viewer"]`}}
	on.Inject(signoztest.Fault{
		Method: http.MethodGet, Path: "/api/v1/service_accounts/*", CarriedOut: true,
		Answer: signoztest.Reply{Body: `{"status":"success","data":{"id":` + quote(other.ID) + `,"name":"other","status":"active","serviceAccountRoles":[]}}`},
	})
	failed := s.apply(t.Context(), blocks, conditions{})
	_, made := on.AccountByName("ci")
	if _, kept := s.get("account"); made || kept || len(failed) == 0 {
		t.Fatalf("the server has the account: %t, the state: %t; the errors: %v", made, kept, failed)
	}
	on.ClearFaults()
	s.settled(blocks, there, "afterwards")
}
