// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"html"
	"strings"
)

// draw makes the README's picture of the steps, an SVG. It is drawn only where
// all claims hold.
func draw(steps []step) []byte {
	const (
		lineHeight = 20
		left       = 24
		right      = 490 // where Terraform's words stand
	)
	var text strings.Builder
	y := 22
	write := func(x int, class, content string) {
		fmt.Fprintf(&text, "  <text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, html.EscapeString(content))
	}
	for i, s := range steps {
		y += lineHeight + lineHeight/3
		write(left, "title", fmt.Sprintf("%d  %s", i+1, s.title))
		if s.prints != "" {
			write(right, "terraform", s.prints)
		}
		for _, claim := range s.claims {
			y += lineHeight
			write(left+lineHeight, "claim", "✓ "+claim.text)
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 %[1]d" width="860" height="%[1]d" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">
  <style>.title{fill:#66c2cd;font-weight:bold}.terraform{fill:#b9c0cb}.claim{fill:#a8cc8c}</style>
  <rect width="860" height="%[1]d" rx="6" fill="#282d35"/>
  <circle cx="20" cy="18" r="6" fill="#ff5f58"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/><circle cx="60" cy="18" r="6" fill="#18c132"/>
  <text x="84" y="23" class="terraform">make demo</text>
%[2]s</svg>
`, y+lineHeight, text.String())
}
