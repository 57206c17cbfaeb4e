// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
)

// randomBlock is one block of a random configuration.
type randomBlock struct {
	kind string // with the prefix "data." for a data source
	// arguments are expressions in HCL, without references.
	arguments map[string]string
	// parent is the address whose id is the service_account_id, or empty: then it is the
	// account of somebody else.
	parent              string
	dependsOn           string
	createBeforeDestroy bool
}

// randomConfiguration is a configuration that changes at random.
type randomConfiguration struct {
	chance  *rand.Rand
	pace    pace
	now     func() time.Time
	prefix  string // of the names of accounts
	hostID  string // the account of somebody else
	oneRole bool   // the server keeps one role per account
	ages    []string

	blocks  map[string]randomBlock // by address
	imports map[string]string      // ids by address
	tick    int                    // changes when values are to be unknown in the plan
	unknown map[string]bool        // arguments that the next plan doesn't know, as ADDRESS.NAME
}

// pace is how long things take: with a clock that the test moves days, on a real server seconds.
type pace struct {
	validFor, rotateBefore []string
	expiries, passes       []time.Duration
}

var (
	daysPass = pace{
		validFor: []string{"30d", "720h", "90d"}, rotateBefore: []string{"10d", "240h", "20d"},
		expiries: []time.Duration{24 * time.Hour, 30 * 24 * time.Hour, 300 * 24 * time.Hour},
		passes:   []time.Duration{time.Hour, 2 * 24 * time.Hour, 15 * 24 * time.Hour, 25 * 24 * time.Hour, 60 * 24 * time.Hour},
	}
	secondsPass = pace{
		validFor: []string{"1h", "60m", "2h"}, rotateBefore: []string{"59m57s", "5m", "300s"},
		expiries: []time.Duration{time.Minute, time.Hour, 24 * time.Hour}, passes: []time.Duration{time.Second, 3 * time.Second},
	}
)

const (
	tickAddress     = "terraform_data.tick"
	importedAccount = accountKind + ".imported"
	importedKey     = keyKind + ".imported"
)

func randomAddress(kind string, i int) string { return fmt.Sprintf("%s.%c", kind, 'a'+i) }

func (c *randomConfiguration) maybe(share float64) bool { return c.chance.Float64() < share }

// change drops some blocks, changes some and adds some, and draws whether values are to
// be unknown in the plan.
func (c *randomConfiguration) change() {
	if c.maybe(0.6) {
		c.tick++
	}
	var accounts []string
	for i := range 3 {
		at := randomAddress(accountKind, i)
		if _, there := c.blocks[at]; !there || c.maybe(0.4) {
			delete(c.blocks, at)
			if c.maybe(0.8) {
				c.blocks[at] = c.drawAccount(i)
			}
		}
		if _, there := c.blocks[at]; there {
			accounts = append(accounts, at)
		}
	}
	parents := append(slices.Clone(accounts), c.drawLookups(accounts)...)
	for i := range 4 {
		c.changeLeaf(randomAddress(keyKind, i), parents, func() randomBlock { return c.drawKey(i) })
	}
	unmanaged := slices.DeleteFunc(slices.Clone(accounts), func(at string) bool { return c.blocks[at].arguments["roles"] != "null" })
	for i, role := range []string{"signoz-viewer", "signoz-editor"} {
		if c.oneRole && i > 0 {
			break
		}
		c.changeLeaf(randomAddress(roleKind, i), unmanaged, func() randomBlock {
			return randomBlock{kind: roleKind, arguments: map[string]string{"role": quote(role)}, createBeforeDestroy: c.maybe(0.3)}
		})
	}
	c.changeLeaf(exclusiveAddress, parents, func() randomBlock {
		return randomBlock{kind: exclusiveKind, arguments: map[string]string{"tolerated_names": `["^deploy"]`}}
	})
	if c.maybe(0.2) {
		delete(c.blocks, importedAccount)
		delete(c.blocks, importedKey)
	}
}

