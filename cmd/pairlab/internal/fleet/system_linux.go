package fleet

import (
	"os/exec"
	"syscall"
)

// descriptors is how many this process may have.
func descriptors() int {
	var most syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most); err != nil {
		return 0
	}
	return int(most.Cur)
}

// endWithUs has the kernel kill the program when this process ends, however it ends.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
