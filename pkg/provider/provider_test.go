// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const importer = `package main

import (
	"context"
	"fmt"

	framework "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/signoz-community/terraform-provider-signoz/pkg/provider"
)

func main() {
	var named framework.MetadataResponse
	provider.New("1.2.3")().Metadata(context.Background(), framework.MetadataRequest{}, &named)
	schemas, err := provider.NewServer("1.2.3")().GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		panic(err)
	}
	_, hasKeys := schemas.ResourceSchemas["signoz_service_account_key"]
	fmt.Println(provider.Address, named.TypeName, named.Version, hasKeys)
}
`

// What is in internal/ can't be imported by a module outside of this one; this can.
func TestProvider_isImportable(t *testing.T) {
	t.Parallel()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/signoz-community/terraform-provider-signoz"
	theirs := strings.Replace(string(ours), "module "+module, "module example.com/importer", 1) +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + repository + "\n"
	sums, err := os.ReadFile(filepath.Join(repository, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": theirs, "go.sum": string(sums), "main.go": importer} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "run", ".")
	run.Dir = dir
	run.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	printed, err := run.CombinedOutput()
	if want := "registry.terraform.io/signoz-community/signoz signoz 1.2.3 true\n"; err != nil || string(printed) != want {
		t.Fatalf("%v: printed %q, want %q", err, printed, want)
	}
}