func (c *randomConfiguration) drawAccount(i int) randomBlock {
	roles := []string{"null", "null", "[]", `["signoz-viewer"]`, `["signoz-editor"]`}
	if !c.oneRole {
		roles = append(roles, `["signoz-viewer", "signoz-editor"]`)
	}
	return randomBlock{
		kind: accountKind,
		arguments: map[string]string{
			"name":  quote(fmt.Sprintf("%s-%s-%c", c.prefix, pick(c.chance, "crew", "team"), 'a'+i)),
			"roles": pick(c.chance, roles...),
		},
		createBeforeDestroy: c.maybe(0.1),
	}
}

// drawLookups has data sources look accounts of the configuration up, after whatever
// happens to them.
func (c *randomConfiguration) drawLookups(accounts []string) (lookups []string) {
	for i := range 3 {
		at, account := randomAddress("data."+accountKind, i), randomAddress(accountKind, i)
		used := slices.ContainsFunc(slices.Collect(maps.Values(c.blocks)), func(b randomBlock) bool { return b.parent == at })
		delete(c.blocks, at)
		if slices.Contains(accounts, account) && (used || c.maybe(0.3)) {
			c.blocks[at] = randomBlock{kind: "data." + accountKind, dependsOn: account}
			lookups = append(lookups, at)
		}
	}
	return lookups
}

// changeLeaf keeps what belongs to an account as it is, drops it, changes it, or draws it
// again in one of the accounts or in that of somebody else.
func (c *randomConfiguration) changeLeaf(at string, parents []string, draw func() randomBlock) {
	old, there := c.blocks[at]
	orphaned := there && old.parent != "" && !slices.Contains(parents, old.parent)
	if there && !orphaned && c.maybe(0.5) {
		return
	}
	delete(c.blocks, at)
	if c.maybe(0.25) {
		return
	}
	b := draw()
	if there && !orphaned && c.maybe(0.6) { // other arguments, same account
		b.parent = old.parent
	} else if choice := c.chance.IntN(len(parents) + 1); choice < len(parents) {
		b.parent = parents[choice]
	}
	c.blocks[at] = b
}

func (c *randomConfiguration) drawKey(i int) randomBlock {
	b := randomBlock{kind: keyKind, arguments: c.drawLifetime()}
	name := fmt.Sprintf("key-%c", 'a'+i)
	if c.maybe(0.6) {
		b.arguments["name_prefix"] = quote(name + pick(c.chance, "-", "-", "-", "-other-"))
		b.createBeforeDestroy = c.maybe(0.6) // a fixed name is in the way of the new key
	} else {
		b.arguments["name"] = quote(name + pick(c.chance, "", "-next"))
	}
	if c.maybe(0.5) {
		b.arguments["destroy_grace_period"] = pick(c.chance, `"1h"`, `"1h"`, `"60m"`, `"0s"`)
	}
	if c.maybe(0.4) {
		b.arguments["rotate_when_changed"] = pick(c.chance, `{ audit = "1" }`, `{ audit = "2" }`, `{ audit = "1", leak = "1" }`)
	}
	if c.maybe(0.3) {
		b.arguments["encrypt_to"] = fmt.Sprintf("{ age_recipients = [%q] }", pick(c.chance, c.ages...))
	}
	return b
}

func (c *randomConfiguration) drawLifetime() map[string]string {
	arguments := map[string]string{}
	switch c.chance.IntN(5) {
	case 0:
		at := c.now().Add(pick(c.chance, c.pace.expiries...)).Truncate(time.Second)
		arguments["expires_at"] = quote(pick(c.chance, at.UTC(), at.In(time.FixedZone("", 7200))).Format(time.RFC3339))
	case 1, 2, 3:
		arguments["valid_for"] = quote(pick(c.chance, c.pace.validFor...))
		if c.maybe(0.7) {
			arguments["rotate_before"] = quote(pick(c.chance, c.pace.rotateBefore...))
		}
	}
	return arguments
}

