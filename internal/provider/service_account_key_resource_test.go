// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

const keyAddress = "signoz_service_account_key.deploy"

// key is the configuration of an account made beside Terraform and of one key of it.
func (on target) key(accountID, attributes string) string {
	return on.provider() + fmt.Sprintf("resource \"signoz_service_account_key\" \"deploy\" {\n  service_account_id = %q\n  %s\n}\n", accountID, attributes)
}

// accountElsewhere makes an account that Terraform doesn't manage.
func (on target) accountElsewhere(t *testing.T) string {
	t.Helper()
	client := on.client(t)
	id, err := client.CreateServiceAccount(t.Context(), letters("keys"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.DeleteServiceAccount(context.Background(), id); err != nil { //nolint:usetesting // t.Context() is over then
			t.Error(err)
		}
	})
	return id
}

// clocked runs steps with a provider that lives in the embedded server's time.
func (on target) clocked(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(provider.WithNow(on.Clock().Now)), Steps: steps})
}

// workingKeys are the keys of the account that are let in now.
func (on target) workingKeys(accountID string) []signoztest.Key {
	var working []signoztest.Key
	for _, k := range on.Keys(accountID) {
		if on.KeyWorks(k.Value) {
			working = append(working, k)
		}
	}
	return working
}

// stateValue reads an attribute of the key out of the state of a step.
func stateValue(t *testing.T, s *tfState, attribute string) string {
	t.Helper()
	r, ok := s.RootModule().Resources[keyAddress]
	if !ok {
		t.Fatalf("%s isn't in the state", keyAddress)
	}
	return r.Primary.Attributes[attribute]
}

// Rotation, truly applied: nothing before the window, a replacement in it, the
// old key working through its grace period and refused after it, and again.
func TestAccKey_rotation(t *testing.T) {
	t.Parallel()
	const window = 76 * 24 * time.Hour // 90 days less 14
	variants := map[string]string{
		"create before destroy": `
  name_prefix          = "deploy-"
  destroy_grace_period = "24h"
  lifecycle { create_before_destroy = true }`,
		"destroy before create": `
  name                 = "deploy"
  destroy_grace_period = "24h"`,
		"revoked at once": `
  name = "deploy"`,
	}
	for variant, attributes := range variants {
		t.Run(variant, func(t *testing.T) {
			on := embeddedOnly(t, stoppedClock())
			account := on.CreateAccount("keys")
			config := on.key(account.ID, "valid_for = \"90d\"\n  rotate_before = \"14d\"\n"+attributes)
			graceful := strings.Contains(attributes, "destroy_grace_period")
			var values []string
			remember := func(s *tfState) error { values = append(values, stateValue(t, s, "key")); return nil }
			rotated := func(s *tfState) error {
				_ = remember(s)
				old, fresh := values[len(values)-2], values[len(values)-1]
				switch {
				case old == fresh:
					t.Error("the value stayed")
				case !on.KeyWorks(fresh):
					t.Error("the new key doesn't work")
				case on.KeyWorks(old) != graceful:
					t.Errorf("the old key works: %v, want %v", !graceful, graceful)
				}
				return nil
			}
			replaced := planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionDestroyBeforeCreate))
			if strings.Contains(attributes, "create_before_destroy") {
				replaced = planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionCreateBeforeDestroy))
			}
			ready := func(is bool) []statecheck.StateCheck {
				return []statecheck.StateCheck{statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("ready_for_rotation"), knownvalue.Bool(is))}
			}
			advance := func(d time.Duration) func() { return func() { on.Clock().Advance(d) } }
			on.clocked(t,
				resource.TestStep{Config: config, Check: remember, ConfigStateChecks: ready(false)},
				resource.TestStep{PreConfig: advance(window - time.Hour), Config: config, ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
				resource.TestStep{PreConfig: advance(2 * time.Hour), Config: config, ConfigPlanChecks: replaced, Check: rotated, ConfigStateChecks: ready(false)},
				resource.TestStep{
					// The grace period ends by itself, and without Terraform.
					PreConfig: func() {
						on.Clock().Advance(25 * time.Hour)
						if n := len(on.workingKeys(account.ID)); n != 1 {
							t.Errorf("%d keys work after the grace period, want 1", n)
						}
					},
					Config: config, ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan()),
				},
				resource.TestStep{PreConfig: advance(window), Config: config, ConfigPlanChecks: replaced, Check: rotated},
			)
			on.Clock().Advance(25 * time.Hour)
			if n := len(on.workingKeys(account.ID)); n != 0 {
				t.Errorf("%d keys work after the destroy and its grace period, want none", n)
			}
		})
	}
}

