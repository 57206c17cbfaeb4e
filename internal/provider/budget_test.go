// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// The requests that the provider sends, by method and path below /api/v1, where
// * is an id.
const (
	listAccounts   = "GET service_accounts"
	readAccount    = "GET service_accounts/*"
	createAccount  = "POST service_accounts"
	renameAccount  = "PUT service_accounts/*"
	deleteAccount  = "DELETE service_accounts/*"
	readMe         = "GET service_accounts/me"
	listKeys       = "GET service_accounts/*/keys"
	createKey      = "POST service_accounts/*/keys"
	updateKey      = "PUT service_accounts/*/keys/*"
	revokeKey      = "DELETE service_accounts/*/keys/*"
	listRoles      = "GET roles"
	assignRole     = "POST service_account_roles"
	unassignRole   = "DELETE service_account_roles/*"
	assignNested   = "POST service_accounts/*/roles"
	unassignNested = "DELETE service_accounts/*/roles/*"
	readVersion    = "GET version"
)

// requests are how many of each were sent.
type requests map[string]int

func (r requests) total() int {
	total := 0
	for _, n := range r {
		total += n
	}
	return total
}

func (r requests) String() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		lines = append(lines, fmt.Sprintf("%6d %s", r[name], name))
	}
	return strings.Join(lines, "\n")
}

var idInPath = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// sent are the requests that came to the server since they were last reset.
func (on target) sent() requests {
	counted := requests{}
	for _, request := range on.Requests() {
		path := strings.TrimPrefix(request.Path, "/api/v1/")
		counted[request.Method+" "+idInPath.ReplaceAllString(path, "*")]++
	}
	return counted
}

// scene is a server with n of what an operation is done to, and a run of
// Terraform: what the provider reads is kept for a run, and no longer.
type scene struct {
	*protocol

	on target
	n  int
}

// newScene is a server of its own, and a first run.
func newScene(t testing.TB, n int, options ...signoztest.Option) scene {
	t.Helper()
	server := signoztest.Start(t, options...)
	on := target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
	return scene{protocol: talk(t, on), on: on, n: n}
}

// nextRun is the same server in another run.
func (s scene) nextRun() scene {
	s.protocol = talk(s.t, s.on)
	return s
}

// budgetParallelism is higher than what Terraform does by default: what is
// shared must be so however many ask at the same time.
const budgetParallelism = 20

// each does something n times, many at once.
func (s scene) each(do func(i int)) {
	s.t.Helper()
	s.atOnce(budgetParallelism, s.n, do)
}

// accounts makes n of them.
func (s scene) accounts(roles ...string) []signoztest.Account {
	accounts := make([]signoztest.Account, s.n)
	for i := range accounts {
		accounts[i] = s.on.CreateAccount(numbered("account", i), roles...)
	}
	return accounts
}

// numbered is a name for the i-th of many, of letters as every server takes.
func numbered(name string, i int) string {
	return fmt.Sprintf("%s-%c%c%c", name, 'a'+i/26/26%26, 'a'+i/26%26, 'a'+i%26)
}

// unmanaged are n accounts in the state whose roles aren't managed.
func (s scene) unmanaged() []instance {
	return s.refreshed(s.storedAccounts(s.accounts(), ""))
}

