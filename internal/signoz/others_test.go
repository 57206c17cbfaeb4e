// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is a SigNoz that one client and other people use at the same time, over a bad network.
// It lives in the virtual time of a synctest bubble, so that a minute's wait costs nothing.
type crowd struct {
	mu       sync.Mutex
	rand     *rand.Rand
	skew     time.Duration // of its clock
	objects  []*thing
	periods  []period // of the client's creates that weren't answered clearly
	wild     bool     // attempts go wrong at random
	script   []string // else, what happens to the client's creates, in turn
	created  int      // by the client
	lateWork sync.WaitGroup
}

// thing is an account or a key.
type thing struct {
	id, name, value, kind      string
	made                       time.Time // true time
	created, updated, used     time.Time // server's clock
	expires                    int64
	roles                      []RoleBinding
	gone, foreign, revokedByUs bool
}

const slowest = 40 * time.Millisecond // each way

func (s *crowd) now() time.Time { return time.Now().Add(s.skew).UTC() }

func (s *crowd) newID() string {
	ms := s.now().UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, s.rand.IntN(0xfff), s.rand.IntN(0xfff), s.rand.Int64N(1<<47))
}

func (s *crowd) find(kind, name string) *thing {
	for _, o := range s.objects {
		if !o.gone && o.kind == kind && o.name == name {
			return o
		}
	}
	return nil
}

// make creates an object unless its name is taken.
func (s *crowd) make(kind, name string, expires int64, foreign bool) *thing {
	if s.find(kind, name) != nil {
		return nil
	}
	o := &thing{id: s.newID(), name: name, kind: kind, expires: expires, made: time.Now(), created: s.now(), foreign: foreign}
	o.value, o.updated, o.used = "value of "+o.id, o.created, o.created.Add(time.Microsecond)
	s.objects = append(s.objects, o)
	return o
}

// RoundTrip is the client's way to the server.
func (s *crowd) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	create := req.Method == http.MethodPost
	fate := s.fate(create)
	if fate == "refused" {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	httptrace.ContextClientTrace(req.Context()).WroteHeaders()
	sent := time.Now()
	s.pass(req.Context())
	resp, err := s.treat(req, string(body), fate)
	if create && (err != nil || resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusConflict) {
		p := period{sent, time.Now()}
		if strings.Contains(fate, "hang") || resp != nil && (slices.Contains([]int{408, 502, 504, 524}, resp.StatusCode)) {
			p.to = sent.Add(serverTimeout)
		}
		s.mu.Lock()
		s.periods = append(s.periods, p)
		s.mu.Unlock()
	}
	return resp, err
}

func (s *crowd) fate(create bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.wild {
		if !create || len(s.script) == 0 {
			return ""
		}
		fate := s.script[0]
		s.script = s.script[1:]
		return fate
	}
	wrong := 0.15
	if create {
		wrong = 0.6
	}
	if s.rand.Float64() > wrong {
		return ""
	}
	fates := []string{"refused", "reset", "done, reset", "429", "429", "500", "done, 500", "502", "done, 502", "503", "done, 503", "504", "done, 504", "done, 524", "done, 408"}
	if create {
		fates = append(fates, "hang", "hang, done late", "done, hang")
	}
	return fates[s.rand.IntN(len(fates))]
}

