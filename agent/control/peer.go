package control

import (
	"cmp"
	"context"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
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

// peerOf asks the kernel who connected.
func peerOf(conn *net.UnixConn) (p Peer, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, err
	}
	var asked error
	err = raw.Control(func(fd uintptr) { p, asked = credentials(fd) })
	return p, cmp.Or(err, asked)
}
