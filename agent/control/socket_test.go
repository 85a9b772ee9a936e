package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// serve runs a backend on a real socket until the test ends.
func serve(t *testing.T, b Backend, o HandlerOptions) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Log = quiet
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, Handler(b, o)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return path
}

func TestClientOverSocket(t *testing.T) {
	b := &fake{status: Status{Version: "1", State: StatePaired}, events: make(chan []byte, 1)}
	c := NewClient(serve(t, b, HandlerOptions{}))
	ctx := t.Context()
	if s, err := c.Status(ctx); err != nil || s.Version != "1" || s.State != StatePaired {
		t.Errorf("status %+v %v", s, err)
	}
	if tok, err := c.Token(ctx, "print", 2*time.Minute, true); err != nil || tok.AccessToken != "at" || b.asked != "token print 2m0s fresh" {
		t.Errorf("token %+v %v, backend %q", tok, err, b.asked)
	}
	if err := c.Pair(ctx); err != nil || b.asked != "pair" {
		t.Errorf("pair %v", err)
	}
	if r, err := c.Reset(ctx); err != nil || !r.Erased || r.Detail != "offline" {
		t.Errorf("reset %+v %v", r, err)
	}
	if err := c.Publish(ctx, "a b/ü", []byte("x&y")); err != nil || b.asked != "publish a b/ü" || string(b.payload) != "x&y" {
		t.Errorf("publish %v, backend %q %q", err, b.asked, b.payload)
	}
	if png, err := c.Screen(ctx); err != nil || string(png) != "\x89PNG" {
		t.Errorf("screen %q %v", png, err)
	}
	b.events <- []byte(`{"type":"paired"}`)
	events, err := c.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range events {
		if err != nil || string(e) != `{"type":"paired"}` {
			t.Errorf("event %s %v", e, err)
		}
		break
	}
	b.err = &Error{Code: NotPaired, Message: "not paired"}
	if _, err := c.Token(ctx, "", time.Minute, false); err == nil || err.(*Error).Code != NotPaired {
		t.Errorf("refusal %v", err)
	}
}

func TestNotRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("no socket: %v", err)
	}
	stale(t, path)
	if _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("stale socket: %v", err)
	}
}

// stale leaves a socket that nobody serves, as a killed daemon does.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale(t, path)
	l, err := Listen(path)
	if err != nil {
		t.Fatalf("stale socket: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrInUse) {
		t.Errorf("live socket: %v", err)
	}
	l.Close()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil {
		t.Error("a file was replaced")
	}
}

// A child that a killed daemon was just forking holds the socket for a moment: it is no daemon.
func TestListenWaitsForAnOrphan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	orphan, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	orphan.SetUnlinkOnClose(false)
	go func() { // lets go once somebody has knocked in vain
		conn, err := orphan.Accept()
		if err == nil {
			conn.Close()
		}
		orphan.Close()
	}()
	l, err := Listen(path)
	if err != nil {
		t.Fatalf("an orphan's socket: %v", err)
	}
	l.Close()
}

// A live daemon answers, and the second is refused at once.
func TestListenRefusesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, http.NotFoundHandler()) }()
	began := time.Now()
	if _, err := Listen(path); !errors.Is(err, ErrInUse) {
		t.Errorf("live socket: %v", err)
	}
	if d := time.Since(began); d >= orphaned {
		t.Errorf("refused only after %v", d)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// The kernel's word on who connects: this process, in all its groups.
func TestPeerIsThisProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	p := ConnContext(t.Context(), far).Value(peerKey{}).(Peer)
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	want := []uint32{uint32(os.Getegid())}
	for _, g := range groups {
		want = append(want, uint32(g))
	}
	slices.Sort(want)
	slices.Sort(p.Groups)
	if p.UID != uint32(os.Geteuid()) || !slices.Equal(slices.Compact(p.Groups), slices.Compact(want)) {
		t.Errorf("peer %+v, want user %d groups %v", p, os.Geteuid(), want)
	}
}

// One user cannot take all connections.
func TestConnectionsPerUser(t *testing.T) {
	l := &listener{open: map[uint32]int{}}
	for range perUser {
		if !l.enter(1) {
			t.Fatal("refused too early")
		}
	}
	if l.enter(1) || !l.enter(2) {
		t.Error("the limit is not each user's own")
	}
	l.leave(1)
	if !l.enter(1) {
		t.Error("a place that was left is lost")
	}
}
