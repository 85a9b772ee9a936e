package control

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of one connection in memory.
type pipes struct {
	net.Conn
	conns chan net.Conn
}

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipes) Close() error   { close(p.conns); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fake{events: make(chan []byte, 2)}
		b.events <- []byte("{\"type\":\"paired\",\n \"user_code\":\"X\"}")
		near, far := net.Pipe()
		l := &pipes{conns: make(chan net.Conn, 1)}
		l.conns <- &peerConn{Conn: far, peer: Peer{UID: stranger}, leave: func() {}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, l, Handler(b, HandlerOptions{Status: []string{"*"}, Log: quiet})) }()
		req, _ := http.NewRequest("GET", "http://paird/v1/events", nil)
		go req.Write(near)
		resp, err := http.ReadResponse(bufio.NewReader(near), req)
		if err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatal(resp, err)
		}
		lines := bufio.NewScanner(resp.Body)
		began := time.Now()
		var got []string
		for len(got) < 6 && lines.Scan() {
			got = append(got, lines.Text())
		}
		want := []string{": paird", "", `data: {"type":"paired"}`, "", ":", ""}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if waited := time.Since(began); waited != heartbeat {
			t.Errorf("heartbeat after %s", waited)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		near.Close()
	})
}

func TestFrame(t *testing.T) {
	if got := string(frame([]byte(`{"type":"pairing","pairing":{"user_code":"X"}}`), true)); got != "data: {\"type\":\"pairing\",\"pairing\":{\"user_code\":\"X\"}}\n\n" {
		t.Errorf("got %q", got)
	}
	pairing := []byte(`{"ts":"t","type":"pairing","user_code":"CODE-1","verification_uri":"https://as/d","verification_uri_complete":"https://as/d?c"}`)
	if got := string(frame(pairing, false)); got != "data: {\"ts\":\"t\",\"type\":\"pairing\"}\n\n" {
		t.Errorf("got %q", got)
	}
	for _, whole := range []bool{true, false} {
		if got := string(frame([]byte("no\nJSON"), whole)); got != ":\n\n" {
			t.Errorf("got %q", got)
		}
	}
}
