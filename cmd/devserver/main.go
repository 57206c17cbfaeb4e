// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Command devserver runs the embedded SigNoz of the tests on a loopback port,
// for tests of Terraform modules, for demos and to play against. It prints the
// lines that point the provider at it and shows each request:
//
//	go run github.com/signoz-community/terraform-provider-signoz/cmd/devserver@latest -version v0.118.0
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/signoz-community/terraform-provider-signoz/internal/signoztest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	listen  string
	version signoztest.Version
	list    bool
	quiet   bool
	envFile string
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if set.list {
		_, err := fmt.Fprintln(stdout, versionList("\n"))
		return err
	}
	options := []signoztest.Option{signoztest.WithVersion(set.version)}
	if set.version != signoztest.Main {
		// Released servers tell their version; those built from source don't.
		options = append(options, signoztest.WithReportedVersion(string(set.version)))
	}
	if !set.quiet {
		options = append(options, signoztest.WithRequestLog(requestLogger(stderr)))
	}
	if err := removeStale(set.envFile); err != nil {
		return fmt.Errorf("remove the old -env-file: %w", err)
	}
	server := signoztest.New(options...)
	if err := server.Listen(set.listen); err != nil {
		return err
	}
	defer server.Close() //nolint:contextcheck // it has to go on when ctx has ended
	if err := announce(server, set, stdout); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func parse(args []string, stderr io.Writer) (settings, error) {
	set := settings{}
	flags := flag.NewFlagSet("devserver", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.listen, "listen", "127.0.0.1:0", "loopback address and port to listen on; port 0 picks a free one")
	version := flags.String("version", string(signoztest.Default), "SigNoz version to behave as; list shows which there are")
	flags.BoolVar(&set.quiet, "quiet", false, "don't show the requests")
	flags.StringVar(&set.envFile, "env-file", "", "file to write the export lines to as well, once the server listens")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if *version == "list" {
		return settings{list: true}, nil
	}
	set.version = signoztest.Version(*version)
	if !knownVersion(set.version) {
		return settings{}, fmt.Errorf("there is no version %q; these are the ones: %s", *version, versionList(", "))
	}
	return set, checkLoopback(set.listen)
}

func knownVersion(version signoztest.Version) bool {
	return slices.Contains(signoztest.Versions(), version)
}

func versionList(separator string) string {
	var names []string
	for _, v := range signoztest.Versions() {
		names = append(names, string(v))
	}
	return strings.Join(names, separator)
}

// checkLoopback keeps the server, which has a known password, off the network.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-listen %s: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("-listen %s: only loopback addresses such as 127.0.0.1:8080 are allowed, since anyone may sign in here with a known password", address)
}

// announce prints how to reach the server. The file comes first: whoever waits
// for it finds the server listening.
func announce(server *signoztest.Server, set settings, stdout io.Writer) error {
	exports := fmt.Sprintf("export SIGNOZ_ENDPOINT=%s\nexport SIGNOZ_API_KEY=%s\n", quote(server.URL), quote(server.AdminKey()))
	if set.envFile != "" {
		if err := writeEnvFile(set.envFile, exports); err != nil {
			return fmt.Errorf("write -env-file: %w", err)
		}
	}
	_, err := fmt.Fprintf(stdout, "%s# SigNoz %s for play: paste these lines where Terraform runs. Ctrl-C ends it, and nothing is kept.\n", exports, server.Version())
	return err
}

// quote makes a shell word of a text.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// removeStale removes the file of an earlier run, lest a script that waits for
// this one takes the old.
func removeStale(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// writeEnvFile writes the file whole or not at all, so that a script that
// waits for it never reads half of it. The key in it is for its owner alone.
func writeEnvFile(path, text string) error {
	unfinished := path + ".unfinished"
	if err := removeStale(unfinished); err != nil {
		return err
	}
	if err := os.WriteFile(unfinished, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

// requestLogger shows each request in one line: what, how it ended, how long
// it took and who asked. Bodies and headers stay out, for they hold keys.
func requestLogger(w io.Writer) func(signoztest.Request) {
	var mu sync.Mutex
	return func(r signoztest.Request) {
		mu.Lock()
		defer mu.Unlock()
		// A log that can't be written has nowhere to report it.
		_, _ = fmt.Fprintf(w, "%s %-6s %s %d %s %s\n",
			r.Time.Format("15:04:05.000"), r.Method, printable(r.Path), r.Status, r.Duration.Round(10*time.Microsecond), caller(r))
	}
}

// printable keeps a path from writing more than its line into the terminal.
func printable(path string) string {
	return (&url.URL{Path: path}).EscapedPath()
}

func caller(r signoztest.Request) string {
	if r.Caller == "" {
		return "–"
	}
	return r.Caller
}
