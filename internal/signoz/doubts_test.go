// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// faultsOfCreates are the ways in which any request of a create can go wrong.
func faultsOfCreates() []signoztest.Fault {
	faults := []signoztest.Fault{
		{Answer: signoztest.Reset},
		{CarriedOut: true, Answer: signoztest.Reset},
		{CarriedOut: true, Answer: signoztest.Half},
		{Delay: time.Millisecond, GiveUp: true, Answer: signoztest.Reset},
		{Delay: time.Millisecond, CarriedOut: true},
		{Answer: signoztest.WebPage()},
		{Answer: signoztest.Reply{Status: http.StatusTemporaryRedirect, Location: "https://elsewhere.invalid/"}},
		{CarriedOut: true, Answer: signoztest.Reply{Body: `{"status":"succ`}},
		{CarriedOut: true, Answer: signoztest.Reply{Body: `{"status":"success","data":[7]}`}},
		{CarriedOut: true, Answer: signoztest.Reply{Body: `{"status":"success","data":{}}`}},
		{CarriedOut: true, Answer: signoztest.Reply{Body: "<html>", ContentType: "text/html"}},
		{CarriedOut: true, Answer: signoztest.Reply{Status: 200, Body: `{"status":"success"}`}},
		{Answer: signoztest.Status(403)},
	}
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		faults = append(faults,
			signoztest.Fault{Answer: signoztest.Status(status)},
			signoztest.Fault{CarriedOut: true, Answer: signoztest.Status(status)})
	}
	return faults
}

func nameOf(f signoztest.Fault) string {
	return f.String()
}

// creation is an operation that makes one object, and what must hold after it.
type creation struct {
	name string
	do   func(ctx context.Context, c *Client, w *world) (id, value string, err error)
}

func creations() []creation {
	key := func(name string, unique bool) func(context.Context, *Client, *world) (string, string, error) {
		return func(ctx context.Context, c *Client, w *world) (string, string, error) {
			key, err := c.CreateKey(ctx, w.account.ID, NewKey{Name: name, UniqueName: unique})
			if err != nil {
				return "", "", err
			}
			return key.ID, key.Value, nil
		}
	}
	return []creation{
		{"account", func(ctx context.Context, c *Client, _ *world) (string, string, error) {
			id, err := c.CreateServiceAccount(ctx, "fresh")
			return id, "", err
		}},
		{"key", key("fresh", false)},
		{"unique key", key("fresh", true)},
	}
}

// objects are what a create may have made: id, by name.
func (w *world) objects(t testing.TB) map[string]string {
	t.Helper()
	objects := make(map[string]string)
	for _, a := range w.server.ActiveAccounts() {
		objects["account "+a.Name] = a.ID
	}
	for _, k := range w.server.AllKeys() {
		objects["key "+k.Name] = k.ID
	}
	return objects
}

// check says what a create may leave behind: the one object that it returned,
// with a value that works, or else nothing, unless it says that it doesn't know.
func (w *world) check(t testing.TB, name string, before map[string]string, id, value string, err error) {
	t.Helper()
	now := w.objects(t)
	for object, id := range before {
		if now[object] != id {
			t.Errorf("%s: %s is gone (error: %v)", name, object, err)
		}
	}
	var unresolved *UnresolvedError
	if errors.As(err, &unresolved) {
		return
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(name, "unique "), ",")
	if err == nil {
		if got := now[kind+" fresh"]; got == "" || got != id {
			t.Errorf("%s: returned %q, the server has %q", name, id, got)
		}
		if value != "" && !w.server.KeyWorks(value) {
			t.Errorf("%s: the returned value doesn't work", name)
		}
		delete(now, kind+" fresh")
	}
	for object, id := range now {
		if before[object] != id {
			t.Errorf("%s: left behind %s (error: %v)", name, object, err)
		}
	}
}

// allPairs makes eachPair try every fault as the second one too: minutes in place of seconds.
var allPairs = flag.Bool("allpairs", false, "try all pairs of faults at creates")

