// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// TestMain fails the package when a goroutine of the client outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect makes a client of a server, patient but quick.
func connect(t testing.TB, s *signoztest.Server, change ...func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		Endpoint: s.URL, APIKey: s.AdminKey(), UserAgent: "test/1.0",
		MaxRetries: 3, RetryWait: time.Millisecond, RequestTimeout: time.Minute,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

func maxRetries(n int) func(*Config)               { return func(c *Config) { c.MaxRetries = n } }
func requestTimeout(d time.Duration) func(*Config) { return func(c *Config) { c.RequestTimeout = d } }

// onEachVersion runs a test against every SigNoz that there is.
func onEachVersion(t *testing.T, test func(t *testing.T, version signoztest.Version)) {
	t.Helper()
	for _, v := range signoztest.Versions() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// world is what a server holds before a call.
type world struct {
	server  *signoztest.Server
	account signoztest.Account // with the role signoz-viewer
	key     signoztest.Key
	binding RoleBinding // of signoz-viewer
	editor  string      // a role's id
}

func newWorld(t testing.TB, opts ...signoztest.Option) *world {
	t.Helper()
	s := signoztest.Start(t, opts...)
	w := &world{server: s, account: s.CreateAccount("ci", "signoz-viewer"), editor: s.RoleID("signoz-editor")}
	w.key = s.CreateKey(w.account.ID, "deploy", time.Time{})
	account, err := connect(t, s).ServiceAccount(t.Context(), w.account.ID)
	must(t, err)
	w.binding = account.Bindings[0]
	s.ResetRequests()
	return w
}

// told names the ids of the world in a text.
func (w *world) told(text string) string {
	return strings.NewReplacer(
		w.account.ID, "ACCOUNT", w.key.ID, "KEY", w.binding.ID, "BINDING", w.binding.RoleID, "VIEWER", w.editor, "EDITOR",
	).Replace(text)
}

// requests tells what came, one line each.
func (w *world) requests() []string {
	var lines []string
	for _, r := range w.server.Requests() {
		line := strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.Path, r.Body))
		lines = append(lines, w.told(line))
	}
	return lines
}

// operation is one call of the client's API.
type operation struct {
	name string
	// method and path are of the request that it is about, one for servers with
	// bindings and, where it differs, one for older servers.
	method, path, nestedPath string
	do                       func(ctx context.Context, c *Client, w *world) error
}

func (o *operation) pathOn(v signoztest.Version) string {
	if o.nestedPath != "" && (v == signoztest.V0_118_0 || v == signoztest.V0_123_0) {
		return o.nestedPath
	}
	return o.path
}

