// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// EncryptKey encrypts a key's value as encrypt_to says.
var EncryptKey = encryptKey

// ValidateEncryptTo asks the validators of encrypt_to.
func ValidateEncryptTo(config types.Object) diag.Diagnostics {
	var resp validator.ObjectResponse
	for _, v := range encryptToAttribute().Validators {
		v.ValidateObject(context.Background(), validator.ObjectRequest{Path: path.Root("encrypt_to"), ConfigValue: config}, &resp)
	}
	return resp.Diagnostics
}

func own(providerServer tfprotov6.ProviderServer) (*server, error) {
	s, ok := providerServer.(*server)
	if !ok {
		return nil, fmt.Errorf("%T isn't a server of NewServer", providerServer)
	}
	return s, nil
}

// WatchFramework has a server of NewServer tell of each call that it leaves to the framework.
func WatchFramework(providerServer tfprotov6.ProviderServer, tell func(call string)) error {
	s, err := own(providerServer)
	if err != nil {
		return err
	}
	s.ProviderServerWithListResource = &watched{s.ProviderServerWithListResource, tell}
	return nil
}

// CloseConnections closes the connections of a provider that is done, as the end of its process does.
func CloseConnections(providerServer tfprotov6.ProviderServer) error {
	s, err := own(providerServer)
	if err != nil {
		return err
	}
	if session := s.provider.session.Load(); session.online() {
		session.client.Close()
	}
	return nil
}

type watched struct {
	tfprotov6.ProviderServerWithListResource

	tell func(call string)
}

func (w *watched) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	w.tell("validate")
	return w.ProviderServerWithListResource.ValidateResourceConfig(ctx, req)
}

func (w *watched) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	w.tell("upgrade")
	return w.ProviderServerWithListResource.UpgradeResourceState(ctx, req)
}

func (w *watched) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	w.tell("read")
	return w.ProviderServerWithListResource.ReadResource(ctx, req)
}

func (w *watched) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	w.tell("plan")
	return w.ProviderServerWithListResource.PlanResourceChange(ctx, req)
}
