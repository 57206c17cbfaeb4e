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
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// roleIDs maps the names of roles to their ids. Where a name is unknown the list
// is read once more: the role may have been made since.
func roleIDs(ctx context.Context, client *signoz.Client, names []string) (map[string]string, []string, error) {
	roles, err := client.Roles(ctx)
	if err != nil {
		return nil, nil, err
	}
	if slices.ContainsFunc(names, func(name string) bool { return roleNamed(roles, name) == nil }) {
		client.RefreshRoles()
		if roles, err = client.Roles(ctx); err != nil {
			return nil, nil, err
		}
	}
	ids := make(map[string]string, len(names))
	var missing []string
	for _, name := range names {
		if role := roleNamed(roles, name); role != nil {
			ids[name] = role.ID
			continue
		}
		missing = append(missing, name)
	}
	return ids, missing, nil
}

func roleNamed(roles []signoz.Role, name string) *signoz.Role {
	i := slices.IndexFunc(roles, func(r signoz.Role) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return &roles[i]
}

// resolveRoles maps the names of roles to their ids and reports, on the
// attribute at, those that don't exist, with the likely spelling.
func (s *session) resolveRoles(ctx context.Context, client *signoz.Client, names []string, at path.Path, diags *diag.Diagnostics) map[string]string {
	ids, missing, err := roleIDs(ctx, client, names)
	if err != nil {
		s.addError(ctx, diags, "Can't list the roles", err)
		return nil
	}
	for _, name := range missing {
		diags.AddAttributeError(at, fmt.Sprintf("Unknown role %q", name), s.noRoleNamed(ctx, client, name))
	}
	return ids
}

// checkNewRoles does the same at plan time, where the server may be out of reach: that must
// not fail a plan that is otherwise fine, but is said.
func (s *session) checkNewRoles(ctx context.Context, names []string, at path.Path, diags *diag.Diagnostics) {
	if !s.online() || len(names) == 0 {
		return
	}
	_, missing, err := roleIDs(ctx, s.client, names)
	var unreachable *signoz.ConnectionError
	if errors.As(err, &unreachable) {
		diags.AddAttributeWarning(at, "The roles couldn't be checked", s.explain(ctx, err))
		return
	}
	if err != nil {
		s.addError(ctx, diags, "Can't list the roles", err)
		return
	}
	for _, name := range missing {
		diags.AddAttributeError(at, fmt.Sprintf("Unknown role %q", name), s.noRoleNamed(ctx, s.client, name))
	}
}

func (s *session) noRoleNamed(ctx context.Context, client *signoz.Client, name string) string {
	roles, err := client.Roles(ctx)
	if err != nil {
		return "SigNoz has no role of this name."
	}
	names := make([]string, len(roles))
	for i := range roles {
		names[i] = roles[i].Name
	}
	there := fmt.Sprintf("The roles there are: %s.", someOf(names))
	if suggestion := nearestRole(name, names); suggestion != "" {
		return fmt.Sprintf("SigNoz has no role of this name; did you mean %q? %s", suggestion, there)
	}
	return "SigNoz has no role of this name. " + there
}

// nearestRole knows, besides misspellings, the short forms people use: viewer, Admin.
func nearestRole(name string, names []string) string {
	if managed := "signoz-" + normalised(name); slices.Contains(names, managed) {
		return managed
	}
	return nearest(name, names)
}

// roleNames lists, sorted, the names of the roles an account holds.
func roleNames(account *signoz.ServiceAccount) []string {
	names := make([]string, 0, len(account.Bindings))
	for _, b := range account.Bindings {
		names = append(names, b.Role.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// difference is what a has and b lacks.
func difference(a, b []string) []string {
	var missing []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			missing = append(missing, s)
		}
	}
	return missing
}

// adminRole is SigNoz's own role without which nobody may manage service accounts.
const adminRole = "signoz-admin"

// roleNameValidator refuses an empty name, as a missing variable gives. Which names
// there are, SigNoz tells in the plan.
type roleNameValidator struct{}

func (roleNameValidator) Description(context.Context) string { return "must not be empty" }

func (v roleNameValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (roleNameValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if known(req.ConfigValue) && req.ConfigValue.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Empty role name", "The name of a role is empty. Give the name of one, such as signoz-viewer.")
	}
}

// oneRoleError says that the server keeps one role per account.
type oneRoleError struct {
	version signoz.Version
	wanted  []string
	kept    []string
}

func (e *oneRoleError) Error() string {
	return fmt.Sprintf("this SigNoz (%s) keeps one role per service account (several are possible since v0.123), but %d are wanted: %s. "+
		"The account has %s now. Name one role, or upgrade SigNoz", e.version, len(e.wanted), strings.Join(e.wanted, ", "), haveRoles(e.kept))
}

func haveRoles(names []string) string {
	if len(names) == 0 {
		return "no role"
	}
	return strings.Join(names, ", ")
}

func onlyRoles(names []string) string {
	if len(names) == 0 {
		return "no role"
	}
	return "only " + strings.Join(names, ", ")
}
