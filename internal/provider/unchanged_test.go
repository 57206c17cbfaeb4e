// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

var unchangedSeeds = flag.Int("unchanged.seeds", 2, "from how many seeds TestUnchanged_answeredAsTheFrameworkDoes draws its questions")

// The short way that unchanged objects take is only allowed to be quicker. So it is asked the same
// as the plugin framework alone: objects as they are, changed elsewhere and gone,
// with states, configurations, private states and identities that are right, odd or
// broken. Both must say the same of each, and ask SigNoz as often.
func TestUnchanged_answeredAsTheFrameworkDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(*unchangedSeeds) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			c := newTwins(t, rand.New(rand.NewPCG(seed, 0)))
			for range 1500 {
				c.compare()
			}
			for call, compared := range c.compared {
				if long := c.toFramework[call]; long < 5 || compared-long < 5 {
					t.Errorf("%s: of %d calls, %d went to the framework: the test needs many that do and many that don't", call, compared, long)
				}
			}
			equal(t, "calls of kinds", len(c.compared), 4*3)
		})
	}
}

type twins struct {
	*testing.T
	*rand.Rand
	*signoztest.Server

	quick, framework *protocol
	objects          []*compared
	values           map[string][]string // other values of each attribute, as JSON

	compared, toFramework map[string]int // calls of a kind: how many were compared, and how many of the quick ones went to the framework
	left                  []string       // calls that the present question left to the framework
}

// compared is an object and the configuration that belongs to it.
type compared struct {
	instance

	config string
}

