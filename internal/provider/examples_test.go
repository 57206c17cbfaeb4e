// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// What stands in examples/ does what it says: with the built provider, a real
// Terraform and `terraform init`, as users run it. Receivers of the tests' own
// stand in for other providers.
func TestAccExamples_doWhatTheySay(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs Terraform: set TF_ACC=1, or use make test")
	}
	if _, ok := realTarget(); ok {
		t.Skip("needs the embedded SigNoz")
	}
	terraform := findTerraform(t)
	settings := installedProvider(t)
	installStandIn(t, filepath.Dir(settings), "hashicorp", "aws")
	installStandIn(t, filepath.Dir(settings), "integrations", "github")
	for name, test := range map[string]func(*exampleRun){
		"pages":           (*exampleRun).pages,
		"bootstrap":       (*exampleRun).bootstrap,
		"own-key":         (*exampleRun).ownKey,
		"ci-secret-store": (*exampleRun).ciSecretStore,
		"complete":        (*exampleRun).complete,
		"drift-watch":     (*exampleRun).driftWatch,
		"tested module":   (*exampleRun).testedModule,
		"scheduled apply": (*exampleRun).scheduledApply,
		"encrypted state": (*exampleRun).encryptedState,
		"runbook":         (*exampleRun).runbook,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := signoztest.Start(t)
			test(&exampleRun{
				t: t, terraform: terraform, on: server, dir: t.TempDir(),
				settings: settings, apiKey: server.AdminKey(),
			})
		})
	}
}

// exampleRun runs Terraform in a copy of an example.
type exampleRun struct {
	t         *testing.T
	terraform terraformBinary
	on        *signoztest.Server
	dir       string
	settings  string   // Terraform's CLI configuration file
	apiKey    string   // SIGNOZ_API_KEY; none if empty
	env       []string // further variables
}

