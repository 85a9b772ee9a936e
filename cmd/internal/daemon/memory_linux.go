package daemon

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapProgram takes this program's own code and constants out of its memory. They stay in the kernel's page cache and
// come back as they are used: an idle device uses little of what a start and a pairing did.
func unmapProgram() {
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return // it saves memory, no more
	}
	for _, m := range unchanged(string(smaps)) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ from, to uintptr }

// unchanged are the mappings whose pages are all as in their file, and that cannot be written to: nothing is lost with
// them. smaps is /proc/PID/smaps (proc_pid_smaps(5)).
func unchanged(smaps string) (all []mapping) {
	var m mapping
	private := false // the mapping is of a file, and read-only
	for line := range strings.Lines(smaps) {
		switch f := strings.Fields(line); {
		case len(f) > 5 && !strings.HasSuffix(f[0], ":"): // from-to perms offset device inode path
			m = addresses(f[0])
			private = (f[1] == "r-xp" || f[1] == "r--p") && strings.HasPrefix(f[5], "/")
		case private && len(f) > 1 && f[0] == "Anonymous:" && f[1] == "0":
			all = append(all, m)
		case len(f) == 5: // a mapping without a file
			private = false
		}
	}
	return all
}

// addresses reads "400000-896000"; what is none is an empty mapping.
func addresses(s string) mapping {
	first, end, _ := strings.Cut(s, "-")
	from, err := strconv.ParseUint(first, 16, strconv.IntSize)
	to, err2 := strconv.ParseUint(end, 16, strconv.IntSize)
	if err != nil || err2 != nil || to < from {
		return mapping{}
	}
	return mapping{uintptr(from), uintptr(to)}
}
