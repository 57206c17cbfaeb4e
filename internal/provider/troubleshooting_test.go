// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Somebody on call searches for what stands after "Error:" or "Warning:". The page
// on troubleshooting has every summary that the source can emit, with … for what is
// filled in, and none that it can't.
func TestTroubleshooting_hasEveryMessage(t *testing.T) {
	t.Parallel()
	emitted := emittedSummaries(t)
	if len(emitted) < 60 {
		t.Fatalf("only %d summaries found: the search is broken", len(emitted))
	}
	page := readFile(t, "docs/guides/troubleshooting.md")
	listed := map[string]bool{}
	for _, found := range regexp.MustCompile("(?m)^(?:\\| |- )((?:`[^`]+`(?:, | / )?)+)").FindAllStringSubmatch(page, -1) {
		for _, one := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(found[1], -1) {
			listed[one[1]] = true
		}
	}
	for summary, position := range emitted {
		if !listed[summary] {
			t.Errorf("%s: no entry for %q", position, summary)
		}
	}
	for summary := range listed {
		if _, ok := emitted[summary]; !ok {
			t.Errorf("nothing emits %q", summary)
		}
	}
}

// What the page quotes of details is there too.
func TestTroubleshooting_quotesDetails(t *testing.T) {
	t.Parallel()
	source := ""
	for _, file := range sourceFiles(t) {
		source += readFile(t, file)
	}
	source = regexp.MustCompile("\" \\+\\n\\t*\"").ReplaceAllString(source, "")
	quoted := regexp.MustCompile(`(?m)^\| "([^"]+)"`).FindAllStringSubmatch(readFile(t, "docs/guides/troubleshooting.md"), -1)
	if len(quoted) < 5 {
		t.Fatalf("only %d quotations found: the search is broken", len(quoted))
	}
	for _, q := range quoted {
		if !strings.Contains(source, q[1]) {
			t.Errorf("no detail says %q", q[1])
		}
	}
}

// A connection that fails has its problem at the end of the summary: each is among the causes.
func TestTroubleshooting_hasEveryConnectionProblem(t *testing.T) {
	t.Parallel()
	page := readFile(t, "docs/guides/troubleshooting.md")
	problems := regexp.MustCompile(`ConnectionProblem = "([^"]+)"`).FindAllStringSubmatch(readFile(t, "internal/signoz/errors.go"), -1)
	if len(problems) < 10 {
		t.Fatalf("only %d problems found: the search is broken", len(problems))
	}
	for _, problem := range problems {
		if !regexp.MustCompile(`(?m)^\| (?:[^|]+, )?` + regexp.QuoteMeta(problem[1]) + `[,( |]`).MatchString(page) {
			t.Errorf("the causes lack %q", problem[1])
		}
	}
}

// sourceFiles are the files that diagnostics come from, as paths from the repository's root.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"internal/provider/*.go", "internal/core/*.go", "internal/times/*.go", "internal/values/*.go", "internal/wording/*.go"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if !strings.HasSuffix(file, "_test.go") {
				files = append(files, strings.TrimPrefix(file, repository+"/"))
			}
		}
	}
	return files
}

// emittedSummaries are the summaries of all diagnostics in the source, each with
// one place that emits it.
func emittedSummaries(t *testing.T) map[string]token.Position {
	t.Helper()
	found := map[string]token.Position{}
	arguments := maps.Clone(summaryArgument)
	var functions []*ast.FuncDecl
	positions := token.NewFileSet()
	for _, file := range sourceFiles(t) {
		parsed, err := parser.ParseFile(positions, filepath.Join(repository, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				functions = append(functions, function)
				if at := slices.Index(parameters(function), "summary"); at >= 0 {
					arguments[function.Name.Name] = at
				}
			}
		}
	}
	for _, function := range functions {
		for _, text := range assignedTexts(function, "summary") {
			found[text] = positions.Position(function.Pos())
		}
		for _, expr := range summaryExpressions(function, arguments) {
			position := positions.Position(expr.Pos())
			texts := summaryTexts(function, expr)
			if texts == nil {
				t.Errorf("%s: can't tell which summary this is", position)
			}
			for _, text := range texts {
				if text == "" {
					continue // passed on where no diagnostic is wanted
				}
				found[blanks.ReplaceAllString(text, "…")] = position
			}
		}
	}
	return found
}

