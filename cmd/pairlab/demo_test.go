package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bench is a running demo with somebody in front of it.
type bench struct {
	*testing.T
	ctx     context.Context
	lab     *lab
	stop    context.CancelFunc
	stopped chan error
	events  *bufio.Scanner
	browser *http.Client
	html    string // the page on the phone
	path    string // of that page
}

func newBench(t *testing.T, o options) *bench {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	o.listen = loopback + ":0"
	l, err := start(o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	b := &bench{T: t, ctx: ctx, lab: l, stop: stop, stopped: make(chan error, 1), browser: &http.Client{Jar: jar}}
	ready := make(chan struct{})
	go func() { b.stopped <- l.run(running, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-b.stopped:
		t.Fatalf("the device ended: %v", err)
	}
	b.events = bufio.NewScanner(b.do("GET", l.url+"events", nil).Body)
	return b
}

func (b *bench) do(method, uri string, form url.Values) *http.Response {
	b.Helper()
	r, err := http.NewRequestWithContext(b.ctx, method, uri, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.browser.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { resp.Body.Close() })
	return resp
}

// await reads the page's events until one of that name satisfies ok, and returns its data.
func (b *bench) await(name string, ok func(map[string]any) bool) map[string]any {
	b.Helper()
	event := ""
	for b.events.Scan() {
		field, value, _ := strings.Cut(b.events.Text(), ": ")
		if field == "event" {
			event = value
		}
		if field != "data" || event != name {
			continue
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(value), &data); err != nil {
			b.Fatal(err)
		}
		if ok(data) {
			return data
		}
	}
	b.Fatalf("no such %s event: %v", name, b.events.Err())
	return nil
}

func (b *bench) awaitStep(s step) {
	b.Helper()
	b.await("step", func(d map[string]any) bool { return d["step"] == string(s) })
}

func (b *bench) awaitNote(text string) {
	b.Helper()
	b.await("note", func(d map[string]any) bool { return strings.Contains(d["text"].(string), text) })
}

func (b *bench) awaitMessage(level string) map[string]any {
	b.Helper()
	return b.await("message", func(d map[string]any) bool { return d["topic"] == topicRoot+"/"+deviceID+"/"+level })
}

// awaitCode is the eye on the panel.
func (b *bench) awaitCode() (uri, complete string) {
	b.Helper()
	code := b.await("code", func(d map[string]any) bool { return d != nil })
	return code["uri"].(string), code["complete"].(string)
}

func (b *bench) press(hold string) {
	b.Helper()
	if resp := b.do("POST", b.lab.panel+"/press?hold="+hold, nil); resp.StatusCode != http.StatusNoContent {
		b.Fatalf("button: %s", resp.Status)
	}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]+)">`)

// visit opens uri on the phone; submit sends the form in view to path.
func (b *bench) visit(uri string) { b.Helper(); b.see(b.do("GET", uri, nil)) }

func (b *bench) submit(path string, pairs ...string) {
	b.Helper()
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(b.html, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	b.see(b.do("POST", b.lab.config.Auth.Issuer+path, form))
}

func (b *bench) see(resp *http.Response) {
	b.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	b.html, b.path = string(body), resp.Request.URL.Path
}

func (b *bench) sees(path, text string) {
	b.Helper()
	if b.path != path || !strings.Contains(b.html, text) {
		b.Fatalf("at %s, want %s with %q:\n%s", b.path, path, text, b.html)
	}
}

// The whole path, as a person goes it: press, scan, sign in, approve, see telemetry; wait for a refresh;
// hold the button and pair again, now typing the code and as somebody else.
func TestDemo(t *testing.T) {
	t.Parallel()
	b := newBench(t, options{size: "128x64", lifetime: 5 * time.Second})
	b.awaitStep(press)
	b.press("100ms")
	_, complete := b.awaitCode()
	b.visit(complete)
	b.sees("/signin", "Sign in")
	b.submit("/signin", "username", "alice", "password", "alice")
	b.sees("/consent", deviceName)
	b.sees("/consent", b.lab.provider.Pending()[0].UserCode)
	b.submit("/consent", "decision", "approve")
	b.sees("/done", `data-outcome="approved"`)
	b.awaitNote(deviceName + " fetched its tokens and belongs to Alice")
	b.awaitStep(paired)

	if m := b.awaitMessage("status"); m["payload"] != "online" {
		t.Errorf("birth: %v", m)
	}
	var reading map[string]any
	if err := json.Unmarshal([]byte(b.awaitMessage("telemetry")["payload"].(string)), &reading); err != nil || reading["stream"] == nil {
		t.Errorf("telemetry: %v, %v", reading, err)
	}
	b.awaitNote("refreshed its tokens")
	b.awaitMessage("telemetry")

	b.press("3200ms")
	uri, _ := b.awaitCode()
	b.submit("/signout")
	b.submit("/signin", "username", "bob", "password", "bob")
	b.visit(uri)
	b.sees("/device", "Type the code")
	b.submit("/device", "user_code", strings.ToLower(b.lab.provider.Pending()[0].UserCode))
	b.sees("/consent", deviceName)
	b.submit("/consent", "decision", "approve")
	b.awaitNote("belongs to Bob")
	b.awaitNote(" of Bob until ")
	b.awaitMessage("telemetry")
	b.end()
}

func TestDemoDeny(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	b := newBench(t, options{size: "250x122", lifetime: time.Minute, state: state})
	b.press("100ms")
	_, complete := b.awaitCode()
	b.visit(complete)
	b.submit("/signin", "username", "alice", "password", "alice")
	b.submit("/consent", "decision", "deny")
	b.sees("/done", `data-outcome="denied"`)
	b.await("step", func(d map[string]any) bool { return d["text"] == "Denied. Press the device's button to begin again." })
	b.await("code", func(d map[string]any) bool { return d == nil })
	b.end()
	if _, err := os.Stat(filepath.Join(state, "paird.toml")); err != nil {
		t.Errorf("--state was not kept: %v", err)
	}
}

// A device that comes with the grant of an earlier lab says so, and pairs again at a press.
func TestDemoRestart(t *testing.T) {
	t.Parallel()
	o := options{size: "128x64", lifetime: time.Minute, state: t.TempDir()}
	for range 2 {
		b := newBench(t, o)
		b.press("100ms")
		_, complete := b.awaitCode()
		b.visit(complete)
		b.submit("/signin", "username", "alice", "password", "alice")
		b.submit("/consent", "decision", "approve")
		b.awaitMessage("telemetry")
		b.end()
	}
}

// end is Ctrl-C: everything stops and nothing is left behind.
func (b *bench) end() {
	b.Helper()
	b.stop()
	if err := <-b.stopped; err != nil {
		b.Errorf("the device ended with %v", err)
	}
	if err := b.lab.close(); err != nil {
		b.Errorf("closing: %v", err)
	}
	if _, err := os.Stat(b.lab.dir); !os.IsNotExist(err) {
		b.Errorf("left behind: %s (%v)", b.lab.dir, err)
	}
	if _, err := http.Get(b.lab.url); err == nil {
		b.Error("the page is still served")
	}
}
