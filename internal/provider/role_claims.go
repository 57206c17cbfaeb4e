// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/values"
)

// roleClaims remembers, for one run, which resources manage the roles of an account: the
// `roles` of a signoz_service_account, which takes away what it doesn't list, and
// signoz_service_account_role. Terraform plans them in any order and at the same time, and
// shows a provider one resource at a time, so whichever comes second finds the conflict.
// The zero value is ready for use.
type roleClaims struct {
	mu        sync.Mutex
	byAccount map[string]*accountClaims
}

// accountClaims are those on one account.
type accountClaims struct {
	all   bool     // a signoz_service_account sets `roles`
	lists []string // the known elements of that `roles`
	name  string   // of the account; set if all is
	roles []string // managed by signoz_service_account_role
	added bool     // this run's plan creates a signoz_service_account_role
}

// of calls f with the claims on an account, and with no other call at the same time.
func (c *roleClaims) of(accountID string, f func(*accountClaims)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byAccount == nil {
		c.byAccount = make(map[string]*accountClaims)
	}
	id := strings.ToLower(accountID)
	if c.byAccount[id] == nil {
		c.byAccount[id] = &accountClaims{}
	}
	f(c.byAccount[id])
}

// claimAllRoles notes that a signoz_service_account manages all roles of its account, and
// warns where signoz_service_account_role manages one of them.
func (s *session) claimAllRoles(id, name types.String, roles types.Set, diags *diag.Diagnostics) {
	if !values.Known(id) {
		return
	}
	s.roles.of(id.ValueString(), func(claims *accountClaims) {
		claims.all, claims.lists, claims.name = true, values.Strings(roles), name.ValueString()
		for _, role := range claims.roles {
			warnManagedTwice(path.Root("roles"), claims.name, id.ValueString(), role, diags)
		}
	})
}

// claimRole notes that a signoz_service_account_role manages one role of an account, and
// warns where the account's own resource manages them all.
func (s *session) claimRole(id, role types.String, diags *diag.Diagnostics) {
	if !values.Known(id) || !values.Known(role) {
		return
	}
	s.roles.of(id.ValueString(), func(claims *accountClaims) {
		if !slices.Contains(claims.roles, role.ValueString()) {
			claims.roles = append(claims.roles, role.ValueString())
		}
		if claims.all {
			warnManagedTwice(path.Root("role"), claims.name, id.ValueString(), role.ValueString(), diags)
		}
	})
}

// listsRole reports whether a signoz_service_account that this run changes lists the role of
// its account. A signoz_service_account_role that is deleted after that, as with
// create_before_destroy, has moved into the list: the account keeps the role.
func (s *session) listsRole(accountID, role string) (lists bool) {
	s.roles.of(accountID, func(claims *accountClaims) { lists = slices.Contains(claims.lists, role) })
	return lists
}

// otherRolesOf are the roles of the account that other signoz_service_account_role resources of this
// run manage; nil if none of these resources is new. On a server that keeps one role per account, the
// plan must refuse them: two created at the same time would not see each other on the server.
func (s *session) otherRolesOf(id, role types.String, isNew bool) (others []string) {
	if !values.Known(id) || !values.Known(role) {
		return nil
	}
	s.roles.of(id.ValueString(), func(claims *accountClaims) {
		if claims.added = claims.added || isNew; claims.added {
			others = difference(claims.roles, []string{role.ValueString()})
		}
	})
	return others
}

func warnManagedTwice(at path.Path, name, id, role string, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(at, fmt.Sprintf("Two resources manage the role %q of the service account %q", role, name),
		fmt.Sprintf("For the service account %q (id %s), a signoz_service_account sets `roles`, and a signoz_service_account_role assigns the role %q to it. "+
			"`roles` means all roles of the account, so the two undo each other whenever they disagree. "+
			"Either list the role in `roles` and remove the signoz_service_account_role (with a removed block or terraform state rm, if the account is to keep the role meanwhile), or leave `roles` out.", name, id, role))
}