func secondFaults() []signoztest.Fault {
	if *allPairs {
		return faultsOfCreates()
	}
	return []signoztest.Fault{
		{CarriedOut: true, Answer: signoztest.Reset},
		{Answer: signoztest.WebPage()},
		{Answer: signoztest.Status(403)},
		{CarriedOut: true, Answer: signoztest.Status(429)},
		{CarriedOut: true, Answer: signoztest.Status(500)},
	}
}

// eachPair runs a test with each fault at the first request of each create,
// and another one at each of the requests that follow.
func eachPair(t *testing.T, test func(t *testing.T, name string, c creation, first, second signoztest.Fault)) {
	t.Helper()
	for _, c := range creations() {
		for _, first := range faultsOfCreates() {
			t.Run(c.name+", "+nameOf(first), func(t *testing.T) {
				t.Parallel()
				for _, second := range secondFaults() {
					for skip := range 5 {
						second.Skip, second.Times, first.Times = skip, 1, 1
						test(t, fmt.Sprintf("%s, %s, then %s after %d", c.name, nameOf(first), nameOf(second), skip), c, first, second)
					}
				}
			})
		}
	}
}

// isLost reports whether err says that the answer to a create was lost, and that nothing else is wrong.
func isLost(err error) bool {
	_, lost := as[*LostAnswerError](err)
	_, unresolved := as[*UnresolvedError](err)
	return lost && !unresolved
}

func TestCreate_neitherDoublesNorOrphans(t *testing.T) {
	t.Parallel()
	w := sharedWorlds(t)
	eachPair(t, func(t *testing.T, name string, create creation, first, second signoztest.Fault) {
		w := w.take()
		defer w.giveBack()
		before := w.objects(t)
		w.server.Inject(first)
		w.server.Inject(second)
		id, value, err := create.do(t.Context(), connect(t, w.server), w.world)
		w.server.ClearFaults()
		w.check(t, name, before, id, value, err)
	})
}

func TestCreate_neverTakesWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	w := sharedWorlds(t)
	eachPair(t, func(t *testing.T, name string, create creation, first, second signoztest.Fault) {
		if create.name == "unique key" {
			return // its name was made up for it: nothing can have it before
		}
		w := w.take()
		defer w.giveBack()
		var mine string
		if create.name == "account" {
			mine = w.server.CreateAccount("fresh").ID
		} else {
			mine = w.server.CreateKey(w.account.ID, "fresh", time.Time{}).ID
		}
		w.server.Clock().Advance(time.Second) // it was made a second ago
		w.server.Inject(first)
		w.server.Inject(second)
		id, _, err := create.do(t.Context(), connect(t, w.server), w.world)
		w.server.ClearFaults()
		if err == nil || id != "" {
			t.Errorf("%s: got %s as a new object, with error %v", name, id, err)
		}
		if got := w.objects(t)[create.name+" fresh"]; got != mine {
			t.Errorf("%s: what was there is gone", name)
		}
	})
}

// worlds hands out worlds, since a new one for each of thousands of cases would
// cost more than the cases.
type worlds struct {
	t    testing.TB
	mu   sync.Mutex
	idle []*pooled
}

type pooled struct {
	*world
	from *worlds
	keep map[string]string
	uses int
}

func sharedWorlds(t testing.TB) *worlds {
	t.Helper()
	return &worlds{t: t}
}

func (ws *worlds) take() *pooled {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if n := len(ws.idle); n > 0 {
		w := ws.idle[n-1]
		ws.idle = ws.idle[:n-1]
		return w
	}
	w := newWorld(ws.t)
	return &pooled{world: w, from: ws, keep: w.objects(ws.t)}
}

