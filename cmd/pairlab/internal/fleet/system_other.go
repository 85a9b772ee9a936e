//go:build !linux

package fleet

import "os/exec"

// descriptors is not known here: the servers run in a process of their own.
func descriptors() int { return 0 }

// endWithUs does nothing: this system has no such setting.
func endWithUs(*exec.Cmd) {}