func newTwins(t *testing.T, random *rand.Rand) *twins {
	t.Helper()
	server := signoztest.Start(t)
	on := target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
	options := []provider.Option{provider.WithNow(server.Clock().Now)}
	c := &twins{T: t, Rand: random, Server: server, compared: make(map[string]int), toFramework: make(map[string]int)}
	maker := talk(t, on, options...)

	account := func(config string) instance {
		made := maker.create(accountKind, config)
		c.objects = append(c.objects, &compared{instance: made, config: config})
		return made
	}
	ci := account(`{"name": "ci", "roles": ["signoz-viewer", "signoz-editor"]}`)
	account(`{"name": "left-alone"}`)
	account(`{"name": "without", "roles": []}`)
	renamed := account(`{"name": "renamed", "roles": ["signoz-viewer"]}`)
	granted := account(`{"name": "granted", "roles": ["signoz-viewer"]}`)
	deleted := account(`{"name": "deleted", "roles": ["signoz-viewer"]}`)
	dropped := account(`{"name": "dropped"}`)
	failing := account(`{"name": "failing", "roles": ["signoz-viewer"]}`)
	c.objects = append(c.objects, &compared{instance: maker.importID(accountKind, "ci"), config: `{"name": "ci"}`})

	key := func(account instance, config string) instance {
		config = `{"service_account_id": ` + account.at("id") + `, ` + config + `}`
		made := maker.create(keyKind, config)
		c.objects = append(c.objects, &compared{instance: made, config: config})
		return made
	}
	inDays := func(days int) string {
		return server.Clock().Now().UTC().Add(time.Duration(days) * 24 * time.Hour).Format(time.RFC3339)
	}
	key(ci, `"name": "forever"`)
	key(ci, `"name_prefix": "many-"`)
	key(ci, `"name": "elsewhere", "expires_at": "`+strings.Replace(inDays(50), "Z", "+00:00", 1)+`"`)
	key(ci, `"name": "rotates", "valid_for": "90d", "rotate_before": "14d", "destroy_grace_period": "1h"`)
	key(ci, `"name": "asked", "rotate_when_changed": {"reason": "audit"}`)
	key(ci, `"name": "sealed", "encrypt_to": {"github_public_key": "2Sg8iYjAxxmI2LvUXpJjkYrMxURPc8r+dB7TJyvvcCU="}`)
	key(ci, `"name": "due", "valid_for": "40d", "rotate_before": "20d"`)
	key(ci, `"name": "expired", "expires_at": "`+inDays(20)+`"`)
	moved := key(ci, `"name": "moved", "expires_at": "`+inDays(60)+`"`)
	outlives := key(ci, `"name": "outlives", "valid_for": "20d"`)
	called := key(ci, `"name": "called"`)
	revoked := key(ci, `"name": "revoked"`)
	key(deleted, `"name": "gone-too"`)
	key(failing, `"name": "failing-too"`)
	c.objects = append(c.objects, &compared{
		instance: maker.importID(keyKind, "ci/rotates"),
		config:   `{"service_account_id": ` + ci.at("id") + `, "name": "rotates", "valid_for": "90d"}`,
	})

	role := func(account instance, name string) instance {
		config := `{"service_account_id": ` + account.at("id") + `, "role": "` + name + `"}`
		made := maker.create(roleKind, config)
		c.objects = append(c.objects, &compared{instance: made, config: config})
		return made
	}
	role(dropped, "signoz-viewer")
	role(account(`{"name": "role-by-role"}`), "signoz-viewer")
	taken := role(dropped, "signoz-editor")

	server.Clock().Advance(25 * 24 * time.Hour)
	server.RenameAccount(renamed.text("id"), "renamed-elsewhere")
	server.GrantRole(granted.text("id"), "signoz-admin")
	server.DeleteAccount(deleted.text("id"))
	server.RevokeRole(taken.text("service_account_id"), "signoz-editor")
	server.UpdateKey(ci.text("id"), moved.text("id"), "moved", server.Clock().Now().Add(time.Hour))
	server.UpdateKey(ci.text("id"), outlives.text("id"), "outlives", time.Time{})
	server.UpdateKey(ci.text("id"), called.text("id"), "called-otherwise", time.Time{})
	server.RevokeKey(ci.text("id"), revoked.text("id"))
	server.Inject(signoztest.Fault{Path: "/api/v1/service_accounts/" + failing.text("id"), Answer: signoztest.Status(500)})
	server.Inject(signoztest.Fault{Path: "/api/v1/service_accounts/" + failing.text("id") + "/keys", Answer: signoztest.Status(500)})

	c.values = map[string][]string{
		"id":                   {`"01900000-0000-7000-8000-000000000000"`, `"no-id"`},
		"service_account_id":   {granted.at("id"), quote(strings.ToUpper(ci.text("id"))), `"01900000-0000-7000-8000-000000000000"`, `"ci"`},
		"name":                 {`"other"`, `""`, `"Not A Name"`, `"many-"`},
		"name_prefix":          {`"many-"`, `"other-"`, `""`},
		"roles":                {`[]`, `["signoz-viewer"]`, `["signoz-viewer","signoz-editor"]`, `["no-such-role"]`, `[""]`, `[null]`},
		"role":                 {`"signoz-viewer"`, `"signoz-editor"`, `""`},
		"email":                {`"ci@elsewhere.example"`},
		"org_id":               {`"01900000-0000-7000-8000-000000000000"`},
		"created_at":           {`"2026-01-01T00:00:00Z"`, `"yesterday"`},
		"expires_at":           {quote(inDays(50)), quote(inDays(-3)), quote(inDays(8)), `"soon"`},
		"valid_for":            {`"90d"`, `"2160h"`, `"1d"`, `"0s"`, `"long"`},
		"rotate_before":        {`"14d"`, `"336h"`, `"99d"`, `"-1h"`},
		"destroy_grace_period": {`"1h"`, `"60m"`, `"0s"`, `"?"`},
		"rotate_when_changed":  {`{}`, `{"reason": "audit"}`, `{"reason": null}`},
		"encrypt_to":           {`{"age_recipients": ["age1qqqq"]}`, `{"github_public_key": "2Sg8iYjAxxmI2LvUXpJjkYrMxURPc8r+dB7TJyvvcCU="}`, `{}`},
		"encrypted_key":        {`"-----BEGIN AGE ENCRYPTED FILE-----"`},
		"key":                  {`"` + strings.Repeat("k", 44) + `"`, quote(server.AdminKey())},
		"ready_for_rotation":   {`true`, `false`},
	}
	c.quick = unconfigured(t, options...)
	c.quick.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `, "max_retries": 1}`)
	must(provider.WatchFramework(c.quick.server, func(call string) { c.left = append(c.left, call) }))
	c.framework = served(t, providerserver.NewProtocol6(provider.New("test", append(options, provider.WithRetryWait(time.Millisecond))...)())())
	c.framework.configure(`{"endpoint": ` + quote(on.endpoint) + `, "api_key": ` + quote(on.apiKey) + `, "max_retries": 1}`)
	return c
}

