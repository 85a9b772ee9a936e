package control

import (
	"net"
	"sync"
)

// Connections that one user may hold at once. Above its limit a user gets a few more, on which only the calls
// that essential wraps are done and all others are answered with busy.
const (
	limitUser    = 64
	limitTrusted = 1024 // root and the daemon's own user
	limitOver    = 64
	limitTotal   = 1536 // of all users, so that descriptors are left for the daemon's own files
)

// slots counts connections by user.
type slots struct {
	mu    sync.Mutex
	open  map[uint32]int
	total int
}

// enter takes a slot; over says that the user is above its limit. Without a slot the connection must be closed.
func (s *slots) enter(p Peer) (over, ok bool) {
	limit := limitUser
	if p.privileged() {
		limit = limitTrusted
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.open[p.UID]
	if n >= limit+limitOver || s.total >= limitTotal && !p.privileged() {
		return false, false
	}
	s.open[p.UID]++
	s.total++
	return n >= limit, true
}

func (s *slots) leave(uid uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.open[uid]--; s.open[uid] == 0 {
		delete(s.open, uid)
	}
}

// listener accepts connections and knows the peer of each.
type listener struct {
	*net.UnixListener
	slots slots
	close func() error // removes the socket too
}

// Close ends Accept and removes the socket. A second call does nothing.
func (l *listener) Close() error { return l.close() }

// Accept returns the next connection of a user who has a slot for it.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		peer, err := peerOf(conn)
		if err == nil {
			if over, ok := l.slots.enter(peer); ok {
				peer.over = over
				return &peerConn{Conn: conn, peer: peer, leave: sync.OnceFunc(func() { l.slots.leave(peer.UID) })}, nil
			}
		}
		conn.Close()
	}
}

// peerConn is a connection that gives its slot back.
type peerConn struct {
	net.Conn
	peer  Peer
	leave func()
}

func (c *peerConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
