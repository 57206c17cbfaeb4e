// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// The terraform-provider-signoz command serves the provider to Terraform.
package main

import (
	"flag"
	"log"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/signoz-community/terraform-provider-signoz/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	attach := flag.Bool("debug", false, "run as a server that a debugger can attach to")
	flag.Parse()
	spendLess(*attach)

	var options []tf6server.ServeOpt
	if *attach {
		options = append(options, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve(provider.Address, provider.NewServer(version), options...); err != nil {
		log.Fatal(err)
	}
}

// gcPercent lets the heap grow fivefold between collections: what lives in the
// provider is a few megabytes, and collecting at each doubling of so little took a
// fifth of a large plan that went through the framework, as a first apply still does.
const gcPercent = 400

// spendLess avoids work whose result nobody sees. The plugin SDK and the provider
// write every step of every call to Terraform, and Terraform throws it away
// unless TF_LOG or TF_LOG_PROVIDER is set: in a plan of 1,000 objects, more than a
// second. Under a debugger the developer reads it, and Terraform's variables are
// those of another process.
func spendLess(debugged bool) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if debugged || os.Getenv("TF_LOG") != "" || os.Getenv("TF_LOG_PROVIDER") != "" {
		return
	}
	for _, unread := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_SIGNOZ"} {
		if os.Getenv(unread) == "" {
			_ = os.Setenv(unread, "off") // fails for malformed names only
		}
	}
}
