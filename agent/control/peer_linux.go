package control

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// credentials asks the kernel (unix(7): SO_PEERCRED, SO_PEERGROUPS).
func credentials(fd uintptr) (Peer, error) {
	cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	groups, err := peerGroups(fd)
	return Peer{UID: cred.Uid, Groups: append(groups, cred.Gid)}, err
}

// peerGroups reads SO_PEERGROUPS, for which x/sys has no call: an array of gid_t.
func peerGroups(fd uintptr) ([]uint32, error) {
	var groups []uint32
	for {
		size := uint32(len(groups) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(unsafe.SliceData(groups))), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4], nil
		case errno == unix.ERANGE && int(size/4) > len(groups): // the kernel says how many there are
			groups = make([]uint32, size/4)
		default:
			return nil, errno
		}
	}
}
