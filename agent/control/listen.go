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

// orphaned is how long a socket may stay open without anybody answering: a daemon that was killed between
// fork and exec of a child leaves the child holding it for a moment.
const orphaned = 2 * time.Second

// clear removes a socket that nobody serves.
func clear(path string) error {
	for until := time.Now().Add(orphaned); ; {
		answered, err := tryClear(path)
		if !errors.Is(err, ErrInUse) || answered || time.Now().After(until) {
			return err
		}
	}
}

// tryClear is ErrInUse for a socket that somebody holds; answered says that a daemon is behind it.
func tryClear(path string) (answered bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return false, errors.New("there is something else than a socket, remove it or set control.socket")
	}
	conn, err := net.DialTimeout("unix", path, orphaned)
	if errors.Is(err, unix.ECONNREFUSED) {
		return false, os.Remove(path)
	}
	if err != nil {
		return false, err
	}
	defer conn.Close()
	return answers(conn), ErrInUse
}

// answers tells whether a daemon speaks, within a quarter of a second.
func answers(conn net.Conn) bool {
	if conn.SetDeadline(time.Now().Add(250*time.Millisecond)) != nil {
		return false
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return false
	}
	n, _ := conn.Read(make([]byte, 1))
	return n > 0
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