// giveBack removes what the case made. After many uses it gives the world up:
// deleted accounts stay listed.
func (w *pooled) giveBack() {
	w.server.ClearFaults()
	for _, a := range w.server.ActiveAccounts() {
		if w.keep["account "+a.Name] != a.ID {
			w.server.DeleteAccount(a.ID)
		}
	}
	for _, k := range w.server.AllKeys() {
		if w.keep["key "+k.Name] != k.ID {
			w.server.RevokeKey(k.AccountID, k.ID)
		}
	}
	w.server.ResetRequests()
	if w.uses++; w.uses > 100 {
		w.server.Close()
		return
	}
	w.from.mu.Lock()
	defer w.from.mu.Unlock()
	w.from.idle = append(w.from.idle, w)
}

func TestCreate_originOfWhatIsFound(t *testing.T) {
	t.Parallel()
	local := time.Now()
	at := func(ms int) time.Time { return local.Add(time.Duration(ms) * time.Millisecond) }
	// Two attempts are in doubt, from 1000 to 1100 and from 2000 to 2050; the clock
	// was learned from an answer between 3000 and 3020.
	d := &doubts{periods: []period{{at(1000), at(1100)}, {at(2000), at(2050)}}}
	tests := []struct {
		name    string
		created int // on our clock
		want    origin
	}{
		{"long before", -100000, somebodyElse},
		{"before, by more than one request takes", 979, somebodyElse},
		{"before, by less", 981, thisCreate},
		{"during the first", 1050, thisCreate},
		{"between the two", 1500, originUnknown},
		{"during the second", 2010, thisCreate},
		{"since", 2500, originUnknown},
	}
	for _, skew := range []time.Duration{0, 5 * time.Hour, -5 * time.Hour} {
		c := &clock{}
		created := func(ms int) time.Time { return at(ms).Add(skew).Round(0) }
		equal(t, "nothing known", c.originOf(created(1050), d), originUnknown)
		c.learn(created(3000), at(3000), at(3020))
		for _, test := range tests {
			if got := c.originOf(created(test.created), d); got != test.want {
				t.Errorf("%s, server's clock off by %v: got %d, want %d", test.name, skew, got, test.want)
			}
		}
		// A quicker answer tells more, a slower one takes nothing back.
		c.learn(created(4001), at(4000), at(4002))
		c.learn(created(5000), at(4500), at(5500))
		equal(t, "before, by less than a slow request takes", c.originOf(created(990), d), somebodyElse)
		// A clock that was set is learned anew.
		c.learn(created(6000).Add(time.Hour), at(6000), at(6020))
		equal(t, "after the clock was set", c.originOf(created(1050).Add(time.Hour), d), thisCreate)
	}
}

func TestCreate_wrongClockDoesNoHarm(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		for _, create := range creations() {
			w := newWorld(t)
			w.server.Clock().Advance(skew)
			before := w.objects(t)
			w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Reset})
			id, value, err := create.do(t.Context(), connect(t, w.server), w)
			must(t, err)
			w.check(t, create.name, before, id, value, nil)
		}
	}
}

func TestCreate_leavesAloneWhatSomebodyElseMade(t *testing.T) {
	t.Parallel()
	for _, create := range creations()[:2] {
		// The server's clock stands, and the name is taken long after the first
		// attempt failed: by the time of the second one.
		clock := signoztest.NewClock(time.Now())
		w := newWorld(t, signoztest.WithClock(clock))
		var taken string
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, Answer: signoztest.Reset})
		w.server.Inject(signoztest.Fault{Method: "POST", Share: 1, Answer: signoztest.Reset, Match: func(*http.Request) bool {
			if taken != "" {
				return false
			}
			clock.Advance(10 * time.Second)
			if create.name == "account" {
				taken = w.server.CreateAccount("fresh").ID
			} else {
				taken = w.server.CreateKey(w.account.ID, "fresh", time.Time{}).ID
			}
			return false
		}})
		// The pause between the attempts must be longer than an id's precision.
		c := connect(t, w.server, func(cfg *Config) { cfg.RetryWait = 100 * time.Millisecond })
		id, _, err := create.do(t.Context(), c, w)
		var unresolved *UnresolvedError
		if id != "" || !errors.As(err, &unresolved) || !IsConflict(unresolved.Err) {
			t.Errorf("%s: got %q, %v, want a conflict that couldn't be resolved", create.name, id, err)
		}
		equal(t, create.name+" surely somebody else's", IsConflict(err), false)
		equal(t, create.name+" of somebody else", w.objects(t)[create.name+" fresh"], taken)
		equal(t, "keys, a substitute among them", len(w.server.Keys(w.account.ID)) > 2, false)
	}
}

