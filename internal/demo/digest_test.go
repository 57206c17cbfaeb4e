// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

const applied = `signoz_service_account.pipeline: Refreshing state... [id=01a2]

Note: Objects have changed outside of Terraform

Terraform detected the following changes made outside of Terraform since the
last "terraform apply" which may have affected this plan:

  # signoz_service_account_key.deploy has been deleted
  - resource "signoz_service_account_key" "deploy" {
      - id = "01a2" -> null
    }


Unless you have made equivalent changes to your configuration, or ignored the
relevant attributes using ignore_changes, the following plan may include
actions to undo or respond to these changes.

─────────────────────────────────────────────────────────────────────────────

OpenTofu used the selected providers to generate the following execution
plan. Resource actions are indicated with the following symbols:
  + create

OpenTofu will perform the following actions:

  # signoz_service_account_key.deploy will be created
  + resource "signoz_service_account_key" "deploy" {
      + id = (known after apply)
    }

Plan: 1 to add, 0 to change, 0 to destroy.

Changes to Outputs:
  ~ key_id = "01a2" -> (known after apply)
signoz_service_account_key.deploy: Creating...
signoz_service_account_key.deploy: Still creating... [10s elapsed]
signoz_service_account_key.deploy: Creation complete after 11s [id=01a3]

Apply complete! Resources: 1 added, 0 changed, 0 destroyed.

Outputs:

api_key = <sensitive>
key_id  = "01a3"
`

func TestDigest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		shorten func(string) bool
		want    []string
	}{
		"all but the routine": {want: []string{
			"Note: Objects have changed outside of Terraform",
			"",
			"  # signoz_service_account_key.deploy has been deleted",
			`  - resource "signoz_service_account_key" "deploy" {`,
			`      - id = "01a2" -> null`,
			"    }",
			"",
			"  # signoz_service_account_key.deploy will be created",
			`  + resource "signoz_service_account_key" "deploy" {`,
			"      + id = (known after apply)",
			"    }",
			"",
			"Plan: 1 to add, 0 to change, 0 to destroy.",
			"",
			"signoz_service_account_key.deploy: Still creating... [10s elapsed]",
			"signoz_service_account_key.deploy: Creation complete after 11s",
			"",
			"Apply complete! Resources: 1 added, 0 changed, 0 destroyed.",
			"",
			"Outputs:",
			"",
			"api_key = <sensitive>",
			`key_id  = "01a3"`,
		}},
		"headings": {shorten: onlyHeadings, want: []string{
			"Note: Objects have changed outside of Terraform",
			"",
			"  # signoz_service_account_key.deploy has been deleted",
			"",
			"  # signoz_service_account_key.deploy will be created",
			"",
			"Plan: 1 to add, 0 to change, 0 to destroy.",
			"",
			"signoz_service_account_key.deploy: Still creating... [10s elapsed]",
			"signoz_service_account_key.deploy: Creation complete after 11s",
			"",
			"Apply complete! Resources: 1 added, 0 changed, 0 destroyed.",
		}},
	} {
		// Output arrives in pieces of any length.
		for _, size := range []int{1, 7, len(applied)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var got []string
				d := &digest{shorten: test.shorten, show: func(line string) { got = append(got, line) }}
				for piece := range slices.Chunk([]byte(applied), size) {
					if _, err := d.Write(piece); err != nil {
						t.Fatal(err)
					}
				}
				d.flush()
				if !slices.Equal(got, test.want) {
					t.Errorf("in pieces of %d bytes it shows\n%s\nwant\n%s", size, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
			})
		}
	}
}

func TestDigestShowsAnUnfinishedLine(t *testing.T) {
	t.Parallel()
	var got []string
	d := &digest{show: func(line string) { got = append(got, line) }}
	_, _ = d.Write([]byte("Error: no more")) // never fails
	d.flush()
	if !slices.Equal(got, []string{"Error: no more"}) {
		t.Errorf("it shows %q", got)
	}
}
