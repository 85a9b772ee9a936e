package sim

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/hal/internal/ink"
)

// request asks the handler as a browser on this machine would.
func request(s *Sim, method, target string, header ...string) *httptest.ResponseRecorder {
	ctx, stop := context.WithTimeout(context.Background(), time.Second) // a stream of events ends with it
	defer stop()
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	r.Host = "127.0.0.1:8628"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestPictureIsWhatWasDrawn(t *testing.T) {
	s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(128, 64)})
	src := ink.New(image.Pt(128, 64), false)
	src.SetColorIndex(3, 5, ink.White)
	if err := s.Draw(s.Bounds(), src, image.Point{}); err != nil {
		t.Fatal(err)
	}
	got := decode(t, request(s, "GET", "/panel.png").Body)
	for y := range 64 {
		for x := range 128 {
			if lit := ink.Of(got.At(x, y), false) == ink.White; lit != (x == 3 && y == 5) {
				t.Fatalf("pixel %d,%d lit=%v", x, y, lit)
			}
		}
	}
}

func TestSleepDarkensOLEDOnly(t *testing.T) {
	for _, paper := range []bool{false, true} {
		s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16), Paper: paper})
		white := image.NewUniform(color.White)
		_ = s.Draw(s.Bounds(), white, image.Point{})
		_ = s.Sleep()
		if lit := ink.Of(decode(t, request(s, "GET", "/panel.png").Body).At(4, 4), false) == ink.White; lit != paper {
			t.Errorf("paper=%v: lit=%v when asleep", paper, lit)
		}
		_ = s.Draw(s.Bounds(), white, image.Point{})
		if ink.Of(decode(t, request(s, "GET", "/panel.png").Body).At(4, 4), false) != ink.White {
			t.Errorf("paper=%v: dark after waking with the same picture", paper)
		}
	}
}

func TestOnlyLoopbackNames(t *testing.T) {
	s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16)})
	for host, want := range map[string]int{
		"127.0.0.1:8628": 200, "localhost:8628": 200, "[::1]:8628": 200, "127.0.0.1": 200, "localhost:9": 200,
		"evil.example": 403, "evil.example:8628": 403, "192.168.1.5:8628": 403, "localhost.evil.example": 403, "": 403, "127.0.0.1.nip.io:8628": 403,
	} {
		if got := request(s, "GET", "/panel.png", "Host", host).Code; got != want {
			t.Errorf("Host %q: %d, want %d", host, got, want)
		}
	}
}

func TestOtherOriginsCannotPress(t *testing.T) {
	pressed := 0
	s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16), Press: func(bool, time.Time) { pressed++ }})
	for _, h := range [][]string{
		{"Origin", "http://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:9999"},
	} {
		if got := request(s, "POST", "/down", h...).Code; got != http.StatusForbidden {
			t.Errorf("%v: %d, want 403", h, got)
		}
	}
	if pressed != 0 {
		t.Error("a foreign page pressed the button")
	}
	if got := request(s, "POST", "/down", "Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:8628").Code; got != http.StatusNoContent || pressed != 1 {
		t.Errorf("the page itself: %d, %d presses", got, pressed)
	}
	_ = s.Close()
}

// Loopback is open to every user of the machine: only the address that Listen returns has the token.
func TestPageAsksForItsToken(t *testing.T) {
	pressed := 0
	s := New(Options{EncodePNG: png.Encode, Size: image.Pt(16, 16), Press: func(bool, time.Time) { pressed++ }})
	address, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	token := address[strings.Index(address, "?"):]
	if len(token) < len("?token=")+26 || New(Options{}).token == s.token {
		t.Errorf("%q is no token of 130 bits", token)
	}
	for _, c := range []string{"GET /", "GET /panel.png", "GET /events", "POST /press", "POST /down", "POST /up"} {
		method, path, _ := strings.Cut(c, " ")
		for _, wrong := range []string{"", "?token=", "?token=x", strings.ToLower(token), token + "x"} {
			if got := request(s, method, path+wrong).Code; got != http.StatusForbidden {
				t.Errorf("%s%s: %d, want 403", c, wrong, got)
			}
		}
	}
	if pressed != 0 {
		t.Error("the button was pressed without the token")
	}
	for _, c := range []string{"GET /", "GET /panel.png", "POST /down", "POST /up"} {
		method, path, _ := strings.Cut(c, " ")
		if got := request(s, method, path+token).Code; got >= 300 {
			t.Errorf("%s with the token: %d", c, got)
		}
	}
	if pressed != 2 {
		t.Errorf("%d changes of the button", pressed)
	}
}