// A refresh shows that rotation is due, and changing what rotation goes by never
// replaces the key: the new values take effect with the next plan.
func TestAccKey_lifetimeChangesInPlace(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	account := on.CreateAccount("keys")
	key := func(validFor, rotateBefore, grace string) string {
		return on.key(account.ID, fmt.Sprintf("name = \"deploy\"\n  valid_for = %q\n  rotate_before = %q\n  destroy_grace_period = %q", validFor, rotateBefore, grace))
	}
	sameValue := statecheck.CompareValue(compare.ValuesSame())
	same := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{sameValue.AddStateValue(keyAddress, tfjsonpath.New("key"))}
	}
	update := planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate))
	var made time.Time
	expiresIn := func(want time.Duration) resource.TestCheckFunc {
		return func(*tfState) error {
			k, _ := on.KeyByName(account.ID, "deploy")
			if made.IsZero() {
				made = k.ExpiresAt.Add(-want)
			}
			if got := k.ExpiresAt.Sub(made); got != want {
				t.Errorf("the key expires after %s, want %s", got, want)
			}
			return nil
		}
	}
	const days = 24 * time.Hour
	on.clocked(t,
		resource.TestStep{Config: key("90d", "14d", "1h"), ConfigStateChecks: same(), Check: expiresIn(90 * days)},
		resource.TestStep{Config: key("2160h", "336h", "60m"), ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			PreConfig: func() { on.Clock().Advance(10 * days) },
			Config:    key("120d", "14d", "1h"), ConfigPlanChecks: update, ConfigStateChecks: same(), Check: expiresIn(120 * days),
		},
		resource.TestStep{
			PreConfig: func() { on.ResetRequests() },
			Config:    key("120d", "30d", "2h"), ConfigPlanChecks: update, ConfigStateChecks: same(),
			Check: func(*tfState) error {
				if n := on.CountRequests("PUT", "**"); n != 0 {
					t.Errorf("%d updates were sent for what only the state has", n)
				}
				return nil
			},
		},
		// 10 of 120 days have passed; with 115 days of warning the key is due, but not in this plan.
		resource.TestStep{Config: key("120d", "115d", "2h"), ConfigPlanChecks: update, ConfigStateChecks: same(), ExpectNonEmptyPlan: true},
		resource.TestStep{Config: key("120d", "14d", "2h"), ConfigPlanChecks: update, ConfigStateChecks: same()},
		resource.TestStep{Config: key("5d", "1d", "2h"), ExpectError: unwrapped("The key would have expired already")},
		resource.TestStep{
			// An expiry moved elsewhere is moved back, although the configuration has no time in it.
			PreConfig: func() {
				k, _ := on.KeyByName(account.ID, "deploy")
				on.UpdateKey(account.ID, k.ID, "deploy", time.Time{})
			},
			Config: key("120d", "14d", "2h"), ConfigPlanChecks: update, ConfigStateChecks: same(), Check: expiresIn(120 * days),
		},
		resource.TestStep{
			PreConfig: func() { on.Clock().Advance(107 * days) },
			Config:    key("120d", "14d", "2h"), PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{},
		},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.TestCheckResourceAttr(keyAddress, "ready_for_rotation", "true"),
		},
	)
}

// A key that expired breaks no plan; extending it revives the same value.
func TestAccKey_expired(t *testing.T) {
	on := embeddedOnly(t, stoppedClock())
	account := on.CreateAccount("keys")
	dated := func(name string, in time.Duration, extra string) string {
		return on.key(account.ID, fmt.Sprintf("name = %q\n  expires_at = %q\n  %s", name, on.Clock().Now().Add(in).UTC().Format(time.RFC3339), extra))
	}
	hour := dated("deploy", time.Hour, "")
	sameValue := statecheck.CompareValue(compare.ValuesSame())
	same := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{sameValue.AddStateValue(keyAddress, tfjsonpath.New("key"))}
	}
	on.clocked(t,
		resource.TestStep{Config: hour, ConfigStateChecks: same()},
		resource.TestStep{
			PreConfig: func() { on.Clock().Advance(2 * time.Hour) },
			Config:    hour, ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan()),
		},
		resource.TestStep{Config: strings.Replace(hour, "deploy\"\n  expires", "renamed\"\n  expires", 1), ExpectError: unwrapped("An expired key can't be renamed")},
		resource.TestStep{Config: dated("deploy", time.Minute, ""), ExpectError: unwrapped("The expiry lies in the past")},
		resource.TestStep{
			Config:            dated("deploy", 5*time.Hour, ""), // written when the clock stood two hours earlier
			ConfigPlanChecks:  planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate)),
			ConfigStateChecks: same(),
			Check: func(s *tfState) error {
				if !on.KeyWorks(stateValue(t, s, "key")) {
					t.Error("the extended key doesn't work")
				}
				return nil
			},
		},
	)
}

