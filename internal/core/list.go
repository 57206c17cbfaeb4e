// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// List is what the author of a list resource writes. S is the type of what the provider's
// Configure hands over; M is the configuration, a struct with a tfsdk tag for each
// attribute of the schema.
type List[S Session, M any] struct {
	Name   string // that of the resource whose objects it lists
	Schema schema.Schema

	// List yields the objects that match a configuration, at most limit unless limit is zero.
	// whole says whether all fields of an object are needed, or only those of its identity.
	// List is called only if the session's Require reports no error.
	List func(ctx context.Context, data S, config M, whole bool, limit int64) iter.Seq[Listed]
}

// Listed is an object in a list or, without Fields, the error that ends the list.
type Listed struct {
	DisplayName string
	Fields      Fields
	Diagnostics diag.Diagnostics
}

// NewList returns a constructor of a framework list resource, as a provider's
// ListResources lists them.
func NewList[S Session, M any](define func() List[S, M]) func() list.ListResource {
	return func() list.ListResource { return &listResource[S, M]{defined: define()} }
}

type listResource[S Session, M any] struct {
	defined List[S, M]
	data    S
}

func (l *listResource[S, M]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + l.defined.Name
}

func (l *listResource[S, M]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = l.defined.Schema
}

func (l *listResource[S, M]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.data = Data[S](req.ProviderData, &resp.Diagnostics)
}

func (l *listResource[S, M]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config M
	diags := req.Config.Get(ctx, &config)
	l.data.Require(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		pushed := int64(0)
		for found := range l.defined.List(ctx, l.data, config, req.IncludeResource, req.Limit) {
			if found.Fields == nil {
				push(list.ListResult{Diagnostics: found.Diagnostics})
				return
			}
			pushed++
			if !push(found.result(ctx, req)) || pushed == req.Limit {
				return
			}
		}
	}
}

// result is the object as Terraform asked for it; without its attributes where there is an
// error to report about it.
func (found Listed) result(ctx context.Context, req list.ListRequest) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName, result.Diagnostics = found.DisplayName, found.Diagnostics
	result.Identity.Raw = Encode(ctx, found.Fields, result.Identity.Schema, &result.Diagnostics)
	if req.IncludeResource && !result.Diagnostics.HasError() {
		result.Resource.Raw = Encode(ctx, found.Fields, result.Resource.Schema, &result.Diagnostics)
	}
	return result
}