// operations are all calls that create nothing, each of one request on a server
// whose generation is known.
func operations() []operation {
	return []operation{
		{"version", "GET", "/api/v1/version", "", func(ctx context.Context, c *Client, _ *world) error {
			_, err := c.ServerVersion(ctx)
			return err
		}},
		{"me", "GET", "/api/v1/service_accounts/me", "", func(ctx context.Context, c *Client, _ *world) error {
			_, err := c.Me(ctx)
			return err
		}},
		{"account", "GET", "/api/v1/service_accounts/*", "", func(ctx context.Context, c *Client, w *world) error {
			_, err := c.ServiceAccount(ctx, w.account.ID)
			return err
		}},
		{"accounts", "GET", "/api/v1/service_accounts", "", func(ctx context.Context, c *Client, _ *world) error {
			_, err := c.ServiceAccounts(ctx)
			return err
		}},
		{"account from list", "GET", "/api/v1/service_accounts", "", func(ctx context.Context, c *Client, w *world) error {
			_, err := c.ServiceAccountFromList(ctx, w.account.ID)
			return err
		}},
		{"rename", "PUT", "/api/v1/service_accounts/*", "", func(ctx context.Context, c *Client, w *world) error {
			return c.RenameServiceAccount(ctx, w.account.ID, "renamed")
		}},
		{"delete", "DELETE", "/api/v1/service_accounts/*", "", func(ctx context.Context, c *Client, w *world) error {
			return c.DeleteServiceAccount(ctx, w.account.ID)
		}},
		{"keys", "GET", "/api/v1/service_accounts/*/keys", "", func(ctx context.Context, c *Client, w *world) error {
			_, err := c.Keys(ctx, w.account.ID)
			return err
		}},
		{"key", "GET", "/api/v1/service_accounts/*/keys", "", func(ctx context.Context, c *Client, w *world) error {
			key, err := c.Key(ctx, w.account.ID, w.key.ID)
			if err == nil && key == nil {
				return errors.New("the key wasn't found")
			}
			return err
		}},
		{"update key", "PUT", "/api/v1/service_accounts/*/keys/*", "", func(ctx context.Context, c *Client, w *world) error {
			return c.UpdateKey(ctx, w.account.ID, w.key.ID, "renamed", time.Time{})
		}},
		{"revoke key", "DELETE", "/api/v1/service_accounts/*/keys/*", "", func(ctx context.Context, c *Client, w *world) error {
			return c.RevokeKey(ctx, w.account.ID, w.key.ID)
		}},
		{"roles", "GET", "/api/v1/roles", "", func(ctx context.Context, c *Client, _ *world) error {
			_, err := c.Roles(ctx)
			return err
		}},
		{"assign role", "POST", bindingsPath, "/api/v1/service_accounts/*/roles", func(ctx context.Context, c *Client, w *world) error {
			_, err := c.assignRole(ctx, w.account.ID, w.editor)
			return err
		}},
		{"unassign role", "DELETE", bindingsPath + "/*", "/api/v1/service_accounts/*/roles/*", func(ctx context.Context, c *Client, w *world) error {
			return c.UnassignRole(ctx, w.account.ID, w.binding)
		}},
	}
}

// knowing makes the client know the server's generation, as after its first role call.
func knowing(c *Client, v signoztest.Version) *Client {
	generation := generationBindings
	if v == signoztest.V0_118_0 || v == signoztest.V0_123_0 {
		generation = generationNested
	}
	c.roleGeneration.Store(generation)
	return c
}

// checkDone asks the server, not the client, whether a write has had its effect.
func (w *world) checkDone(t testing.TB, operation string) {
	t.Helper()
	account, _ := w.server.Account(w.account.ID)
	switch operation {
	case "rename":
		equal(t, "the account's name", account.Name, "renamed")
	case "delete":
		equal(t, "deleted", account.Deleted, true)
	case "update key":
		_, ok := w.server.KeyByName(w.account.ID, "renamed")
		equal(t, "a key of the new name", ok, true)
	case "revoke key":
		equal(t, "the key works", w.server.KeyWorks(w.key.Value), false)
	case "assign role":
		equal(t, "has the role", slices.Contains(account.Roles, "signoz-editor"), true)
	case "unassign role":
		equal(t, "has the role", slices.Contains(account.Roles, "signoz-viewer"), false)
	}
}

