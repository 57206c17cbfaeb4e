// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package provider makes the provider for programs that run it in their own
// process: a multiplexer of several providers, Crossplane's upjet, tests.
//
// It is no Go API with a promise: the compatibility that a version number stands
// for is that of configurations and states.
package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	internal "github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// Address is the provider's address in the registry.
const Address = internal.Address

// New returns the factory of the plugin framework's provider. version goes into
// the User-Agent header.
func New(version string) func() provider.Provider { return internal.New(version) }

// NewServer returns the factory of the provider's protocol 6 server, as the
// released binary serves it: unlike the framework's own, it has a short way for
// objects in which nothing changes.
func NewServer(version string) func() tfprotov6.ProviderServer { return internal.NewServer(version) }
