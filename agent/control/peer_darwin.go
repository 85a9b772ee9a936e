package control

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who connected (unix(4): LOCAL_PEERCRED). A laptop runs the simulated panel.
func peerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var p Peer
	var asked error
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Xucred
		if cred, asked = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED); asked == nil {
			p = Peer{UID: cred.Uid, Groups: cred.Groups[:max(0, min(int(cred.Ngroups), len(cred.Groups)))]}
		}
	})
	if err == nil {
		err = asked
	}
	return p, err
}