func TestCalls_sendOneRequestEach(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		want := map[string]string{
			"version":           "GET /api/v1/version",
			"me":                "GET /api/v1/service_accounts/me",
			"account":           "GET /api/v1/service_accounts/ACCOUNT",
			"accounts":          "GET /api/v1/service_accounts",
			"account from list": "GET /api/v1/service_accounts",
			"rename":            `PUT /api/v1/service_accounts/ACCOUNT {"name":"renamed"}`,
			"delete":            "DELETE /api/v1/service_accounts/ACCOUNT",
			"keys":              "GET /api/v1/service_accounts/ACCOUNT/keys",
			"key":               "GET /api/v1/service_accounts/ACCOUNT/keys",
			// An expiry left out would mean the same, but by accident.
			"update key":    `PUT /api/v1/service_accounts/ACCOUNT/keys/KEY {"name":"renamed","expiresAt":0}`,
			"revoke key":    "DELETE /api/v1/service_accounts/ACCOUNT/keys/KEY",
			"roles":         "GET /api/v1/roles",
			"assign role":   `POST /api/v1/service_account_roles {"serviceAccountId":"ACCOUNT","roleId":"EDITOR"}`,
			"unassign role": "DELETE /api/v1/service_account_roles/BINDING",
		}
		if v == signoztest.V0_118_0 || v == signoztest.V0_123_0 {
			want["assign role"] = `POST /api/v1/service_accounts/ACCOUNT/roles {"id":"EDITOR"}`
			want["unassign role"] = "DELETE /api/v1/service_accounts/ACCOUNT/roles/VIEWER"
		}
		for _, o := range operations() {
			w := newWorld(t, signoztest.WithVersion(v))
			c := knowing(connect(t, w.server), v)
			if err := o.do(t.Context(), c, w); err != nil {
				t.Errorf("%s: %v", o.name, err)
			}
			equal(t, o.name, strings.Join(w.requests(), "\n"), want[o.name])
			w.checkDone(t, o.name)
			r := w.server.Requests()[0]
			equal(t, o.name+": user agent", r.Header.Get("User-Agent"), "test/1.0")
			equal(t, o.name+": accepts", r.Header.Get("Accept"), "application/json")
			signature, contentType := w.server.AdminKey(), ""
			if o.name == "version" {
				signature = "" // no credentials where none are asked for
			}
			if len(r.Body) > 0 {
				contentType = "application/json"
			}
			equal(t, o.name+": key", r.Header.Get("SIGNOZ-API-KEY"), signature)
			equal(t, o.name+": authorization", r.Header.Get("Authorization"), "")
			equal(t, o.name+": content type", r.Header.Get("Content-Type"), contentType)
		}
	})
}

func TestCalls_returnWhatTheServerHolds(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		expiry := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
		w := newWorld(t, signoztest.WithVersion(v), signoztest.WithReportedVersion("v0.138.2"))
		w.server.UpdateKey(w.account.ID, w.key.ID, "deploy", expiry)
		gone := w.server.CreateAccount("gone")
		w.server.DeleteAccount(gone.ID)
		c := connect(t, w.server)

		account, err := c.ServiceAccount(t.Context(), w.account.ID)
		must(t, err)
		listed, err := c.ServiceAccountFromList(t.Context(), w.account.ID)
		must(t, err)
		for _, a := range []*ServiceAccount{account, listed} {
			equal(t, "id", a.ID, w.account.ID)
			equal(t, "name", a.Name, "ci")
			equal(t, "email", a.Email, w.account.Email)
			equal(t, "org", a.OrgID, w.account.OrgID)
			equal(t, "created", a.CreatedAt.Equal(w.account.CreatedAt), true)
			equal(t, "updated", a.UpdatedAt.IsZero(), false)
			equal(t, "deleted", a.Deleted(), false)
		}
		equal(t, "bindings", len(account.Bindings), 1)
		equal(t, "role", account.Bindings[0].Role.Name, "signoz-viewer")
		equal(t, "role id", account.Bindings[0].RoleID, w.server.RoleID("signoz-viewer"))
		equal(t, "bindings in the list", len(listed.Bindings), 0)

		deleted, err := c.ServiceAccount(t.Context(), gone.ID)
		must(t, err)
		equal(t, "deleted", deleted.Deleted(), true)
		all, err := c.ServiceAccounts(t.Context())
		must(t, err)
		equal(t, "accounts, deleted ones too", len(all), 3)
		none, err := c.Keys(t.Context(), gone.ID)
		must(t, err)
		equal(t, "keys of a deleted account", len(none), 0)

		keys, err := c.Keys(t.Context(), w.account.ID)
		must(t, err)
		equal(t, "keys", len(keys), 1)
		equal(t, "key", keys[0], Key{
			ID: w.key.ID, AccountID: w.account.ID, Name: "deploy", ExpiresAt: expiry,
			LastUsedAt: keys[0].LastUsedAt, CreatedAt: keys[0].CreatedAt, UpdatedAt: keys[0].UpdatedAt,
		})
		equal(t, "key created", keys[0].CreatedAt.Equal(w.key.CreatedAt), true)
		equal(t, "expired before", keys[0].Expired(expiry.Add(-time.Second)), false)
		equal(t, "expired at", keys[0].Expired(expiry), true)
		missing, err := c.Key(t.Context(), w.account.ID, gone.ID)
		must(t, err)
		equal(t, "a key that isn't there", missing == nil, true)

		roles, err := c.Roles(t.Context())
		must(t, err)
		equal(t, "roles", len(roles), 4)
		equal(t, "first role", roles[0].Name+" "+roles[0].Type, "signoz-admin managed")
		equal(t, "custom", roles[0].Custom(), false)
		me, err := c.Me(t.Context())
		must(t, err)
		equal(t, "me", me.ID, w.server.AdminAccount().ID)
		equal(t, "my role", me.Bindings[0].Role.Name, "signoz-admin")
		version, err := c.ServerVersion(t.Context())
		must(t, err)
		equal(t, "version", version, Version("v0.138.2"))
	})
}

