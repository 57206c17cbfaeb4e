// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// keyScene is an account whose keys Terraform manages while time passes and others change
// them: the provider goes by the clock of the server, which only the test moves.
type keyScene struct {
	*protocol

	t       *testing.T
	on      target
	account signoztest.Account
}

func newKeyScene(t *testing.T, options ...signoztest.Option) keyScene {
	t.Helper()
	t.Parallel()
	on := embedded(t, append(options, stoppedClock())...)
	return keyScene{protocol: talk(t, on, provider.WithNow(on.Clock().Now)), t: t, on: on, account: on.CreateAccount("ci")}
}

// nextRun is the same in another run of Terraform.
func (s keyScene) nextRun() keyScene {
	s.protocol = talk(s.t, s.on, provider.WithNow(s.on.Clock().Now))
	return s
}

// config is the configuration of a key of the account.
func (s keyScene) config(attributes string) string {
	return `{"service_account_id": ` + quote(s.account.ID) + `, ` + attributes + `}`
}

// inTime is the time after d, as a configuration has it.
func (s keyScene) inTime(d time.Duration) string { return quote(rfc3339(s.on.Clock().Now().Add(d))) }

func (s keyScene) pass(d time.Duration) { s.on.Clock().Advance(d) }

// changedElsewhere gives a key another name and lets it expire after d, or never.
func (s keyScene) changedElsewhere(key instance, name string, d time.Duration) {
	expiry := noExpiry
	if d != 0 {
		expiry = s.on.Clock().Now().Add(d)
	}
	s.on.UpdateKey(s.account.ID, key.text("id"), name, expiry)
}

// plans plans a configuration of a key, which must come to that action, with one warning that
// says all of these, or without any.
func (s keyScene) plans(key instance, config, action string, warns ...string) {
	s.t.Helper()
	c := s.plan(key, config)
	if c.action != action || c.said.warns(warns...) != (len(warns) > 0) {
		s.t.Errorf("the plan is to %s, should be to %s, with a warning that says %q:\n%s", c.action, action, warns, c.said.text())
	}
}

// An expired key that doesn't rotate gives a warning with the ways out, and what needs no
// request can be changed all the same.
func TestKey_warnsWhenExpired(t *testing.T) {
	for name, expiry := range map[string]string{"fixed": `"expires_at": "2026-11-25T07:00:00Z"`, "lifetime": `"valid_for": "1h"`} {
		t.Run(name, func(t *testing.T) {
			s := newKeyScene(t)
			config := s.config(`"name": "a", ` + expiry)
			key := s.create(keyKind, config)
			s.pass(2 * time.Hour)
			s.plans(s.read(key), config, "no-op", "has expired", "60 minutes ago", "Extend it", "-replace", "remove it")
			s.update(s.read(key), s.config(`"name": "a", "destroy_grace_period": "1h", `+expiry))
		})
	}
}

func TestKey_rotatesWithoutAWarningWhenExpired(t *testing.T) {
	s := newKeyScene(t)
	config := s.config(`"name": "a", "valid_for": "1h", "rotate_before": "20m"`)
	key := s.create(keyKind, config)
	s.pass(2 * time.Hour)
	s.plans(s.read(key), config, "replace")
}

// A refresh of a key that has merely expired finds nothing to remember.
func TestKey_remembersNothingOfItsExpiry(t *testing.T) {
	s := newKeyScene(t)
	key := s.create(keyKind, s.config(`"name": "a", "valid_for": "1h"`))
	s.pass(2 * time.Hour)
	equal(t, "private state", string(s.read(key).private), string(key.private))
}

// Extended elsewhere beyond the configured time, which passes: said, and left so, also after
// an update of something else.
func TestKey_extendedElsewhereIsLeftSo(t *testing.T) {
	s := newKeyScene(t)
	dated := `"name": "a", "expires_at": ` + s.inTime(day)
	key := s.create(keyKind, s.config(dated))
	s.changedElsewhere(key, "a", 9*day)
	s.pass(2 * day)
	key = s.update(s.read(key), s.config(dated+`, "destroy_grace_period": "1h"`))
	s.plans(s.read(key), s.config(dated+`, "destroy_grace_period": "1h"`), "no-op", "is valid longer than configured", "-replace")
}

