package troubles

import (
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/paird/paird/cmd/internal/e2e"
)

// late is the program as it will be built tomorrow: to it the clock of this machine is that of a board without a
// battery.
const late = "paird-1970"

func unsetClock() e2e.Build {
	return e2e.Build{Name: late, Into: func(file string) error {
		flags := fmt.Sprintf("-s -w -X main.version=e2e -X main.built=%d", time.Now().Add(24*time.Hour).Unix())
		return e2e.Command(root, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", flags, "-o", file, "./cmd/paird")
	}}
}

// withoutNTP, as an argument of this program, runs the program that follows, with the name and the arguments after it, in
// a process to which the kernel does not say whether the clock is synchronised.
const withoutNTP = "without-ntp"

// refuseAdjtimex is that mode of this program; it does not return then.
func refuseAdjtimex() {
	if len(os.Args) < 4 || os.Args[1] != withoutNTP {
		return
	}
	runtime.LockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call, seccomp(2)
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_ADJTIMEX},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	}
	if err == nil {
		err = unix.Exec(os.Args[2], os.Args[3:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