func TestCreate_oneObjectIsNotTakenTwice(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := newWorld(t)
		c := connect(t, w.server)
		// Two resources of one name, by mistake, and both lose their first answer.
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 2, CarriedOut: true, Answer: signoztest.Reset})
		ids := make([]string, 2)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() { ids[i], _ = c.CreateServiceAccount(t.Context(), "fresh") })
		}
		wg.Wait()
		account, ok := w.server.AccountByName("fresh")
		equal(t, "made", ok, true)
		equal(t, "taken once", (ids[0] == account.ID) != (ids[1] == account.ID), true)
	}
}

func TestCreate_nameWhoseEmailIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.server.CreateAccount("fresh")
	w.server.RenameAccount(old.ID, "renamed")
	for _, faults := range []int{0, 1} {
		if faults > 0 {
			w.server.Inject(signoztest.Fault{Method: "POST", Times: faults, CarriedOut: true, Answer: signoztest.Reset})
		}
		id, err := connect(t, w.server).CreateServiceAccount(t.Context(), "fresh")
		equal(t, "id", id, "")
		equal(t, "conflict", IsConflict(err), true)
	}
	account, _ := w.server.Account(old.ID)
	equal(t, "name", account.Name, "renamed")
}

func TestCreate_lateFirstRequestIsNotDoubled(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		before := w.objects(t)
		// The first attempt times out, and is carried out when the others have begun.
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, Delay: 400 * time.Millisecond, CarriedOut: true})
		c := connect(t, w.server, requestTimeout(200*time.Millisecond), maxRetries(20), func(cfg *Config) { cfg.RetryWait = 100 * time.Millisecond })
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 3, Answer: signoztest.Status(503)})
		id, value, err := create.do(t.Context(), c, w)
		must(t, err)
		// Closing waits for what is under way, the late request too.
		w.server.Close()
		w.check(t, create.name, before, id, value, nil)
	}
}

// TestPatience_countsFromTheFirstAttempt: a create that is sent again because its
// answer was lost has no more time than one that is repeated for a 429.
func TestPatience_countsFromTheFirstAttempt(t *testing.T) {
	t.Parallel()
	const lost = 1500 * time.Millisecond
	for _, create := range creations() {
		t.Run(create.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.Inject(signoztest.Fault{Delay: lost, Method: "POST", Times: 1, GiveUp: true, Answer: signoztest.Reset})
			w.server.Inject(signoztest.Fault{Method: "POST", Answer: signoztest.Reply{Status: 429, RetryAfter: "86400"}})
			var posts []time.Time
			c := connect(t, w.server, maxRetries(2), func(cfg *Config) {
				cfg.Observe = func(_ context.Context, a Attempt) {
					if a.Method == http.MethodPost {
						posts = append(posts, time.Now().Add(-a.Duration))
					}
				}
			})
			c.window = time.Second
			began := time.Now()
			_, _, err := create.do(t.Context(), c, w)
			equal(t, "lost", isLost(err) || hasStatus(err, http.StatusTooManyRequests), true)
			// The last one is sent when patience ends.
			if took := posts[len(posts)-1].Sub(began); took < c.patience() || took >= lost+c.patience() {
				t.Errorf("sent for %v, with patience for %v", took, c.patience())
			}
		})
	}
}

func TestCreate_givenUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for _, carriedOut := range []bool{true, false} {
		for _, retries := range []int{0, 2} {
			for _, create := range creations() {
				w := newWorld(t)
				before := w.objects(t)
				// Every answer to the name is lost. What resolves it gets through.
				w.server.Inject(signoztest.Fault{Method: "POST", Times: retries + 1, CarriedOut: carriedOut, Answer: signoztest.Reset})
				id, value, err := create.do(t.Context(), connect(t, w.server, maxRetries(retries)), w)
				w.check(t, fmt.Sprintf("%s, carried out: %t", create.name, carriedOut), before, id, value, err)
				if !carriedOut {
					equal(t, create.name+": lost", isLost(err), true)
				}
			}
		}
	}
}