// The same for a key with a lifetime: it is still known which expiry it should have.
func TestKey_extendedElsewhereKnowsItsLifetime(t *testing.T) {
	s := newKeyScene(t)
	key := s.create(keyKind, s.config(`"name": "a", "valid_for": "5d"`))
	s.changedElsewhere(key, "a", 9*365*day)
	s.pass(6 * day)
	renamed := s.config(`"name": "renamed", "valid_for": "5d"`)
	key = s.update(s.read(key), renamed)
	s.plans(s.read(key), renamed, "no-op", "is valid longer than configured")
	rotating := s.config(`"name": "renamed", "valid_for": "5d", "rotate_before": "1d"`)
	key = s.update(s.read(key), rotating)
	s.plans(s.read(key), rotating, "replace")
}

// Its expiry taken away elsewhere, a key still rotates when its time comes.
func TestKey_rotatesWithoutAnExpiry(t *testing.T) {
	s := newKeyScene(t)
	config := s.config(`"name": "a", "valid_for": "90d", "rotate_before": "30d"`)
	key := s.create(keyKind, config)
	s.changedElsewhere(key, "a", 0)
	s.pass(61 * day)
	s.plans(s.read(key), config, "replace")
}

// A key that was renamed elsewhere and expired since keeps that name, also after an update
// of something else; extended, it gets its own back.
func TestKey_renamedElsewhereAndExpired(t *testing.T) {
	for kind, name := range map[string]string{"name": `"name": "called"`, "prefix": `"name_prefix": "called-"`} {
		t.Run(kind, func(t *testing.T) {
			s := newKeyScene(t)
			config, graceful := s.config(name+`, "valid_for": "1h"`), s.config(name+`, "valid_for": "1h", "destroy_grace_period": "1h"`)
			key := s.create(keyKind, config)
			s.changedElsewhere(key, "otherwise", time.Hour)
			s.pass(2 * time.Hour)
			key = s.read(key)
			s.plans(key, config, "no-op", "has expired", "name was changed outside Terraform")
			key = s.read(s.update(key, graceful))
			s.plans(key, graceful, "no-op", "has expired")
			key = s.update(key, s.config(name+`, "valid_for": "10d"`))
			equal(t, "has its name again", strings.HasPrefix(key.text("name"), "called"), true)
		})
	}
}

// An extension of which the run never learned that it had been carried out is one all the same.
func TestKey_extendedUnnoticed(t *testing.T) {
	s := newKeyScene(t)
	made := s.on.Clock().Now()
	extended := func(lifetime string) string {
		return s.config(`"name": "a", "rotate_before": "1d", "valid_for": ` + quote(lifetime))
	}
	key := s.create(keyKind, extended("5d"))
	s.pass(6 * day)
	s.changedElsewhere(key, "a", 24*day) // valid for 30 days
	key = s.read(s.update(s.read(s.update(s.read(key), extended("30d"))), extended("31d")))
	equal(t, "expiry", key.text("expires_at"), rfc3339(made.Add(31*day)))
	s.plans(key, extended("31d"), "no-op")
}

// A key that is due isn't judged by its expiry, however old the refresh is.
func TestKey_dueThoughExtendedElsewhere(t *testing.T) {
	s := newKeyScene(t)
	config := s.config(`"name": "a", "valid_for": "5d", "rotate_before": "1d"`)
	key := s.create(keyKind, config)
	s.changedElsewhere(key, "a", 30*day)
	s.pass(4*day + time.Hour)
	key = s.read(key)
	s.plans(key, config, "replace")
	s.pass(day)
	s.plans(key, config, "replace")
}

