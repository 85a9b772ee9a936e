package store

import (
	"errors"
	"syscall"
)

// damagedDisk reports an error of the medium, or of the file system on it ("structure needs cleaning", errno(3)).
func damagedDisk(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EBADMSG) || errors.Is(err, syscall.EUCLEAN)
}