// managed are n accounts in the state with roles.
func (s scene) managed(roles ...string) []instance {
	return s.refreshed(s.storedAccounts(s.accounts(roles...), `, "roles": `+quoteAll(roles)))
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func (s scene) storedAccounts(accounts []signoztest.Account, more string) []instance {
	stored := make([]instance, len(accounts))
	for i, account := range accounts {
		stored[i] = s.stored(accountKind, fmt.Sprintf(`{"id": %q, "name": %q%s}`, account.ID, account.Name, more))
	}
	return stored
}

// keysOfOne are n keys of one account in the state; more are further attributes.
func (s scene) keysOfOne(more string) []instance {
	account := s.on.CreateAccount("owner")
	keys := make([]instance, s.n)
	for i := range keys {
		keys[i] = s.storedKey(account.ID, i, more)
	}
	return s.refreshed(keys)
}

// keysOfMany are n keys, each of an account of its own, in the state.
func (s scene) keysOfMany() []instance {
	keys := make([]instance, s.n)
	for i, account := range s.accounts() {
		keys[i] = s.storedKey(account.ID, i, "")
	}
	return s.refreshed(keys)
}

func (s scene) storedKey(accountID string, i int, more string) instance {
	key := s.on.CreateKey(accountID, numbered("key", i), noExpiry)
	return s.stored(keyKind, fmt.Sprintf(`{"id": %q, "service_account_id": %q, "name": %q%s}`, key.ID, accountID, key.Name, more))
}

// rolesOfOne are n roles of one account, each a resource of its own, in the state.
func (s scene) rolesOfOne() []instance {
	account := s.on.CreateAccount("holder")
	roles := make([]instance, s.n)
	for i := range roles {
		name := numbered("role", i)
		s.on.CreateCustomRole(name)
		s.on.GrantRole(account.ID, name)
		roles[i] = s.stored(roleKind, roleOf(account.ID, name))
	}
	return s.refreshed(roles)
}

// refreshed are objects as a run before left them.
func (s scene) refreshed(stored []instance) []instance {
	s.t.Helper()
	before := s.nextRun()
	after := make([]instance, len(stored))
	s.each(func(i int) { after[i] = before.read(stored[i]) })
	return after
}

// refreshing reads what is in the state.
func (s scene) refreshing(objects []instance) func() {
	return func() {
		s.each(func(i int) {
			if s.read(objects[i]).gone() {
				s.t.Errorf("object %d of %d is gone", i, len(objects))
			}
		})
	}
}

// planning plans a configuration of each.
func (s scene) planning(objects []instance, action string, config func(i int) string) func() {
	return func() {
		s.each(func(i int) {
			if got := s.plan(objects[i], config(i)).action; got != action {
				s.t.Errorf("the plan is to %s object %d, not to %s it", got, i, action)
			}
		})
	}
}

// applying carries out what a run before planned.
func (s scene) applying(objects []instance, action string, config func(i int) string) func() {
	s.t.Helper()
	before := s.nextRun()
	changes := make([]change, s.n)
	s.each(func(i int) {
		if !objects[i].gone() {
			objects[i] = before.read(objects[i])
		}
		if changes[i] = before.plan(objects[i], config(i)); changes[i].action != action {
			s.t.Errorf("the plan is to %s object %d, not to %s it", changes[i].action, i, action)
		}
	})
	return func() {
		s.each(func(i int) { s.apply(changes[i]) })
	}
}

func (s scene) fresh(kind string) []instance {
	return slices.Repeat([]instance{s.none(kind)}, s.n)
}

func destroyed(int) string { return "" }

func newAccounts(roles ...string) func(i int) string {
	return func(i int) string {
		if len(roles) == 0 {
			return fmt.Sprintf(`{"name": %q}`, numbered("new", i))
		}
		return fmt.Sprintf(`{"name": %q, "roles": %s}`, numbered("new", i), quoteAll(roles))
	}
}

func newKeys(accountID, more string) func(i int) string {
	return func(i int) string {
		return fmt.Sprintf(`{"service_account_id": %q, "name": %q%s}`, accountID, numbered("new", i), more)
	}
}

// changed is the configuration that an object in the state has, with other attributes changed.
func changed(objects []instance, attributes ...string) func(i int, more string) string {
	return func(i int, more string) string {
		var config []string
		for _, name := range attributes {
			config = append(config, quote(name)+": "+objects[i].at(name))
		}
		return "{" + strings.Join(config, ", ") + more + "}"
	}
}

// budget is what an operation on n objects may cost. It is exact: whoever adds a
// request changes a number here, and whoever saves one too.
type budget struct {
	operation string
	options   []signoztest.Option
	prepare   func(s scene) (measured func()) // everything before the operation, in other runs
	want      func(n int) requests
}

// constant is a cost that doesn't grow.
func constant(r requests) func(int) requests { return func(int) requests { return r } }

// budgets is the table. A run of Terraform refreshes and plans, or applies a
// plan: `terraform apply` without a saved plan is both, in two provider processes.
func budgets() []budget {
	return slices.Concat(refreshBudgets(), planBudgets(), accountBudgets(), keyBudgets(), roleBudgets(), readingBudgets(), importBudgets())
}

func refreshBudgets() []budget {
	return []budget{
		{
			operation: "refresh the keys of one account",
			prepare:   func(s scene) func() { return s.refreshing(s.keysOfOne("")) },
			want:      constant(requests{listKeys: 1}),
		},
		{
			operation: "refresh keys of as many accounts",
			prepare:   func(s scene) func() { return s.refreshing(s.keysOfMany()) },
			want:      func(n int) requests { return requests{listKeys: n} },
		},
		{
			operation: "refresh accounts whose roles aren't managed",
			prepare:   func(s scene) func() { return s.refreshing(s.unmanaged()) },
			want:      constant(requests{listAccounts: 1}),
		},
		{
			operation: "refresh accounts with roles",
			prepare:   func(s scene) func() { return s.refreshing(s.managed("signoz-viewer")) },
			want:      func(n int) requests { return requests{readAccount: n} },
		},
		{
			operation: "refresh the roles of one account",
			prepare:   func(s scene) func() { return s.refreshing(s.rolesOfOne()) },
			want:      constant(requests{readAccount: 1}),
		},
		{
			operation: "refresh an account that can't be listed",
			prepare: func(s scene) func() {
				objects := s.unmanaged()
				s.on.Inject(signoztest.Fault{Method: http.MethodGet, Path: "/api/v1/service_accounts", Answer: signoztest.Reply{
					Status: http.StatusForbidden,
					Body:   `{"status": "error", "error": {"code": "authz_forbidden", "message": "only admins can list accounts"}}`,
				}})
				first := s.stored(accountKind, objects[0].json())
				return func() {
					s.read(first) // learns that lists are refused
					s.refreshing(objects)()
				}
			},
			want: func(n int) requests { return requests{listAccounts: 1, readAccount: n + 1} },
		},
	}
}

func planBudgets() []budget {
	return []budget{
		{
			operation: "configure the provider",
			prepare:   func(s scene) func() { return func() { s.nextRun() } },
			want:      constant(requests{}),
		},
		{
			operation: "plan unchanged accounts",
			prepare: func(s scene) func() {
				objects := s.managed("signoz-viewer")
				same := changed(objects, "name", "roles")
				return s.planning(objects, "no-op", func(i int) string { return same(i, "") })
			},
			want: constant(requests{}),
		},
		{
			operation: "plan unchanged keys",
			prepare: func(s scene) func() {
				objects := s.keysOfOne("")
				same := changed(objects, "service_account_id", "name")
				return s.planning(objects, "no-op", func(i int) string { return same(i, "") })
			},
			want: constant(requests{}),
		},
		{
			operation: "plan new accounts without roles",
			prepare:   func(s scene) func() { return s.planning(s.fresh(accountKind), "create", newAccounts()) },
			want:      constant(requests{}),
		},
		{
			operation: "plan new accounts with a role",
			prepare:   func(s scene) func() { return s.planning(s.fresh(accountKind), "create", newAccounts("signoz-viewer")) },
			want:      constant(requests{listRoles: 1}),
		},
		{
			operation: "plan new accounts with two roles",
			prepare: func(s scene) func() {
				return s.planning(s.fresh(accountKind), "create", newAccounts("signoz-viewer", "signoz-editor"))
			},
			want: constant(requests{listRoles: 1, readVersion: 1}),
		},
		{
			operation: "plan new keys",
			prepare: func(s scene) func() {
				return s.planning(s.fresh(keyKind), "create", newKeys(s.on.CreateAccount("owner").ID, ""))
			},
			want: constant(requests{}),
		},
		{
			operation: "plan the deletion of accounts",
			prepare:   func(s scene) func() { return s.planning(s.managed("signoz-viewer"), "delete", destroyed) },
			want:      constant(requests{readMe: 1}),
		},
		{
			operation: "plan the deletion of keys",
			prepare:   func(s scene) func() { return s.planning(s.keysOfOne(""), "delete", destroyed) },
			want:      constant(requests{}),
		},
		{
			operation: "plan that accounts lose a role",
			prepare: func(s scene) func() {
				objects := s.managed("signoz-viewer")
				same := changed(objects, "name")
				return s.planning(objects, "update", func(i int) string { return same(i, `, "roles": []`) })
			},
			want: constant(requests{readMe: 1}),
		},
	}
}

func accountBudgets() []budget {
	changing := func(s scene) func() {
		objects := s.managed("signoz-viewer")
		same := changed(objects, "name")
		return s.applying(objects, "update", func(i int) string { return same(i, `, "roles": ["signoz-editor"]`) })
	}
	return []budget{
		{
			operation: "create accounts without roles",
			prepare:   func(s scene) func() { return s.applying(s.fresh(accountKind), "create", newAccounts()) },
			want:      func(n int) requests { return requests{createAccount: n, readAccount: n} },
		},
		{
			operation: "create accounts with a role",
			prepare:   func(s scene) func() { return s.applying(s.fresh(accountKind), "create", newAccounts("signoz-viewer")) },
			want: func(n int) requests {
				return requests{listRoles: 1, createAccount: n, assignRole: n, readAccount: n}
			},
		},
		{
			operation: "create accounts with two roles",
			prepare: func(s scene) func() {
				return s.applying(s.fresh(accountKind), "create", newAccounts("signoz-viewer", "signoz-editor"))
			},
			want: func(n int) requests {
				return requests{listRoles: 1, readVersion: 1, createAccount: n, assignRole: 2 * n, readAccount: n}
			},
		},
		{
			operation: "create accounts with a role, before v0.132",
			options:   []signoztest.Option{signoztest.WithVersion(signoztest.V0_118_0)},
			prepare:   func(s scene) func() { return s.applying(s.fresh(accountKind), "create", newAccounts("signoz-viewer")) },
			want: func(n int) requests { // the first finds out how this server is asked
				return requests{listRoles: 1, createAccount: n, assignRole: 1, assignNested: n, readAccount: n}
			},
		},
		{
			operation: "rename accounts",
			prepare: func(s scene) func() {
				objects := s.managed("signoz-viewer")
				same := changed(objects, "roles")
				return s.applying(objects, "update", func(i int) string { return same(i, `, "name": `+quote(numbered("renamed", i))) })
			},
			want: func(n int) requests { return requests{renameAccount: n} },
		},
		{
			operation: "change the role of accounts",
			prepare:   changing,
			want: func(n int) requests {
				return requests{readMe: 1, listRoles: 1, readAccount: n, assignRole: n, unassignRole: n}
			},
		},
		{
			operation: "change the role of accounts, between v0.123 and v0.131",
			options:   []signoztest.Option{signoztest.WithVersion(signoztest.V0_123_0)},
			prepare:   changing,
			want: func(n int) requests { // read again, since the server may have replaced the role
				return requests{readMe: 1, listRoles: 1, readAccount: 2 * n, assignRole: 1, assignNested: n, unassignNested: n}
			},
		},
		{
			operation: "delete accounts",
			prepare:   func(s scene) func() { return s.applying(s.managed("signoz-viewer"), "delete", destroyed) },
			want:      func(n int) requests { return requests{readMe: 1, listRoles: 1, deleteAccount: n} },
		},
		{
			operation: "delete accounts where there are custom roles",
			prepare: func(s scene) func() {
				s.on.CreateCustomRole("auditor")
				return s.applying(s.managed("auditor"), "delete", destroyed)
			},
			want: func(n int) requests {
				return requests{readMe: 1, listRoles: 1, readAccount: n, unassignRole: n, deleteAccount: n}
			},
		},
	}
}

func keyBudgets() []budget {
	return []budget{
		{
			operation: "create keys of one account",
			prepare: func(s scene) func() {
				return s.applying(s.fresh(keyKind), "create", newKeys(s.on.CreateAccount("owner").ID, `, "valid_for": "90d"`))
			},
			want: func(n int) requests { return requests{createKey: n} },
		},
		{
			operation: "rename keys",
			prepare: func(s scene) func() {
				objects := s.keysOfOne("")
				same := changed(objects, "service_account_id")
				return s.applying(objects, "update", func(i int) string { return same(i, `, "name": `+quote(numbered("renamed", i))) })
			},
			want: func(n int) requests { return requests{updateKey: n} },
		},
		{
			operation: "let keys expire",
			prepare: func(s scene) func() {
				objects := s.keysOfOne("")
				same := changed(objects, "service_account_id", "name")
				return s.applying(objects, "update", func(i int) string { return same(i, `, "expires_at": "2099-01-01T00:00:00Z"`) })
			},
			want: func(n int) requests { return requests{updateKey: n} },
		},
		{
			operation: "change what only the state holds of keys",
			prepare: func(s scene) func() {
				objects := s.keysOfOne("")
				same := changed(objects, "service_account_id", "name")
				return s.applying(objects, "update", func(i int) string { return same(i, `, "destroy_grace_period": "1h"`) })
			},
			want: constant(requests{}),
		},
		{
			operation: "replace keys",
			prepare: func(s scene) func() {
				objects := s.keysOfOne(`, "name_prefix": "key-"`)
				same := changed(objects, "service_account_id")
				return s.applying(objects, "replace", func(i int) string { return same(i, `, "name_prefix": "other-"`) })
			},
			want: func(n int) requests { return requests{revokeKey: n, createKey: n} },
		},
		{
			operation: "revoke keys",
			prepare:   func(s scene) func() { return s.applying(s.keysOfOne(""), "delete", destroyed) },
			want:      func(n int) requests { return requests{revokeKey: n} },
		},
		{
			operation: "let keys of a grace period run out",
			prepare: func(s scene) func() {
				return s.applying(s.keysOfOne(`, "destroy_grace_period": "1h"`), "delete", destroyed)
			},
			want: func(n int) requests { return requests{updateKey: n} },
		},
	}
}

func roleBudgets() []budget {
	create := func(held ...string) func(s scene) func() {
		return func(s scene) func() {
			accounts := s.accounts(held...)
			return s.applying(s.fresh(roleKind), "create", func(i int) string { return roleOf(accounts[i].ID, "signoz-viewer") })
		}
	}
	return []budget{
		{
			operation: "give accounts a role",
			prepare:   create(),
			want:      func(n int) requests { return requests{listRoles: 1, readAccount: n, assignRole: n} },
		},
		{
			operation: "give accounts another role",
			prepare:   create("signoz-editor"),
			want: func(n int) requests {
				return requests{listRoles: 1, readVersion: 1, readAccount: n, assignRole: n}
			},
		},
		{
			operation: "plan roles of one account",
			prepare: func(s scene) func() {
				objects := s.rolesOfOne()
				same := changed(objects, "service_account_id", "role")
				return s.planning(objects, "no-op", func(i int) string { return same(i, "") })
			},
			want: constant(requests{}),
		},
		{
			operation: "take roles from one account",
			prepare:   func(s scene) func() { return s.applying(s.rolesOfOne(), "delete", destroyed) },
			want:      func(n int) requests { return requests{readAccount: n, unassignRole: n} },
		},
	}
}

func readingBudgets() []budget {
	data := func(kind string, config func(s scene) func(i int) string) func(s scene) func() {
		return func(s scene) func() {
			configs := config(s)
			return func() {
				s.each(func(i int) { s.data(kind, configs(i)) })
			}
		}
	}
	always := func(config string) func(scene) func(int) string {
		return func(s scene) func(int) string {
			s.accounts("signoz-viewer")
			return func(int) string { return config }
		}
	}
	attribute := func(name string, of func(signoztest.Account) string) func(scene) func(int) string {
		return func(s scene) func(int) string {
			accounts := s.accounts("signoz-viewer")
			return func(i int) string { return fmt.Sprintf(`{%q: %q}`, name, of(accounts[i])) }
		}
	}
	id := func(a signoztest.Account) string { return a.ID }
	list := func(kind string, limit int64, whole bool) func(s scene) func() {
		return func(s scene) func() {
			accounts := s.accounts("signoz-viewer")
			config := "{}"
			if kind == keyKind {
				s.on.CreateKey(accounts[0].ID, "listed", noExpiry)
				config = fmt.Sprintf(`{"service_account_id": %q}`, accounts[0].ID)
			}
			return func() { s.list(kind, config, limit, whole) }
		}
	}
	return []budget{
		{
			operation: "read the own account, each time the same",
			prepare:   data("signoz_me", always("{}")),
			want:      constant(requests{readMe: 1}),
		},
		{
			operation: "read accounts by id",
			prepare:   data(accountKind, attribute("id", id)),
			want:      func(n int) requests { return requests{readAccount: n} },
		},
		{
			operation: "read accounts by name",
			prepare:   data(accountKind, attribute("name", func(a signoztest.Account) string { return a.Name })),
			want:      func(n int) requests { return requests{listAccounts: 1, readAccount: n} },
		},
		{
			operation: "read all accounts, each time the same",
			prepare:   data("signoz_service_accounts", always("{}")),
			want:      constant(requests{listAccounts: 1}),
		},
		{
			operation: "read the keys of accounts",
			prepare:   data("signoz_service_account_keys", attribute("service_account_id", id)),
			want:      func(n int) requests { return requests{listKeys: n} },
		},
		{
			operation: "read the roles, each time the same",
			prepare:   data("signoz_roles", always("{}")),
			want:      constant(requests{listRoles: 1}),
		},
		{
			operation: "list accounts",
			prepare:   list(accountKind, 0, false),
			want:      constant(requests{listAccounts: 1}),
		},
		{
			operation: "list whole accounts", // the server's own account is one of them
			prepare:   list(accountKind, 0, true),
			want:      func(n int) requests { return requests{listAccounts: 1, readAccount: n + 1} },
		},
		{
			operation: "list one whole account",
			prepare:   list(accountKind, 1, true),
			want:      constant(requests{listAccounts: 1, readAccount: 1}),
		},
		{
			operation: "list whole keys",
			prepare:   list(keyKind, 0, true),
			want:      constant(requests{listKeys: 1}),
		},
		{
			operation: "open and close ephemeral keys",
			prepare: func(s scene) func() {
				account := s.on.CreateAccount("owner")
				return func() {
					s.each(func(int) { s.close(s.open(keyKind, fmt.Sprintf(`{"service_account_id": %q}`, account.ID))) })
				}
			},
			want: func(n int) requests { return requests{createKey: n, revokeKey: n} },
		},
	}
}

func importBudgets() []budget {
	importing := func(kind string, ids func(s scene) func(i int) string) func(s scene) func() {
		return func(s scene) func() {
			id := ids(s)
			return func() {
				s.each(func(i int) { s.importID(kind, id(i)) })
			}
		}
	}
	accounts := func(reference func(signoztest.Account) string) func(scene) func(int) string {
		return func(s scene) func(int) string {
			accounts := s.accounts("signoz-viewer")
			return func(i int) string { return reference(accounts[i]) }
		}
	}
	return []budget{
		{
			operation: "import accounts by id",
			prepare:   importing(accountKind, accounts(func(a signoztest.Account) string { return a.ID })),
			want:      func(n int) requests { return requests{readAccount: n} },
		},
		{
			operation: "import accounts by name",
			prepare:   importing(accountKind, accounts(func(a signoztest.Account) string { return a.Name })),
			want:      func(n int) requests { return requests{listAccounts: 1, readAccount: n} },
		},
		{
			operation: "import keys of one account by id",
			prepare: importing(keyKind, func(s scene) func(int) string {
				keys := s.keysOfOne("")
				return func(i int) string { return keys[i].text("service_account_id") + "/" + keys[i].text("id") }
			}),
			want: constant(requests{readAccount: 1, listKeys: 1}),
		},
		{
			operation: "import keys of one account by name",
			prepare: importing(keyKind, func(s scene) func(int) string {
				keys := s.keysOfOne("")
				return func(i int) string { return "owner/" + keys[i].text("name") }
			}),
			want: constant(requests{listAccounts: 1, readAccount: 1, listKeys: 1}),
		},
		{
			operation: "import keys of one account by identity",
			prepare: func(s scene) func() {
				keys := s.keysOfOne("")
				same := changed(keys, "service_account_id", "id")
				return func() {
					s.each(func(i int) { s.importIdentity(keyKind, same(i, "")) })
				}
			},
			want: constant(requests{readAccount: 1, listKeys: 1}),
		},
		{
			operation: "import the roles of one account",
			prepare: importing(roleKind, func(s scene) func(int) string {
				roles := s.rolesOfOne()
				return func(i int) string { return "holder/" + roles[i].text("role") }
			}),
			want: constant(requests{listAccounts: 1, readAccount: 1}),
		},
	}
}

// TestRequests_budgets holds every operation to its exact number of requests, at
// several sizes and with twenty of them at the same time.
func TestRequests_budgets(t *testing.T) {
	t.Parallel()
	for _, b := range budgets() {
		t.Run(b.operation, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 30} { // 30: more than are at work at once
				s := newScene(t, n, b.options...)
				measured := b.prepare(s)
				s.on.ResetRequests()
				measured()
				if got, want := s.on.sent(), b.want(n); !maps.Equal(got, want) {
					t.Errorf("with n = %d, these requests were sent:\n%s\nand these should have been:\n%s", n, got, want)
				}
			}
		})
	}
}

