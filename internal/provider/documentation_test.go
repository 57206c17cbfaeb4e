// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

// repository is its root, seen from this package.
const repository = "../.."

// Every Terraform block that a reader may copy, from the documentation, from
// READMEs and from examples/, is one that the provider accepts: its attributes
// exist, the required ones are there, and validation finds nothing wrong with the
// values that stand there. What refers to something else counts as unknown. And
// all of it, also what is for other providers, is formatted as terraform fmt does.
func TestDocumentation_configurationsAreValid(t *testing.T) {
	t.Parallel()
	p := unconfigured(t)
	seen := map[string]bool{}
	for _, snippet := range snippets(t) {
		if formatted := string(hclwrite.Format([]byte(snippet.source))); formatted != snippet.source {
			t.Errorf("%s:%d isn't formatted; this is:\n%s", snippet.file, snippet.line, formatted)
		}
		body := snippet.parse(t)
		ours := localNames(t, body)
		for _, b := range body.Blocks {
			if kind := documentedKind(b, ours); kind != "" {
				snippet.check(t, p, b)
				seen[kind] = true
			}
		}
	}
	for _, kind := range everyKind(p) {
		if !seen[kind] {
			t.Errorf("no page and no example shows a %s", kind)
		}
	}
}

// snippet is one piece of Terraform configuration that people read.
type snippet struct {
	file   string
	line   int // at which it begins
	source string
}

// fence is a fenced block of Terraform in Markdown.
var fence = regexp.MustCompile("\n *```(?:terraform|hcl|tf)\n((?s:.*?)\n) *```")

func snippets(t *testing.T) []snippet {
	t.Helper()
	var found []snippet
	for _, file := range documents(t, ".md", ".tf", ".hcl") {
		content := readFile(t, file)
		if filepath.Ext(file) != ".md" {
			found = append(found, snippet{file: file, line: 1, source: content})
			continue
		}
		for _, at := range fence.FindAllStringSubmatchIndex(content, -1) {
			found = append(found, snippet{file: file, line: 1 + strings.Count(content[:at[2]], "\n"), source: content[at[2]:at[3]]})
		}
	}
	if len(found) < 50 {
		t.Fatalf("only %d pieces of configuration found: the search is broken", len(found))
	}
	return found
}