// TestCreate_lostMayStillBeCarriedOut: an attempt that timed out may be carried out after
// everything else, and the error says so, whatever it is that ended the create.
func TestCreate_lostMayStillBeCarriedOut(t *testing.T) {
	t.Parallel()
	slow := signoztest.Fault{Method: "POST", Times: 1, Delay: 2 * time.Second, CarriedOut: true}
	reset := signoztest.Fault{Method: "POST", Times: 1, Answer: signoztest.Reset}
	for _, create := range creations() {
		for _, test := range []struct {
			first   signoztest.Fault
			retries int
			mayCome bool
		}{{slow, 0, true}, {slow, 1, true}, {reset, 0, false}, {reset, 1, false}} {
			w := newWorld(t)
			w.server.Inject(test.first)
			if test.retries > 0 {
				w.server.Inject(signoztest.Fault{Method: "POST", Answer: signoztest.Status(403)})
			}
			_, _, err := create.do(t.Context(), connect(t, w.server, requestTimeout(200*time.Millisecond), maxRetries(test.retries)), w)
			var lost *LostAnswerError
			what := fmt.Sprintf("%s, %s, %d retries", create.name, test.first, test.retries)
			equal(t, what+": may come", errors.As(err, &lost) && lost.MayCome, test.mayCome)
			equal(t, what+": forbidden", IsForbidden(err), test.retries > 0)
		}
	}
}

func TestCreate_cancelledWhileItsAnswerIsMissing(t *testing.T) {
	t.Parallel()
	for _, fault := range []signoztest.Fault{
		{Method: "POST", Times: 1, Answer: signoztest.Reset},
		{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Reset},
		{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Half},
	} {
		for cancelAt := range 6 {
			for _, create := range creations() {
				w := newWorld(t)
				before := w.objects(t)
				ctx, cancel := context.WithCancel(t.Context())
				w.server.Inject(fault)
				seen := 0
				c := connect(t, w.server, func(cfg *Config) {
					cfg.Observe = func(context.Context, Attempt) {
						if seen++; seen > cancelAt {
							cancel()
						}
					}
				})
				began := time.Now()
				id, value, err := create.do(ctx, c, w)
				cancel()
				name := fmt.Sprintf("%s, %s, cancelled after %d", create.name, fault, cancelAt)
				promptly(t, name, began, 20*time.Second)
				w.check(t, name, before, id, value, err)
				var unresolved *UnresolvedError
				equal(t, name+": unresolved", errors.As(err, &unresolved), false)
			}
		}
	}
}

func TestCreate_cancelledMayFinish(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		before := w.objects(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.server.Inject(signoztest.Fault{Method: "POST", Delay: 20 * time.Millisecond, CarriedOut: true, Match: func(*http.Request) bool {
			cancel()
			return true
		}})
		id, value, err := create.do(ctx, connect(t, w.server), w)
		must(t, err)
		w.check(t, create.name, before, id, value, nil)
	}
}

func TestCreate_cancelledEndsAfterItsGrace(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		before := w.objects(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.server.Inject(signoztest.Fault{Method: "POST", Answer: signoztest.Hang, Match: func(*http.Request) bool {
			cancel()
			return true
		}})
		c := connect(t, w.server)
		c.createGrace = 20 * time.Millisecond
		began := time.Now()
		id, value, err := create.do(ctx, c, w)
		promptly(t, create.name, began, 20*time.Second)
		equal(t, create.name+": lost", isLost(err), true)
		w.check(t, create.name, before, id, value, err)
	}
}

func TestCreate_answeredWithFarTooMuch(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		before := w.objects(t)
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Giant})
		id, value, err := create.do(t.Context(), connect(t, w.server), w)
		must(t, err)
		w.check(t, create.name, before, id, value, nil)
	}
}

