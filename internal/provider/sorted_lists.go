// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"iter"
	"slices"
	"sync"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoz"
)

// sortedAccounts is a sorted copy of the client's list. Names of deleted accounts may repeat.
func sortedAccounts(accounts []signoz.ServiceAccount) []signoz.ServiceAccount {
	return slices.SortedFunc(slices.Values(accounts), func(a, b signoz.ServiceAccount) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// sortedKeys is a sorted copy of the client's list.
func sortedKeys(keys []signoz.Key) []signoz.Key {
	return slices.SortedFunc(slices.Values(keys), func(a, b signoz.Key) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// accountsReadAtOnce is how many accounts are read at the same time, as many as
// Terraform works on by default.
const accountsReadAtOnce = 10

// readEach yields what read returns for each account, in order. It reads some accounts at
// the same time, and reads on only while more is wanted.
func readEach[R any](accounts []signoz.ServiceAccount, read func(signoz.ServiceAccount) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		for some := range slices.Chunk(accounts, accountsReadAtOnce) {
			results := make([]R, len(some))
			var running sync.WaitGroup
			for i, account := range some {
				running.Go(func() { results[i] = read(account) })
			}
			running.Wait()
			for _, result := range results {
				if !yield(result) {
					return
				}
			}
		}
	}
}
