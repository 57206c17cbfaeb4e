// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// The cases of known_cases_test.go in which it is the CLI's own behavior that matters, in
// the real CLI.

// An account that couldn't be completed is no dead end under create_before_destroy, which
// Terraform passes on from the key to its account; and one that can't be made again says why.
func TestAccAccount_halfMadeUnderCreateBeforeDestroy(t *testing.T) {
	on := embeddedOnly(t)
	c := newCommandLine(t, on, buildProvider(t))
	c.write("main.tf", usesProvider+`
resource "signoz_service_account" "ci" {
  name  = "half"
  roles = ["signoz-viewer"]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id = signoz_service_account.ci.id
  name_prefix        = "deploy-"
  valid_for          = "90d"
  rotate_before      = "14d"
  lifecycle {
    create_before_destroy = true
  }
}
`)
	on.Inject(signoztest.Fault{Method: http.MethodPost, Path: "/api/v1/service_account_roles", Answer: signoztest.Status(http.StatusForbidden)})
	c.fails("deleted again", "apply", "-auto-approve", "-no-color")
	on.ClearFaults()
	c.run("apply", "-auto-approve", "-no-color")
	c.run("plan", "-no-color", "-detailed-exitcode") // exit code 2 would mean changes, and ends the test
	c.run("taint", "signoz_service_account.ci")
	c.fails("terraform untaint", "apply", "-auto-approve", "-no-color")
}

// An account id that is known only during the apply ends no key and takes no role: they
// stay if it comes out the same, and move, the old value with its grace period, if not.
func TestAccKey_unknownAccount(t *testing.T) {
	on := oneTarget(t)
	ids := []string{on.accountElsewhere(t), on.accountElsewhere(t)}
	c := newCommandLine(t, on, buildProvider(t))
	applies := func(id, trigger string) {
		t.Helper()
		c.write("main.tf", usesProvider+fmt.Sprintf(`
resource "terraform_data" "account" {
  input            = %q
  triggers_replace = %q
}

resource "signoz_service_account_key" "deploy" {
  service_account_id   = terraform_data.account.output
  name                 = "deploy"
  destroy_grace_period = "1h"
}

resource "signoz_service_account_role" "viewer" {
  service_account_id = terraform_data.account.output
  role               = "signoz-viewer"
}
`, id, trigger))
		c.run("apply", "-auto-approve", "-no-color")
	}
	keys := func(account string) []signoz.Key {
		t.Helper()
		found, err := on.client(t).Keys(t.Context(), account)
		fatal(t, err)
		return found
	}

	applies(ids[0], "1")
	before := keys(ids[0])
	applies(ids[0], "2")
	if now := keys(ids[0]); len(now) != 1 || now[0].ID != before[0].ID || !now[0].ExpiresAt.IsZero() {
		t.Fatalf("the keys %+v became %+v", before, now)
	}
	applies(ids[1], "3")
	old, made := keys(ids[0]), keys(ids[1])
	if len(old) != 1 || len(made) != 1 || made[0].Name != "deploy" || time.Until(old[0].ExpiresAt) > time.Hour+time.Minute {
		t.Fatalf("the old account has %+v, the new one %+v", old, made)
	}
	c.run("plan", "-no-color", "-detailed-exitcode") // exit code 2 would mean changes, and ends the test
	c.run("destroy", "-auto-approve", "-no-color")
}
