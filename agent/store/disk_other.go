//go:build !linux

package store

import (
	"errors"
	"syscall"
)

// damagedDisk reports an error of the medium.
func damagedDisk(err error) bool { return errors.Is(err, syscall.EIO) }
