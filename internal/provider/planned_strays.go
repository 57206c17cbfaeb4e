// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// plannedStrays remembers, for one run, which keys a plan is to revoke as strays.
// Terraform plans resources at the same time, and shows a provider one at a time, so
// whichever comes second finds a conflict. The zero value is ready for use.
type plannedStrays struct {
	mu         sync.Mutex
	revoked    map[string]bool           // by id
	exclusives sharedMap[string, string] // key_ids of the signoz_service_account_keys_exclusive of an account
}

// isDeclaredKey reports whether a resource manages the key: this run has read, created or imported
// it, even if it is about to destroy it.
func (s *session) isDeclaredKey(keyID string) bool {
	return s.seen.refreshed.get(keyID)
}

// planToRevoke returns the strays that aren't declared keys, and remembers them for checkNoStray.
func (s *session) planToRevoke(strays []keyFacts) []keyFacts {
	s.strays.mu.Lock()
	defer s.strays.mu.Unlock()
	if s.strays.revoked == nil {
		s.strays.revoked = make(map[string]bool)
	}
	var revoked []keyFacts
	for _, key := range strays {
		if id := key.ID.ValueString(); !s.isDeclaredKey(id) {
			s.strays.revoked[id] = true
			revoked = append(revoked, key)
		}
	}
	return revoked
}

// checkNoStray reports an error if a plan revokes this managed key as a stray. Call it after
// noteRefreshed, which makes later plans see the key as declared.
func (s *session) checkNoStray(keyID, name string, diags *diag.Diagnostics) {
	s.strays.mu.Lock()
	defer s.strays.mu.Unlock()
	if s.strays.revoked[keyID] {
		diags.AddError(fmt.Sprintf("The key %q is managed, and planned to be revoked as a stray", name),
			fmt.Sprintf("A signoz_service_account_keys_exclusive of the key's account doesn't have the id of the key in key_ids (%s), so its plan revokes the key. "+
				"Add the id of this resource to key_ids, or the key's name to tolerated_names.", keyID))
	}
}

// claimExclusive reports whether another exclusive resource of this run, with other
// key_ids, is for the same account. A replacement is planned twice, with the same.
func (s *session) claimExclusive(accountID string, keyIDs types.Set) (conflict bool) {
	ids := keyIDs.String()
	before := s.strays.exclusives.set(strings.ToLower(accountID), ids)
	return before != "" && before != ids
}