// pass lets a request travel.
func (s *crowd) pass(ctx context.Context) {
	s.mu.Lock()
	d := time.Duration(s.rand.Int64N(int64(slowest)))
	s.mu.Unlock()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// treat carries a request out, or not, and answers, or not.
func (s *crowd) treat(req *http.Request, body, fate string) (*http.Response, error) {
	status, answer := 0, ""
	switch {
	case fate == "" || strings.HasPrefix(fate, "done"):
		status, answer = s.carryOut(req, body)
		fate = strings.TrimPrefix(strings.TrimPrefix(fate, "done"), ", ")
	case fate == "hang, done late":
		s.mu.Lock()
		late := time.Duration(s.rand.Int64N(int64(serverTimeout - slowest)))
		s.mu.Unlock()
		s.lateWork.Go(func() {
			<-time.After(late)
			s.carryOut(req, body)
		})
		fate = "hang"
	}
	switch fate {
	case "hang":
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	case "reset":
		return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	case "":
	default:
		_, _ = fmt.Sscan(fate, &status)
		answer = `{"status":"error","error":{"code":"internal","message":"drawn"}}`
	}
	s.pass(req.Context())
	header := http.Header{"Content-Type": {"application/json"}}
	if _, seconds, ok := strings.Cut(fate, " for "); ok {
		header.Set("Retry-After", strings.TrimSuffix(seconds, " seconds"))
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
}

func (s *crowd) carryOut(req *http.Request, body string) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.TrimPrefix(req.URL.Path, accountsPath), "/")
	keys := len(parts) > 2
	kind, owner := "account", ""
	if keys {
		kind, owner = "key", parts[1]
	}
	switch {
	case req.Method == http.MethodPost:
		var asked keyAttributes
		_ = json.Unmarshal([]byte(body), &asked)
		o := s.make(kind, asked.Name, asked.ExpiresAt, false)
		if o == nil {
			code := codeAccountExists
			if keys {
				code = codeKeyExists
			}
			return 409, fmt.Sprintf(`{"status":"error","error":{"code":%q,"message":"taken, not %s"}}`, code, s.newID())
		}
		s.created++
		if keys {
			return 201, fmt.Sprintf(`{"status":"success","data":{"id":%q,"key":%q}}`, o.id, o.value)
		}
		return 201, fmt.Sprintf(`{"status":"success","data":{"id":%q}}`, o.id)
	case req.Method == http.MethodGet && len(parts) == 2:
		return 200, s.data(s.account(parts[1], ""))
	case req.Method == http.MethodGet:
		var list []any
		for _, o := range s.objects {
			if o.kind == kind && !o.gone {
				list = append(list, s.account(o.id, owner))
			}
		}
		return 200, s.data(list)
	}
	for _, o := range s.objects {
		if o.id != parts[len(parts)-1] || o.gone {
			continue
		}
		if req.Method == http.MethodDelete {
			o.gone, o.revokedByUs = true, true
			return 204, ""
		}
		var asked keyAttributes
		_ = json.Unmarshal([]byte(body), &asked)
		if other := s.find(kind, asked.Name); other != nil && other != o {
			return 409, fmt.Sprintf(`{"status":"error","error":{"code":%q,"message":"taken"}}`, codeKeyExists)
		}
		o.name, o.expires, o.updated = asked.Name, asked.ExpiresAt, s.now()
		return 204, ""
	}
	return 404, fmt.Sprintf(`{"status":"error","error":{"code":%q,"message":"gone"}}`, codeKeyNotFound)
}

// account is an object as the server shows it, a key too.
func (s *crowd) account(id, owner string) any {
	for _, o := range s.objects {
		if o.id == id {
			return map[string]any{
				"id": o.id, "name": o.name, "serviceAccountId": owner, "status": "active", "createdAt": o.created, "updatedAt": o.updated,
				"lastObservedAt": o.used, "expiresAt": o.expires, "serviceAccountRoles": o.roles,
			}
		}
	}
	return map[string]any{"id": id}
}

func (s *crowd) data(of any) string {
	text, _ := json.Marshal(map[string]any{"status": "success", "data": of})
	if of, ok := of.([]any); ok && of == nil {
		return `{"status":"success","data":[]}`
	}
	return string(text)
}

// live lets other people create, use, change and delete objects of the client's name.
func (s *crowd) live(ctx context.Context, kind string, expires int64) {
	for ctx.Err() == nil {
		s.mu.Lock()
		pause := time.Duration(s.rand.Int64N(int64([]time.Duration{20 * time.Millisecond, time.Second, 20 * time.Second}[s.rand.IntN(3)])))
		s.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		o := s.find(kind, "fresh")
		switch {
		case o == nil && s.rand.IntN(3) == 0:
			s.make(kind, "fresh", []int64{expires, expires + 60}[s.rand.IntN(2)], true)
		case o == nil || !o.foreign:
		case s.rand.IntN(4) == 0:
			o.gone = true
		case s.rand.IntN(3) == 0:
			o.used = s.now()
		case s.rand.IntN(2) == 0:
			o.updated = s.now()
		case kind == "account":
			o.roles = []RoleBinding{{ID: "b"}}
		}
		s.mu.Unlock()
	}
}

