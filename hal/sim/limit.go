package sim

import (
	"net"
	"sync"
)

// limited closes the connections above a number of them at once.
type limited struct {
	net.Listener
	slots chan struct{}
}

// Accept returns the next connection that has a slot.
func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &slot{conn, sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			conn.Close()
		}
	}
}

// slot is a connection that gives its slot back.
type slot struct {
	net.Conn
	leave func()
}

func (s *slot) Close() error {
	s.leave()
	return s.Conn.Close()
}
