// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package provider_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

// BenchmarkRefresh is what one run of Terraform asks of the provider to refresh
// so many objects, twenty at once, without Terraform: BENCHMARKS.md has the results
// and says how to read them. The embedded SigNoz answers in the same process, so
// its share is in the times and allocations; with one request for all keys it is
// next to nothing, with one for each about half.
func BenchmarkRefresh(b *testing.B) {
	for _, fleet := range []struct {
		name string
		make func(scene) []instance
	}{
		{"keys-of-one-account", func(s scene) []instance { return s.keysOfOne("") }},
		{"keys-of-as-many-accounts", scene.keysOfMany},
		{"accounts-with-a-role", func(s scene) []instance { return s.managed("signoz-viewer") }},
	} {
		for _, n := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", fleet.name, n), func(b *testing.B) {
				benchmarkRefresh(b, fleet.make, n)
			})
		}
	}
	b.Run("accounts-with-a-role/5ms-away/1000", func(b *testing.B) {
		benchmarkRefresh(b, func(s scene) []instance { return s.managed("signoz-viewer") }, 1_000, signoztest.WithRequestDelay(5*time.Millisecond))
	})
	b.Run("keys-of-one-account/5ms-away/1000", func(b *testing.B) {
		benchmarkRefresh(b, func(s scene) []instance { return s.keysOfOne("") }, 1_000, signoztest.WithRequestDelay(5*time.Millisecond))
	})
}

func benchmarkRefresh(b *testing.B, fleet func(scene) []instance, n int, options ...signoztest.Option) {
	b.Helper()
	b.ReportAllocs()
	s := newScene(b, n, options...)
	objects := fleet(s)
	reads := make([]*tfprotov6.ReadResourceRequest, n)
	for i, object := range objects {
		reads[i] = &tfprotov6.ReadResourceRequest{
			TypeName: object.kind, CurrentState: s.pack(object.object), Private: object.private, CurrentIdentity: object.identity,
		}
	}
	var sent int
	for b.Loop() {
		b.StopTimer()
		run := s.nextRun()
		s.on.ResetRequests()
		runtime.GC()
		b.StartTimer()
		run.each(func(i int) { run.refresh(reads[i]) })
		b.StopTimer()
		sent = s.on.CountRequests("", "")
		b.StartTimer()
	}
	b.ReportMetric(float64(sent), "requests/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/object")
}

// refresh reads an object and leaves the answer packed.
func (p *protocol) refresh(request *tfprotov6.ReadResourceRequest) {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	p.judge("reading "+request.TypeName, nil, resp.Diagnostics)
}

// BenchmarkBareRequests is what the requests of such a refresh cost by themselves:
// accounts with a role, ten at once over connections that stay open.
func BenchmarkBareRequests(b *testing.B) {
	const n = 1_000
	s := newScene(b, n)
	urls := make([]string, n)
	for i, account := range s.accounts("signoz-viewer") {
		urls[i] = s.on.endpoint + "/api/v1/service_accounts/" + account.ID
	}
	b.ReportAllocs()
	for b.Loop() {
		sendBare(b, s.on, urls)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/object")
}