// documents lists the files people read that end so, as paths from the
// repository's root.
func documents(t *testing.T, endings ...string) []string {
	t.Helper()
	var files []string
	for _, root := range []string{
		"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "templates", "examples",
		"internal/GUARANTEES.md", "internal/decisions", "internal/demo",
	} {
		err := filepath.WalkDir(filepath.Join(repository, root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != repository {
				return filepath.SkipDir // what somebody's terraform init left there
			}
			if !entry.IsDir() && slices.Contains(endings, filepath.Ext(path)) {
				relative, err := filepath.Rel(repository, path)
				files = append(files, relative)
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (s snippet) parse(t *testing.T) *hclsyntax.Body {
	t.Helper()
	parsed, diags := hclsyntax.ParseConfig([]byte(s.source), s.file, hcl.Pos{Line: s.line, Column: 1})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: unexpected body %T", s.file, parsed.Body)
	}
	return body
}

// localNames are the local names under which a configuration has this provider.
// Where it doesn't say, signoz is meant to be ours.
func localNames(t *testing.T, body *hclsyntax.Body) []string {
	t.Helper()
	var required []*hclsyntax.Block
	for _, terraform := range blocksOf(body, "terraform") {
		required = append(required, blocksOf(terraform.Body, "required_providers")...)
	}
	if len(required) == 0 {
		return []string{"signoz"}
	}
	var names []string
	for name, attribute := range required[0].Body.Attributes {
		value, diags := attribute.Expr.Value(nil)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if value.GetAttr("source").AsString() == "signoz-community/signoz" {
			names = append(names, name)
		}
	}
	return names
}

func blocksOf(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == kind {
			found = append(found, b)
		}
	}
	return found
}

// documentedKind says what a block is, such as `data signoz_me`, if it belongs
// to this provider, and "" otherwise.
func documentedKind(b *hclsyntax.Block, ours []string) string {
	if len(b.Labels) == 0 {
		return ""
	}
	switch b.Type {
	case "provider":
		if slices.Contains(ours, b.Labels[0]) {
			return "provider"
		}
	case "resource", "data", "ephemeral", "list":
		name, _, _ := strings.Cut(b.Labels[0], "_")
		if meant, ok := b.Body.Attributes["provider"]; ok {
			name = hcl.ExprAsKeyword(meant.Expr)
			if traversal, diags := hcl.AbsTraversalForExpr(meant.Expr); !diags.HasErrors() {
				name = traversal.RootName() // signoz.alias
			}
		}
		if slices.Contains(ours, name) {
			return b.Type + " " + b.Labels[0]
		}
	}
	return ""
}

// everyKind lists all that the provider has.
func everyKind(p *protocol) []string {
	kinds := []string{"provider"}
	for prefix, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource":  p.schemas.ResourceSchemas,
		"data":      p.schemas.DataSourceSchemas,
		"ephemeral": p.schemas.EphemeralResourceSchemas,
		"list":      p.schemas.ListResourceSchemas,
	} {
		for name := range schemas {
			kinds = append(kinds, prefix+" "+name)
		}
	}
	return kinds
}

// metaArguments belong to Terraform, not to the provider.
var metaArguments = []string{"provider", "for_each", "count", "depends_on", "alias", "version", "include_resource", "limit"}

// check validates one block as Terraform and the provider do.
func (s snippet) check(t *testing.T, p *protocol, b *hclsyntax.Block) {
	t.Helper()
	body := b.Body
	if b.Type == "list" {
		if wrong := wrongAttributes(&tfprotov6.SchemaBlock{}, b.Body); wrong != "" {
			t.Errorf("%s:%d: %s", s.file, b.Range().Start.Line, wrong)
		}
		body = &hclsyntax.Body{}
		for _, config := range blocksOf(b.Body, "config") {
			body = config.Body
		}
	}
	schema := schemaOf(p, b)
	where := fmt.Sprintf("%s:%d", s.file, b.Range().Start.Line)
	if schema == nil {
		t.Errorf("%s: the provider has no %s %s", where, b.Type, b.Labels[0])
		return
	}
	if wrong := wrongAttributes(schema.Block, body); wrong != "" {
		t.Errorf("%s: %s", where, wrong)
		return
	}
	values := map[string]tftypes.Value{}
	for _, attribute := range schema.Block.Attributes {
		of := attribute.ValueType()
		values[attribute.Name] = tftypes.NewValue(of, nil)
		if written, ok := body.Attributes[attribute.Name]; ok {
			values[attribute.Name] = documentedValue(t, written.Expr, of)
		}
	}
	config := p.pack(object{tftypes.NewValue(schema.ValueType(), values)})
	for _, diagnostic := range validateDocumented(t, p, b, config) {
		t.Errorf("%s: %s", where, said{diagnostic}.text())
	}
}

func schemaOf(p *protocol, b *hclsyntax.Block) *tfprotov6.Schema {
	switch b.Type {
	case "resource":
		return p.schemas.ResourceSchemas[b.Labels[0]]
	case "data":
		return p.schemas.DataSourceSchemas[b.Labels[0]]
	case "ephemeral":
		return p.schemas.EphemeralResourceSchemas[b.Labels[0]]
	case "list":
		return p.schemas.ListResourceSchemas[b.Labels[0]]
	}
	return p.schemas.Provider
}

// wrongAttributes says which attribute of a block doesn't exist, can't be set or is missing.
func wrongAttributes(schema *tfprotov6.SchemaBlock, body *hclsyntax.Body) string {
	byName := map[string]*tfprotov6.SchemaAttribute{}
	for _, attribute := range schema.Attributes {
		byName[attribute.Name] = attribute
		if _, ok := body.Attributes[attribute.Name]; attribute.Required && !ok {
			return "the required attribute " + attribute.Name + " is missing"
		}
	}
	for name := range body.Attributes {
		if slices.Contains(metaArguments, name) {
			continue
		}
		attribute, ok := byName[name]
		if !ok {
			return "there is no attribute " + name
		}
		if !attribute.Required && !attribute.Optional {
			return "the attribute " + name + " can't be set"
		}
	}
	return ""
}

func validateDocumented(t *testing.T, p *protocol, b *hclsyntax.Block, config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	t.Helper()
	var (
		diagnostics []*tfprotov6.Diagnostic
		err         error
	)
	switch b.Type {
	case "resource":
		var resp *tfprotov6.ValidateResourceConfigResponse
		if resp, err = p.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: b.Labels[0], Config: config}); err == nil {
			diagnostics = resp.Diagnostics
		}
	case "data":
		var resp *tfprotov6.ValidateDataResourceConfigResponse
		if resp, err = p.server.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: b.Labels[0], Config: config}); err == nil {
			diagnostics = resp.Diagnostics
		}
	case "ephemeral":
		var resp *tfprotov6.ValidateEphemeralResourceConfigResponse
		if resp, err = p.server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: b.Labels[0], Config: config}); err == nil {
			diagnostics = resp.Diagnostics
		}
	case "list":
		var resp *tfprotov6.ValidateListResourceConfigResponse
		if resp, err = p.server.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: b.Labels[0], Config: config}); err == nil {
			diagnostics = resp.Diagnostics
		}
	case "provider":
		var resp *tfprotov6.ValidateProviderConfigResponse
		if resp, err = p.server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: config}); err == nil {
			diagnostics = resp.Diagnostics
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return diagnostics
}

