// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// recentUse is how long ago a key was last used that counts as in use.
const recentUse = day

// warnKeyInUse warns of a plan that revokes a key at once which was used within the last
// day, as the list says that the refresh has read. It asks nothing.
func (s *session) warnKeyInUse(key keyObject, diags *diag.Diagnostics) {
	if !s.online() || durationOf(key.State.DestroyGracePeriod) > 0 {
		return
	}
	for _, listed := range s.client.KeysRead(key.State.ServiceAccountID.ValueString()) {
		if listed.ID != key.State.ID.ValueString() || !inUse(&listed, s.now()) {
			continue
		}
		diags.AddAttributeWarning(path.Root("destroy_grace_period"), fmt.Sprintf("The key %q is in use, and this plan revokes it immediately", listed.Name),
			fmt.Sprintf("It was last used at %s, %s ago; its consumers fail after the apply. To give them time to switch, set destroy_grace_period (such as \"24h\") and apply that first.",
				timestamp(listed.LastUse()).ValueString(), roughly(s.now().Sub(listed.LastUse()))))
	}
}

// warnKeysInUse does so for all keys of an account that a plan deletes.
func (s *session) warnKeysInUse(id, name types.String, diags *diag.Diagnostics) {
	if !s.online() {
		return
	}
	var used []string
	for _, key := range s.client.KeysRead(id.ValueString()) {
		if inUse(&key, s.now()) {
			used = append(used, fmt.Sprintf("%q (last used at %s)", key.Name, timestamp(key.LastUse()).ValueString()))
		}
	}
	if len(used) > 0 {
		diags.AddWarning(fmt.Sprintf("Keys of the service account %q are in use, and this plan deletes it", name.ValueString()),
			fmt.Sprintf("Deleting an account revokes all its keys immediately, whatever their destroy_grace_period. Used within the last day: %s.", strings.Join(used, ", ")))
	}
}

func inUse(key *signoz.Key, now time.Time) bool {
	last := key.LastUse()
	return !last.IsZero() && now.Sub(last) < recentUse && !key.Expired(now)
}