// compare asks both the same about one object.
func (c *twins) compare() {
	c.Helper()
	on := c.objects[c.IntN(len(c.objects))]
	state, config := on.instance, c.quick.object(c.quick.resourceType(on.kind), on.config)
	if c.IntN(3) == 0 {
		state.object = c.altered(state.object, false)
	}
	switch c.IntN(3) {
	case 0:
		config = c.altered(config, true)
	case 1:
		config = c.configured(state)
	}
	switch c.IntN(12) {
	case 0:
		state.private = nil
	case 1:
		state.private = []byte(`{".import_before_read":"dHJ1ZQ=="}`)
	case 2:
		state.private = []byte(`{"roles_managed":"dHJ1ZQ==","key":"eyJjcmVhdGVkX2F0IjoxLCJleHBpcmVzX2F0IjoyfQ=="}`)
	case 3:
		state.private = []byte(`{"key":"bm9uc2Vuc2U="}`)
	}
	switch c.IntN(6) {
	case 0:
		state.identity = nil
	case 1:
		state.identity = c.otherIdentity(on)
	}
	switch c.IntN(4) {
	case 0:
		c.compareValidation(state.kind, config)
	case 1:
		c.compareUpgrade(state)
	case 2:
		c.compareRead(state)
	default:
		c.comparePlan(state, config)
	}
}

// otherIdentity is the identity of another object of the same kind.
func (c *twins) otherIdentity(than *compared) *tfprotov6.ResourceIdentityData {
	var others []*compared
	for _, o := range c.objects {
		if o.kind == than.kind && o != than {
			others = append(others, o)
		}
	}
	return others[c.IntN(len(others))].identity
}

// configured is the configuration that says what the state does.
func (c *twins) configured(state instance) object {
	c.Helper()
	var attributes map[string]tftypes.Value
	must(state.As(&attributes))
	attributes = maps.Clone(attributes)
	for _, attribute := range c.quick.schemas.ResourceSchemas[state.kind].Block.Attributes {
		if !attribute.Optional && !attribute.Required {
			attributes[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		}
	}
	return object{tftypes.NewValue(state.Type(), attributes)}
}

// altered gives an attribute of a state, or one or two of a configuration, other
// values. One only, because the framework reports the first of several that it can't
// read, in any order.
func (c *twins) altered(o object, isConfig bool) object {
	c.Helper()
	var attributes map[string]tftypes.Value
	must(o.As(&attributes))
	attributes = maps.Clone(attributes)
	names := slices.Sorted(maps.Keys(attributes))
	several := 1
	if isConfig {
		several += c.IntN(2)
	}
	for range several {
		name := names[c.IntN(len(names))]
		of := attributes[name].Type()
		switch others := c.values[name]; c.IntN(4) {
		case 0:
			attributes[name] = tftypes.NewValue(of, nil)
		case 1:
			if isConfig {
				attributes[name] = tftypes.NewValue(of, tftypes.UnknownValue)
			}
		default:
			attributes[name] = c.quick.object(of, others[c.IntN(len(others))]).Value
		}
	}
	return object{tftypes.NewValue(o.Type(), attributes)}
}

// both asks both and fails unless their answers are the same.
func (c *twins) both(call, kind, about string, ask func(*protocol) (answer string)) {
	c.Helper()
	counted := func(p *protocol) string {
		before := c.CountRequests("", "")
		answer := ask(p)
		return fmt.Sprintf("%s\n%d requests", answer, c.CountRequests("", "")-before)
	}
	c.left = nil
	quick := counted(c.quick)
	short := !slices.Contains(c.left, call)
	framework := counted(c.framework)
	c.compared[call+" "+kind]++
	if !short {
		c.toFramework[call+" "+kind]++
	}
	if quick != framework {
		c.Errorf("%s of %s %s (short way: %t)\ngot:  %s\nwant: %s", call, kind, about, short, quick, framework)
	}
}

func (c *twins) compareValidation(kind string, config object) {
	c.Helper()
	c.both("validate", kind, config.json(), func(p *protocol) string {
		resp, err := p.server.ValidateResourceConfig(c.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: kind, Config: p.pack(config), ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{},
		})
		if err != nil {
			c.Fatal(err)
		}
		return inOrder(resp.Diagnostics)
	})
}