// during reports whether an object was made during an attempt of the client that was in doubt, or
// nearer to one than the time a request takes: then nobody can say who made it.
func (s *crowd) during(o *thing) bool {
	for _, p := range s.periods {
		if o.made.After(p.from.Add(-3*slowest)) && o.made.Before(p.to.Add(3*slowest)) {
			return true
		}
	}
	return false
}

// client is one of the crowd's server.
func (s *crowd) client(t testing.TB, retries int) *Client {
	t.Helper()
	c, err := New(Config{Endpoint: "http://signoz.example", APIKey: "k", MaxRetries: retries})
	must(t, err)
	c.transport = s
	return c
}

// create has the client create the object named fresh.
func create(ctx context.Context, c *Client, kind string, expires int64) (id, value string, err error) {
	if kind == "account" {
		id, err = c.CreateServiceAccount(ctx, "fresh")
		return id, "", err
	}
	key, err := c.CreateKey(ctx, "acc", NewKey{Name: "fresh", ExpiresAt: time.Unix(expires, 0)})
	if err != nil {
		return "", "", err
	}
	return key.ID, key.Value, nil
}

// TestCreate_amongOthers draws what happens to the client's requests and what others do meanwhile.
// Nothing that others made is adopted or revoked, nothing of the client's own is doubled or
// forgotten without an error that says so.
func TestCreate_amongOthers(t *testing.T) {
	t.Parallel()
	outcomes := make(map[string]int)
	for seed := range uint64(3000) {
		for _, kind := range []string{"account", "key"} {
			synctest.Test(t, func(t *testing.T) {
				s := &crowd{rand: rand.New(rand.NewPCG(seed, 0)), wild: true}
				s.skew = time.Duration(s.rand.Int64N(int64(48*time.Hour))) - 24*time.Hour
				expires := time.Now().Add(24 * time.Hour).Unix()
				c := s.client(t, s.rand.IntN(9))
				run, cancel := context.WithCancel(t.Context())
				if s.rand.IntN(5) == 0 {
					time.AfterFunc(time.Duration(s.rand.Int64N(int64(10*time.Second))), cancel)
				}
				ctx, stop := context.WithCancel(t.Context())
				var others sync.WaitGroup
				others.Go(func() { s.live(ctx, kind, expires) })
				id, value, err := create(run, c, kind, expires)
				cancel()
				stop()
				others.Wait()
				<-time.After(2 * serverTimeout) // whatever may still come has come
				s.lateWork.Wait()
				s.judge(t, fmt.Sprintf("seed %d, %s", seed, kind), id, value, err, outcomes)
			})
		}
	}
	for _, outcome := range []string{"created", "adopted or replaced", "left to others", "unresolved", "may come"} {
		if outcomes[outcome] < 20 {
			t.Errorf("%s: only %d times", outcome, outcomes[outcome])
		}
	}
	t.Log(outcomes)
}

func (s *crowd) judge(t testing.TB, name, id, value string, err error, outcomes map[string]int) {
	t.Helper()
	var (
		returned   *thing
		blocked    bool
		unresolved *UnresolvedError
		lost       *LostAnswerError
	)
	mayCome := errors.As(err, &lost) && lost.MayCome
	excused := errors.As(err, &unresolved) || mayCome
	for _, o := range s.objects {
		if o.id == id {
			returned = o
		}
	}
	for _, o := range s.objects {
		if o.foreign {
			blocked = blocked || !s.during(o)
			if (o.revokedByUs || o.id == id) && !s.during(o) {
				t.Errorf("%s: took what others had made (revoked: %v, adopted: %v, error: %v)", name, o.revokedByUs, o.id == id, err)
			}
			continue
		}
		if o.gone {
			continue
		}
		if err == nil && o.id != id && !returned.foreign {
			t.Errorf("%s: besides what it returned there is %s %s", name, o.name, o.id)
		}
		if err == nil && o.id == id && value != "" && value != o.value {
			t.Errorf("%s: the value isn't the key's", name)
		}
		if err != nil && !excused {
			t.Errorf("%s: %s was left behind without a word: %v", name, o.name, err)
		}
	}
	if err == nil && (returned == nil || (returned.gone && !returned.foreign)) {
		t.Errorf("%s: what it returned isn't there", name)
	}
	switch {
	case err == nil && s.created+len(s.periods) > 1:
		outcomes["adopted or replaced"]++
	case err == nil:
		outcomes["created"]++
	case errors.As(err, &unresolved):
		outcomes["unresolved"]++
	case mayCome:
		outcomes["may come"]++
	case IsConflict(err) && blocked:
		outcomes["left to others"]++
	}
}

