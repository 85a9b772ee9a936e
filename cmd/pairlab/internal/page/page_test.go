package page

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func newServer(t *testing.T) (*Page, *httptest.Server) {
	t.Helper()
	p := New()
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return p, srv
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestPageKeepsToItself(t *testing.T) {
	_, srv := newServer(t)
	resp := get(t, srv.URL)
	csp := resp.Header.Get("Content-Security-Policy")
	if resp.StatusCode != http.StatusOK || !strings.HasSuffix(csp, "frame-src 'self'") {
		t.Errorf("%d, policy %q", resp.StatusCode, csp)
	}
	for _, name := range []string{"/style.css", "/page.js"} {
		if resp := get(t, srv.URL+name); resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/") {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
}

// stream reads events as "id name data" until its context ends.
func stream(t *testing.T, url, lastID string) func() string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Last-Event-ID", lastID)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	return func() string {
		t.Helper()
		var parts []string
		for lines.Scan() {
			if lines.Text() == "" {
				return strings.Join(parts, " ")
			}
			_, value, _ := strings.Cut(lines.Text(), ": ")
			parts = append(parts, value)
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
}

func want(t *testing.T, next func() string, lines ...string) {
	t.Helper()
	for _, w := range lines {
		if got := next(); got != w {
			t.Errorf("got  %s\nwant %s", got, w)
		}
	}
}

func TestEvents(t *testing.T) {
	p, srv := newServer(t)
	at := time.UnixMilli(1700000000000)
	p.Message(at, "paird/x/telemetry", []byte(`{"load":0.5}`))
	p.Step("press", "Press.")
	p.Step("scan", "Scan.")
	p.Step("scan", "Scan.") // known already
	live := stream(t, srv.URL, "")
	want(t, live, `1 message {"at":1700000000000,"payload":"{\"load\":0.5}","topic":"paird/x/telemetry"}`,
		`3 step {"step":"scan","text":"Scan."}`)

	p.Code(&Code{URI: "http://127.0.0.1:2/device", Complete: "http://127.0.0.1:2/device?user_code=X", Expires: at.UTC()})
	p.Code(nil)
	p.Note(at, "broker", "lets Alice in")
	want(t, live,
		`4 code {"uri":"http://127.0.0.1:2/device","complete":"http://127.0.0.1:2/device?user_code=X","expires":"2023-11-14T22:13:20Z"}`,
		`5 code null`,
		`6 note {"at":1700000000000,"text":"lets Alice in","who":"broker"}`)
}

// A browser that comes back gets only what it missed; one of an earlier run gets everything.
func TestResume(t *testing.T) {
	p, srv := newServer(t)
	for _, s := range []string{"a", "b", "c"} {
		p.Note(time.UnixMilli(0), "x", s)
	}
	want(t, stream(t, srv.URL, "2"), `3 note {"at":0,"text":"c","who":"x"}`)
	want(t, stream(t, srv.URL, "99"), `1 note {"at":0,"text":"a","who":"x"}`)
}

func TestOldMessagesAreForgotten(t *testing.T) {
	h := newHub()
	for i := range 3 * kept {
		h.append("note", i)
	}
	if first, _ := h.subscribe(0); len(first) != kept || first[kept-1].data != "299" {
		t.Errorf("%d kept, the last %v", len(first), first[len(first)-1])
	}
}

// A page that does not read is closed and holds up no other.
func TestStuckPage(t *testing.T) {
	h := newHub()
	_, c := h.subscribe(0)
	for i := range 2 * kept {
		h.append("note", i)
	}
	n := 0
	for range c {
		n++
	}
	if n != kept || len(h.open) != 0 {
		t.Errorf("%d events buffered, %d pages open", n, len(h.open))
	}
}

func TestBinaryPayload(t *testing.T) {
	p, srv := newServer(t)
	p.Message(time.UnixMilli(0), "t", append([]byte{0xff, '<'}, make([]byte, 3*maxPayload)...))
	if got := stream(t, srv.URL, "")(); len(got) > 7*maxPayload || !strings.Contains(got, `\ufffd\u003c`) {
		t.Errorf("%.80s... (%d bytes)", got, len(got))
	}
}
