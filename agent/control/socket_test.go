package control

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve runs a backend on a real socket until the test ends.
func serve(t *testing.T, b Backend, o HandlerOptions) string {
	t.Helper()
	return serveOn(t, b, o, func(l net.Listener) net.Listener { return l })
}

func serveOn(t *testing.T, b Backend, o HandlerOptions, wrap func(net.Listener) net.Listener) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Log = quiet
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, wrap(l), Handler(b, o)) }()
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

// stale leaves a socket that no daemon serves, as a killed daemon does.
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

// A folder that others may write to would let them put a socket of their own, or a link, in place of this one.
func TestListenRefusesAFolderOfOthers(t *testing.T) {
	for _, mode := range []os.FileMode{0o770, 0o757, 0o777 | os.ModeSticky} {
		dir := filepath.Join(t.TempDir(), "run")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode)); err != nil {
			t.Fatal(err)
		}
		if l, err := Listen(filepath.Join(dir, "s")); err == nil {
			l.Close()
			t.Errorf("mode %v was taken", mode)
		} else if !strings.Contains(err.Error(), "chmod go-w") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
}

// A folder that is missing is made, for this user alone.
func TestListenMakesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l, err := Listen(filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info, err)
	}
}

// The folder is held open: one that takes its name while the daemon runs is left alone.
func TestCloseLeavesWhatTookTheFoldersName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	path := filepath.Join(dir, "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("another folder's file: %v", err)
	}
	if _, err := os.Lstat(dir + ".old/s"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
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
	go func() { // closes them once a connection was refused
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

// One user cannot take all connections, and keeps a few for the calls that must always be answered.
func TestSlots(t *testing.T) {
	s := slots{open: map[uint32]int{}}
	one, other := Peer{UID: stranger}, Peer{UID: stranger + 1}
	enter := func(n int, p Peer, wantOver, wantOK bool) {
		t.Helper()
		for i := range n {
			if over, ok := s.enter(p); over != wantOver || ok != wantOK {
				t.Fatalf("connection %d: over %v, ok %v", i+1, over, ok)
			}
		}
	}
	enter(limitUser, one, false, true)
	enter(limitOver, one, true, true)
	enter(1, one, false, false)
	enter(1, other, false, true)
	s.leave(one.UID)
	enter(1, one, true, true)
	enter(1024, Peer{}, false, true)
	enter(limitOver, Peer{}, true, true)
	enter(1, Peer{}, false, false)
}

// The total is bounded for users, and not for root: many accounts together must not keep it out.
func TestSlotsOfAll(t *testing.T) {
	s := slots{open: map[uint32]int{}}
	entered := 0
	for uid := uint32(stranger); uid < stranger+100; uid++ {
		for range limitUser {
			if _, ok := s.enter(Peer{UID: uid}); ok {
				entered++
			}
		}
	}
	if _, ok := s.enter(Peer{}); entered != limitTotal || !ok {
		t.Errorf("%d connections of users; root is let in: %v", entered, ok)
	}
}

// A hundred programs that publish at once all end well: what is refused as busy is asked again.
func TestManyPublishersAtOnce(t *testing.T) {
	b := &counting{}
	path := serveAs(t, b, HandlerOptions{Publish: []string{"*"}}, stranger)
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for range 100 {
		wg.Go(func() { errs <- NewClient(path).Publish(t.Context(), "a", []byte("x")) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if n := b.published.Load(); n != 100 {
		t.Errorf("%d messages", n)
	}
}

// Many requests on many connections each get 204 or an error that says what to do.
func TestManyRequests(t *testing.T) {
	b := &counting{}
	path := serveAs(t, b, HandlerOptions{Publish: []string{"*"}}, stranger)
	var done, busy atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			c := NewClient(path)
			for range 20 {
				_, err := c.once(t.Context(), "POST", "/v1/publish", url.Values{"topic": {"a"}}, []byte("x"))
				e, refused := errors.AsType[*Error](err)
				switch {
				case err == nil:
					done.Add(1)
				case refused && e.Code == Busy:
					busy.Add(1)
				default:
					t.Errorf("neither done nor busy: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if done.Load() < limitUser || done.Load()+busy.Load() != 2000 || done.Load() != b.published.Load() {
		t.Errorf("%d done, %d busy, %d published", done.Load(), busy.Load(), b.published.Load())
	}
}

// A program that holds all connections of its user keeps that user from neither status, pairing nor reset.
func TestEssentialCallsAreAnswered(t *testing.T) {
	all := []string{"*"}
	b := &fake{status: Status{Version: "1"}, events: make(chan []byte)}
	path := serveAs(t, b, HandlerOptions{Status: all, Pair: all, Reset: all, Token: all}, stranger)
	for range limitUser {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	c := NewClient(path)
	if s, err := c.Status(t.Context()); err != nil || s.Version != "1" {
		t.Errorf("status: %v", err)
	}
	if err := c.Pair(t.Context()); err != nil {
		t.Errorf("pair: %v", err)
	}
	if _, err := c.Reset(t.Context()); err != nil {
		t.Errorf("reset: %v", err)
	}
	_, err := c.once(t.Context(), "GET", "/v1/token", nil, nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != Busy {
		t.Errorf("token: %v", err)
	}
}

// counting is a backend that counts what is published.
type counting struct {
	fake
	published atomic.Int64
}

func (c *counting) Publish(context.Context, string, []byte) error {
	c.published.Add(1)
	return nil
}

// serveAs is serve with every caller taken for the user uid.
func serveAs(t *testing.T, b Backend, o HandlerOptions, uid uint32) string {
	t.Helper()
	return serveOn(t, b, o, func(l net.Listener) net.Listener { return &disguised{l.(*listener), uid} })
}

// disguised gives each connection another user.
type disguised struct {
	*listener
	uid uint32
}

func (d *disguised) Accept() (net.Conn, error) {
	for {
		conn, err := d.AcceptUnix()
		if err != nil {
			return nil, err
		}
		peer := Peer{UID: d.uid}
		if over, ok := d.slots.enter(peer); ok {
			peer.over = over
			return &peerConn{Conn: conn, peer: peer, leave: sync.OnceFunc(func() { d.slots.leave(d.uid) })}, nil
		}
		conn.Close()
	}
}
