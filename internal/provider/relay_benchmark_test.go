// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// relayVariable makes the test binary serve the relay.
const relayVariable = "BENCH_RELAY"

func TestMain(m *testing.M) {
	served, err := serveStandIn()
	if !served {
		if os.Getenv(relayVariable) == "" {
			code := m.Run()
			_ = os.RemoveAll(buildDir) // a temporary one: what stays does no harm
			os.Exit(code)
		}
		err = serveRelay()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// relay is the least that a provider can be: for each object it sends the one request that its
// refresh needs, doesn't look at the answer, and hands back the state that came. It validates nothing and
// plans what is proposed. What it takes is Terraform's own, and that of the protocol between the two.
type relay struct {
	tfprotov6.ProviderServer // for schemas and configuration

	types  map[string]tftypes.Type
	client *http.Client
}

func serveRelay() error {
	framework := providerserver.NewProtocol6(provider.New("relay")())()
	schemas, err := framework.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	r := &relay{
		ProviderServer: framework, types: make(map[string]tftypes.Type),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: terraformParallelism}},
	}
	for name, schema := range schemas.ResourceSchemas {
		r.types[name] = schema.ValueType()
	}
	return tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return r })
}

func (r *relay) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (r *relay) UpgradeResourceState(_ context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

func (r *relay) PlanResourceChange(_ context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity}, nil
}

func (r *relay) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	state, err := req.CurrentState.Unmarshal(r.types[req.TypeName])
	if err != nil {
		return nil, err
	}
	o := object{state}
	url := os.Getenv("SIGNOZ_ENDPOINT") + "/api/v1/service_accounts/"
	if req.TypeName == accountKind {
		url += o.text("id")
	} else {
		url += o.text("service_account_id") + "/keys"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("SIGNOZ-API-KEY", os.Getenv("SIGNOZ_API_KEY"))
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return nil, err
	}
	return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private, NewIdentity: req.CurrentIdentity}, nil
}

// newRelayCLI is Terraform with the relay in the provider's place.
func newRelayCLI(b *testing.B, on target) processCLI {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "terraform-provider-signoz")); err != nil {
		b.Skip("needs symbolic links: ", err)
	}
	return newOverriddenCLI(b, on, dir, relayVariable+"=1", "TF_LOG_SDK=off")
}
