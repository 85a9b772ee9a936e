package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/paird/paird/agent/internal/statedir"
)

// below is a path to name that goes through the open folder. It is short whatever the folder's own path is.
func below(dir *statedir.Dir, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}

// openToAll lets every user connect to the socket under that name. chmod(2) follows a symbolic link, so the mode
// is set through a descriptor of the socket itself (open(2): O_PATH).
func openToAll(dir *statedir.Dir, name string) error {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: dir.Path(name), Err: err}
	}
	socket := os.NewFile(uintptr(fd), dir.Path(name))
	defer socket.Close()
	info, err := socket.Stat()
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); info.Mode().Type() != fs.ModeSocket || !ok || int(st.Uid) != os.Geteuid() {
		return errors.New("something else was put in place of the socket")
	}
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), 0o666)
}
