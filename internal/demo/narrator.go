// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// A style is how a piece of text looks on a terminal that has colours.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "1;36"
)

// headingWidth is how far the rule of a heading reaches, in characters.
const headingWidth = 88

// narrator writes what the reader sees, and counts the claims that held.
type narrator struct {
	out    io.Writer
	colour bool
	claims int
	atGap  bool // whether the line before is blank
}

// newNarrator colours only what goes to a terminal, and only where that is welcome.
func newNarrator(out io.Writer, colourWelcome bool) *narrator {
	return &narrator{out: out, colour: colourWelcome && isTerminal(out)}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (n *narrator) paint(s style, text string) string {
	if !n.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line writes one line. Whoever reads along may have gone; the story goes on,
// since it has to clean up.
func (n *narrator) line(s style, text string) {
	n.atGap = text == ""
	_, _ = fmt.Fprintln(n.out, n.paint(s, text))
}

// gap separates what follows by one blank line.
func (n *narrator) gap() {
	if !n.atGap {
		n.line(plain, "")
	}
}

// title opens the story.
func (n *narrator) title(text string) {
	n.gap()
	n.line(bold, text)
	n.gap()
}

// chapter opens a numbered step.
func (n *narrator) chapter(number int, title string) {
	head := fmt.Sprintf("── %d  %s ", number, title)
	n.gap()
	n.line(cyan, head+strings.Repeat("─", max(0, headingWidth-utf8.RuneCountInString(head))))
	n.gap()
}

// say writes a paragraph in the narrator's words.
func (n *narrator) say(lines ...string) {
	for _, l := range lines {
		n.line(plain, "  "+l)
	}
	n.gap()
}

// quote writes a file's text or what Terraform said, behind a bar.
func (n *narrator) quote(line string) {
	bar := n.paint(dim, "  │")
	if line == "" {
		n.line(plain, bar)
		return
	}
	n.line(plain, bar+" "+n.paint(styleOf(line), line))
}

// command shows what is run.
func (n *narrator) command(text string) {
	n.gap()
	n.line(bold, "  $ "+text)
}

// styleOf colours Terraform's plans as Terraform does, by the sign that leads a line.
func styleOf(line string) style {
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "+ "):
		return green
	case strings.HasPrefix(trimmed, "- "):
		return red
	case strings.HasPrefix(trimmed, "~ "), strings.HasPrefix(trimmed, "-/+ "):
		return yellow
	case strings.HasPrefix(trimmed, "# signoz_"), strings.HasPrefix(trimmed, "Plan: "), strings.HasPrefix(trimmed, "No changes."),
		strings.HasPrefix(trimmed, "Apply complete!"), strings.HasPrefix(trimmed, "Destroy complete!"):
		return bold
	}
	return plain
}

// claimError is a claim that doesn't hold.
type claimError struct{ claim, instead string }

func (e *claimError) Error() string {
	return fmt.Sprintf("this doesn't hold: %s (%s)", e.claim, e.instead)
}

// claim shows what was checked. Where it doesn't hold, it returns an error that
// says what is true instead.
func (n *narrator) claim(holds bool, claim, instead string) error {
	if !holds {
		n.line(red, "  ✗ "+claim)
		return &claimError{claim: claim, instead: instead}
	}
	n.claims++
	n.line(plain, "  "+n.paint(green, "✓")+" "+claim)
	return nil
}

func (n *narrator) done(chapters int, took time.Duration) {
	n.gap()
	n.line(green, fmt.Sprintf("%d steps in %.1f s; all %d claims were checked and hold.", chapters, took.Seconds(), n.claims))
}
