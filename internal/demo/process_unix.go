// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate gives a child a process group of its own. Ctrl-C then reaches the
// demo alone, which ends its children in the right order: Terraform once (at a
// second interrupt it would drop everything), the server last.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
}
