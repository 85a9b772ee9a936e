package control

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected (unix(7): SO_PEERCRED, SO_PEERGROUPS).
func peerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var p Peer
	var asked error
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		if cred, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); asked != nil {
			return
		}
		p.UID = cred.Uid
		p.Groups, asked = peerGroups(fd)
		p.Groups = append(p.Groups, cred.Gid)
	})
	if err == nil {
		err = asked
	}
	return p, err
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
