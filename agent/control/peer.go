package control

import (
	"context"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Peer is the process at the other end of the socket, as the kernel knew it when it connected.
type Peer struct {
	UID    uint32
	Groups []uint32 // primary and supplementary
}

type peerKey struct{}

// WithPeer gives a request's context its peer; a request without one is allowed nothing.
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// allowed tells whether one of the names in who means the peer: "*", "user:NAME", "group:NAME". Root and
// the daemon's own user always may. Names are looked up anew each time: an account made later counts.
func (p Peer) allowed(who []string) bool {
	return p.privileged() || slices.ContainsFunc(who, p.is)
}

func (p Peer) privileged() bool { return p.UID == 0 || p.UID == uint32(os.Geteuid()) }

func (p Peer) is(name string) bool {
	if name == "*" {
		return true
	}
	kind, name, _ := strings.Cut(name, ":")
	switch kind {
	case "user":
		u, err := user.Lookup(name)
		return err == nil && u.Uid == id(p.UID)
	case "group":
		g, err := user.LookupGroup(name)
		return err == nil && slices.ContainsFunc(p.Groups, func(gid uint32) bool { return g.Gid == id(gid) })
	}
	return false
}

func id(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

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