// A key that was revoked elsewhere when it had expired isn't taken for a mistake in the
// configuration, also where its expiry or its name was changed before.
func TestKey_revokedElsewhereAfterItsExpiry(t *testing.T) {
	for name, before := range map[string]func(s keyScene, key instance){
		"as configured":  func(keyScene, instance) {},
		"moved before":   func(s keyScene, key instance) { s.changedElsewhere(key, "a", 9*day) },
		"renamed before": func(s keyScene, key instance) { s.changedElsewhere(key, "otherwise", day) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyScene(t)
			config := s.config(`"name": "a", "expires_at": ` + s.inTime(day))
			key := s.create(keyKind, config)
			before(s, key)
			s.pass(2 * day)
			s.refused("The expiry lies in the past").plan(s.none(keyKind), config)
			key = s.read(key)
			s.on.RevokeKey(s.account.ID, key.text("id"))
			s = s.nextRun()
			equal(t, "the key is gone", s.read(key).gone(), true)
			s.plans(s.none(keyKind), config, "create", "Key can't be re-created", "remove the resource")
		})
	}
}

// The name of an expired key can't change, but one that isn't known yet may turn out the same.
func TestKey_expiredWithUnknownName(t *testing.T) {
	s := newKeyScene(t)
	config := s.config(`"name": "a", "valid_for": "1h"`)
	key := s.create(keyKind, config)
	s.pass(2 * time.Hour)
	s.plan(s.read(key), config, "name")
}

// The refresh decides whether a key is due, so that the plan made once more
// during the apply, a while later, says the same.
func TestKey_windowOpensBeforeTheApply(t *testing.T) {
	s := newKeyScene(t)
	config := func(grace string) string {
		return s.config(`"name": "a", "valid_for": "1h", "rotate_before": "30m", "destroy_grace_period": ` + quote(grace))
	}
	key := s.read(s.create(keyKind, config("1m")))
	s.pass(45 * time.Minute)
	s.plans(key, config("1m"), "no-op")
	key = s.read(key)
	s.plans(key, config("1m"), "replace")
	s.plans(key, config("2m"), "update") // doesn't end the key with the old grace period
}

// Nor does time that passes between plan and apply make the plan of the apply another one:
// what can't be had any more is an error.
func TestKey_timePassesBeforeTheApply(t *testing.T) {
	for name, test := range map[string]struct {
		expiry    string        // as configured
		elsewhere string        // the name given elsewhere, if another one
		after     time.Duration // the expiry given elsewhere; 0: none
		refused   string
	}{
		"dated, moved later":        {`"expires_at": "2026-11-26T06:00:00Z"`, "", 9 * day, "has passed since SigNoz was read"},
		"dated, moved sooner":       {`"expires_at": "2026-11-26T06:00:00Z"`, "", day / 4, "has passed since SigNoz was read"},
		"lifetime, moved later":     {`"valid_for": "24h"`, "", 9 * day, "has passed since SigNoz was read"},
		"lifetime, expiry removed":  {`"valid_for": "24h"`, "", 0, "has passed since SigNoz was read"},
		"lifetime, and renamed too": {`"valid_for": "24h"`, "otherwise", day, "An expired key can't be renamed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyScene(t)
			config := s.config(`"name": "a", ` + test.expiry)
			key := s.create(keyKind, config)
			s.changedElsewhere(key, cmp.Or(test.elsewhere, "a"), test.after)
			s.pass(day / 2)
			key = s.read(key)
			s.plans(key, config, "update")
			s.pass(day)
			s.refused(test.refused).plan(key, config)
			if c := s.plan(s.read(key), config); c.action != "no-op" || !c.said.warns() {
				t.Errorf("read again: %s %s", c.action, c.said.text())
			}
		})
	}
}

