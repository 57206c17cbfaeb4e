// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"regexp"
	"strings"
)

// digest shows what Terraform says line by line, without what it says every time.
type digest struct {
	shorten func(line string) bool // more lines to leave out; nil for none
	show    func(line string)

	rest      string // an unfinished line
	paragraph bool   // leaving out until the next blank line
	block     bool   // leaving out as long as lines are indented
	blank     bool   // a blank line is due, if anything follows
	started   bool
}

// Write takes a piece of output, of any length.
func (d *digest) Write(p []byte) (int, error) {
	d.rest += string(p)
	for {
		line, rest, found := strings.Cut(d.rest, "\n")
		if !found {
			return len(p), nil
		}
		d.rest = rest
		d.line(strings.TrimRight(line, " \r"))
	}
}

// flush shows a last line that has no end.
func (d *digest) flush() {
	if d.rest != "" {
		d.line(d.rest)
		d.rest = ""
	}
}

func (d *digest) line(line string) {
	if line == "" {
		d.paragraph, d.blank = false, d.started
		return
	}
	d.block = d.block && strings.HasPrefix(line, " ")
	switch {
	case d.paragraph || d.block:
		return
	case startsRoutine(line):
		d.paragraph = true
		return
	case line == "Changes to Outputs:":
		d.block = true
		return
	case started.MatchString(line):
		return
	case d.shorten != nil && d.shorten(line):
		return
	}
	if d.blank {
		d.show("")
	}
	d.blank, d.started = false, true
	d.show(idAtEnd.ReplaceAllString(line, ""))
}

// started matches the lines that announce what another line will report as
// done, and idAtEnd what both repeat.
var (
	started = regexp.MustCompile(`^\S+: (Refreshing state|Creating|Modifying|Destroying)\.\.\.`)
	idAtEnd = regexp.MustCompile(` \[id=[^]]*\]$`)
)

// startsRoutine tells whether a paragraph says what every run says. Terraform's
// name isn't part of the patterns: OpenTofu says the same of itself.
func startsRoutine(line string) bool {
	for _, phrase := range []string{
		" used the selected providers to generate the following execution", // the legend of signs
		" will perform the following actions:",
		" has compared your real infrastructure against your configuration",
		" detected the following changes made outside of ",
		" has been successfully initialized!",
	} {
		if strings.Contains(line, phrase) {
			return true
		}
	}
	for _, beginning := range []string{
		"Unless you have made equivalent changes to your configuration",
		"─────",
	} {
		if strings.HasPrefix(line, beginning) {
			return true
		}
	}
	return false
}

// onlyInstalled leaves of terraform init what was installed.
func onlyInstalled(line string) bool { return !strings.HasPrefix(line, "- Installed ") }

// outputLine matches what Terraform lists after an apply.
var outputLine = regexp.MustCompile(`^(Outputs:$|\w+ += )`)

// withoutOutputs leaves out the outputs, which the reader has seen by then.
func withoutOutputs(line string) bool { return outputLine.MatchString(line) }

// onlyHeadings leaves out the outputs and what a plan says inside of resource blocks.
func onlyHeadings(line string) bool { return withoutOutputs(line) || inBody(line) }

func inBody(line string) bool {
	trimmed := strings.TrimSpace(line)
	return line != trimmed && !strings.HasPrefix(trimmed, "# signoz_")
}
