// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// leakedKey is a rotating key that leaked, in each situation in which that can happen.
func leakedKey(t *testing.T, do func(t *testing.T, w *workingDir, blocks []block)) {
	t.Parallel()
	for _, due := range []bool{false, true} {
		for _, grace := range []string{"", "2d"} {
			t.Run(fmt.Sprintf("due=%t,grace=%s", due, grace), func(t *testing.T) {
				w := onClock(t, embeddedOnly(t, stoppedClock()))
				blocks := withGrace(rotation(), grace)
				succeeded(t, w.apply(t.Context(), blocks, conditions{}))
				if due {
					w.on.Clock().Advance(80 * 24 * time.Hour)
				}
				do(t, w, blocks)
			})
		}
	}
}

// withGrace sets the grace period of the key among the blocks.
func withGrace(blocks []block, grace string) []block {
	for i, b := range blocks {
		before, _, found := strings.Cut(b.attributes, `, "destroy_grace_period"`)
		switch {
		case !found:
		case grace == "":
			blocks[i].attributes = before
		default:
			blocks[i].attributes = before + `, "destroy_grace_period": ` + quote(grace)
		}
	}
	return blocks
}

// onlyTheNewKeyWorks fails unless the leaked value is refused and the one in the state works.
func (w *workingDir) onlyTheNewKeyWorks(leaked string, blocks []block) {
	w.t.Helper()
	if w.on.KeyWorks(leaked) {
		w.t.Error("the leaked key still works")
	}
	if value := w.state["key"].text("key"); value == leaked || !w.on.KeyWorks(value) {
		w.t.Error("no new key works")
	}
	w.emptyPlan(blocks, conditions{})
}

// The runbook's way: revoke the key in SigNoz, then apply.
func TestLeak_revokeThenApply(t *testing.T) {
	leakedKey(t, func(t *testing.T, w *workingDir, blocks []block) {
		key := w.state["key"]
		w.on.RevokeKey(key.text("service_account_id"), key.text("id"))
		succeeded(t, w.apply(t.Context(), blocks, conditions{}))
		w.onlyTheNewKeyWorks(key.text("key"), blocks)
	})
}

// The guide's way where only Terraform can be used: take the grace period away,
// apply, then replace. The first apply must not rotate a key that is due: that
// would leave the leaked key working, and in no state.
func TestLeak_dropGraceThenReplace(t *testing.T) {
	leakedKey(t, func(t *testing.T, w *workingDir, blocks []block) {
		leaked := w.state["key"].text("key")
		blocks = withGrace(blocks, "0s")
		succeeded(t, w.apply(t.Context(), blocks, conditions{}))
		if w.state["key"].text("key") == leaked {
			succeeded(t, w.apply(t.Context(), blocks, conditions{replace: []string{"key"}}))
		}
		w.onlyTheNewKeyWorks(leaked, blocks)
	})
}

// The commands of the runbook do what it says, as they are written.
func (r *exampleRun) runbook() {
	r.t.Helper()
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			r.t.Skipf("needs %s", program)
		}
	}
	if r.terraform.isTofu {
		r.t.Skip("the runbook's commands say terraform")
	}
	commands := map[string][]string{} // by section
	for section := range strings.SplitSeq(readFile(r.t, "docs/guides/incident-runbook.md"), "\n## ") {
		title, text, _ := strings.Cut(section, "\n")
		for _, found := range regexp.MustCompile("(?s)\n( *)```shell\n(.*?)\n *```").FindAllStringSubmatch(text, -1) {
			commands[title] = append(commands[title], strings.ReplaceAll("\n"+found[2], "\n"+found[1], "\n"))
		}
	}
	leaked, state, admin, early := commands["A key leaked"], commands["A state or a plan file leaked"], commands["The admin key leaked"], commands["A key was rotated too early"]
	if len(leaked) != 4 || len(state) != 2 || len(admin) != 3 || len(early) != 1 {
		r.t.Fatalf("the runbook has other commands than this test knows: %d, %d, %d, %d", len(leaked), len(state), len(admin), len(early))
	}

	r.write("main.tf", readFile(r.t, "examples/provider/provider.tf")+readFile(r.t, "examples/resources/signoz_service_account_key/resource_rotating.tf")+`
output "key" {
  value     = signoz_service_account_key.collector.key
  sensitive = true
}
`)
	r.edit("main.tf", regexp.MustCompile(`(?m)^ *endpoint .*\n`), "")
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	account, _ := r.on.AccountByName("collector")
	key, value := r.on.Keys(account.ID)[0], r.succeeds("output", "-raw", "key")
	path := account.ID + "/keys/" + key.ID
	fill := strings.NewReplacer("ACCOUNT_ID", account.ID, "KEY_ID", key.ID, "KEY_NAME", key.Name)

	r.contains(r.shell(0, value, leaked[0]), `"name": "collector"`, account.ID)
	r.contains(r.shell(0, value, "read -rs LEAKED && export LEAKED\n"+leaked[1]), "signoz_service_account_key.collector "+path)
	r.contains(r.shell(0, "", fill.Replace(leaked[2])), key.ID+" "+key.Name)
	r.shell(0, "", fill.Replace(early[0]))
	if got := r.on.Keys(account.ID)[0]; time.Until(got.ExpiresAt).Round(time.Hour) != 24*time.Hour {
		r.t.Errorf("the key should expire in a day, not at %s", got.ExpiresAt)
	}
	r.shell(0, "", fill.Replace(leaked[3]))
	if r.on.KeyWorks(value) {
		r.t.Error("the leaked key works")
	}
	r.succeeds("apply", "-auto-approve", "-input=false")
	if after := r.succeeds("output", "-raw", "key"); after == value || !r.on.KeyWorks(after) {
		r.t.Error("no new key works")
	}
	r.shell(22, value, "set -o pipefail\n"+leaked[0]) // curl's exit code: 401

	r.on.CreateKey(account.ID, "collector-retired-abcdefghijkl", r.on.Clock().Now().Add(time.Hour))
	r.shell(0, "", state[0])
	r.shell(0, "", fill.Replace(state[1]))
	if keys := r.on.Keys(account.ID); len(keys) != 0 {
		r.t.Errorf("keys of the leaked state still work: %+v", keys)
	}

	r.on.CreateKey(account.ID, "back-door", noExpiry)
	r.contains(r.shell(0, "", admin[1]), "collector "+account.ID)
	r.contains(r.shell(0, "", admin[2]), "back-door "+account.ID+"/keys/")
}

// shell runs commands as bash does, with an input, and expects an exit code.
func (r *exampleRun) shell(code int, input, commands string) string {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), "bash", "-c", commands)
	command.Dir = r.dir
	command.Env = append(r.environment(), "PATH="+filepath.Dir(r.terraform.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	command.Stdin = strings.NewReader(input + "\n")
	printed, err := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != code {
		r.t.Fatalf("%s\nexit code %d, not %d (%v)\n%s", commands, got, code, err, printed)
	}
	return string(printed)
}