// documentedValue is what an expression evaluates to on its own, and unknown
// where it refers to something.
func documentedValue(t *testing.T, expr hclsyntax.Expression, of tftypes.Type) tftypes.Value {
	t.Helper()
	fields, isObject := of.(tftypes.Object)
	items, isLiteral := expr.(*hclsyntax.ObjectConsExpr)
	if isObject && isLiteral {
		values := map[string]tftypes.Value{}
		for name, fieldType := range fields.AttributeTypes {
			values[name] = tftypes.NewValue(fieldType, nil)
		}
		for _, item := range items.Items {
			name := hcl.ExprAsKeyword(item.KeyExpr)
			fieldType, ok := fields.AttributeTypes[name]
			if !ok {
				t.Errorf("%s: there is no attribute %s", item.KeyExpr.Range(), name)
				continue
			}
			values[name] = documentedValue(t, item.ValueExpr, fieldType)
		}
		return tftypes.NewValue(of, values)
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		return tftypes.NewValue(of, tftypes.UnknownValue)
	}
	return literal(t, value, of)
}

func literal(t *testing.T, value cty.Value, of tftypes.Type) tftypes.Value {
	t.Helper()
	switch {
	case value.IsNull():
		return tftypes.NewValue(of, nil)
	case of.Is(tftypes.String):
		return tftypes.NewValue(of, value.AsString())
	case of.Is(tftypes.Number):
		return tftypes.NewValue(of, value.AsBigFloat())
	case of.Is(tftypes.Bool):
		return tftypes.NewValue(of, value.True())
	}
	if texts, ok := of.(tftypes.Map); ok {
		elements := map[string]tftypes.Value{}
		for key, element := range value.AsValueMap() {
			elements[key] = literal(t, element, texts.ElementType)
		}
		return tftypes.NewValue(of, elements)
	}
	set, ok := of.(tftypes.Set)
	if !ok {
		t.Fatalf("no literal of the type %s was expected", of)
	}
	var elements []tftypes.Value
	for _, element := range value.AsValueSlice() {
		elements = append(elements, literal(t, element, set.ElementType))
	}
	return tftypes.NewValue(of, elements)
}