// blanks are two things in a row that are filled in.
var blanks = regexp.MustCompile(`…+`)

// summaryArgument is which argument of the framework's functions is the summary of a
// diagnostic. Of the provider's own, it is the one of that name.
var summaryArgument = map[string]int{
	"AddError": 0, "AddWarning": 0, "AddAttributeError": 1, "AddAttributeWarning": 1,
	"NewErrorDiagnostic": 0, "NewWarningDiagnostic": 0, "NewAttributeErrorDiagnostic": 1, "NewAttributeWarningDiagnostic": 1,
}

// summaryFields hold a summary until it is reported.
var summaryFields = []string{"summary", "failure"}

// parameters are the names of a function's parameters.
func parameters(function *ast.FuncDecl) []string {
	var names []string
	for _, field := range function.Type.Params.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// summaryExpressions are the expressions in a function that make the summary of a
// diagnostic: arguments of calls, and the fields above.
func summaryExpressions(function *ast.FuncDecl, arguments map[string]int) []ast.Expr {
	var found []ast.Expr
	ast.Inspect(function, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			name := ""
			switch called := node.Fun.(type) {
			case *ast.SelectorExpr:
				name = called.Sel.Name
			case *ast.Ident:
				name = called.Name
			}
			if at, ok := arguments[name]; ok && at < len(node.Args) && !passedOn(function, node.Args[at]) {
				found = append(found, node.Args[at])
			}
		case *ast.KeyValueExpr:
			if key, ok := node.Key.(*ast.Ident); ok && slices.Contains(summaryFields, key.Name) {
				found = append(found, node.Value)
			}
		}
		return true
	})
	return found
}

// passedOn reports whether a summary comes from elsewhere: a parameter, or a field
// that is written where it is made.
func passedOn(function *ast.FuncDecl, expr ast.Expr) bool {
	switch expr := expr.(type) {
	case *ast.SelectorExpr:
		return slices.Contains(summaryFields, expr.Sel.Name)
	case *ast.Ident:
		return slices.Contains(parameters(function), expr.Name)
	}
	return false
}

var verb = regexp.MustCompile(`%[sdvq]`)

// summaryTexts are what an expression can come to, with … for what is filled in,
// or nil where that can't be told.
func summaryTexts(function *ast.FuncDecl, expr ast.Expr) []string {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expr.Value)
		if err != nil {
			return nil
		}
		return []string{text}
	case *ast.BinaryExpr: // a concatenation
		left, right := summaryTexts(function, expr.X), summaryTexts(function, expr.Y)
		if left == nil {
			left = []string{"…"}
		}
		if right == nil {
			right = []string{"…"}
		}
		return []string{left[0] + right[0]}
	case *ast.CallExpr: // fmt.Sprintf
		if selector, ok := expr.Fun.(*ast.SelectorExpr); !ok || selector.Sel.Name != "Sprintf" {
			return nil
		}
		var filled []string
		for _, text := range summaryTexts(function, expr.Args[0]) {
			filled = append(filled, verb.ReplaceAllStringFunc(text, func(verb string) string {
				if verb == "%q" {
					return `"…"`
				}
				return "…"
			}))
		}
		return filled
	case *ast.Ident:
		return assignedTexts(function, expr.Name)
	}
	return nil
}

// assignedTexts are what the variable or constant of a function can be.
func assignedTexts(function *ast.FuncDecl, name string) []string {
	var found []string
	assign := func(names, values []ast.Expr) {
		at := slices.IndexFunc(names, func(n ast.Expr) bool { ident, ok := n.(*ast.Ident); return ok && ident.Name == name })
		if at >= 0 && len(names) == len(values) {
			found = append(found, summaryTexts(function, values[at])...)
		}
	}
	ast.Inspect(function, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			if node.Tok != token.ADD_ASSIGN {
				assign(node.Lhs, node.Rhs)
			}
		case *ast.ValueSpec:
			var names []ast.Expr
			for _, n := range node.Names {
				names = append(names, n)
			}
			assign(names, node.Values)
		}
		return true
	})
	return found
}
