// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

// Command demo shows the provider at work and checks everything it claims:
// apply, sign in with the new key, move its expiry, find and repair drift,
// destroy. `make demo` builds what it needs and runs it.
//
// It runs against an embedded SigNoz, or against the server that
// SIGNOZ_ENDPOINT and SIGNOZ_API_KEY name. It cleans up after itself, also
// when it fails or is interrupted, and exits with 1 when a claim doesn't hold.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the demo at once
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// cleanUpTime bounds what is done after the story, however that ended.
const cleanUpTime = 20 * time.Second

// settings are what the flags say.
type settings struct {
	bin  string
	keep bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	set := settings{}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.bin, "bin", "bin", "directory with the built provider and devserver")
	flags.BoolVar(&set.keep, "keep", false, "leave Terraform's directory behind, to play with")
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	bin, err := filepath.Abs(set.bin)
	if err != nil {
		return settings{}, fmt.Errorf("-bin %s: %w", set.bin, err)
	}
	set.bin = bin
	return set, nil
}

// run tells the story once and cleans up.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) (err error) {
	set, err := parse(args, stderr)
	if err != nil {
		return err
	}
	began := time.Now()
	tell := newNarrator(stdout, lookup(environ, "NO_COLOR") == "")
	site, err := openSite(ctx, set, environ, tell)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tell.gap()
			tell.say("Cleaning up.")
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
		defer cancel()
		err = errors.Join(err, site.close(ctx, set.keep))
		if set.keep {
			site.invite(tell)
		}
	}()

	story := newStory(tell, site, time.Now())
	if err := story.tellAll(ctx); err != nil {
		return explain(ctx, err)
	}
	tell.done(len(story.chapters()), time.Since(began))
	return nil
}

// explain tells an interruption from a failure that it brought about.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