// accountOf is the address of the account that a block's object belongs to; empty for that
// of somebody else.
func (c *randomConfiguration) accountOf(b randomBlock) string {
	if lookup, ok := c.blocks[b.parent]; ok && lookup.dependsOn != "" {
		return lookup.dependsOn
	}
	return b.parent
}

// text is the configuration in HCL. It draws which values depend on the tick.
func (c *randomConfiguration) text() string {
	var text strings.Builder
	fmt.Fprintf(&text, `terraform {
  required_providers {
    signoz = { source = "signoz-community/signoz" }
  }
}

resource "terraform_data" "tick" {
  input = "%d"
}

locals {
  nothing = substr(terraform_data.tick.output, 0, 0)
}
`, c.tick)
	c.unknown = map[string]bool{}
	for _, at := range slices.Sorted(maps.Keys(c.imports)) {
		if _, configured := c.blocks[at]; !configured {
			continue
		}
		fmt.Fprintf(&text, "\nimport {\n  to = %s\n  id = %q\n}\n", at, c.imports[at])
	}
	for _, at := range slices.Sorted(maps.Keys(c.blocks)) {
		c.writeBlock(&text, at, c.blocks[at])
	}
	return text.String()
}

func (c *randomConfiguration) writeBlock(text *strings.Builder, at string, b randomBlock) {
	arguments := maps.Clone(b.arguments)
	if arguments == nil {
		arguments = map[string]string{"name": c.blocks[b.dependsOn].arguments["name"]}
	}
	if b.kind == exclusiveKind {
		arguments["key_ids"] = c.keyIDs(b)
	}
	kind, isData := strings.CutPrefix(b.kind, "data.")
	_, name, _ := strings.Cut(strings.TrimPrefix(at, "data."), ".")
	block := "resource"
	if isData {
		block = "data"
	}
	fmt.Fprintf(text, "\n%s %q %q {\n", block, kind, name)
	if b.parent != "" {
		fmt.Fprintf(text, "  service_account_id = %s\n", c.hidden(at, "service_account_id", b.parent+".id"))
	} else if kind != accountKind {
		fmt.Fprintf(text, "  service_account_id = %s\n", c.hidden(at, "service_account_id", quote(c.hostID)))
	}
	for _, argument := range slices.Sorted(maps.Keys(arguments)) {
		expression := arguments[argument]
		if !isData {
			expression = c.hidden(at, argument, expression)
		}
		fmt.Fprintf(text, "  %s = %s\n", argument, expression)
	}
	if b.dependsOn != "" {
		fmt.Fprintf(text, "  depends_on = [%s]\n", b.dependsOn)
	}
	if b.createBeforeDestroy {
		text.WriteString("  lifecycle {\n    create_before_destroy = true\n  }\n")
	}
	text.WriteString("}\n")
}

// keyIDs are the ids of the keys that the configuration has in an account.
func (c *randomConfiguration) keyIDs(exclusive randomBlock) string {
	var ids []string
	for _, at := range slices.Sorted(maps.Keys(c.blocks)) {
		if b := c.blocks[at]; b.kind == keyKind && c.accountOf(b) == c.accountOf(exclusive) {
			ids = append(ids, at+".id")
		}
	}
	return "[" + strings.Join(ids, ", ") + "]"
}

var quotedText = regexp.MustCompile(`"([^"]*)"`)

// hidden makes some expressions unknown in a plan that changes the tick: each of their
// texts, or all of it.
func (c *randomConfiguration) hidden(at, argument, expression string) string {
	whole := c.maybe(0.5)
	if !c.maybe(0.25) || expression == "null" || expression == "[]" {
		return expression
	}
	c.unknown[at+"."+argument] = true
	if whole || !quotedText.MatchString(expression) {
		return fmt.Sprintf("local.nothing == \"\" ? %s : %s", expression, expression)
	}
	return quotedText.ReplaceAllString(expression, `"$1$${local.nothing}"`)
}
