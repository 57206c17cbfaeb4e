// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package core lets a managed resource of the plugin framework be written as
// functions of plain values: what is wrong with a configuration, what a refresh
// finds, what a plan decides, and what creates, updates and deletes an object. It
// makes a resource of the framework of these, and answers for objects in which
// nothing changes without going through the framework (see [NewServer]). Data sources
// and list resources are a function each ([DataSource], [List]).
//
// It knows nothing of SigNoz.
package core

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// Resource is what the author of a resource writes. M is the model, a struct with a
// field for each attribute of the schema; P is what the private state holds, a struct
// whose JSON names are the keys of the private state.
//
// A resource may also implement the framework's ResourceWithConfigValidators,
// ResourceWithMoveState and ResourceWithUpgradeState.
type Resource[M any, P comparable] interface {
	Describe() Description
	Schema() schema.Schema

	// Configure takes what the provider's Configure has handed over (see [Data]).
	Configure(data any, diags *diag.Diagnostics)

	// Require reports what is missing for Create, Update and Import, such as a setting of
	// the provider. They are called only if it reports no error.
	Require(diags *diag.Diagnostics)

	// Fields names the fields of a model by the attributes that they hold.
	Fields(m *M) Fields

	// Validate reports what is wrong with a configuration, beyond what the validators
	// of the schema find. It must not ask the server: it runs in `terraform validate`.
	Validate(config M) diag.Diagnostics

	// Refresh reads an object.
	Refresh(ctx context.Context, object Object[M, P]) Refreshed[M, P]

	// Plan plans an existing object or one to be created. Terraform plans an object up to
	// three times in a run, so the plan mustn't depend on anything that changes meanwhile,
	// such as the clock: Refresh records in M or P which times have passed.
	Plan(ctx context.Context, change Change[M, P]) Planned[M]

	// PlanDestroy returns warnings and errors for a plan that destroys an object.
	PlanDestroy(ctx context.Context, object Object[M, P]) diag.Diagnostics

	// Create creates an object and saves it as soon as it exists: what was saved when an
	// error is returned stays in the state, tainted.
	Create(ctx context.Context, plan M, result *Result[M, P]) diag.Diagnostics

	// Update changes an object. What was saved when an error is returned becomes the
	// state; if nothing was, the state stays as it is.
	Update(ctx context.Context, change Change[M, P], result *Result[M, P]) diag.Diagnostics

	// Delete deletes an object. It succeeds if the object is gone already.
	Delete(ctx context.Context, object Object[M, P]) diag.Diagnostics

	// Import finds an object by the id that a user gave, or by an identity, whose
	// attributes are texts.
	Import(ctx context.Context, id string, identity map[string]string) (Object[M, P], diag.Diagnostics)
}

// Description is what Terraform learns about a resource before it uses it.
type Description struct {
	Name string // what follows the provider's name: "lamp" of "lamps_lamp"
	// Identity describes the attributes, all of them texts, that identify an object.
	Identity map[string]string
	// MutableIdentity means that an update may change the identity.
	MutableIdentity bool
}

// Session is what a provider hands over to its data sources and lists. It may be zero.
type Session interface {
	// Require reports what is missing for a request, such as a setting of the provider.
	Require(diags *diag.Diagnostics)
}

// Data is what the provider's Configure has handed over; zero before that, as during
// `terraform validate`.
func Data[S any](data any, diags *diag.Diagnostics) (s S) {
	s, ok := data.(S)
	if !ok && data != nil {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Got %T. This is a bug of the provider: please report it.", data))
	}
	return s
}

// Object is an object as the state has it.
type Object[M any, P comparable] struct {
	State   M
	Private P
}

// Refreshed is what Refresh found. Gone means that the object doesn't exist any more.
type Refreshed[M any, P comparable] struct {
	Object[M, P]

	Gone        bool
	Diagnostics diag.Diagnostics
}

// Change is what Terraform proposes or, for Update, what was planned.
type Change[M any, P comparable] struct {
	Config M

	// Plan is the configuration merged with the state, after the plan modifiers of the
	// schema; for Update it is what Plan decided.
	Plan M

	// Prior is the object as it is; nil for one to be created. A replacement is planned
	// twice: first with the object that is replaced, then without.
	Prior *Object[M, P]
}

// State is the state of the object as it is; zero for one to be created.
func (c Change[M, P]) State() (state M) {
	if c.Prior != nil {
		state = c.Prior.State
	}
	return state
}

// Planned is what Plan decided.
type Planned[M any] struct {
	Plan M

	// Replace names the attributes whose change replaces the object. Terraform ignores
	// attributes whose planned value is the same as in the state.
	Replace []string

	Diagnostics diag.Diagnostics
}

// Result takes what Create and Update have made.
type Result[M any, P comparable] struct {
	save   func(M, P)
	remove func()
}

// NewResult returns a result that hands what is saved to save, for a resource that creates
// an object as a part of something else.
func NewResult[M any, P comparable](save func(M, P)) *Result[M, P] {
	return &Result[M, P]{save: save, remove: func() {}}
}

// Save saves an object in the state. A later call replaces an earlier one.
func (r *Result[M, P]) Save(m M, private P) { r.save(m, private) }

// Remove removes the object from the state again.
func (r *Result[M, P]) Remove() { r.remove() }
