// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	frameworkresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// receiver is a provider that stands in for those of secret stores: what its
// resources are given, write-only arguments included, goes into an inbox that
// tests read. Under the name of a real provider it has a few of its resources, with
// the arguments that our examples use.
type receiver struct {
	name  string // receiver, aws, github
	inbox inbox
}

// receivedSchemas are the resources of each name.
var receivedSchemas = map[string]map[string]map[string]schema.Attribute{
	"receiver": {"secret": {
		"id":               receivedID(),
		"name":             schema.StringAttribute{Required: true},
		"value":            schema.StringAttribute{Optional: true, Sensitive: true},
		"value_wo":         schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true},
		"value_wo_version": schema.Int64Attribute{Optional: true},
	}},
	"aws": {
		"secretsmanager_secret": {
			"id":          receivedID(),
			"arn":         receivedID(),
			"name":        schema.StringAttribute{Required: true},
			"description": schema.StringAttribute{Optional: true},
		},
		"secretsmanager_secret_version": {
			"id":                       receivedID(),
			"secret_id":                schema.StringAttribute{Required: true},
			"secret_string_wo":         schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true},
			"secret_string_wo_version": schema.Int64Attribute{Optional: true, PlanModifiers: []planmodifier.Int64{int64planmodifier.RequiresReplace()}},
		},
	},
	"github": {"actions_secret": {
		"id":              receivedID(),
		"repository":      schema.StringAttribute{Required: true},
		"secret_name":     schema.StringAttribute{Required: true},
		"key_id":          schema.StringAttribute{Optional: true},
		"value_encrypted": schema.StringAttribute{Optional: true, Sensitive: true},
	}},
}

func receivedID() schema.StringAttribute {
	return schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
}

// inbox is a directory, since real providers are processes of their own.
type inbox struct{ dir string }

func newInbox(t *testing.T) inbox {
	t.Helper()
	return inbox{t.TempDir()}
}

const inboxVariable = "RECEIVER_INBOX"

// received is one thing that a receiver was told to do.
type received struct {
	Kind   string            `json:"kind"`   // receiver_secret, …
	Action string            `json:"action"` // create, update, delete
	Values map[string]string `json:"values"` // of the configuration; of the state for delete
}

func (i inbox) file() string { return filepath.Join(i.dir, "received") }

// write appends one line: it is a single write, which no other process tears apart.
func (i inbox) write(r received) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(i.file(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// all returns what came in, the oldest first.
func (i inbox) all(t *testing.T, kind string) []received {
	t.Helper()
	content, err := os.ReadFile(i.file())
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var found []received
	for line := range strings.Lines(string(content)) {
		var r received
		fatal(t, json.Unmarshal([]byte(line), &r))
		if r.Kind == kind {
			found = append(found, r)
		}
	}
	return found
}

// last returns what a kind of resource got last; it ends the test if it got nothing.
func (i inbox) last(t *testing.T, kind string) received {
	t.Helper()
	all := i.all(t, kind)
	if len(all) == 0 {
		t.Fatalf("no %s got anything", kind)
	}
	return all[len(all)-1]
}

func (i inbox) failing() string { return filepath.Join(i.dir, "fail") }

// fail lets everything that is created or updated from now on fail; works ends that.
func (i inbox) fail(t *testing.T) {
	t.Helper()
	fatal(t, os.WriteFile(i.failing(), nil, 0o600))
}

func (i inbox) works(t *testing.T) {
	t.Helper()
	fatal(t, os.Remove(i.failing()))
}

// setGitHubKey sets the public key that GitHub gives for every repository.
func (i inbox) setGitHubKey(t *testing.T, publicKey string) {
	t.Helper()
	fatal(t, os.WriteFile(filepath.Join(i.dir, "github_key"), []byte(publicKey), 0o600))
}

// factory serves a receiver in the test process.
func (i inbox) factory(name string) func() (tfprotov6.ProviderServer, error) {
	return providerserver.NewProtocol6WithError(&receiver{name, i})
}

// standInVersion satisfies any constraint of an example that asks for a version or newer.
const standInVersion = "99.0.0"

// serveStandIn serves a receiver, or the provider under test on another clock, if this process is
// one that Terraform started as a provider: the test binary under another name.
func serveStandIn() (served bool, err error) {
	name, isProvider := strings.CutPrefix(filepath.Base(os.Args[0]), "terraform-provider-")
	if !isProvider {
		return false, nil
	}
	name, _, _ = strings.Cut(name, "_")
	if name == "signoz" {
		return true, serveOnClock()
	}
	err = providerserver.Serve(context.Background(), func() frameworkprovider.Provider {
		return &receiver{name, inbox{os.Getenv(inboxVariable)}}
	}, providerserver.ServeOpts{Address: "registry.terraform.io/tests/" + name})
	return true, err
}

// installStandIn puts the test binary into a mirror as a provider, for Terraform and for OpenTofu.
func installStandIn(t *testing.T, mirror, namespace, name string) {
	t.Helper()
	self, err := os.Executable()
	fatal(t, err)
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, registry, namespace, name, standInVersion, runtime.GOOS+"_"+runtime.GOARCH)
		fatal(t, errors.Join(os.MkdirAll(dir, 0o755), os.Symlink(self, filepath.Join(dir, "terraform-provider-"+name+"_v"+standInVersion))))
	}
}

