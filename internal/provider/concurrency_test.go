// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// injectContention makes a server answer 429 as a real v0.118 does to ten
// workers at once, a little worse: to 75 % of role grants, which aren't carried
// out, and to 20 % of account deletions, half of which are. As with a real
// server, which gets less to do the longer they wait, no grant is refused for ever.
func injectContention(on target) {
	const enough = 12
	var (
		mu       sync.Mutex
		attempts = map[string]int{}
	)
	grant := refusedGrant
	grant.Match = func(req *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		attempts[req.URL.Path]++
		return attempts[req.URL.Path] <= enough
	}
	for _, f := range []signoztest.Fault{grant, lateRefusal, refusedDeletion} {
		on.Inject(f)
	}
}

var (
	tooMany = signoztest.Status(http.StatusTooManyRequests)

	refusedGrant = signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_accounts/*/roles", Share: 0.75, Seed: 1, Answer: tooMany}
	// lateRefusal comes when the account has been deleted already.
	lateRefusal     = signoztest.Fault{Method: http.MethodDelete, Path: "/api/v1/service_accounts/*", Share: 0.1, Seed: 2, CarriedOut: true, Answer: tooMany}
	refusedDeletion = signoztest.Fault{Method: http.MethodDelete, Path: "/api/v1/service_accounts/*", Share: 0.1, Seed: 3, Answer: tooMany}
)

// refusals counts the requests that were answered 429, be it too late.
func refusals(on target, method string) (n int) {
	for _, r := range on.Requests() {
		if r.Method == method && r.Fault != "" {
			n++
		}
	}
	return n
}

// 200 accounts with a role and a key, made and destroyed by 20 workers at once
// on a server that refuses most grants: all is made, and nothing is left over.
func TestFleet_underContention(t *testing.T) {
	on := embeddedOnly(t, signoztest.WithVersion(signoztest.V0_118_0))
	there := bystanders(on)
	injectContention(on)
	s := newWorkingDir(t, on, 20, provider.WithRetryWait(100*time.Microsecond))
	const accounts = 200
	var fleet []block
	for i := range accounts {
		name := fmt.Sprintf("fleet-%c%c", 'a'+i/26, 'a'+i%26)
		account := "account." + name
		fleet = append(fleet,
			block{address: account, kind: accountKind, attributes: `"name": ` + quote(name) + `, "roles": ["signoz-viewer"]`},
			block{address: "key." + name, kind: keyKind, parent: account, attributes: `"name": "deploy"`})
	}

	s.settled(fleet, there, "making the fleet")
	if made := len(on.ActiveAccounts()) - len(there); made != accounts {
		t.Errorf("there are %d accounts, not %d", made, accounts)
	}
	if n := refusals(on, http.MethodPost); n < accounts {
		t.Errorf("only %d grants were refused: this proves nothing", n)
	}

	s.settled(nil, there, "destroying the fleet")
	if n := len(s.state); n > 0 {
		t.Errorf("%d objects are left in the state", n)
	}
	if n := refusals(on, http.MethodDelete); n < accounts/10 {
		t.Errorf("only %d deletions were refused: this proves nothing", n)
	}
}