// The examples of the pages of resources, data sources and the ephemeral
// resource make one configuration together.
func (r *exampleRun) pages() {
	r.t.Helper()
	runner := r.on.CreateAccount("ci-runner", "signoz-viewer")
	r.on.CreateKey(runner.ID, "endless", time.Time{})
	nightly := r.on.CreateAccount("nightly-pipeline", "signoz-anonymous")
	identity := newAgePair(r.t)
	encrypted := identity.encrypt(r.t, r.on.CreateKey(runner.ID, "reporter", noExpiry).Value)
	given := func(more ...string) []string {
		return append(more, "SIGNOZ_AGE_IDENTITY="+identity.identity, "TF_VAR_encrypted_key="+encrypted)
	}
	r.env = given("TF_VAR_pipeline_account_id=" + nightly.ID)
	shared := r.on.CreateAccount("shared-pipeline", "signoz-editor")
	r.copy("provider/provider.tf", "resources/*/resource*.tf", "data-sources/*/data-source*.tf")
	if r.terraform.has(10, 12) { // with OpenTofu 1.11, no plan with one is empty
		r.copy("ephemeral-resources/*/*.tf")
	}
	r.edit("resources_signoz_service_account_key_resource_encrypted.tf", regexp.MustCompile(`"age1.*"`), quote(identity.recipient))
	// SIGNOZ_ENDPOINT takes the place of the example's endpoint.
	r.edit("provider_provider.tf", regexp.MustCompile(`(?m)^ *endpoint .*\n`), "")

	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	if got, _ := r.on.Account(shared.ID); len(got.Roles) != 2 {
		r.t.Errorf("the shared account holds %q, not one role more", got.Roles)
	}
	if got, _ := r.on.Account(nightly.ID); len(got.Roles) != 3 {
		r.t.Errorf("the nightly account holds %q, not two roles more", got.Roles)
	}
	if keys := r.on.Keys(nightly.ID); len(keys) != 1 || keys[0].Name != "nightly" {
		r.t.Errorf("the keys of the nightly account: %+v", keys)
	}
	for _, name := range []string{"exporter", "ci", "grafana", "status-page", "alert-sync", "data-migration", "deploy", "collector", "metrics"} {
		if _, ok := r.on.AccountByName(name); !ok {
			r.t.Errorf("there is no account %s", name)
		}
	}
	for _, key := range r.on.AllKeys() {
		if strings.HasPrefix(key.Name, "terraform-") {
			r.t.Errorf("the ephemeral key %s outlived the run", key.Name)
		}
	}
	r.contains(r.succeeds("output"), `keys_without_expiry = [`, `"endless"`, `fleet_key_expiries = { "ci-runner" = { "endless" =`, `signed_in_as = "terraform (signoz-admin)"`)
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	// A key is used: no output that the examples show changes with that.
	endless, _ := r.on.KeyByName(runner.ID, "endless")
	user := clientWith(r.t, r.on.URL, endless.Value)
	if _, err := user.Me(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if used, _ := r.on.KeyByName(runner.ID, "endless"); !used.LastObservedAt.After(endless.LastObservedAt) {
		r.t.Error("the key wasn't seen in use")
	}
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	r.contains(r.succeeds("output"), `key_ids = { "endless" = "`+endless.ID+`" "reporter" = `)
	deleted := r.on.CreateAccount("deleted-pipeline")
	r.on.DeleteAccount(deleted.ID)
	r.env = given("TF_VAR_pipeline_account_id="+deleted.ID, "TF_VAR_exporter_role=signoz-exporter")
	r.contains(r.ends(1, "plan", "-input=false"), "The account deleted-pipeline was deleted.", "There is no role signoz-exporter, only ")
	r.env = given("TF_VAR_pipeline_account_id=" + nightly.ID)

	r.succeeds("state", "rm", "signoz_service_account.ci", "signoz_service_account_key.deploy", "signoz_service_account_role.shared_viewer", "signoz_service_account_keys_exclusive.payments")
	r.copy("resources/*/import-by-string-id.tf")
	r.contains(r.succeeds("plan", "-input=false"), "Plan: 4 to import, 0 to add, 2 to change, 0 to destroy")
}

// A user signs in, makes the first account and key, and the key takes over.
func (r *exampleRun) bootstrap() {
	r.t.Helper()
	r.copy("bootstrap/*.tf")
	admin := r.apiKey
	r.apiKey = ""
	r.env = []string{"SIGNOZ_EMAIL=" + signoztest.AdminEmail, "SIGNOZ_PASSWORD=" + signoztest.AdminPassword, "TF_VAR_account_name=first"}
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	r.apiKey = strings.TrimSpace(r.succeeds("output", "-raw", "api_key"))
	if r.apiKey == admin || !r.on.KeyWorks(r.apiKey) {
		r.t.Fatal("the key of the output doesn't sign in")
	}

	r.env = []string{"TF_VAR_account_name=first"}
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	r.contains(r.ends(1, "plan", "-destroy", "-input=false"), "The provider would delete its own service account")

	// A scheduled run rotates the key that it signs in with, and goes on with the new one.
	r.env = append(r.env, rotateAtOnce("key_rotate_before"))
	r.succeeds("apply", "-auto-approve", "-input=false") // changed in place: the next plan rotates
	old := r.apiKey
	r.succeeds("apply", "-auto-approve", "-input=false")
	r.apiKey = strings.TrimSpace(r.succeeds("output", "-raw", "api_key"))
	if r.apiKey == old || !r.on.KeyWorks(r.apiKey) || !r.on.KeyWorks(old) {
		r.t.Errorf("the key was rotated: %t; the old one works: %t, the new one: %t", r.apiKey != old, r.on.KeyWorks(old), r.on.KeyWorks(r.apiKey))
	}
	r.env = r.env[:1]
	r.succeeds("apply", "-auto-approve", "-input=false")
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
}

// rotateAtOnce sets a variable so that keys which are valid for 90 days are due one
// second after they were made: no example can be applied faster.
func rotateAtOnce(variable string) string { return "TF_VAR_" + variable + "=89d23h59m59s" }

// On the day that the key rotates which the rest of the configuration signs in
// with, one run does everything, and the next plan is empty.
func (r *exampleRun) ownKey() {
	r.t.Helper()
	if !r.terraform.has(10, 12) {
		r.t.Skip("no ephemeral resources, or plans that are never empty")
	}
	r.copy("own-key/*.tf")
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	account, _ := r.on.AccountByName("terraform-accounts")
	collector, _ := r.on.AccountByName("collector")
	before := r.on.Keys(account.ID)

	r.env = []string{rotateAtOnce("rotate_before")}
	r.succeeds("apply", "-auto-approve", "-input=false") // changed in place: the next plan rotates
	r.contains(r.succeeds("apply", "-auto-approve", "-input=false"), "1 added, 0 changed, 1 destroyed", `signed_in_as = "collector"`)
	if after := r.on.Keys(account.ID); len(before) != 1 || len(after) != 2 {
		r.t.Errorf("there were %d keys, and are %d after the rotation", len(before), len(after))
	}
	if left := r.on.Keys(collector.ID); len(left) != 0 {
		r.t.Errorf("%d ephemeral keys are left", len(left))
	}
	r.env = nil
	r.succeeds("apply", "-auto-approve", "-input=false")
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
}

// Keys get to a secret store and to GitHub, and no value into the state. While
// the store fails, the old key works on, and the next run delivers the new one.
func (r *exampleRun) ciSecretStore() {
	r.t.Helper()
	if !r.terraform.has(11, 11) {
		r.t.Skip("needs write-only arguments")
	}
	r.copy("ci-secret-store/*.tf")
	box, identity, github := newInbox(r.t), newAgePair(r.t), newGitHubKeys(r.t)
	box.setGitHubKey(r.t, github.publicKey())
	identityFile := writeIdentityFile(r.t, "# of the pipeline\n"+newAgePair(r.t).identity+"\n"+identity.identity+"\n", 0o600)
	r.env = []string{
		inboxVariable + "=" + box.dir, "SIGNOZ_AGE_IDENTITY_FILE=" + identityFile,
		`TF_VAR_age_recipients=["` + identity.recipient + `"]`, `TF_VAR_repositories=["shop", "website"]`,
	}
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	delivered := func() string {
		return box.last(r.t, "aws_secretsmanager_secret_version").Values["secret_string_wo"]
	}
	first := delivered()
	values := map[string]string{"AWS": first}
	for _, secret := range box.all(r.t, "github_actions_secret") {
		values[secret.Values["repository"]] = github.open(r.t, secret.Values["value_encrypted"])
		equal(r.t, "the public key's id", secret.Values["key_id"], gitHubKeyID(github.publicKey()))
	}
	distinct := map[string]bool{}
	for receiver, value := range values {
		distinct[value] = true
		if !r.on.KeyWorks(value) {
			r.t.Errorf("the key of %s doesn't sign in", receiver)
		}
	}
	equal(r.t, "the number of keys", len(distinct), 3)
	equal(r.t, "the output", identity.decrypt(r.t, r.succeeds("output", "-raw", "encrypted_key")), first)
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")

	box.fail(r.t)
	r.contains(r.ends(1, "apply", "-auto-approve", "-input=false", "-replace=signoz_service_account_key.aws"), "The receiver fails")
	if !r.on.KeyWorks(first) {
		r.t.Error("the old key doesn't work on")
	}
	box.works(r.t)
	r.succeeds("apply", "-auto-approve", "-input=false")
	rotated := delivered()
	if rotated == first || !r.on.KeyWorks(rotated) || !r.on.KeyWorks(first) {
		r.t.Error("the new key wasn't delivered, or the old one has no grace period")
	}
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	values["AWS, rotated"] = rotated
	files, err := filepath.Glob(filepath.Join(r.dir, "*.tfstate*"))
	if err != nil || len(files) < 2 {
		r.t.Fatalf("the state and its backup aren't there: %q (%v)", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		fatal(r.t, err)
		wantNoSecret(r.t, filepath.Base(file), string(content), values)
	}
}

// Teams become accounts, roles and rotating keys; the module's own tests pass.
func (r *exampleRun) complete() {
	r.t.Helper()
	r.copy("complete/*.tf")
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	account, ok := r.on.AccountByName("payments-ci")
	if !ok || len(account.Roles) != 1 || account.Roles[0] != "signoz-editor" {
		r.t.Errorf("payments-ci: %+v", account)
	}
	if keys := r.on.Keys(account.ID); len(keys) != 2 || keys[0].ExpiresAt.IsZero() {
		r.t.Errorf("the keys of payments-ci: %+v", keys)
	}
	r.ends(0, "plan", "-detailed-exitcode", "-input=false")
	r.ownTests("complete/*.tftest.hcl")
}

// The checks fail for what is wrong, and for nothing else.
func (r *exampleRun) driftWatch() {
	r.t.Helper()
	ci := r.on.CreateAccount("ci", "signoz-viewer")
	r.on.CreateKey(ci.ID, "soon", r.on.Clock().Now().Add(24*time.Hour))
	r.on.CreateKey(ci.ID, "past", r.on.Clock().Now().Add(-time.Hour))
	r.on.CreateKey(ci.ID, "by-hand", r.on.Clock().Now().Add(2000*time.Hour))
	r.on.CreateKey(ci.ID, "nightly-retired-abcdefghijkl", r.on.Clock().Now().Add(2*time.Hour))
	r.on.CreateKey(ci.ID, "terraform-abcdefghijkl", r.on.Clock().Now().Add(15*time.Minute)) // of a run under way
	r.copy("drift-watch/*.tf", "drift-watch/inventory/*.tf")
	r.env = []string{`TF_VAR_may_never_expire=["terraform/terraform"]`, "TF_VAR_expired_after=30m", `TF_VAR_known_keys={"terraform"=["terraform"],"ci"=["soon|past"]}`}
	r.succeeds("init", "-input=false")
	r.succeeds("plan", "-input=false", "-out=watch.tfplan")

	var plan struct {
		Checks []struct {
			Address struct {
				Name string `json:"name"`
			} `json:"address"`
			Status    string `json:"status"`
			Instances []struct {
				Problems []struct {
					Message string `json:"message"`
				} `json:"problems"`
			} `json:"instances"`
		} `json:"checks"`
	}
	if err := json.Unmarshal([]byte(r.succeeds("show", "-json", "watch.tfplan")), &plan); err != nil {
		r.t.Fatal(err)
	}
	said := map[string]string{}
	for _, check := range plan.Checks {
		said[check.Address.Name] = check.Status
		for _, instance := range check.Instances {
			for _, problem := range instance.Problems {
				said[check.Address.Name] += ": " + problem.Message
			}
		}
	}
	for name, starts := range map[string]string{
		"no_key_expires_soon":    "fail: Expire within 168h: ci/soon (",
		"no_expired_key_is_left": "fail: Have expired and should be revoked or extended: ci/past.",
		"every_key_expires":      "pass",
		"every_key_is_used":      "pass",
		"no_unknown_account":     "pass",

		"no_unknown_key":           "fail: Keys that are not declared: ci/by-hand (created ",
		"no_retired_key_is_in_use": "pass",
		"every_new_key_is_used":    "pass",
	} {
		if !strings.HasPrefix(said[name], starts) {
			r.t.Errorf("check %s: %q, not %q", name, said[name], starts)
		}
	}
	r.ownTests("drift-watch/*.tftest.hcl")
}

// A module's tests pass with a bare mock of the provider, with values given to
// it, and against a server, which then has what it had before.
func (r *exampleRun) testedModule() {
	r.t.Helper()
	if !r.terraform.has(7, 8) {
		r.t.Skip("no mocks")
	}
	r.copy("tested-module/*.tf", "tested-module/tests/*.hcl", "tested-module/tests/*/*.tf")
	const mocked, values, server = "-filter=tests/mocked.tftest.hcl", "-filter=tests/values.tftest.hcl", "-filter=tests/server.tftest.hcl"
	r.succeeds("init", "-input=false")
	r.withoutServer(func() { r.contains(r.succeeds("test", mocked, values), "4 passed, 0 failed.") })
	// What other providers' mocks make up isn't judged before the plan.
	r.write("encrypted.tf", `resource "signoz_service_account_key" "encrypted" {
  service_account_id  = signoz_service_account.pipeline.id
  name                = "encrypted"
  rotate_when_changed = { made_by = data.signoz_me.terraform.id }
  encrypt_to          = { github_public_key = data.signoz_me.terraform.email }
}

resource "signoz_service_account_key" "encrypted_to_age" {
  service_account_id = data.signoz_service_account.dashboards.id
  name               = "encrypted"
  encrypt_to         = { age_recipients = [data.signoz_me.terraform.email] }
}
`)
	r.withoutServer(func() { r.contains(r.succeeds("test", mocked, values), "4 passed, 0 failed.") })
	fatal(r.t, os.Remove(filepath.Join(r.dir, "encrypted.tf")))

	before := len(r.on.AllKeys())
	r.contains(r.succeeds("test", server), "3 passed, 0 failed.")
	if after := len(r.on.AllKeys()); after != before {
		r.t.Errorf("there were %d keys before the tests, and are %d now", before, after)
	}

	if !r.terraform.has(10, 12) {
		return
	}
	r.write("ephemeral.tf", `ephemeral "signoz_service_account_key" "run" {
  service_account_id = signoz_service_account.pipeline.id
}

ephemeral "signoz_service_account_key_value" "pipeline" {
  count         = var.pipeline == "payments" ? 1 : 0
  encrypted_key = signoz_service_account_key.pipeline.key
}
`)
	r.contains(r.succeeds("test", server), "3 passed, 0 failed.")
	r.withoutServer(func() {
		switch {
		case r.terraform.isTofu:
			r.contains(r.succeeds("test", mocked, values), "4 passed, 0 failed.")
		case !r.terraform.has(16, 12): // as the guide says
			r.contains(r.ends(1, "test", mocked), "No ephemeral resource types in mock providers")
		}
	})
}

// The script for cron applies, rotates what is due, tells of what differs by its
// exit code, and doesn't run twice at once.
func (r *exampleRun) scheduledApply() {
	r.t.Helper()
	if _, err := exec.LookPath("flock"); err != nil {
		r.t.Skip("no flock")
	}
	r.copy("bootstrap/*.tf", "ci/scheduled-apply.sh")
	scheduled := []string{"bash", filepath.Join(r.dir, "scheduled-apply.sh"), r.dir}
	runs := func(command ...string) (code int, printed string) {
		run := exec.CommandContext(r.t.Context(), command[0], command[1:]...)
		run.Env = append(r.environment(), "TERRAFORM="+r.terraform.path)
		output, _ := run.CombinedOutput()
		return run.ProcessState.ExitCode(), string(output)
	}
	account := []string{"TF_VAR_account_name=scheduled"}
	r.env = account
	if code, printed := runs(scheduled...); code != 0 {
		r.t.Fatalf("exit code %d of the first run:\n%s", code, printed)
	}
	first := r.succeeds("output", "-raw", "api_key")
	r.env = append(account, rotateAtOnce("key_rotate_before"))
	if code, printed := runs(scheduled...); code != 2 { // changed in place; now it is due
		r.t.Fatalf("exit code %d although the key is due:\n%s", code, printed)
	}
	if code, printed := runs(scheduled...); code == 1 { // the new key is due again within a second
		r.t.Fatalf("the run that rotates failed:\n%s", printed)
	}
	if second := r.succeeds("output", "-raw", "api_key"); second == first || !r.on.KeyWorks(second) {
		r.t.Errorf("the key was rotated: %t, and works: %t", second != first, r.on.KeyWorks(second))
	}
	code, printed := runs(append([]string{"flock", filepath.Join(r.dir, ".scheduled-apply.lock")}, scheduled...)...)
	equal(r.t, "the exit code beside another run", code, 1)
	r.contains(printed, "Another run is still going on.")
}

// The guide's two configurations encrypt an OpenTofu state: the one for a state
// that is in clear text, and then the one that stays.
func (r *exampleRun) encryptedState() {
	r.t.Helper()
	if !r.terraform.isTofu || !r.terraform.has(0, 8) {
		r.t.Skip("needs OpenTofu 1.8")
	}
	var lasting, migrating string
	for _, found := range fence.FindAllStringSubmatch(readFile(r.t, "docs/guides/choose-a-key.md"), -1) {
		switch {
		case strings.Contains(found[1], "unencrypted"):
			migrating = found[1]
		case strings.Contains(found[1], "encryption {"):
			lasting = found[1]
		}
	}
	variable, _, _ := strings.Cut(lasting, "terraform {")
	r.env = []string{"TF_VAR_state_passphrase=correct horse battery staple"}
	r.write("main.tf", readFile(r.t, "examples/provider/provider.tf")+readFile(r.t, "examples/resources/signoz_service_account_key/resource.tf"))
	r.edit("main.tf", regexp.MustCompile(`(?m)^ *endpoint .*\n`), "")
	r.succeeds("init", "-input=false")
	r.succeeds("apply", "-auto-approve", "-input=false")
	values := map[string]string{"the key": r.succeeds("output", "-raw", "deploy_key")}

	r.write("encryption.tf", variable+migrating)
	r.contains(r.succeeds("apply", "-auto-approve", "-input=false"), "0 added, 0 changed, 0 destroyed")
	r.write("encryption.tf", lasting)
	r.ends(0, "plan", "-detailed-exitcode", "-input=false", "-out=plan")
	equal(r.t, "the key's value", r.succeeds("output", "-raw", "deploy_key"), values["the key"])
	for _, name := range []string{"terraform.tfstate", "plan"} {
		content, err := os.ReadFile(filepath.Join(r.dir, name))
		fatal(r.t, err)
		if !bytes.Contains(content, []byte("encrypted_data")) {
			r.t.Errorf("%s isn't encrypted", name)
		}
		wantNoSecret(r.t, name, string(content), values)
	}
}

// terraformBinary is Terraform, or OpenTofu, and its version.
type terraformBinary struct {
	path         string
	isTofu       bool
	major, minor int
}

// has tells whether it is 1.terraform, where it is Terraform, or 1.tofu, where
// it is OpenTofu, or newer.
func (b terraformBinary) has(terraform, tofu int) bool {
	least := terraform
	if b.isTofu {
		least = tofu
	}
	return b.major > 1 || b.major == 1 && b.minor >= least
}

// findTerraform finds the binary that the other acceptance tests run.
func findTerraform(t *testing.T) terraformBinary {
	t.Helper()
	path := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if path == "" {
		var err error
		if path, err = exec.LookPath("terraform"); err != nil {
			t.Skip("terraform isn't on PATH, and TF_ACC_TERRAFORM_PATH isn't set")
		}
	}
	printed, err := exec.CommandContext(t.Context(), path, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	binary, name := terraformBinary{path: path}, ""
	if _, err := fmt.Sscanf(string(printed), "%s v%d.%d", &name, &binary.major, &binary.minor); err != nil {
		t.Fatalf("%s version says %q: %v", path, printed, err)
	}
	binary.isTofu = name == "OpenTofu"
	return binary
}

// installedProvider builds the provider into a mirror, from which Terraform
// installs it without network, and returns the CLI configuration that says so.
func installedProvider(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const name, place = "terraform-provider-signoz_v0.0.1", "signoz-community/signoz/0.0.1/"
	system := place + runtime.GOOS + "_" + runtime.GOARCH
	binary := filepath.Join(buildProvider(t), "terraform-provider-signoz")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		mirror := filepath.Join(dir, registry, system)
		fatal(t, errors.Join(os.MkdirAll(mirror, 0o755), os.Link(binary, filepath.Join(mirror, name))))
	}
	settings := filepath.Join(dir, "terraform.rc")
	if err := os.WriteFile(settings, []byte("provider_installation {\n  filesystem_mirror {\n    path = "+quote(dir)+"\n  }\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return settings
}

// copy copies files of examples/ that match. Those of a module keep their
// places; examples of pages get names that tell where they are from.
func (r *exampleRun) copy(patterns ...string) {
	r.t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(repository, "examples", pattern))
		if err != nil || len(files) == 0 {
			r.t.Fatalf("no example matches %s (%v)", pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				r.t.Fatal(err)
			}
			relative, err := filepath.Rel(filepath.Join(repository, "examples"), file)
			if err != nil {
				r.t.Fatal(err)
			}
			var within string
			switch kind, rest, _ := strings.Cut(filepath.ToSlash(relative), "/"); kind {
			case "provider", "resources", "data-sources", "ephemeral-resources":
				within = strings.ReplaceAll(filepath.ToSlash(relative), "/", "_")
			default:
				within = filepath.FromSlash(rest)
			}
			target := filepath.Join(r.dir, within)
			if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, content, 0o600)); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

func (r *exampleRun) write(name, text string) {
	r.t.Helper()
	fatal(r.t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600))
}

func (r *exampleRun) edit(file string, what *regexp.Regexp, with string) {
	r.t.Helper()
	path := filepath.Join(r.dir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	edited := what.ReplaceAll(content, []byte(with))
	if bytes.Equal(edited, content) {
		r.t.Fatalf("%s has nothing like %s", file, what)
	}
	if err := os.WriteFile(path, edited, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// succeeds runs Terraform and returns what it printed to its standard output.
func (r *exampleRun) succeeds(args ...string) string {
	r.t.Helper()
	return r.ends(0, args...)
}

// ends runs Terraform, which must end with that exit code. What it printed to
// standard error is returned where it fails, and else what it printed otherwise.
func (r *exampleRun) ends(code int, args ...string) string {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), r.terraform.path, args...)
	command.Dir = r.dir
	command.Env = r.environment()
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if got := command.ProcessState.ExitCode(); got != code {
		r.t.Fatalf("terraform %s: exit code %d, not %d (%v)\n%s\n%s", strings.Join(args, " "), got, code, err, stdout.String(), stderr.String())
	}
	if code == 1 {
		return stderr.String()
	}
	return stdout.String()
}

// environment is that of the tests without variables that would change what
// Terraform or the provider do.
func (r *exampleRun) environment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "SIGNOZ_") {
			env = append(env, variable)
		}
	}
	env = append(env, "TF_CLI_CONFIG_FILE="+r.settings, "TF_CLI_ARGS=-no-color", "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "SIGNOZ_ENDPOINT="+r.on.URL)
	if r.apiKey != "" {
		env = append(env, "SIGNOZ_API_KEY="+r.apiKey)
	}
	return append(env, r.env...)
}

// contains checks what Terraform printed, however it broke the lines.
func (r *exampleRun) contains(printed string, pieces ...string) {
	r.t.Helper()
	flowing := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(printed)), " ")
	for _, piece := range pieces {
		if !strings.Contains(flowing, strings.Join(strings.Fields(piece), " ")) {
			r.t.Errorf("not printed: %s\n%s", piece, printed)
		}
	}
}

// ownTests runs the module's tests, which need no server. The files come only
// now: a version that knows tests but no mocks fails in init when they are there.
func (r *exampleRun) ownTests(files string) {
	r.t.Helper()
	if !r.terraform.has(7, 8) {
		return // no mocks
	}
	r.copy(files)
	r.env = nil
	r.withoutServer(func() { r.contains(r.succeeds("test"), "0 failed.") })
}

// withoutServer runs what needs neither a server nor a key.
func (r *exampleRun) withoutServer(run func()) {
	r.t.Helper()
	apiKey := r.apiKey
	r.apiKey = ""
	r.on.Refuse()
	run()
	r.on.Resume()
	r.apiKey = apiKey
}
