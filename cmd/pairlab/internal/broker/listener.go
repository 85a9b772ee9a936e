package broker

import (
	"net"
	"sync"
)

// listener accepts connections for mochi, and can say when each is being read. mochi counts a connection in a goroutine of its
// own just before the first read, and its Close waits for the count: "calls with a positive delta that occur when the
// counter is zero must happen before a Wait" (sync.WaitGroup).
type listener struct {
	net.Listener
	unread sync.WaitGroup
	ended  chan struct{} // closed when Accept has failed: mochi accepts no more then
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		close(l.ended)
		return nil, err
	}
	l.unread.Add(1)
	return &connection{conn, sync.OnceFunc(l.unread.Done)}, nil
}

// end accepts no more, and returns when mochi has counted each connection.
func (l *listener) end() {
	_ = l.Close()
	<-l.ended
	l.unread.Wait()
}

// connection reports its first read.
type connection struct {
	net.Conn
	reading func()
}

func (c *connection) Read(b []byte) (int, error) {
	c.reading()
	return c.Conn.Read(b)
}
