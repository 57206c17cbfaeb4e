// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/times"
)

// keyFacts is what SigNoz tells of a key that exists: everything but its value.
type keyFacts struct {
	ID         types.String `tfsdk:"id"`
	Name       types.String `tfsdk:"name"`
	CreatedAt  types.String `tfsdk:"created_at"`
	LastUsedAt types.String `tfsdk:"last_used_at"`
	ExpiresAt  types.String `tfsdk:"expires_at"`
}

func newKeyFacts(key *signoz.Key) keyFacts {
	return keyFacts{
		ID:         types.StringValue(key.ID),
		Name:       types.StringValue(key.Name),
		CreatedAt:  times.Timestamp(key.CreatedAt),
		LastUsedAt: times.Timestamp(key.LastUse()),
		ExpiresAt:  times.Timestamp(key.ExpiresAt),
	}
}

func factsOf(keys []signoz.Key) []keyFacts {
	facts := make([]keyFacts, len(keys))
	for i := range keys {
		facts[i] = newKeyFacts(&keys[i])
	}
	return facts
}
