// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package values

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// IsRegexp refuses what can't be read as a regular expression.
func IsRegexp() validator.String { return isRegexp{} }

type isRegexp struct{}

func (isRegexp) Description(context.Context) string { return "must be a regular expression" }

func (v isRegexp) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (isRegexp) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !Known(req.ConfigValue) {
		return
	}
	if _, err := regexp.Compile(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid regular expression",
			fmt.Sprintf("%s. The syntax is that of Go (RE2), which has no lookahead and no backreferences.", err))
	}
}
