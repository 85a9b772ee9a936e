package control

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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
	if got := string(frame([]byte("{\"a\":1,\n\"b\":2}"))); got != "data: {\"a\":1,\"b\":2}\n\n" {
		t.Errorf("got %q", got)
	}
	pairing := []byte(`{"ts":"t","type":"pairing","user_code":"CODE-1","verification_uri":"https://as/d","verification_uri_complete":"https://as/d?c"}`)
	if got := string(frame(visible(pairing, false))); got != "data: {\"ts\":\"t\",\"type\":\"pairing\"}\n\n" {
		t.Errorf("got %q", got)
	}
	for _, event := range [][]byte{[]byte("no\nJSON"), visible([]byte("no\nJSON"), true)} {
		if got := string(frame(event)); got != ":\n\n" {
			t.Errorf("got %q", got)
		}
	}
}

// pipe serves a handler on one connection in memory, as the given user, and returns the caller's end.
func pipe(t *testing.T, h http.Handler, uid uint32) (near net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	l := &pipes{conns: make(chan net.Conn, 1)}
	l.conns <- &peerConn{Conn: far, peer: Peer{UID: uid}, leave: func() {}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, h) }()
	t.Cleanup(func() {
		cancel()
		near.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return near
}

// A caller who does not read its answer holds neither a goroutine nor a slot for longer than the write limit.
func TestAnswersHaveADeadline(t *testing.T) {
	for _, path := range []string{"/v1/status", "/v1/events"} {
		synctest.Test(t, func(t *testing.T) {
			left := make(chan struct{})
			h := Handler(&fake{status: Status{Version: strings.Repeat("x", 1<<20)}}, HandlerOptions{Status: []string{"*"}, Log: quiet})
			near := pipe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r)
				close(left)
			}), stranger)
			began := time.Now()
			go near.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: paird\r\n\r\n"))
			select {
			case <-left:
			case <-time.After(time.Hour):
				t.Errorf("%s: the handler does not return", path)
				near.Close()
				<-left
			}
			if took := time.Since(began); took != writeLimit {
				t.Errorf("%s: the handler returned after %v", path, took)
			}
		})
	}
}

// Messages come in order, those of the filter only, and a second program on the same messages is refused.
func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fake{inbox: []Message{{1, "job/a", []byte("x\xff")}, {2, "other", nil}, {5, "job/b", []byte("y")}}}
		h := Handler(b, HandlerOptions{Subscribe: []string{"*"}, Log: quiet})
		near := pipe(t, h, stranger)
		go near.Write([]byte("GET /v1/messages?topic=job/%23 HTTP/1.1\r\nHost: paird\r\n\r\n"))
		resp, err := http.ReadResponse(bufio.NewReader(near), nil)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(resp.Body)
		var got []string
		for len(got) < 6 && lines.Scan() {
			got = append(got, lines.Text())
		}
		want := []string{": paird", "", `data: {"seq":1,"topic":"job/a","payload":"eP8="}`, "", `data: {"seq":5,"topic":"job/b","payload":"eQ=="}`, ""}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if code, body := asked(h, "/v1/messages?topic=job/a"); code != http.StatusServiceUnavailable || !strings.Contains(body, "another program") {
			t.Errorf("a second program: %d %s", code, body)
		}
		near.Close()
		synctest.Wait()
		time.Sleep(heartbeat) // the next heartbeat finds that the caller has gone
		synctest.Wait()
		r := httptest.NewRequest("GET", "/v1/messages?topic=job/a", nil)
		ctx, cancel := context.WithCancel(WithPeer(t.Context(), Peer{UID: stranger}))
		cancel()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(ctx))
		if w.Code != http.StatusOK {
			t.Errorf("after the first has gone: %d %s", w.Code, w.Body)
		}
	})
}

func asked(h http.Handler, target string) (int, string) {
	r := httptest.NewRequest("GET", target, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{UID: stranger})))
	return w.Code, w.Body.String()
}
