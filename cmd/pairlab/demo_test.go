package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// demoRun is a running demo with a person in front of it.
type demoRun struct {
	*testing.T
	ctx     context.Context
	lab     *lab
	stop    context.CancelFunc
	stopped chan error
	events  *bufio.Scanner
	phone   *e2e.Browser
}

func newBench(t *testing.T, o options) *demoRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	o = withDefaults(o)
	l, err := start(o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	b := &demoRun{T: t, ctx: ctx, lab: l, stop: stop, stopped: make(chan error, 1), phone: e2e.NewBrowser(t, trusting(t, l.settings.caFile))}
	ready := make(chan struct{})
	go func() { b.stopped <- l.run(running, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-b.stopped:
		t.Fatalf("the device ended: %v", err)
	}
	b.events = bufio.NewScanner(b.do("GET", l.url()+"events", nil).Body)
	return b
}

// withDefaults are those of the flags, on any port.
func withDefaults(o options) options {
	o.host, o.port = loopback, "0"
	o.lifetime, o.ttl = cmp.Or(o.lifetime, time.Minute), cmp.Or(o.ttl, 5*time.Minute)
	if o.panel == "" {
		o.size = cmp.Or(o.size, "128x64")
	}
	return o
}

func (b *demoRun) do(method, uri string, form url.Values) *http.Response {
	b.Helper()
	r, err := http.NewRequestWithContext(b.ctx, method, uri, strings.NewReader(form.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.phone.Client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { resp.Body.Close() })
	return resp
}

// await reads the page's events until one of that name satisfies ok, and returns its data.
func (b *demoRun) await(name string, ok func(map[string]any) bool) map[string]any {
	b.Helper()
	for {
		text, more := e2e.Event(b.events, name)
		if !more {
			b.Fatalf("no such %s event: %v", name, b.events.Err())
		}
		var data map[string]any
		if err := json.Unmarshal([]byte(text), &data); err != nil {
			b.Fatal(err)
		}
		if ok(data) {
			return data
		}
	}
}

func (b *demoRun) awaitStep(s step) {
	b.Helper()
	b.await("step", func(d map[string]any) bool { return d["step"] == string(s) })
}

func (b *demoRun) awaitText(text string) {
	b.Helper()
	b.await("step", func(d map[string]any) bool { return d["text"] == text })
}

func (b *demoRun) awaitNote(text string) {
	b.Helper()
	b.await("note", func(d map[string]any) bool { return strings.Contains(d["text"].(string), text) })
}

func (b *demoRun) awaitMessage(level string) map[string]any {
	b.Helper()
	return b.await("message", func(d map[string]any) bool { return d["topic"] == topicRoot+"/"+deviceID+"/"+level })
}

// awaitCode is the camera before the panel.
func (b *demoRun) awaitCode() (uri, complete string) {
	b.Helper()
	code := b.await("code", func(d map[string]any) bool { return d != nil })
	return code["uri"].(string), code["complete"].(string)
}

func (b *demoRun) press(hold string) {
	b.Helper()
	if resp := b.do("POST", b.lab.origin+panelPath+"press?hold="+hold, nil); resp.StatusCode != http.StatusNoContent {
		b.Fatalf("button: %s", resp.Status)
	}
}

// visit opens uri on the phone; submit sends the form in view to path.
func (b *demoRun) visit(uri string) { b.Helper(); b.phone.See(b.do("GET", uri, nil), nil) }

func (b *demoRun) submit(path string, pairs ...string) {
	b.Helper()
	b.phone.See(b.do("POST", b.lab.config.Auth.Issuer+path, e2e.Form(b.phone.HTML, pairs...)), nil)
}

func (b *demoRun) sees(path, text string) {
	b.Helper()
	if b.phone.Path != path || !strings.Contains(b.phone.HTML, text) {
		b.Fatalf("at %s, want %s with %q:\n%s", b.phone.Path, path, text, b.phone.HTML)
	}
}

// The whole path, as a person goes it: press, scan, sign in, approve, see telemetry; wait for a refresh;
// hold the button and pair again, now typing the code and as another user.
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
	b.awaitText("Denied. Press the device's button to begin again.")
	b.end()
	if _, err := os.Stat(filepath.Join(state, "paird.toml")); err != nil {
		t.Errorf("--state was not kept: %v", err)
	}
}

// The page shows what the device reports: it says when the code has expired, when another account owns it, and when it
// was reset.
func TestDemoFollowsTheDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t, options{ttl: 2 * time.Second})
	b.awaitText("Press the device's button: it asks for a code.")
	b.press("100ms")
	b.awaitStep(scan)
	b.awaitText("The code has expired. Press the device's button to begin again.")
	b.pairAs("alice")
	b.awaitText("Paired as Alice. Hold the button for 3 seconds to pair again.")
	if result, err := control.NewClient(b.lab.config.Control.Socket).Reset(b.ctx); err != nil || !result.Erased {
		t.Fatalf("reset: %+v, %v", result, err)
	}
	b.awaitText("Press the device's button: it asks for a code.")
	b.end()
}

// pairAs presses the button and approves without the pages.
func (b *demoRun) pairAs(name string) {
	b.Helper()
	b.press("100ms")
	b.awaitStep(scan)
	for _, p := range b.lab.provider.Pending() {
		if err := b.lab.provider.Decide(p.UserCode, name, provider.Approve); err != nil {
			b.Fatal(err)
		}
	}
}

// The options of the authorization server: shared grants, and no rotation with a client that has a secret.
func TestDemoServer(t *testing.T) {
	t.Parallel()
	b := newBench(t, options{rotation: "off", grants: "shared", lifetime: 2 * time.Second, panel: "waveshare2in13v4", language: "de"})
	b.awaitText("Press the device's button: it asks for a code.")
	b.pairAs("alice")
	b.awaitNote("refreshed its tokens")
	b.awaitNote("refreshed its tokens")
	if s, err := control.NewClient(b.lab.config.Control.Socket).Status(b.ctx); err != nil || s.Panel == nil || s.Panel.Size != "250x122" {
		t.Errorf("panel: %+v, %v", s.Panel, err)
	}
	if o := b.lab.opt.provider("http://x", ""); !o.SharedGrants || !o.Rotation.Off {
		t.Errorf("%+v", o)
	}
	b.end()
}

// What the terminal says can be done is what paird's commands are, on a configuration that is there.
func TestDemoWelcome(t *testing.T) {
	t.Parallel()
	b := newBench(t, options{})
	text := b.lab.welcome()
	for _, want := range []string{"Open " + b.lab.origin + "/ in", "paird status --config " + b.lab.dir, "paird reset --yes --config "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if _, err := os.Stat(b.lab.settings.file()); err != nil {
		t.Error(err)
	}
	b.end()
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
func (b *demoRun) end() {
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
	if _, err := http.Get(b.lab.url()); err == nil {
		b.Error("the page is still served")
	}
}

// Without Unix sockets the demo says what it needs, in one line.
func TestDemoNeedsSockets(t *testing.T) {
	none := func(network, _ string) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Err: syscall.EAFNOSUPPORT}
	}
	if err := hasSockets(t.TempDir(), none); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "the demo needs Unix sockets") {
		t.Errorf("it says %v", err)
	}
	if err := hasSockets(t.TempDir(), net.Listen); err != nil {
		t.Error(err)
	}
}
