package clock

import (
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelSynchronised reads adjtimex(2) without changing anything (modes 0), which needs no privilege. The call never
// blocks: it is made past the Go scheduler, which otherwise wakes its monitoring thread at each call of an idle program.
func kernelSynchronised() (bool, error) {
	var t unix.Timex
	_, _, errno := unix.RawSyscall(unix.SYS_ADJTIMEX, uintptr(unsafe.Pointer(&t)), 0, 0)
	if errno != 0 {
		return false, os.NewSyscallError("adjtimex", errno)
	}
	return t.Status&unix.STA_UNSYNC == 0, nil
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0 // only a kernel before 2.6.39 has no CLOCK_BOOTTIME
	}
	return time.Duration(ts.Nano())
}

func kernelBootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // random(4)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
