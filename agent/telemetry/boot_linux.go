package telemetry

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// kernelBoot names this boot (random(4)) and tells the time since on a clock that counts suspend
// and cannot be set (clock_gettime(2)).
func kernelBoot() (id string, up time.Duration) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", 0
	}
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return "", 0
	}
	return strings.TrimSpace(string(b)), time.Duration(ts.Nano())
}
