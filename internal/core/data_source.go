// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// DataSource is what the author of a data source writes. S is the type of what the
// provider's Configure hands over; M is the model, a struct with a tfsdk tag for each
// attribute of the schema.
type DataSource[S Session, M any] struct {
	Name       string // what follows the provider's name
	Schema     schema.Schema
	Validators []datasource.ConfigValidator

	// Read completes a model that holds the configuration. It is called only if the
	// session's Require reports no error.
	Read func(ctx context.Context, data S, m *M, diags *diag.Diagnostics)
}

// NewDataSource returns a constructor of a framework data source, as a provider's
// DataSources lists them.
func NewDataSource[S Session, M any](define func() DataSource[S, M]) func() datasource.DataSource {
	return func() datasource.DataSource { return &dataSource[S, M]{defined: define()} }
}

type dataSource[S Session, M any] struct {
	defined DataSource[S, M]
	data    S
}

func (d *dataSource[S, M]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.defined.Name
}

func (d *dataSource[S, M]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.defined.Schema
}

func (d *dataSource[S, M]) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return d.defined.Validators
}

func (d *dataSource[S, M]) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.data = Data[S](req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource[S, M]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m M
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	d.data.Require(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	d.defined.Read(ctx, d.data, &m, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}