// TestFleet_ofKeysInRequests is the whole life of 300 keys in one account, in requests.
func TestFleet_ofKeysInRequests(t *testing.T) {
	t.Parallel()
	const keys = 300
	s := newScene(t, keys)
	cost := func(operation string, want int, do func(s scene)) {
		t.Helper()
		s.on.ResetRequests()
		do(s.nextRun())
		if got := s.on.sent(); got.total() != want {
			t.Errorf("to %s took %d requests, should be %d:\n%s", operation, got.total(), want, got)
		}
	}
	var account instance
	objects := make([]instance, keys)
	cost("create the account and its keys", 2+keys, func(s scene) {
		account = s.create(accountKind, `{"name": "fleet"}`)
		config := newKeys(account.text("id"), "")
		s.each(func(i int) { objects[i] = s.create(keyKind, config(i)) })
	})
	cost("refresh and plan", 2, func(s scene) {
		same := changed(objects, "service_account_id", "name")
		account = s.read(account)
		s.planning(slices.Repeat([]instance{account}, keys), "no-op", func(int) string { return `{"name": "fleet"}` })()
		s.each(func(i int) { objects[i] = s.read(objects[i]) })
		s.planning(objects, "no-op", func(i int) string { return same(i, "") })()
	})
	cost("plan to destroy all", 1, func(s scene) {
		s.plan(account, "")
		s.planning(objects, "delete", destroyed)()
	})
	cost("destroy all", keys+3, func(s scene) {
		s.each(func(i int) { s.destroy(objects[i]) })
		s.destroy(account)
	})
}

