// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
)

// EncryptKey encrypts a key's value as encrypt_to says.
var EncryptKey = encryptKey

// CheckEncryptTo judges encrypt_to as the validation and the plan of a key do.
func CheckEncryptTo(config types.Object) (diags diag.Diagnostics) {
	if checkEncryptTo(config, &diags); !diags.HasError() {
		checkRecipients(config, &diags)
	}
	return diags
}

// WatchFramework has a server of NewServer tell of each call that it leaves to the framework.
func WatchFramework(providerServer tfprotov6.ProviderServer, tell func(call string)) error {
	s, ok := providerServer.(*core.Server)
	if !ok {
		return fmt.Errorf("%T isn't a server of NewServer", providerServer)
	}
	s.Framework = &watched{s.Framework, tell}
	return nil
}

// CloseConnections closes the connections of a provider that is done, as the end of its process does.
func CloseConnections(providerServer tfprotov6.ProviderServer) error {
	s, ok := providerServer.(*core.Server)
	if !ok {
		return fmt.Errorf("%T isn't a server of NewServer", providerServer)
	}
	if p, ok := s.Provider.(*signozProvider); ok && p.session.Load().online() {
		p.session.Load().client.Close()
	}
	return nil
}

type watched struct {
	core.Framework

	tell func(call string)
}

func (w *watched) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	w.tell("validate")
	return w.Framework.ValidateResourceConfig(ctx, req)
}

func (w *watched) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	w.tell("upgrade")
	return w.Framework.UpgradeResourceState(ctx, req)
}

func (w *watched) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	w.tell("read")
	return w.Framework.ReadResource(ctx, req)
}

func (w *watched) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	w.tell("plan")
	return w.Framework.PlanResourceChange(ctx, req)
}

// RetiredName is the name that a key with that name_prefix, or with a fixed name, gets when it is retired.
var RetiredName = retiredName
