// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

type serviceAccountKeysModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	Keys             []keySummary `tfsdk:"keys"`
}

type keySummary struct {
	keyFacts

	Expired types.Bool `tfsdk:"expired"`
	Retired types.Bool `tfsdk:"retired"`
}

func serviceAccountKeysDataSource() core.DataSource[*session, serviceAccountKeysModel] {
	return core.DataSource[*session, serviceAccountKeysModel]{
		Name: "service_account_keys",
		Read: readServiceAccountKeys,
		Schema: schema.Schema{
			MarkdownDescription: "The keys of one service account, for audits and `check` blocks: which expire soon, have expired, were replaced or aren't used. Key values aren't included: SigNoz shows them only once.",
			Attributes: map[string]schema.Attribute{
				"service_account_id": schema.StringAttribute{Required: true, MarkdownDescription: "ID of the service account, a UUID."},
				"keys": computedList("The keys, sorted by name. A deleted account has none.", map[string]schema.Attribute{
					"id":         computed("ID of the key, a UUID."),
					"name":       computed("Name of the key."),
					"expires_at": computed("Time at which the key stops or stopped working (RFC 3339, UTC); null if it never expires."),
					"expired":    schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether that time has passed. Expired keys stay listed until they are revoked."},
					"retired": schema.BoolAttribute{
						Computed:            true,
						MarkdownDescription: "Whether this provider replaced or destroyed the key with a `destroy_grace_period`, whether that is over or not: its name ends with `-retired-` and twelve letters, and it has an expiry.",
					},
					"created_at":   computed("Time at which the key was created (RFC 3339, UTC)."),
					"last_used_at": computed("Time at which the key was last seen in use (RFC 3339, UTC; SigNoz calls it `lastObservedAt`); null if never."),
				}),
			},
		},
	}
}

func readServiceAccountKeys(ctx context.Context, s *session, m *serviceAccountKeysModel, diags *diag.Diagnostics) {
	checkAccountID(path.Root("service_account_id"), m.ServiceAccountID, diags)
	if diags.HasError() {
		return
	}
	id, now := m.ServiceAccountID.ValueString(), s.now()
	keys, err := s.client.Keys(ctx, id)
	if signoz.IsAccountNotFound(err) {
		diags.AddAttributeError(path.Root("service_account_id"), "Service account not found", fmt.Sprintf("No service account has the id %s.%s", id, quote(err)))
		return
	}
	if err != nil {
		s.addError(ctx, diags, "Can't list the keys of service account "+id, err)
		return
	}
	m.Keys = make([]keySummary, 0, len(keys))
	for _, key := range sortedKeys(keys) {
		m.Keys = append(m.Keys, keySummary{keyFacts: newKeyFacts(&key), Expired: types.BoolValue(key.Expired(now)), Retired: types.BoolValue(isRetired(&key))})
	}
}