func (c *twins) compareUpgrade(state instance) {
	c.Helper()
	var attributes map[string]any
	must(json.Unmarshal([]byte(state.json()), &attributes))
	version := int64(0)
	switch c.IntN(10) {
	case 0:
		attributes["from_the_future"] = true
	case 1:
		delete(attributes, "id")
	case 2:
		wrong := map[string]any{"name": []string{"wrong"}, "role": 1, "roles": []any{"right", true}, "ready_for_rotation": "true"}
		maps.DeleteFunc(wrong, func(name string, _ any) bool { _, has := attributes[name]; return !has })
		name := slices.Sorted(maps.Keys(wrong))[c.IntN(len(wrong))]
		attributes[name] = wrong[name]
	case 3:
		version = 7
	}
	raw, err := json.Marshal(attributes)
	must(err)
	c.both("upgrade", state.kind, string(raw), func(p *protocol) string {
		resp, err := p.server.UpgradeResourceState(c.Context(), &tfprotov6.UpgradeResourceStateRequest{
			TypeName: state.kind, Version: version, RawState: &tfprotov6.RawState{JSON: raw},
		})
		if err != nil {
			c.Fatal(err)
		}
		if len(resp.Diagnostics) > 0 {
			return inOrder(resp.Diagnostics)
		}
		return p.unpack(p.resourceType(state.kind), resp.UpgradedState).json()
	})
}

func (c *twins) compareRead(state instance) {
	c.Helper()
	c.both("read", state.kind, state.json()+string(state.private), func(p *protocol) string {
		resp, err := p.server.ReadResource(c.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: state.kind, CurrentState: p.pack(state.object), Private: state.private, CurrentIdentity: state.identity,
			ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{},
		})
		if err != nil {
			c.Fatal(err)
		}
		return c.answer(p, state.kind, resp.Diagnostics, resp.NewState, resp.Private, p.readIdentity(state.kind, resp.NewIdentity).json())
	})
}

func (c *twins) comparePlan(state instance, config object) {
	c.Helper()
	c.both("plan", state.kind, state.json()+config.json()+string(state.private), func(p *protocol) string {
		resp, err := p.server.PlanResourceChange(c.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: state.kind, PriorState: p.pack(state.object), ProposedNewState: p.pack(p.proposed(state, config)), Config: p.pack(config),
			PriorPrivate: state.private, PriorIdentity: state.identity, ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{},
		})
		if err != nil {
			c.Fatal(err)
		}
		identity := fmt.Sprint(p.readIdentity(state.kind, resp.PlannedIdentity).json(), resp.RequiresReplace)
		return c.answer(p, state.kind, resp.Diagnostics, resp.PlannedState, resp.PlannedPrivate, identity)
	})
}

// answer is what an answer tells Terraform: after an error, the error.
func (c *twins) answer(p *protocol, kind string, diagnostics said, state *tfprotov6.DynamicValue, private []byte, more string) string {
	c.Helper()
	if diagnostics.fails() {
		return inOrder(diagnostics)
	}
	var kept map[string][]byte
	if len(private) > 0 {
		must(json.Unmarshal(private, &kept))
	}
	return fmt.Sprint(p.unpack(p.resourceType(kind), state).json(), kept, more, inOrder(diagnostics))
}

// inOrder renders diagnostics in an order that doesn't depend on that of a map.
func inOrder(diagnostics said) string {
	texts := make([]string, len(diagnostics))
	for i, diagnostic := range diagnostics {
		texts[i] = said{diagnostic}.text()
	}
	slices.Sort(texts)
	return strings.Join(texts, "")
}