// TestReads_seeOwnWrites: what a run reads is kept, but not beyond a write of that same run.
func TestReads_seeOwnWrites(t *testing.T) {
	t.Parallel()

	t.Run("of a key", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, 100)
		keys := s.keysOfOne("")
		same := changed(keys, "service_account_id")
		s.each(func(i int) {
			s.read(keys[i])
			renamed := s.update(keys[i], same(i, `, "name": `+quote(numbered("renamed", i))))
			if got := s.read(renamed); got.at("name") != quote(numbered("renamed", i)) {
				t.Errorf("after it was renamed, key %d is read with the name %s", i, got.at("name"))
			}
			s.destroy(renamed)
			if !s.read(renamed).gone() {
				t.Errorf("after it was revoked, key %d is read", i)
			}
		})
	})

	t.Run("of an account, by another resource", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, 1)
		account := s.read(s.create(accountKind, `{"name": "shared", "roles": ["signoz-viewer"]}`))
		id := account.text("id")

		editor := s.read(s.create(roleKind, roleOf(id, "signoz-editor")))
		equal(t, "the account's roles", s.read(account).at("roles"), `["signoz-editor","signoz-viewer"]`)
		s.update(account, `{"name": "shared", "roles": ["signoz-admin"]}`)
		if got := s.read(editor); !got.gone() {
			t.Errorf("the role that the account's own resource took is still read: %s", got.json())
		}
		equal(t, "the account's roles", s.data(accountKind, `{"id": `+quote(id)+`}`).at("roles"), `["signoz-admin"]`)
	})

	t.Run("of an account, in lists", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, 1)
		account := s.read(s.create(accountKind, `{"name": "before"}`))
		equal(t, "the accounts", len(s.data("signoz_service_accounts", `{"name_regex": "^before$"}`).objects("service_accounts")), 1)
		renamed := s.update(account, `{"name": "after"}`)
		equal(t, "the name", s.read(renamed).at("name"), `"after"`)
		equal(t, "the keys", len(s.data("signoz_service_account_keys", `{"service_account_id": `+quote(account.text("id"))+`}`).objects("keys")), 0)
		s.create(keyKind, newKeys(account.text("id"), "")(0))
		equal(t, "the keys", len(s.data("signoz_service_account_keys", `{"service_account_id": `+quote(account.text("id"))+`}`).objects("keys")), 1)
		s.destroy(renamed)
		equal(t, "the accounts", len(s.data("signoz_service_accounts", `{"name_regex": "^after$"}`).objects("service_accounts")), 0)
	})
}