func TestCreate_isOneRequest(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		expiry := time.Now().Add(time.Hour)

		id, err := c.CreateServiceAccount(t.Context(), "fresh")
		must(t, err)
		account, ok := w.server.AccountByName("fresh")
		equal(t, "account", ok && account.ID == id, true)
		key, err := c.CreateKey(t.Context(), id, NewKey{Name: "first", ExpiresAt: expiry})
		must(t, err)
		made, _ := w.server.KeyByName(id, "first")
		equal(t, "key", *key, CreatedKey{ID: made.ID, Value: made.Value})
		equal(t, "expiry", made.ExpiresAt.Unix(), expiry.Unix())

		want := []string{
			`POST /api/v1/service_accounts {"name":"fresh"}`,
			fmt.Sprintf(`POST /api/v1/service_accounts/%s/keys {"name":"first","expiresAt":%d}`, id, expiry.Unix()),
		}
		equal(t, "requests", strings.Join(w.requests(), "\n"), strings.Join(want, "\n"))

		_, err = c.CreateServiceAccount(t.Context(), "fresh")
		equal(t, "conflict of accounts", IsConflict(err), true)
		_, err = c.CreateKey(t.Context(), id, NewKey{Name: "first"})
		equal(t, "conflict of keys", IsConflict(err), true)
		equal(t, "requests", len(w.server.Requests()), 4)
	})
}

func TestErrors_tellWhatIsGone(t *testing.T) {
	t.Parallel()
	onEachVersion(t, func(t *testing.T, v signoztest.Version) {
		w := newWorld(t, signoztest.WithVersion(v))
		c := connect(t, w.server)
		const nobody = "019a0000-0000-7000-8000-000000000000"
		_, err := c.ServiceAccount(t.Context(), nobody)
		equal(t, "unknown account", IsAccountNotFound(err) && IsNotFound(err), true)
		_, err = c.ServiceAccountFromList(t.Context(), nobody)
		equal(t, "unknown account in the list", IsAccountNotFound(err), true)
		_, err = c.ServiceAccount(t.Context(), "not-a-uuid")
		equal(t, "no UUID", IsInvalidID(err), true)
		must(t, c.RevokeKey(t.Context(), w.account.ID, w.key.ID))
		must(t, c.RevokeKey(t.Context(), w.account.ID, w.key.ID)) // gone already
		err = c.UpdateKey(t.Context(), w.account.ID, w.key.ID, "deploy", time.Time{})
		equal(t, "update of a revoked key", IsNotFound(err) && !IsAccountNotFound(err), true)
		must(t, c.UnassignRole(t.Context(), w.account.ID, w.binding))
		must(t, c.UnassignRole(t.Context(), w.account.ID, w.binding))
		must(t, c.DeleteServiceAccount(t.Context(), w.account.ID))
		must(t, c.DeleteServiceAccount(t.Context(), w.account.ID))
		must(t, c.RevokeKey(t.Context(), w.account.ID, w.key.ID))
		err = c.RenameServiceAccount(t.Context(), w.account.ID, "other")
		equal(t, "rename of a deleted account", IsAccountNotFound(err), true)
		_, err = c.CreateKey(t.Context(), w.account.ID, NewKey{Name: "late"})
		equal(t, "key of a deleted account", IsAccountNotFound(err), true)
		_, err = c.assignRole(t.Context(), w.account.ID, w.editor)
		equal(t, "role of a deleted account", IsAccountNotFound(err), true)
		err = c.UpdateKey(t.Context(), w.server.AdminAccount().ID, nobody, "BAD NAME", time.Time{})
		equal(t, "invalid input", IsInvalidInput(err), true)
	})
}

