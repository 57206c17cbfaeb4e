// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"fmt"
	"html"
	"strings"
)

// draw makes the README's picture, an SVG: of the steps for it, what Terraform printed
// and what was found in SigNoz. It is drawn only where all claims hold.
func draw(steps []step) []byte {
	const lineHeight = 21
	var text strings.Builder
	y := 40
	write := func(class, content string) {
		y += lineHeight
		fmt.Fprintf(&text, "  <text x=\"20\" y=\"%d\" class=\"%s\" xml:space=\"preserve\">%s</text>\n", y, class, html.EscapeString(content))
	}
	for _, s := range steps {
		if !s.pictured {
			continue
		}
		write("title", "# "+s.title)
		if s.terraform != "" {
			write("command", "$ terraform "+s.terraform)
		}
		for _, line := range s.prints {
			write("printed", line)
		}
		for _, c := range s.claims {
			write("claim", "✓ "+c.text)
		}
		y += lineHeight / 2
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 %[1]d" role="img" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="15">
  <title>The demo: a rotation with overlap, and drift with exit code 2</title>
  <style>
    .window{fill:#f6f8fa;stroke:#d0d7de}.title{fill:#0969da}.command{fill:#24292f;font-weight:bold}.printed{fill:#24292f}.claim{fill:#116329}
    @media (prefers-color-scheme:dark){.window{fill:#161b22;stroke:#30363d}.title{fill:#4493f8}.command,.printed{fill:#e6edf3}.claim{fill:#3fb950}}
  </style>
  <rect class="window" x="0.5" y="0.5" width="779" height="%[2]d" rx="8"/>
  <circle cx="22" cy="20" r="6" fill="#ff5f58"/><circle cx="42" cy="20" r="6" fill="#ffbd2e"/><circle cx="62" cy="20" r="6" fill="#18c132"/>
%[3]s</svg>
`, y+lineHeight/2, y+lineHeight/2-1, text.String())
}