// Connections above the limit are closed, and one that goes makes room.
func TestConnectionsAreLimited(t *testing.T) {
	s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16)})
	address, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var streams []*http.Response
	get := func() bool { // on a connection of its own
		c := &http.Client{Transport: &http.Transport{}}
		res, err := c.Get(address + "events")
		if err == nil {
			streams = append(streams, res)
		}
		return err == nil
	}
	for i := range connections {
		if !get() {
			t.Fatalf("only %d connections", i)
		}
	}
	if get() {
		t.Fatalf("there are more than %d connections", connections)
	}
	_ = streams[0].Body.Close()
	for limit := time.Now().Add(10 * time.Second); !get(); {
		if time.Now().After(limit) {
			t.Fatal("a connection that went leaves no room")
		}
	}
	for _, res := range streams[1:] {
		_ = res.Body.Close()
	}
}

// A reader that reads no more is let go: of a stream, which has no end, and of the page.
func TestSlowReaderIsLetGo(t *testing.T) {
	for _, path := range []string{"/events", "/"} {
		synctest.Test(t, func(t *testing.T) { letsGo(t, path) })
	}
}

func letsGo(t *testing.T, path string) {
	s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16)})
	near, far := net.Pipe() // without a buffer: what is not read is not written
	l := &one{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	l.conns <- far
	srv := s.server()
	go func() { _ = srv.Serve(l) }()
	if _, err := io.WriteString(near, "GET "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(writeTime + time.Second)
	synctest.Wait()
	got, err := io.ReadAll(near) // ends: the server has closed it
	if err != nil || bytes.Contains(got, []byte("</html>")) {
		t.Errorf("%s: %v after %d bytes", path, err, len(got))
	}
	close(l.done)
	_ = srv.Close()
	_ = s.Close()
}

// one is a listener for one connection.
type one struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *one) Close() error   { return nil }
func (l *one) Addr() net.Addr { return &net.TCPAddr{} }

func TestPageMayBeFramedByLoopbackOnly(t *testing.T) {
	w := request(New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16)}), "GET", "/")
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors http://127.0.0.1:* http://localhost:*") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if w.Header().Get("X-Frame-Options") != "" {
		t.Error("X-Frame-Options would forbid every frame")
	}
	if strings.Count(w.Body.String(), "<script>") != 1 || strings.Count(w.Body.String(), "<style>") != 1 {
		t.Error("the policy names one script and one style by hash; the page has others")
	}
}

func TestPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type edge struct {
			down bool
			at   time.Duration
		}
		var got []edge
		start := time.Now()
		s := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(16, 16), Press: func(d bool, at time.Time) { got = append(got, edge{d, at.Sub(start)}) }})
		go func() {
			time.Sleep(time.Second)
			if c := request(s, "POST", "/press").Code; c != http.StatusConflict {
				t.Errorf("a press while held: %d, want 409", c)
			}
		}()
		if c := request(s, "POST", "/press?hold=3s").Code; c != http.StatusNoContent {
			t.Fatalf("press: %d", c)
		}
		if c := request(s, "POST", "/press").Code; c != http.StatusNoContent {
			t.Fatalf("press: %d", c)
		}
		request(s, "POST", "/down") // and the page goes away
		time.Sleep(2 * maxHold)
		synctest.Wait()
		want := []edge{{true, 0}, {false, 3 * time.Second}, {true, 3 * time.Second}, {false, 3*time.Second + shortPress},
			{true, 3*time.Second + shortPress}, {false, 3*time.Second + shortPress + maxHold}}
		if len(got) != len(want) {
			t.Fatalf("edges %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("edge %d: %v, want %v", i, got[i], want[i])
			}
		}
		for _, bad := range []string{"x", "-1s", "0s", "61s", "3"} {
			if c := request(s, "POST", "/press?hold="+bad).Code; c != http.StatusBadRequest {
				t.Errorf("hold=%s: %d, want 400", bad, c)
			}
		}
	})
}

