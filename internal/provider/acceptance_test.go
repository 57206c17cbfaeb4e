// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// factories serves the provider in the test process, under two local names: a
// process holds one configuration at a time, so that a second provider block needs
// a server of its own. In real runs every block has its own process.
func factories(options ...provider.Option) map[string]func() (tfprotov6.ProviderServer, error) {
	options = append([]provider.Option{provider.WithRetryWait(time.Millisecond)}, options...)
	serve := func() (tfprotov6.ProviderServer, error) {
		return provider.NewServer("test", options...)(), nil
	}
	return map[string]func() (tfprotov6.ProviderServer, error){"signoz": serve, "consumer": serve}
}

// target is the SigNoz that an acceptance test runs against: one of its own in
// the test process, or the real one that SIGNOZ_ENDPOINT and SIGNOZ_API_KEY name.
type target struct {
	*signoztest.Server // nil for a real server

	endpoint string
	apiKey   string
}

// oneTarget runs a test against a real server, if there is one, and otherwise
// against the default version of the embedded one.
func oneTarget(t *testing.T) target {
	t.Helper()
	t.Parallel()
	if real, ok := realTarget(); ok {
		return real
	}
	return embedded(t)
}

func realTarget() (target, bool) {
	endpoint, apiKey := os.Getenv("SIGNOZ_ENDPOINT"), os.Getenv("SIGNOZ_API_KEY")
	return target{endpoint: endpoint, apiKey: apiKey}, endpoint != "" && apiKey != ""
}

// embeddedOnly is for tests that need faults, another clock or another version:
// they skip when the tests run against a real server.
func embeddedOnly(t *testing.T, options ...signoztest.Option) target {
	t.Helper()
	t.Parallel()
	if _, ok := realTarget(); ok {
		t.Skip("needs the embedded SigNoz")
	}
	return embedded(t, options...)
}

func embedded(t *testing.T, options ...signoztest.Option) target {
	t.Helper()
	server := signoztest.Start(t, options...)
	return target{Server: server, endpoint: server.URL, apiKey: server.AdminKey()}
}

// stoppedClock makes a SigNoz whose clock stands still until the test moves it, for a provider of the
// same clock (provider.WithNow): no second passes between two times that a test compares.
func stoppedClock() signoztest.Option {
	return signoztest.WithClock(signoztest.NewClock(time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)))
}

// provider is a provider block that signs in to the target.
func (on target) provider(more ...string) string {
	return fmt.Sprintf("provider \"signoz\" {\n  endpoint = %q\n  api_key  = %q\n  %s\n}\n", on.endpoint, on.apiKey, strings.Join(more, "\n  "))
}

// client talks to the target as somebody else does, beside Terraform.
func (on target) client(t *testing.T) *signoz.Client {
	t.Helper()
	return clientWith(t, on.endpoint, on.apiKey)
}

func clientWith(t *testing.T, endpoint, key string) *signoz.Client {
	t.Helper()
	client, err := signoz.New(signoz.Config{Endpoint: endpoint, APIKey: key, MaxRetries: signoz.DefaultMaxRetries, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// letters returns a name of letters only, which every server accepts, that no other test uses.
func letters(prefix string) string { return signoz.UniqueKeyName(prefix + "-") }

// acceptance runs steps with the provider under test.
func acceptance(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps})
}
