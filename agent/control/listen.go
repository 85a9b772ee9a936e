package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// perUser bounds the connections one user may hold, so that none keeps the others out.
const perUser = 32

// Listen opens the socket at path. Everybody may connect: each call is judged by who the peer is. A
// socket that a dead daemon left is replaced; with a live one the error is ErrInUse.
func Listen(path string) (net.Listener, error) {
	if err := clear(path); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return &listener{UnixListener: l, open: map[uint32]int{}}, nil
}

// clear removes a socket that nobody serves.
func clear(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is something else than a socket, remove it or set control.socket")
	}
	conn, err := net.DialTimeout("unix", path, 2*time.Second)
	if err == nil {
		return errors.Join(ErrInUse, conn.Close())
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// listener knows its peers.
type listener struct {
	*net.UnixListener
	mu   sync.Mutex
	open map[uint32]int // connections by user
}

// Accept returns the next connection of a user who has not too many already.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		peer, err := peerOf(conn)
		if err == nil && l.enter(peer.UID) {
			return &peerConn{Conn: conn, peer: peer, leave: sync.OnceFunc(func() { l.leave(peer.UID) })}, nil
		}
		conn.Close()
	}
}

func (l *listener) enter(uid uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid] >= perUser {
		return false
	}
	l.open[uid]++
	return true
}

func (l *listener) leave(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid]--; l.open[uid] == 0 {
		delete(l.open, uid)
	}
}

type peerConn struct {
	net.Conn
	peer  Peer
	leave func()
}

func (c *peerConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