func TestEvents(t *testing.T) {
	s := New(Options{Open: true, EncodePNG: png.Encode, Name: "Kitchen \"<b>\"", Size: image.Pt(128, 64), Paper: true})
	url, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("Content-Type %q", ct)
	}
	in := bufio.NewReader(res.Body)
	expect := func(event, data string) {
		t.Helper()
		for _, want := range []string{"event: " + event, "data: " + data, ""} {
			line, err := in.ReadString('\n')
			if err != nil || strings.TrimSpace(line) != want {
				t.Fatalf("got %q (%v), want %q", line, err, want)
			}
		}
	}
	expect("board", `{"name":"Kitchen \"\u003cb\u003e\"","width":128,"height":64,"paper":true}`)
	expect("frame", `{"version":1,"full":false,"contrast":255}`)
	expect("led", `{"on":false}`)
	_ = s.LED(true)
	expect("led", `{"on":true}`)
	_ = s.Full()
	_ = s.Draw(s.Bounds(), image.Black, image.Point{})
	expect("frame", `{"version":2,"full":true,"contrast":255}`)
	_ = s.Draw(s.Bounds(), image.Black, image.Point{}) // the same picture: no event
	_ = s.Contrast(7)
	expect("frame", `{"version":2,"full":false,"contrast":7}`)
	_ = s.Close()
	_, _ = io.ReadAll(in) // ends: Close ends every stream
	if res, err := http.Get(url); err == nil {
		_ = res.Body.Close()
		t.Error("the page is still served after Close")
	}
}

func TestListenRefusesOtherAddresses(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.168.0.1:0", "example.com:80", "127.0.0.1", "[::]:0"} {
		if _, err := New(Options{Open: true, EncodePNG: png.Encode, Size: image.Pt(8, 8)}).Listen(t.Context(), addr); err == nil {
			t.Errorf("%q was accepted", addr)
		}
	}
}

func decode(t *testing.T, b *bytes.Buffer) image.Image {
	t.Helper()
	m, err := png.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRefreshTakesItsTime: paper with refresh times shows a picture when the refresh ends, as the panel does.
func TestRefreshTakesItsTime(t *testing.T) {
	for name, c := range map[string]struct {
		o                   Options
		first, then, wholly time.Duration
	}{
		"with a partial refresh": {Options{Full: 2 * time.Second, Part: 300 * time.Millisecond}, 2 * time.Second, 300 * time.Millisecond, 2 * time.Second},
		"without":                {Options{Full: 30 * time.Second}, 30 * time.Second, 30 * time.Second, 30 * time.Second},
		"without times":          {Options{}, 0, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.o.Size, c.o.Paper, c.o.Open, c.o.EncodePNG = image.Pt(16, 16), true, true, png.Encode
			s := New(c.o)
			draw := func(x int, want time.Duration) {
				start := time.Now()
				at := image.Rect(x, 0, x+1, 1)
				go func() {
					time.Sleep(want - time.Millisecond)
					if want > 0 && ink.Of(decode(t, request(s, "GET", "/panel.png").Body).At(x, 0), false) == ink.Black {
						t.Errorf("%s: seen before the refresh ended", name)
					}
				}()
				_ = s.Draw(at, image.Black, image.Point{})
				if took := time.Since(start); took != want || ink.Of(decode(t, request(s, "GET", "/panel.png").Body).At(x, 0), false) != ink.Black {
					t.Errorf("%s: took %v, want %v; or not seen", name, took, want)
				}
				_ = s.Draw(at, image.Black, image.Point{}) // the same again
				if time.Since(start) != want {
					t.Errorf("%s: an equal picture took time", name)
				}
			}
			draw(1, c.first)
			draw(2, c.then)
			_ = s.Full()
			draw(3, c.wholly)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
