// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package core

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

type privateGetter interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateSetter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// readPrivate reads the private state of a request of the framework.
func readPrivate[P any](ctx context.Context, from privateGetter, diags *diag.Diagnostics) P {
	var private P
	keys, err := toKeys(private)
	if err != nil {
		addBug(diags, err)
		return private
	}
	stored := make(map[string]json.RawMessage, len(keys))
	for key := range keys {
		value, d := from.GetKey(ctx, key)
		diags.Append(d...)
		if len(value) > 0 {
			stored[key] = value
		}
	}
	if private, err = fromKeys[P](stored); err != nil {
		addBug(diags, fmt.Errorf("what the provider remembers of this object can't be read: %w", err))
	}
	return private
}

// writePrivate writes the private state of a response of the framework.
func writePrivate[P any](ctx context.Context, private P, to privateSetter, diags *diag.Diagnostics) {
	keys, err := toKeys(private)
	if err != nil {
		addBug(diags, err)
	}
	for key, value := range keys {
		diags.Append(to.SetKey(ctx, key, value)...)
	}
}

// toKeys is a P as the private state holds it: a value for each key.
func toKeys[P any](private P) (keys map[string]json.RawMessage, err error) {
	whole, err := json.Marshal(private)
	if err == nil {
		err = json.Unmarshal(whole, &keys)
	}
	return keys, err
}

func fromKeys[P any](keys map[string]json.RawMessage) (private P, err error) {
	if len(keys) == 0 {
		return private, nil
	}
	whole, err := json.Marshal(keys)
	if err == nil {
		err = json.Unmarshal(whole, &private)
	}
	return private, err
}

// decodePrivate reads a private state as the framework stores it: JSON, each value in
// base64. It returns an error if the framework has stored keys of its own in it.
func decodePrivate[P any](stored []byte) (private P, err error) {
	values, err := storedValues(stored)
	if err != nil {
		return private, err
	}
	keys := make(map[string]json.RawMessage, len(values))
	for key, value := range values {
		if strings.HasPrefix(key, ".") {
			return private, fmt.Errorf("%q is the framework's", key)
		}
		keys[key] = value
	}
	return fromKeys[P](keys)
}

func storedValues(stored []byte) (values map[string][]byte, err error) {
	if len(stored) > 0 {
		err = json.Unmarshal(stored, &values)
	}
	return values, err
}

// encodePrivate puts private into a stored private state, whose other keys stay.
func encodePrivate[P any](stored []byte, private P) ([]byte, error) {
	values, err := storedValues(stored)
	if err != nil {
		return nil, err
	}
	keys, err := toKeys(private)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]byte, len(values)+len(keys))
	maps.Copy(all, values)
	for key, value := range keys {
		all[key] = value
	}
	return json.Marshal(all)
}