// between runs one create whose attempts fare as the script says, while somebody else makes an
// object of the same name at a given time.
func between(t *testing.T, kind string, at time.Duration, change func(s *crowd, o *thing), script ...string) (*crowd, *thing, error) {
	t.Helper()
	s := &crowd{rand: rand.New(rand.NewPCG(1, 1)), script: script, skew: time.Hour}
	expires := time.Now().Add(24 * time.Hour).Unix()
	var theirs *thing
	done := make(chan struct{})
	time.AfterFunc(at, func() {
		defer close(done)
		s.mu.Lock()
		defer s.mu.Unlock()
		if theirs = s.make(kind, "fresh", expires, true); theirs != nil && change != nil {
			change(s, theirs)
		}
	})
	id, _, err := create(t.Context(), s.client(t, 8), kind, expires)
	<-done
	s.lateWork.Wait()
	if theirs == nil {
		t.Fatalf("%s: the name was taken", kind)
	}
	if theirs.gone || theirs.id == id {
		t.Errorf("%s: took what somebody else had made (revoked: %v): %v", kind, theirs.gone, err)
	}
	for _, o := range s.objects {
		if !o.foreign && !o.gone {
			t.Errorf("%s: left %s behind: %v", kind, o.name, err)
		}
	}
	return s, theirs, err
}

// TestCreate_leavesAloneWhatOthersMade: the cases in which somebody else makes an object of the
// same name while the client's own attempts fail without being carried out.
func TestCreate_leavesAloneWhatOthersMade(t *testing.T) {
	t.Parallel()
	const soon = 100 * time.Millisecond
	for name, test := range map[string]struct {
		kinds  []string
		at     time.Duration
		change func(*crowd, *thing)
		script []string
		clear  bool // a conflict, not a doubt
	}{
		"before the attempt that is in doubt": {[]string{"account", "key"}, 15 * time.Millisecond, nil, []string{"refused", "refused", "reset"}, true},
		"while a throttled create waits":      {[]string{"account", "key"}, soon, nil, []string{"429"}, false},
		"while a failed create waits":         {[]string{"account", "key"}, soon, nil, []string{"503"}, false},
		"after the server has given a request up": {[]string{"account", "key"}, 70 * time.Second, nil,
			[]string{"hang", "429 for 50 seconds"}, false},
		"with another expiry": {[]string{"key"}, 10 * time.Second, func(_ *crowd, o *thing) { o.expires++ }, []string{"hang"}, true},
		"and used":            {[]string{"key"}, 10 * time.Second, func(_ *crowd, o *thing) { o.used = o.used.Add(time.Second) }, []string{"hang"}, true},
		"and changed":         {[]string{"account", "key"}, 10 * time.Second, func(_ *crowd, o *thing) { o.updated = o.updated.Add(time.Second) }, []string{"hang"}, true},
		"with a role":         {[]string{"account"}, 10 * time.Second, func(_ *crowd, o *thing) { o.roles = []RoleBinding{{ID: "b"}} }, []string{"hang"}, true},
		"with a key":          {[]string{"account"}, 10 * time.Second, func(s *crowd, _ *thing) { s.make("key", "theirs", 0, true) }, []string{"hang"}, true},
	} {
		for _, kind := range test.kinds {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					_, _, err := between(t, kind, test.at, test.change, test.script...)
					var unresolved *UnresolvedError
					equal(t, "conflict", IsConflict(err), test.clear)
					equal(t, "unresolved", errors.As(err, &unresolved), !test.clear)
				})
			})
		}
	}
}

// Cancelled while it waits after a 429, a create says no more than that: nothing can come of it.
func TestCreate_cancelledWhileThrottled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"account", "key"} {
		synctest.Test(t, func(t *testing.T) {
			s := &crowd{rand: rand.New(rand.NewPCG(1, 1)), script: []string{"429 for 50 seconds"}}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(5*time.Second, cancel)
			_, _, err := create(ctx, s.client(t, 8), kind, 0)
			equal(t, kind+": cancelled", errors.Is(err, context.Canceled), true)
			equal(t, kind+": lost", isLost(err), false)
		})
	}
}
