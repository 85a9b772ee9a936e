package control

import (
	"cmp"
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Peer is the process at the other end of the socket, as the kernel knew it when it connected.
type Peer struct {
	UID    uint32
	Groups []uint32 // primary and supplementary
	over   bool     // its user holds too many connections already
}

type peerKey struct{}

// WithPeer gives a request's context its peer; a request without one is allowed nothing.
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// privileged peers are always allowed: root, and the daemon's own user, who could read its memory.
func (p Peer) privileged() bool { return p.UID == 0 || p.UID == uint32(os.Geteuid()) }

// allowed reports whether who has a name that stands for the peer: "*", "user:NAME" or "group:NAME".
func (a *accounts) allowed(p Peer, who []string) bool {
	return p.privileged() || slices.ContainsFunc(who, func(name string) bool { return a.means(name, p) })
}

func (a *accounts) means(name string, p Peer) bool {
	if name == "*" {
		return true
	}
	kind, account, _ := strings.Cut(name, ":")
	id := a.id(kind, account)
	switch {
	case id == "":
		return false
	case kind == "user":
		return id == number(p.UID)
	}
	return slices.ContainsFunc(p.Groups, func(gid uint32) bool { return id == number(gid) })
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

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