// What SigNoz refuses in the apply, because of what happened since the plan, says what to do.
func TestKey_refusedInTheApply(t *testing.T) {
	t.Run("expiry passed", func(t *testing.T) {
		s := newKeyScene(t)
		key := s.create(keyKind, s.config(`"name": "a"`))
		planned := s.plan(key, s.config(`"name": "a", "expires_at": `+s.inTime(time.Hour)))
		s.pass(2 * time.Hour)
		s.refused("The expiry lies in the past").apply(planned) // Terraform plans once more
		after := s.applied(t.Context(), key, planned.planned, planned.config)
		s.refused(`Can't update the key "a"`, "an expiry that has passed since the plan was made", "plan again").judge("the time passes later still", nil, after.said)
	})
	t.Run("key revoked", func(t *testing.T) {
		s := newKeyScene(t)
		key := s.create(keyKind, s.config(`"name": "a"`))
		planned := s.plan(key, s.config(`"name": "b"`))
		s.on.RevokeKey(s.account.ID, key.text("id"))
		s.refused(`Can't update the key "a"`, "removed in SigNoz after this plan was made").apply(planned)
	})
}

// A lifetime counts from the creation, also when it comes later; given, moved and taken
// back, it never changes the value.
func TestKey_lifetimeOfExistingKeys(t *testing.T) {
	s := newKeyScene(t)
	made := s.on.Clock().Now()
	key := s.create(keyKind, s.config(`"name": "a"`))
	value := key.text("key")
	s.pass(10 * day)
	for _, step := range []struct {
		attribute string
		want      time.Time
	}{
		{`, "valid_for": "30d"`, made.Add(30 * day)},
		{`, "valid_for": "40d"`, made.Add(40 * day)},
		{`, "expires_at": ` + s.inTime(5*day), made.Add(15 * day)},
		{`, "valid_for": "20d"`, made.Add(20 * day)},
		{``, noExpiry},
	} {
		key = s.update(key, s.config(`"name": "a"`+step.attribute))
		if held, _ := s.on.KeyByName(s.account.ID, "a"); !held.ExpiresAt.Equal(step.want) {
			t.Errorf("with %q the key expires at %s, should be %s", step.attribute, held.ExpiresAt, step.want)
		}
	}
	s.refused("valid_for", "would have expired already", "5 days ago").plan(key, s.config(`"name": "a", "valid_for": "5d"`))
	equal(t, "the value is the same", key.text("key"), value)
	equal(t, "the value works", s.on.KeyWorks(value), true)
}

// The same instant in another notation is no change.
func TestKey_expiryInAnotherNotation(t *testing.T) {
	s := newKeyScene(t)
	at := s.on.Clock().Now().Add(5 * day)
	key := s.create(keyKind, s.config(`"name": "a", "expires_at": `+quote(rfc3339(at))))
	s.plans(s.read(key), s.config(`"name": "a", "expires_at": `+quote(at.In(time.FixedZone("", -7*3600)).Format(time.RFC3339))), "no-op")
}

// Names made from a prefix are unique and follow the prefix; the longest prefix fits.
func TestKey_namePrefix(t *testing.T) {
	s := newKeyScene(t, signoztest.WithVersion(signoztest.V0_118_0)) // which takes letters only
	deploy := s.config(`"name_prefix": "deploy-"`)
	first, second := s.create(keyKind, deploy), s.create(keyKind, deploy)
	if a, b := first.text("name"), second.text("name"); a == b || !strings.HasPrefix(a, "deploy-") || len(a) <= len("deploy-")+8 {
		t.Errorf("names %q and %q", a, b)
	}
	s.create(keyKind, s.config(`"name_prefix": `+quote(strings.Repeat("x", 68))))
	s.plans(first, s.config(`"name_prefix": "other-"`), "replace")
}

// From a prefix to a name and back, the key stays; renamed elsewhere, it gets a name of its
// prefix again.
func TestKey_prefixAndName(t *testing.T) {
	s := newKeyScene(t, signoztest.WithVersion(signoztest.V0_118_0))
	made := s.create(keyKind, s.config(`"name_prefix": "deploy-"`))
	key := s.update(s.update(made, s.config(`"name": "fixed"`)), s.config(`"name_prefix": "again-"`))
	equal(t, "the value", key.text("key"), made.text("key"))
	equal(t, "the name is one of the prefix", strings.HasPrefix(key.text("name"), "again-"), true)
	s.changedElsewhere(key, "stray", 0)
	key = s.update(s.read(key), s.config(`"name_prefix": "again-"`))
	equal(t, "the name is one of the prefix", strings.HasPrefix(key.text("name"), "again-"), true)
}