func (r *receiver) Metadata(_ context.Context, _ frameworkprovider.MetadataRequest, resp *frameworkprovider.MetadataResponse) {
	resp.TypeName = r.name
}

func (*receiver) Schema(context.Context, frameworkprovider.SchemaRequest, *frameworkprovider.SchemaResponse) {
}

func (*receiver) Configure(context.Context, frameworkprovider.ConfigureRequest, *frameworkprovider.ConfigureResponse) {
}

func (r *receiver) Resources(context.Context) []func() frameworkresource.Resource {
	var resources []func() frameworkresource.Resource
	for kind, attributes := range receivedSchemas[r.name] {
		resources = append(resources, func() frameworkresource.Resource {
			return &receivedResource{r.name + "_" + kind, schema.Schema{Attributes: attributes}, r.inbox}
		})
	}
	return resources
}

func (r *receiver) DataSources(context.Context) []func() datasource.DataSource {
	if r.name != "github" {
		return nil
	}
	return []func() datasource.DataSource{func() datasource.DataSource { return githubPublicKey{r.inbox} }}
}

type receivedResource struct {
	kind   string
	schema schema.Schema
	inbox  inbox
}

func (r *receivedResource) Metadata(_ context.Context, _ frameworkresource.MetadataRequest, resp *frameworkresource.MetadataResponse) {
	resp.TypeName = r.kind
}

func (r *receivedResource) Schema(_ context.Context, _ frameworkresource.SchemaRequest, resp *frameworkresource.SchemaResponse) {
	resp.Schema = r.schema
}

func (r *receivedResource) Create(_ context.Context, req frameworkresource.CreateRequest, resp *frameworkresource.CreateResponse) {
	r.receive("create", req.Config, req.Plan, &resp.State, &resp.Diagnostics)
}

func (r *receivedResource) Read(context.Context, frameworkresource.ReadRequest, *frameworkresource.ReadResponse) {
}

func (r *receivedResource) Update(_ context.Context, req frameworkresource.UpdateRequest, resp *frameworkresource.UpdateResponse) {
	r.receive("update", req.Config, req.Plan, &resp.State, &resp.Diagnostics)
}

func (r *receivedResource) Delete(_ context.Context, req frameworkresource.DeleteRequest, resp *frameworkresource.DeleteResponse) {
	if err := r.inbox.write(received{r.kind, "delete", texts(req.State.Raw)}); err != nil {
		resp.Diagnostics.AddError("Can't write into the inbox", err.Error())
	}
}

func (r *receivedResource) receive(action string, config tfsdk.Config, plan tfsdk.Plan, state *tfsdk.State, diags *diag.Diagnostics) {
	if _, err := os.Stat(r.inbox.failing()); err == nil {
		diags.AddError("The receiver fails", "A test told it to.")
		return
	}
	if err := r.inbox.write(received{r.kind, action, texts(config.Raw)}); err != nil {
		diags.AddError("Can't write into the inbox", err.Error())
		return
	}
	filled, err := tftypes.Transform(plan.Raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if !v.IsKnown() {
			return tftypes.NewValue(v.Type(), r.kind+":"+texts(config.Raw)["name"]), nil
		}
		return v, nil
	})
	if err != nil {
		diags.AddError("Can't fill in what is computed", err.Error())
		return
	}
	state.Raw = filled
}

// texts are the attributes that have a value, as text.
func texts(object tftypes.Value) map[string]string {
	found := map[string]string{}
	var attributes map[string]tftypes.Value
	must(object.As(&attributes))
	for name, v := range attributes {
		if v.IsNull() {
			continue
		}
		var text string
		if v.Type().Is(tftypes.String) {
			must(v.As(&text))
		} else {
			text = v.String()
		}
		found[name] = text
	}
	return found
}

// githubPublicKey is the data source of that name.
type githubPublicKey struct{ inbox inbox }

func (githubPublicKey) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_actions_public_key"
}

func (githubPublicKey) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = datasourceschema.Schema{Attributes: map[string]datasourceschema.Attribute{
		"repository": datasourceschema.StringAttribute{Required: true},
		"key":        datasourceschema.StringAttribute{Computed: true},
		"key_id":     datasourceschema.StringAttribute{Computed: true},
	}}
}

func (d githubPublicKey) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	resp.State.Raw = req.Config.Raw
	key, err := os.ReadFile(filepath.Join(d.inbox.dir, "github_key"))
	if err != nil {
		resp.Diagnostics.AddError("The test set no key of GitHub", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("key"), types.StringValue(string(key)))...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("key_id"), types.StringValue(gitHubKeyID(string(key))))...)
}

// gitHubKeyID is an id of a public key, as the data source gives it.
func gitHubKeyID(publicKey string) string { return "id-of-" + publicKey[:4] }
