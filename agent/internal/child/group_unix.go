//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// own has the program lead a process group.
func own(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the leader and all members. A group outlives its leader, and its number is not given
// to a new process while it has members.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
