// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/values"
	"github.com/signoz-community/terraform-provider-signoz/internal/wording"
)

// adminRole is SigNoz's own role without which nobody may manage service accounts.
const adminRole = "signoz-admin"

// requireRoles reports, on the attribute at, roles that don't exist, before anything is made.
func (s *session) requireRoles(ctx context.Context, client *signoz.Client, names []string, at path.Path, diags *diag.Diagnostics) {
	if len(names) == 0 {
		return
	}
	unknown, err := client.CheckRoles(ctx, names)
	if unknown != nil {
		err = unknown
	}
	if err != nil {
		s.addRoleError(ctx, diags, at, "Can't list the roles", err)
	}
}

// checkNewRoles checks at plan time that roles exist. An unreachable server is only a warning: it
// must not fail a plan that is otherwise fine. So is a missing role, which this run may create,
// unless its name looks like a misspelling of an existing one: then it is an error.
func (s *session) checkNewRoles(ctx context.Context, names []string, at path.Path, diags *diag.Diagnostics) {
	if !s.online() || len(names) == 0 {
		return
	}
	unknown, err := s.client.CheckRoles(ctx, names)
	var unreachable *signoz.ConnectionError
	switch {
	case errors.As(err, &unreachable):
		diags.AddAttributeWarning(at, "The roles couldn't be checked", s.explain(ctx, err))
	case err != nil:
		s.addError(ctx, diags, "Can't list the roles", err)
	case unknown != nil:
		there := namesOf(unknown.Roles)
		for _, name := range unknown.Names {
			if nearestRole(name, there) != "" {
				addUnknownRole(diags, at, name, there)
				continue
			}
			diags.AddAttributeWarning(at, fmt.Sprintf("There is no role %q yet", name),
				fmt.Sprintf("If this run creates the role, ignore this warning: the apply checks again. Otherwise the apply fails. Existing roles: %s.", wording.SomeOf(there)))
		}
	}
}

func namesOf(roles []signoz.Role) []string {
	names := make([]string, len(roles))
	for i := range roles {
		names[i] = roles[i].Name
	}
	return names
}

// checkRoleCount reports at plan time that the server keeps one role per account, where it
// is known to, and more are wanted.
func (s *session) checkRoleCount(ctx context.Context, wanted, held []string, at path.Path, diags *diag.Diagnostics) {
	if !s.online() || diags.HasError() {
		return
	}
	var one *signoz.OneRoleError
	if err := s.client.CheckRoleCount(ctx, wanted, held); errors.As(err, &one) {
		addOneRole(diags, at, "Only one role per service account on this SigNoz", one)
	}
}

// addRoleError reports why an account couldn't be given roles.
func (s *session) addRoleError(ctx context.Context, diags *diag.Diagnostics, at path.Path, summary string, err error) {
	var (
		unknown *signoz.UnknownRolesError
		one     *signoz.OneRoleError
		deleted *signoz.AccountDeletedError
	)
	switch {
	case errors.As(err, &unknown):
		for _, name := range unknown.Names {
			addUnknownRole(diags, at, name, namesOf(unknown.Roles))
		}
	case errors.As(err, &one):
		addOneRole(diags, at, summary, one)
	case errors.As(err, &deleted):
		diags.AddAttributeError(path.Root("service_account_id"), summary,
			fmt.Sprintf("The account, named %q, was deleted in SigNoz, and deleted accounts can't be brought back. Use another account.", deleted.Account.Name))
	default:
		s.addError(ctx, diags, summary, err)
	}
}

func addUnknownRole(diags *diag.Diagnostics, at path.Path, name string, there []string) {
	meant := "."
	if suggestion := nearestRole(name, there); suggestion != "" {
		meant = fmt.Sprintf("; did you mean %q?", suggestion)
	}
	diags.AddAttributeError(at, fmt.Sprintf("Unknown role %q", name),
		fmt.Sprintf("SigNoz has no role of this name%s Existing roles: %s.", meant, wording.SomeOf(there)))
}

func addOneRole(diags *diag.Diagnostics, at path.Path, summary string, e *signoz.OneRoleError) {
	detail := fmt.Sprintf("This SigNoz server (%s) allows one role per service account (v0.123 and later allow several), but the configuration has %d: %s.", e.Version, len(e.Wanted), strings.Join(e.Wanted, ", "))
	if len(e.Held) > 0 {
		detail += fmt.Sprintf(" The account %q has %s now: another role would replace it.", e.Account, strings.Join(e.Held, ", "))
	}
	if e.Lost != nil {
		detail += fmt.Sprintf(" The role that was replaced couldn't be assigned again: %s", wording.Sentence(e.Lost.Error()))
	}
	diags.AddAttributeError(at, summary, detail+" Use one role, remove the other one first, or upgrade SigNoz.")
}

// checkRoleName refuses an empty name, such as that of a missing variable. The plan checks other
// names against the server (see checkNewRoles).
func checkRoleName(at path.Path, name types.String, diags *diag.Diagnostics) {
	if values.Known(name) && name.ValueString() == "" {
		diags.AddAttributeError(at, "Empty role name", "The name of a role is empty. Give the name of one, such as signoz-viewer.")
	}
}

// nearestRole knows, besides misspellings, the short forms people use: viewer, Admin.
func nearestRole(name string, names []string) string {
	if managed := "signoz-" + wording.Normalized(name); slices.Contains(names, managed) {
		return managed
	}
	return wording.Nearest(name, names)
}

func haveRoles(names []string) string {
	if len(names) == 0 {
		return "no role"
	}
	return strings.Join(names, ", ")
}

func onlyRoles(names []string) string {
	if len(names) == 0 {
		return haveRoles(names)
	}
	return "only " + haveRoles(names)
}

// difference is what a has and b lacks.
func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