func TestAccKey_changedElsewhere(t *testing.T) {
	on := oneTarget(t)
	accountID := on.accountElsewhere(t)
	expiry := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	config := on.key(accountID, fmt.Sprintf("name = \"deploy\"\n  expires_at = %q", expiry.Format(time.RFC3339)))
	client := on.client(t)
	var id string
	change := func(change func() error) func() {
		return func() {
			if err := change(); err != nil {
				t.Fatal(err)
			}
		}
	}
	acceptance(t,
		resource.TestStep{Config: config, Check: func(s *tfState) error { id = stateValue(t, s, "id"); return nil }},
		resource.TestStep{
			PreConfig: change(func() error {
				return client.UpdateKey(t.Context(), accountID, id, "renamed-elsewhere", time.Time{})
			}),
			Config:           config,
			ConfigPlanChecks: planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate)),
			Check: func(s *tfState) error {
				key, err := on.client(t).Key(t.Context(), accountID, stateValue(t, s, "id"))
				if err != nil || key == nil || key.Name != "deploy" || !key.ExpiresAt.Equal(expiry) {
					t.Errorf("the server holds %+v (%v)", key, err)
				}
				return err
			},
		},
		resource.TestStep{
			PreConfig:        change(func() error { return client.RevokeKey(t.Context(), accountID, id) }),
			Config:           config,
			ConfigPlanChecks: planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionCreate)),
			Check: func(s *tfState) error {
				_, err := clientWith(t, on.endpoint, stateValue(t, s, "key")).Me(t.Context())
				return err
			},
		},
		resource.TestStep{
			// The account goes, and its keys with it.
			PreConfig: change(func() error { return client.DeleteServiceAccount(t.Context(), accountID) }),
			Config:    config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
	)
}

// An imported key has no value and never gets one, whatever is changed.
func TestAccKey_imported(t *testing.T) {
	on := oneTarget(t)
	accountID := on.accountElsewhere(t)
	created, err := on.client(t).CreateKey(t.Context(), accountID, signoz.NewKey{Name: "by-hand"})
	if err != nil {
		t.Fatal(err)
	}
	null := statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("key"), knownvalue.Null())
	acceptance(t,
		resource.TestStep{
			Config: on.key(accountID, `name = "by-hand"`), ResourceName: keyAddress, ImportState: true, ImportStatePersist: true,
			ImportStateId: accountID + "/" + created.ID,
		},
		resource.TestStep{Config: on.key(accountID, `name = "by-hand"`), ConfigPlanChecks: planned(plancheck.ExpectEmptyPlan())},
		resource.TestStep{
			// A prefix and a lifetime are taken up in place too.
			Config:            on.key(accountID, "name_prefix = \"adopted-\"\n  valid_for = \"90d\"\n  rotate_before = \"30d\""),
			ConfigPlanChecks:  planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate)),
			ConfigStateChecks: []statecheck.StateCheck{null},
			Check: func(*tfState) error {
				_, err := clientWith(t, on.endpoint, created.Value).Me(t.Context())
				return err
			},
		},
		resource.TestStep{
			Config:            on.key(accountID, "name_prefix = \"adopted-\"\n  valid_for = \"90d\"\n  rotate_before = \"30d\""),
			ConfigPlanChecks:  planned(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{null},
		},
	)
}

// Rotation by the real clock, with windows of seconds: only a real server needs
// that, the embedded one has a clock to move.
func TestAccKey_rotationInRealTime(t *testing.T) {
	on := oneTarget(t)
	if on.Server != nil {
		t.Skip("needs a real server; with the embedded one TestAccKey_rotation proves the same")
	}
	accountID := on.accountElsewhere(t)
	config := on.key(accountID, `
  name_prefix          = "deploy-"
  valid_for            = "60s"
  rotate_before        = "40s"
  destroy_grace_period = "8s"
  lifecycle { create_before_destroy = true }`)
	works := func(value string) bool {
		_, err := clientWith(t, on.endpoint, value).Me(t.Context())
		return err == nil
	}
	var old, fresh string
	acceptance(t,
		resource.TestStep{Config: config, Check: func(s *tfState) error { old = stateValue(t, s, "key"); return nil }},
		resource.TestStep{
			PreConfig:        func() { time.Sleep(21 * time.Second) }, //nolint:forbidigo // a real server's clock can't be moved
			Config:           config,
			ConfigPlanChecks: planned(plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionCreateBeforeDestroy)),
			Check: func(s *tfState) error {
				if fresh = stateValue(t, s, "key"); !works(old) || !works(fresh) {
					t.Errorf("old works: %v, new works: %v, want both", works(old), works(fresh))
				}
				time.Sleep(9 * time.Second) //nolint:forbidigo // a real server's clock can't be moved
				if works(old) || !works(fresh) {
					t.Errorf("after the grace period old works: %v, new works: %v", works(old), works(fresh))
				}
				return nil
			},
		},
	)
}
