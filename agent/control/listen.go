package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/remote"
	"github.com/paird/paird/agent/internal/statedir"
)

// Listen opens the socket at path. Every user may connect: each call is checked by who the peer is. A socket
// that no daemon serves any more is replaced; while one does the error is ErrInUse. The folder is made (0700)
// if it is missing, and refused where another account could put its own socket there.
func Listen(path string) (net.Listener, error) {
	l, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	return l, nil
}

func listen(path string) (*listener, error) {
	dir, err := statedir.Make(filepath.Dir(path), nil)
	if err != nil {
		return nil, err
	}
	at := socketName{dir, filepath.Base(path)}
	l, err := at.listen()
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &listener{UnixListener: l, slots: slots{open: map[uint32]int{}}, close: sync.OnceValue(func() error {
		return errors.Join(dir.Remove(at.name), l.Close(), dir.Close())
	})}, nil
}

// socketName is the name of a socket in an open folder. It stays the same while others rename what leads to it.
type socketName struct {
	dir  *statedir.Dir
	name string
}

func (p socketName) listen() (*net.UnixListener, error) {
	if err := p.clear(); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: below(p.dir, p.name), Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := openToAll(p.dir, p.name); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// orphaned is how long a socket may stay open without an answer: a daemon that was killed between fork and exec
// of a child leaves the child holding it for a moment.
const orphaned = 2 * time.Second

// clear removes a socket that no daemon serves.
func (p socketName) clear() error {
	for until := time.Now().Add(orphaned); ; {
		answered, err := p.tryClear()
		if !errors.Is(err, ErrInUse) || answered || time.Now().After(until) {
			return err
		}
	}
}

// tryClear is ErrInUse for a socket that a process holds; answered says that a daemon is behind it.
func (p socketName) tryClear() (answered bool, err error) {
	info, err := p.dir.Lstat(p.name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return false, errors.New("there is something else than a socket, remove it or set control.socket")
	}
	conn, err := net.DialTimeout("unix", below(p.dir, p.name), orphaned)
	if remote.Refused(err) {
		return false, p.dir.Remove(p.name)
	}
	if err != nil {
		return false, err
	}
	defer conn.Close()
	return answers(conn), ErrInUse
}

// answers reports whether a daemon speaks, within a quarter of a second.
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
