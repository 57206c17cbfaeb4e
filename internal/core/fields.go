// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Fields are the fields of a model, by the names of the attributes that they hold.
type Fields map[string]FieldOf

// FieldOf is one field of a model, made with [Field].
type FieldOf interface {
	get() attr.Value
	set(value attr.Value) bool
}

// Field is the field that p points to.
func Field[V attr.Value](p *V) FieldOf { return field[V]{p} }

type field[V attr.Value] struct{ p *V }

func (f field[V]) get() attr.Value { return *f.p }

func (f field[V]) set(value attr.Value) bool {
	v, ok := value.(V)
	if ok {
		*f.p = v
	}
	return ok
}

// Encode makes the value of a state, or of another thing with a schema, of the fields of a model.
func Encode(ctx context.Context, fields Fields, schema interface{ Type() attr.Type }, diags *diag.Diagnostics) tftypes.Value {
	object, err := fields.encode(ctx, objectType(ctx, schema))
	if err != nil {
		addBug(diags, err)
	}
	return object
}

func objectType(ctx context.Context, schema interface{ Type() attr.Type }) tftypes.Object {
	object, _ := schema.Type().TerraformType(ctx).(tftypes.Object)
	return object
}

func addBug(diags *diag.Diagnostics, err error) {
	diags.AddError("Unexpected object", err.Error()+". This is a bug of the provider: please report it.")
}

// encode makes an object of the fields that objectType names.
func (fields Fields) encode(ctx context.Context, objectType tftypes.Object) (tftypes.Value, error) {
	values := make(map[string]tftypes.Value, len(objectType.AttributeTypes))
	for name := range objectType.AttributeTypes {
		f, ok := fields[name]
		if !ok {
			return tftypes.NewValue(objectType, nil), fmt.Errorf("the model has no field for the attribute %q", name)
		}
		value, err := f.get().ToTerraformValue(ctx)
		if err != nil {
			return tftypes.NewValue(objectType, nil), fmt.Errorf("attribute %q: %w", name, err)
		}
		values[name] = value
	}
	return tftypes.NewValue(objectType, values), nil
}

// decode fills the fields with the attributes of an object. The framework's reflection
// does the same at many times the cost.
func (fields Fields) decode(ctx context.Context, attributes map[string]attr.Type, object tftypes.Value) error {
	var values map[string]tftypes.Value
	if err := object.As(&values); err != nil {
		return err
	}
	for name, attribute := range attributes {
		value, err := attribute.ValueFromTerraform(ctx, values[name])
		if err != nil {
			return fmt.Errorf("attribute %q: %w", name, err)
		}
		if f, ok := fields[name]; !ok || !f.set(value) {
			return fmt.Errorf("the model has no field for the attribute %q, a %T", name, value)
		}
	}
	return nil
}

// equal reports whether two models of the same type have the same values.
func (fields Fields) equal(other Fields) bool {
	for name, f := range fields {
		if !f.get().Equal(other[name].get()) {
			return false
		}
	}
	return true
}
