//go:build unix

package hooks

import (
	"os/exec"
	"syscall"
)

// ownGroup makes cmd the leader of a process group that Cancel kills as a whole.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// killGroup ends what the program left running. A group outlives its leader, and its number is not
// given to a new process while it has members; without members there is nobody to kill.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