// TestReads_errorsAreNotKept: all who waited for a request that failed learn of it, and
// the next one asks anew.
func TestReads_errorsAreNotKept(t *testing.T) {
	t.Parallel()
	s := newScene(t, 50)
	lists := map[string][]instance{"/api/v1/service_accounts/*/keys": s.keysOfOne(""), "/api/v1/service_accounts": s.unmanaged()}
	for path, objects := range lists {
		s.on.Inject(signoztest.Fault{Method: http.MethodGet, Path: path, Times: 1, Answer: signoztest.Status(http.StatusNotImplemented)})
		s.refused("501").read(objects[0])
		s.refreshing(objects)()
	}
}

// TestConnections_areReused counts the connections that many workers open for
// many requests: each would cost a TLS handshake.
func TestConnections_areReused(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP2=%t", http2), func(t *testing.T) {
			t.Parallel()
			server := signoztest.New()
			var opened, uncompressed atomic.Int32
			https := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				server.ServeHTTP(w, r)
				if r.Method == http.MethodGet && w.Header().Get("Content-Encoding") != "gzip" {
					uncompressed.Add(1)
				}
			}))
			https.EnableHTTP2 = http2
			https.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			https.StartTLS()
			t.Cleanup(https.Close)

			requests := 1000
			if http2 {
				requests = 200
			}
			s := scene{on: target{Server: server, endpoint: https.URL, apiKey: server.AdminKey()}, n: requests, protocol: unconfigured(t)}
			certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw})
			s.configure(fmt.Sprintf(`{"endpoint": %q, "api_key": %q, "tls": {"ca_certificate": %s}}`, https.URL, server.AdminKey(), quote(string(certificate))))
			objects := s.storedAccounts(s.accounts("signoz-viewer"), `, "roles": ["signoz-viewer"]`)
			server.ResetRequests()
			s.refreshing(objects)()

			equal(t, "requests", server.CountRequests("", ""), requests)
			equal(t, "uncompressed answers", uncompressed.Load(), 0)
			// A worker may take the connection that another gave back while its own
			// is being opened, which then waits for the next: while the workers start,
			// each may open more than one. What counts is that it ends there.
			if n := opened.Load(); n > budgetParallelism*3 {
				t.Errorf("%d workers opened %d connections for %d requests", budgetParallelism, n, requests)
			}
		})
	}
}
