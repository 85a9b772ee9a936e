//go:build !unix

package child

import "os/exec"

// own does nothing: there are no process groups.
func own(*exec.Cmd) {}

// killGroup kills the program; a child that it has left stays.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