func TestAnswers_notSigNozs(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"a list":        `[]`,
		"a string":      `"success"`,
		"nothing":       "",
		"no JSON":       "OK",
		"no envelope":   `{}`,
		"an error":      `{"status":"error","data":{}}`,
		"no data":       `{"status":"success"}`,
		"null":          `{"status":"success","data":null}`,
		"another type":  `{"status":"success","data":7}`,
		"another field": `{"status":"success","data":{"id":7}}`,
	}
	reads := map[string]bool{"me": true, "account": true, "accounts": true, "account from list": true, "keys": true, "key": true, "roles": true}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, o := range operations() {
				if !reads[o.name] {
					continue
				}
				w := newWorld(t)
				w.server.Inject(signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Body: body}})
				err := o.do(t.Context(), connect(t, w.server, maxRetries(0)), w)
				var answer *Error
				if !errors.As(err, &answer) || answer.Code != "" || answer.Status != http.StatusOK {
					t.Errorf("%s: got %v, want an error about the answer", o.name, err)
				}
			}
		})
	}
	t.Run("an account without an id", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.server.Inject(signoztest.Fault{CarriedOut: true, Answer: signoztest.Reply{Body: `{"status":"success","data":{}}`}})
		account, err := connect(t, w.server).ServiceAccount(t.Context(), w.account.ID)
		equal(t, "account", account, nil)
		equal(t, "failed", err != nil, true)
	})
}

// TestAccounts_anotherListIsNotTheirs: by a list of something else, to which a proxy
// redirects say, the account's keys would seem to be gone.
func TestAccounts_anotherListIsNotTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.server.CreateAccount("other")
	w.server.CreateKey(other.ID, "theirs", time.Time{})
	for _, path := range []string{"/api/v1/service_accounts", "/api/v1/service_accounts/" + other.ID + "/keys"} {
		w.server.ClearFaults()
		w.server.Inject(signoztest.Fault{Path: "/api/v1/service_accounts/" + w.account.ID + "/keys", Answer: signoztest.Reply{Status: http.StatusFound, Location: path}})
		key, err := connect(t, w.server).Key(t.Context(), w.account.ID, w.key.ID)
		if err == nil || !strings.Contains(err.Error(), "isn't a key of this account") {
			t.Errorf("redirected to %s: got %v, %v", path, key, err)
		}
	}
}

func TestReads_fallBackWhereListingIsForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Inject(signoztest.Fault{Path: "/api/v1/service_accounts", Answer: signoztest.Status(403)})
	c := connect(t, w.server)
	for range 3 {
		account, err := c.ServiceAccountFromList(t.Context(), w.account.ID)
		must(t, err)
		equal(t, "name", account.Name, "ci")
	}
	equal(t, "lists", w.server.CountRequests("GET", "/api/v1/service_accounts"), 1)
	equal(t, "reads", w.server.CountRequests("GET", "/api/v1/service_accounts/*"), 3)
}

// attempts collects what Observe is told.
type attempts struct {
	mu  sync.Mutex
	all []Attempt
}

func (a *attempts) observe(_ context.Context, told Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, told)
}