func TestCreate_lostSendsFewRequests(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"account":    "POST POST GET GET GET", // the list, and what somebody else may have given it
		"key":        "POST POST GET POST DELETE PUT",
		"unique key": "POST POST GET DELETE POST",
	}
	for _, create := range creations() {
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Method: "POST", Times: 1, CarriedOut: true, Answer: signoztest.Reset})
		_, _, err := create.do(t.Context(), connect(t, w.server), w)
		must(t, err)
		var methods []string
		for _, r := range w.server.Requests() {
			methods = append(methods, r.Method)
		}
		equal(t, create.name, strings.Join(methods, " "), want[create.name])
	}
}

func TestTimeOfUUID_reads(t *testing.T) {
	t.Parallel()
	// The example of RFC 9562, appendix A.6.
	at, ok := timeOfUUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
	equal(t, "version 7", ok, true)
	equal(t, "time", at.UnixMilli(), 1645557742000)
	for _, id := range []string{
		"", "017f22e2", "919108f7-52d1-4320-9bac-f847db4148a8",
		"x017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398fx",
	} {
		_, ok := timeOfUUID(id)
		equal(t, id, ok, false)
	}
}

func TestUniqueKeyName_fits(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 100 {
		name := UniqueKeyName("ci-")
		equal(t, "length", len(name), 3+uniqueLetters)
		equal(t, "letters only", strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-"), "")
		equal(t, "seen", seen[name], false)
		seen[name] = true
	}
	equal(t, "longest", len(UniqueKeyName(strings.Repeat("a", 200))), MaxKeyNameLength)
	equal(t, "just fits", strings.HasPrefix(UniqueKeyName(strings.Repeat("a", MaxKeyNamePrefixLength)), strings.Repeat("a", MaxKeyNamePrefixLength)), true)
}

// A substitute that takes no place in the end is cleared away, and so is the key whose value was
// lost: then nothing is unresolved.
func TestCreateKey_clearedAwayIsResolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.objects(t)
	w.server.Inject(signoztest.Fault{CarriedOut: true, Answer: signoztest.Reset, Method: "POST", Times: 1})
	w.server.Inject(signoztest.Fault{Answer: signoztest.Status(403), Method: "PUT"})
	_, err := connect(t, w.server).CreateKey(t.Context(), w.account.ID, NewKey{Name: "fresh"})
	var unresolved *UnresolvedError
	equal(t, "unresolved", errors.As(err, &unresolved), false)
	equal(t, "forbidden", IsForbidden(err), true)
	w.check(t, "key", before, "", "", err)
}

// Creates wait as long as the server asks, like every other call.
func TestCreate_honoursRetryAfter(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{Answer: signoztest.Reply{Status: 503, RetryAfter: "1"}, Method: "POST", Times: 1})
		began := time.Now()
		_, _, err := create.do(t.Context(), connect(t, w.server), w)
		must(t, err)
		if took := time.Since(began); took < time.Second {
			t.Errorf("%s: repeated after %v", create.name, took)
		}
	}
}

// After a 429, a token that is refused is renewed before the create is sent again.
func TestCreate_refusedTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, create := range creations() {
		w := newWorld(t)
		c := connect(t, w.server, asAdmin())
		_, err := c.Roles(t.Context())
		must(t, err)
		w.server.ResetRequests()
		w.server.Inject(signoztest.Fault{Answer: signoztest.Status(429), Method: "POST", Path: "/api/v1/**", Times: 1})
		w.server.Inject(signoztest.Fault{Answer: signoztest.Status(401), Method: "POST", Path: "/api/v1/**", Times: 1})
		_, _, err = create.do(t.Context(), c, w)
		must(t, err)
		equal(t, create.name+": creates", w.server.CountRequests("POST", "/api/v1/**"), 3)
		equal(t, create.name+": sign-ins", w.server.CountRequests("POST", signInPath), 1)
	}
}
