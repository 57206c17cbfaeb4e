// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/signoz-community/terraform-provider-signoz/internal/core"
	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// session is what Configure hands to resources and data sources, for one run.
type session struct {
	client  *signoz.Client   // nil while unknown or missing isn't empty
	unknown []string         // attributes of the provider that are known only during the apply
	missing diag.Diagnostics // errors for missing settings, reported by operations that need SigNoz
	pulumi  bool             // whether Pulumi runs the provider, and not Terraform
	now     func() time.Time

	missingTold atomic.Bool // a refresh or a plan has reported missing

	roles  roleClaims
	seen   seenObjects
	leases sharedMap[string, renewals] // of the ephemeral keys of the run, by id
	strays plannedStrays
}

// configured is embedded in what implements [core.Resource]. Its session is never nil.
type configured struct{ session *session }

func (c *configured) Configure(data any, diags *diag.Diagnostics) {
	if c.session = core.Data[*session](data, diags); c.session == nil {
		c.session = &session{now: time.Now}
	}
}

// Require implements [core.Resource].
func (c *configured) Require(diags *diag.Diagnostics) { c.session.Require(diags) }

// Require reports why SigNoz can't be asked.
func (s *session) Require(diags *diag.Diagnostics) { s.requireClient(diags) }

// online reports whether the server can be asked.
func (s *session) online() bool { return s != nil && s.client != nil }

// requireClient returns the client for an operation that can't do without the server,
// or reports why there is none.
func (s *session) requireClient(diags *diag.Diagnostics) *signoz.Client {
	switch {
	case s.online():
		return s.client
	case s == nil || len(s.unknown)+len(s.missing) == 0:
		diags.AddError("The provider isn't configured", "Terraform asked for an operation before it configured the provider. This is a bug: please report it.")
	case len(s.unknown) > 0:
		diags.AddError("The provider's configuration isn't known yet",
			fmt.Sprintf("This needs SigNoz, but the provider's %s known only during the apply. "+
				"For a data source, add depends_on = [ADDRESS] for the resource that sets this value; Terraform then reads it during the apply. Otherwise apply that resource first (terraform apply -target=ADDRESS), or move it to a separate configuration.",
				s.unknownAre()))
	default:
		diags.Append(s.missing...)
	}
	return nil
}

// mayRefresh reports whether an object can be read now. While the provider's own
// configuration is unknown, it can't, and the plan goes on with what the state says.
func (s *session) mayRefresh(diags *diag.Diagnostics) bool {
	switch {
	case len(s.missing) > 0:
		s.planMissing(diags)
		return false
	case len(s.unknown) == 0:
		return s.requireClient(diags) != nil
	}
	diags.AddWarning("Plan made without contacting SigNoz",
		fmt.Sprintf("The provider's %s known only during the apply, so the plan uses the state as it is and doesn't show changes made outside Terraform.", s.unknownAre()))
	return false
}

// unknownAre names the unknown attributes, as the subject of a sentence.
func (s *session) unknownAre() string {
	if len(s.unknown) == 1 {
		return "`" + s.unknown[0] + "` is"
	}
	return "`" + strings.Join(s.unknown, "`, `") + "` are"
}

// planMissing reports settings that are missing when an object is refreshed or planned.
// Once is enough: it fails the run.
func (s *session) planMissing(diags *diag.Diagnostics) {
	if len(s.missing) > 0 && s.missingTold.CompareAndSwap(false, true) {
		diags.Append(s.missing...)
	}
}

// logAttempt returns a function that logs one line for each attempt at a request. An Attempt has no
// header or body; secrets in its other fields are masked.
func logAttempt(secrets []string) func(context.Context, signoz.Attempt) {
	return func(ctx context.Context, a signoz.Attempt) {
		ctx = tflog.MaskAllFieldValuesStrings(ctx, secrets...)
		fields := map[string]any{
			"method":      a.Method,
			"path":        a.Path,
			"attempt":     a.Number,
			"duration_ms": a.Duration.Milliseconds(),
		}
		if a.Err != nil {
			fields["error"] = a.Err.Error()
			tflog.Debug(ctx, "SigNoz request failed", fields)
			return
		}
		fields["status"] = a.Status
		tflog.Debug(ctx, "SigNoz request", fields)
	}
}
