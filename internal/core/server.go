// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Framework lists all interfaces of the framework's server. An interface that a newer framework adds
// must be added here, or Terraform doesn't see it; a test compares the two.
type Framework interface {
	tfprotov6.ProviderServerWithListResource //nolint:staticcheck // until its successor exists
	tfprotov6.ProviderServerWithActions      //nolint:staticcheck // until its successor exists
	tfprotov6.ProviderServerWithStateStores  //nolint:staticcheck // until its successor exists
}

// Server is the framework's server, with a short way for the resources made by [New].
//
// In a plan nearly all objects stay as they are, and the framework decodes, walks and
// encodes the state, configuration and plan of each many times over, which can cost
// more than all else in a provider, requests included. The server decodes them once,
// asks the resource, and answers with the bytes that came where nothing changes. All
// else it leaves to the framework.
type Server struct {
	Framework // the framework's server

	Provider provider.Provider // what is served

	resources    map[string]func() direct
	resourceData func() any
}

// NewServer serves p. resourceData is what p's Configure hands to resources; nil before that.
func NewServer(p provider.Provider, resourceData func() any) (*Server, error) {
	all, ok := providerserver.NewProtocol6(p)().(Framework)
	if !ok {
		return nil, errors.New("the plugin framework's server lacks what internal/core passes on")
	}
	ctx := context.Background()
	var named provider.MetadataResponse
	p.Metadata(ctx, provider.MetadataRequest{}, &named)
	s := &Server{Framework: all, Provider: p, resources: make(map[string]func() direct), resourceData: resourceData}
	for _, newResource := range p.Resources(ctx) {
		r, ok := newResource().(direct)
		if !ok {
			continue
		}
		var meta resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: named.TypeName}, &meta)
		s.resources[meta.TypeName] = func() direct {
			r, _ := newResource().(direct)
			return r
		}
	}
	return s, nil
}

// resource returns a resource of that type, configured as the framework does it; nil
// where there is none or it can't be configured.
func (s *Server) resource(ctx context.Context, typeName string) direct {
	newResource := s.resources[typeName]
	if newResource == nil {
		return nil
	}
	r := newResource()
	var resp resource.ConfigureResponse
	r.Configure(ctx, resource.ConfigureRequest{ProviderData: s.resourceData()}, &resp)
	if resp.Diagnostics.HasError() {
		return nil
	}
	return r
}

// ValidateResourceConfig implements [tfprotov6.ResourceServer].
func (s *Server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if r := s.resource(ctx, req.TypeName); r != nil {
		if resp := r.validateDirectly(ctx, req); resp != nil {
			return resp, nil
		}
	}
	return s.Framework.ValidateResourceConfig(ctx, req)
}

// UpgradeResourceState implements [tfprotov6.ResourceServer].
func (s *Server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if r := s.resource(ctx, req.TypeName); r != nil {
		if resp := r.upgradeDirectly(req); resp != nil {
			return resp, nil
		}
	}
	return s.Framework.UpgradeResourceState(ctx, req)
}

// ReadResource implements [tfprotov6.ResourceServer].
func (s *Server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if r := s.resource(ctx, req.TypeName); r != nil {
		if resp := r.readDirectly(ctx, req); resp != nil {
			return resp, nil
		}
	}
	return s.Framework.ReadResource(ctx, req)
}

// PlanResourceChange implements [tfprotov6.ResourceServer].
func (s *Server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if r := s.resource(ctx, req.TypeName); r != nil {
		if resp := r.planDirectly(ctx, req); resp != nil {
			return resp, nil
		}
	}
	return s.Framework.PlanResourceChange(ctx, req)
}

// toProtocol is what the framework makes of diagnostics.
func toProtocol(diags diag.Diagnostics) []*tfprotov6.Diagnostic {
	var all []*tfprotov6.Diagnostic
	for _, d := range diags {
		one := &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: d.Summary(), Detail: d.Detail()}
		if d.Severity() == diag.SeverityError {
			one.Severity = tfprotov6.DiagnosticSeverityError
		}
		if at, ok := d.(diag.DiagnosticWithPath); ok {
			one.Attribute = attributePath(at.Path())
		}
		all = append(all, one)
	}
	return all
}

// attributePath is a path as far as it leads through attributes and keys of maps.
func attributePath(p path.Path) *tftypes.AttributePath {
	at := tftypes.NewAttributePath()
	for _, step := range p.Steps() {
		switch step := step.(type) {
		case path.PathStepAttributeName:
			at = at.WithAttributeName(string(step))
		case path.PathStepElementKeyString:
			at = at.WithElementKeyString(string(step))
		case path.PathStepElementKeyInt:
			at = at.WithElementKeyInt(int(step))
		default:
			return at
		}
	}
	return at
}