// Destroying with a grace period: never later than the key's own expiry, the
// name is free at once, and what can't be retired is revoked.
func TestKey_destroyGracePeriod(t *testing.T) {
	for name, test := range map[string]struct {
		attributes string
		advance    time.Duration // before the destroy
		worksFor   time.Duration // after it; 0: not at all
	}{
		"none":               {`"name": "a"`, 0, 0},
		"zero":               {`"name": "a", "destroy_grace_period": "0s"`, 0, 0},
		"fixed name":         {`"name": "a", "destroy_grace_period": "2h"`, 0, 2 * time.Hour},
		"prefix":             {`"name_prefix": "a-", "destroy_grace_period": "2h"`, 0, 2 * time.Hour},
		"expires sooner":     {`"name": "a", "valid_for": "1h", "destroy_grace_period": "2h"`, 0, time.Hour},
		"prefix, sooner":     {`"name_prefix": "a-", "valid_for": "1h", "destroy_grace_period": "2h"`, 0, time.Hour},
		"expired":            {`"name": "a", "valid_for": "1h", "destroy_grace_period": "2h"`, 3 * time.Hour, 0},
		"less than a second": {`"name": "a", "destroy_grace_period": "1ms"`, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newKeyScene(t)
			key := s.create(keyKind, s.config(test.attributes))
			value := key.text("key")
			s.pass(test.advance)
			s.on.ResetRequests()
			s.destroy(s.read(key))
			if n := s.on.CountRequests("PUT", "**") + s.on.CountRequests("DELETE", "**"); n > 1 {
				t.Errorf("%d requests, want one", n)
			}
			equal(t, "right after the destroy, the key works", s.on.KeyWorks(value), test.worksFor > 0)
			if _, taken := s.on.KeyByName(s.account.ID, "a"); taken {
				t.Error("the name is still taken")
			}
			if test.worksFor > 0 {
				s.pass(test.worksFor - time.Second/2)
				equal(t, "at the end of its grace period, the key works", s.on.KeyWorks(value), true)
			}
			s.pass(time.Second)
			equal(t, "after its grace period, the key works", s.on.KeyWorks(value), false)
		})
	}
}

// A legacy name, which SigNoz takes no more, doesn't cost a key its grace period.
func TestKey_legacyNameRetires(t *testing.T) {
	s := newKeyScene(t)
	value := s.on.CreateKey(s.account.ID, "Old.Key_1", noExpiry).Value
	s.destroy(s.update(s.importID(keyKind, "ci/Old.Key_1"), s.config(`"name": "Old.Key_1", "destroy_grace_period": "24h"`)))
	equal(t, "after the destroy, the key works", s.on.KeyWorks(value), true)
	s.pass(25 * time.Hour)
	equal(t, "after its grace period, the key works", s.on.KeyWorks(value), false)
}

// A fixed name is free again when the key is retired, also one that was taken up by a prefix.
func TestKey_retiredKeysFreeTheirNames(t *testing.T) {
	s := newKeyScene(t)
	key := s.create(keyKind, s.config(`"name": "ci-deploy"`))
	key = s.update(key, s.config(`"name_prefix": "ci-", "destroy_grace_period": "24h"`))
	equal(t, "name", key.text("name"), "ci-deploy")
	s.destroy(key)
	s.create(keyKind, s.config(`"name": "ci-deploy"`))
}

// A name of the provider's own making says too that the key is retired.
func TestKey_retiredPrefixSaysSo(t *testing.T) {
	s := newKeyScene(t)
	key := s.create(keyKind, s.config(`"name_prefix": "ci-", "destroy_grace_period": "24h"`))
	s.destroy(key)
	retired := s.on.Keys(s.account.ID)
	if len(retired) != 1 || !strings.HasPrefix(retired[0].Name, key.text("name")+"-retired-") || retired[0].ExpiresAt.IsZero() {
		t.Errorf("the account has %+v", retired)
	}
}
