// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

var _ datasource.DataSourceWithConfigure = (*serviceAccountKeysDataSource)(nil)

type serviceAccountKeysDataSource struct{ session *session }

func newServiceAccountKeysDataSource() datasource.DataSource { return &serviceAccountKeysDataSource{} }

type serviceAccountKeysModel struct {
	ServiceAccountID types.String `tfsdk:"service_account_id"`
	Keys             []keySummary `tfsdk:"keys"`
}

// keySummary is what SigNoz tells of a key that exists: everything but its value.
type keySummary struct {
	ID         types.String `tfsdk:"id"`
	Name       types.String `tfsdk:"name"`
	ExpiresAt  types.String `tfsdk:"expires_at"`
	Expired    types.Bool   `tfsdk:"expired"`
	Retired    types.Bool   `tfsdk:"retired"`
	CreatedAt  types.String `tfsdk:"created_at"`
	LastUsedAt types.String `tfsdk:"last_used_at"`
}

func newKeySummary(key *signoz.Key, now time.Time) keySummary {
	return keySummary{
		ID:         types.StringValue(key.ID),
		Name:       types.StringValue(key.Name),
		ExpiresAt:  timestamp(key.ExpiresAt),
		Expired:    types.BoolValue(key.Expired(now)),
		Retired:    types.BoolValue(isRetired(key)),
		CreatedAt:  timestamp(key.CreatedAt),
		LastUsedAt: timestamp(key.LastUse()),
	}
}

func (d *serviceAccountKeysDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_account_keys"
}

func (d *serviceAccountKeysDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The keys of one service account, for audits and `check` blocks: which expire soon, have expired, were replaced or aren't used. Key values aren't included: SigNoz shows them only once.",
		Attributes: map[string]schema.Attribute{
			"service_account_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "ID of the service account, a UUID.",
			},
			"keys": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The keys, sorted by name. A deleted account has none.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "ID of the key, a UUID.",
					},
					"name": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Name of the key.",
					},
					"expires_at": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Time at which the key stops or stopped working (RFC 3339, UTC); null if it never expires.",
					},
					"expired": schema.BoolAttribute{
						Computed:            true,
						MarkdownDescription: "Whether that time has passed. Expired keys stay listed until they are revoked.",
					},
					"retired": schema.BoolAttribute{
						Computed:            true,
						MarkdownDescription: "Whether this provider replaced or destroyed the key with a `destroy_grace_period`, whether that is over or not: its name ends with `-retired-` and twelve letters, and it has an expiry.",
					},
					"created_at": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Time at which the key was created (RFC 3339, UTC).",
					},
					"last_used_at": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Time at which the key was last seen in use (RFC 3339, UTC; SigNoz calls it `lastObservedAt`); null if never.",
					},
				}},
			},
		},
	}
}

func (d *serviceAccountKeysDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *serviceAccountKeysDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model serviceAccountKeysModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	checkAccountID(path.Root("service_account_id"), model.ServiceAccountID, &resp.Diagnostics)
	client := d.session.requireClient(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := model.ServiceAccountID.ValueString()
	keys, err := client.Keys(ctx, id)
	if signoz.IsAccountNotFound(err) {
		resp.Diagnostics.AddAttributeError(path.Root("service_account_id"), "Service account not found", fmt.Sprintf("No service account has the id %s.%s", id, said(err)))
		return
	}
	if err != nil {
		d.session.addError(ctx, &resp.Diagnostics, "Can't list the keys of service account "+id, err)
		return
	}
	model.Keys = make([]keySummary, 0, len(keys))
	for _, key := range sortedKeys(keys) {
		model.Keys = append(model.Keys, newKeySummary(&key, d.session.now()))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// sortedKeys is a sorted copy of the shared list.
func sortedKeys(keys []signoz.Key) []signoz.Key {
	return slices.SortedFunc(slices.Values(keys), func(a, b signoz.Key) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}
