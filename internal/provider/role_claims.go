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
)

// roleClaims remembers, for one run, which resources want to manage the roles of
// an account: the `roles` of a signoz_service_account, which takes away what it
// doesn't list, and signoz_service_account_role. Terraform plans them in any
// order and at the same time, and shows a provider one resource at a time, so
// whichever comes second finds the conflict. The zero value is ready for use.
type roleClaims struct {
	mu        sync.Mutex
	byAccount map[string]*accountClaims
}

// accountClaims are those on one account.
type accountClaims struct {
	all    bool     // a signoz_service_account sets `roles`
	name   string   // the account's, known where all is set
	roles  []string // of signoz_service_account_role
	warned []string // roles whose conflict has been reported
	added  bool     // one of the roles is new in this run's plan
}

func (c *roleClaims) of(accountID string) *accountClaims {
	id := strings.ToLower(accountID)
	claims := c.byAccount[id]
	if claims != nil {
		return claims
	}
	if c.byAccount == nil {
		c.byAccount = make(map[string]*accountClaims)
	}
	claims = &accountClaims{}
	c.byAccount[id] = claims
	return claims
}

// claimAll is for an account that sets `roles`. It returns the roles that
// another resource manages too and that no warning has told of.
func (c *roleClaims) claimAll(accountID, name string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.of(accountID)
	claims.all, claims.name = true, name
	return claims.newConflicts()
}

// claimsAllInConflict is claimAll for those who can't warn: it tells whether there
// is something to warn of, and leaves that to the next claim.
func (c *roleClaims) claimsAllInConflict(accountID, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.of(accountID)
	claims.all, claims.name = true, name
	return len(difference(claims.roles, claims.warned)) > 0
}

// claimsOneInConflict is claimOne, and others of a role that isn't new, for those who
// can't warn.
func (c *roleClaims) claimsOneInConflict(accountID, role string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.of(accountID)
	claims.add(role)
	return (claims.all && !slices.Contains(claims.warned, role)) || (claims.added && len(claims.roles) > 1)
}

// claimOne is for a role that a resource of its own manages. It returns the
// name of an account that sets `roles` too, unless a warning has told of it.
func (c *roleClaims) claimOne(accountID, role string) (name string, conflict bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.of(accountID)
	claims.add(role)
	if !claims.all || slices.Contains(claims.warned, role) {
		return claims.name, false
	}
	// This role only: others that are unchanged are told of by claims of their own.
	claims.warned = append(claims.warned, role)
	return claims.name, true
}

// others are the roles of the account that other resources of this run manage
// one by one, if this role or one of them is new.
func (c *roleClaims) others(accountID, role string, isNew bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	claims := c.of(accountID)
	if claims.added = claims.added || isNew; !claims.added {
		return nil
	}
	return difference(claims.roles, []string{role})
}

func (a *accountClaims) add(role string) {
	if !slices.Contains(a.roles, role) {
		a.roles = append(a.roles, role)
	}
}

func (a *accountClaims) newConflicts() []string {
	if !a.all {
		return nil
	}
	conflicts := difference(a.roles, a.warned)
	a.warned = append(a.warned, conflicts...)
	slices.Sort(conflicts)
	return conflicts
}

// claimAllRoles notes that a signoz_service_account manages all roles of its
// account, and warns where signoz_service_account_role manages one of them.
func (s *session) claimAllRoles(id, name types.String, diags *diag.Diagnostics) {
	if s == nil || !known(id) {
		return
	}
	for _, role := range s.claims.claimAll(id.ValueString(), name.ValueString()) {
		diags.AddAttributeWarning(path.Root("roles"), rolesManagedTwice, explainManagedTwice(name.ValueString(), id.ValueString(), role))
	}
}

// claimRole notes that a signoz_service_account_role manages one role of an
// account, and warns where the account's own resource manages them all.
func (s *session) claimRole(id, role types.String, diags *diag.Diagnostics) {
	if s == nil || !known(id) || !known(role) {
		return
	}
	if name, conflict := s.claims.claimOne(id.ValueString(), role.ValueString()); conflict {
		diags.AddAttributeWarning(path.Root("role"), rolesManagedTwice, explainManagedTwice(name, id.ValueString(), role.ValueString()))
	}
}

const rolesManagedTwice = "The roles of a service account are managed twice"

func explainManagedTwice(name, id, role string) string {
	return fmt.Sprintf("For the service account %q (id %s), a signoz_service_account sets `roles`, and a signoz_service_account_role gives it the role %q. "+
		"`roles` means all roles of the account, so the two undo each other whenever they disagree. "+
		"Either list the role in `roles` and remove the signoz_service_account_role (with a removed block or terraform state rm, if the account is to keep the role meanwhile), or leave `roles` out.", name, id, role)
}
