// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Package signoztest is a SigNoz that runs in the test process: an
// http.Handler with the service account, key, role and session calls of real
// servers, a clock, injectable faults and direct access to what it holds.
//
// It answers as the servers recorded in testdata/contract do; contract_test.go
// replays those recordings against it. Behaviour that the recordings don't
// reach is taken from SigNoz's public source and marked so where it stands.
//
// A server belongs to one test; nothing in the package is global, so tests may
// run in parallel:
//
//	s := signoztest.Start(t, signoztest.WithVersion(signoztest.V0_118_0))
//	client := connect(s.URL, s.AdminKey())
//	...
//	if account, ok := s.AccountByName("ci"); !ok || account.Deleted { ... }
package signoztest