// Links lead somewhere, to a heading if they name one: those to pages of this provider
// in the registry, to files of the repository on GitHub, and relative ones.
func TestDocumentation_linksLeadSomewhere(t *testing.T) {
	t.Parallel()
	const (
		registry = "https://registry.terraform.io/providers/signoz-community/signoz/latest/docs"
		github   = "https://github.com/signoz-community/terraform-provider-signoz/"
		raw      = "https://raw.githubusercontent.com/signoz-community/terraform-provider-signoz/main/"
	)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	checked := 0
	for _, file := range documents(t, ".md") {
		for _, found := range link.FindAllStringSubmatch(readFile(t, file), -1) {
			address, heading, _ := strings.Cut(found[1], "#")
			var leadsTo string
			switch {
			case address == registry:
				leadsTo = "docs/index.md"
			case strings.HasPrefix(address, registry+"/"):
				leadsTo = "docs" + strings.TrimPrefix(address, registry) + ".md"
			case strings.HasPrefix(address, github+"tree/main/"), strings.HasPrefix(address, github+"blob/main/"):
				leadsTo = strings.SplitN(address, "/main/", 2)[1]
			case strings.HasPrefix(address, raw):
				leadsTo = strings.TrimPrefix(address, raw)
			case address == "" && strings.HasPrefix(file, "docs"):
				leadsTo = file
			case address == "" || strings.Contains(address, "://"):
				continue
			default:
				leadsTo = filepath.Join(filepath.Dir(file), address)
			}
			checked++
			if _, err := os.Stat(filepath.Join(repository, leadsTo)); err != nil {
				t.Errorf("%s: %s leads to %s, which isn't there", file, found[1], leadsTo)
			} else if heading != "" && !strings.HasPrefix(heading, "nestedatt--") && !slices.Contains(headings(readFile(t, leadsTo)), heading) {
				t.Errorf("%s: %s leads to a heading that %s doesn't have", file, found[1], leadsTo)
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d links found: the search is broken", checked)
	}
}

// headings are the anchors of a page's headings, as GitHub and the registry make them.
func headings(page string) (anchors []string) {
	other := regexp.MustCompile(`[^\w\- ]`)
	for _, found := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		anchors = append(anchors, strings.ReplaceAll(other.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return anchors
}

// The guide on compatibility says which versions of Terraform and OpenTofu a change
// is tested with: those of the workflow.
func TestDocumentation_hasTheTestedVersions(t *testing.T) {
	t.Parallel()
	workflow, page := readFile(t, ".github/workflows/test.yml"), readFile(t, "docs/guides/compatibility.md")
	version := regexp.MustCompile(`\b1\.\d+\b`)
	find := func(in, pattern string) string {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(in)
		if found == nil {
			t.Fatalf("nothing matches %s", pattern)
		}
		return strings.Join(version.FindAllString(found[1], -1), " ")
	}
	oldest := find(workflow, `name: Terraform (1\.\d+), without the test framework`)
	equal(t, "Terraform", find(page, `is tested with Terraform (.+?), and with OpenTofu`), oldest+" "+find(workflow, `(?m)^ +terraform: \[(.+)\]$`))
	equal(t, "OpenTofu", find(page, `, and with OpenTofu (.+?), in their newest`), find(workflow, `(?m)^ +opentofu: \[(.+)\]$`))
}

// Every guarantee of the guide is proven by tests that exist: GUARANTEES.md names them,
// under the same faults. The decisions name tests too.
func TestGuarantees_areProven(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, pattern := range []string{"internal/*/*_test.go", "*_test.go"} {
		files, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range declaration.FindAllStringSubmatch(string(content), -1) {
				declared[found[1]] = true
			}
		}
	}
	promised := firstCells(readFile(t, "docs/guides/guarantees.md"))
	for fault, line := range firstCells(readFile(t, "internal/GUARANTEES.md")) {
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test proves %q", fault)
		}
		for _, name := range named {
			if !declared[name[1]] {
				t.Errorf("GUARANTEES.md names %s, and there is no such test", name[1])
			}
		}
		delete(promised, fault)
	}
	for fault := range promised {
		t.Errorf("GUARANTEES.md lacks %q", fault)
	}
	for _, file := range documents(t, ".md") {
		if !strings.Contains(filepath.ToSlash(file), "internal/decisions/") {
			continue
		}
		for _, name := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(readFile(t, file), -1) {
			if !declared[name[1]] {
				t.Errorf("%s names %s, and there is no such test", file, name[1])
			}
		}
	}
}

// firstCells are the rows of all tables of a page, by their first cell.
func firstCells(page string) map[string]string {
	rows := map[string]string{}
	for line := range strings.SplitSeq(page, "\n") {
		cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if ok && strings.HasPrefix(line, "| ") && cell != "fault" && cell != "limit" {
			rows[cell] = line
		}
	}
	return rows
}

// Pages and READMEs are in plain American English: of what once made them hard to
// read, some words are easily found.
func TestDocumentation_isPlain(t *testing.T) {
	t.Parallel()
	riddles := regexp.MustCompile(`(?i)\b(` + strings.Join([]string{
		`anew`, `for ever`, `at leisure`, `lest`, `merely`, `all the same`, `at hand`, `goes? on (?:working|to|with)`, `by (?:itself|themselves)`,
		`somebody`, `nobody`, `whoever`, `whatever`, `of (?:its|their|his) own`, `within reach`, `gone(?: for good)?`, `half-?way`, `mended`,
		`(?:were|be|been|is|are) made`, `ma(?:kes?|de) (?:a|the|another|its|that|this) (?:key|account|role|pair|credential|resource)s?`,
		`(?:gives?|takes?) (?:back|away)`, `tells? (?:of|from)`, `can't be told`, `signs? in with`, `a fresh`,
		`organis\w+`, `recognis\w+`, `e-mail`, `licences?`, `behaviour`, `favour\w*`,
	}, "|") + `)\b`)
	for _, file := range documents(t, ".md", ".tmpl", ".tf", ".yml") {
		for number, line := range strings.Split(readFile(t, file), "\n") {
			if found := riddles.FindString(line); found != "" {
				t.Errorf("%s:%d: %q", file, number+1, found)
			}
		}
	}
}

// The front page leads to every guide, and each guide has its group in the registry.
func TestDocumentation_hasEveryGuide(t *testing.T) {
	t.Parallel()
	front := readFile(t, "docs/index.md")
	for _, file := range documents(t, ".md") {
		name, isGuide := strings.CutPrefix(filepath.ToSlash(file), "docs/guides/")
		if !isGuide {
			continue
		}
		if !strings.Contains(front, "/docs/guides/"+strings.TrimSuffix(name, ".md")+")") {
			t.Errorf("docs/index.md doesn't lead to %s", name)
		}
		if strings.Contains(readFile(t, file), "subcategory: \"\"") {
			t.Errorf("%s has no subcategory", name)
		}
	}
}
