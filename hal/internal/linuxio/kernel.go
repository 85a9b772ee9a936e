//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel is the seam at which tests check the bytes of a request.
type kernel interface {
	open(path string) (fd int, err error)
	close(fd int) error
	ioctl(fd int, request uint, arg unsafe.Pointer) error
	glob(pattern string) []string
}

type linux struct{}

func (linux) open(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
}

func (linux) close(fd int) error { return unix.Close(fd) }

func (linux) ioctl(fd int, request uint, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
		runtime.KeepAlive(arg)
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

func (linux) glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the patterns are ours and well formed
	return found
}

// explain says what to do about an error of a device, in one line.
func explain(what, path, enable, group string, err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("%s: no device %s; %s: %w", what, path, enable, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: not allowed to open %s; add the user to the group %s: %w", what, path, group, err)
	}
	return fmt.Errorf("%s: %s: %w", what, path, err)
}
