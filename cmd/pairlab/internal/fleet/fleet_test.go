package fleet

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func small(scenarios ...string) Options {
	return Options{
		Settings: Settings{ClientID: "fleet", Spread: time.Second, Interval: time.Second, Stage: time.Second},
		N:        20, Scenarios: scenarios, Lifetime: time.Hour, Outage: time.Second, Timeout: 2 * time.Minute, Out: io.Discard,
	}
}

// run runs a fleet and logs its table.
func run(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.Text(&text)
	t.Log(text.String())
	return r
}

// A small fleet goes through all scenarios: nothing is lost, none is un-paired, and the drawing is XML. Behind TLS the
// certificate authority is changed too.
func TestFleet(t *testing.T) {
	t.Parallel()
	o := small(append(Scenarios[:len(Scenarios):len(Scenarios)], "ca")...)
	o.TLS = true
	r := run(t, o)
	if why := r.Failed(); why != "" || r.Messages < 20 || len(r.Outcomes) != len(o.Scenarios) {
		t.Errorf("%s; %d messages, %d outcomes", why, r.Messages, len(r.Outcomes))
	}
	var svg strings.Builder
	r.SVG(&svg)
	if err := xml.Unmarshal([]byte(svg.String()), new(struct{})); err != nil {
		t.Error(err)
	}
}

// The picture has the curve: at its worst second at the top of the series, at none at the bottom.
func TestPNG(t *testing.T) {
	r := Report{Series: []Series{{Connects, []int{0, 7, 0, 0}}}, Outcomes: []Outcome{{Name: "boot", Began: 3 * time.Second}}}
	var file bytes.Buffer
	if err := r.PNG(&file); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&file)
	if err != nil || picture.Bounds() != image.Rect(0, 0, width+2*gap, height+2*gap) {
		t.Fatal(picture, err)
	}
	for at, want := range map[image.Point]ink{
		{gap + width/3, gap}: blue(), {gap + width/3, gap + height}: {255, 255, 255, 255}, {gap + 2*width/3, gap + height}: blue(),
		{gap + width, gap + height/2}: grey(),
	} {
		if got := picture.At(at.X, at.Y); got != color.RGBA(want) {
			t.Errorf("%v is %v, want %v", at, got, want)
		}
	}
}

// Nodes are connected to in turn, and one that is away is passed over. Without nodes the address given is.
func TestTurn(t *testing.T) {
	var open []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		open = append(open, l.Addr().String())
	}
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away.Close()
	came := map[string]int{}
	for _, x := range []*turn{{addresses: append(open, away.Addr().String())}, {}} {
		for range 6 {
			c, err := x.dial(t.Context(), "tcp", open[0])
			if err != nil {
				t.Fatal(err)
			}
			came[c.RemoteAddr().String()]++
			c.Close()
		}
	}
	if came[open[0]]+came[open[1]] != 12 || came[open[1]] < 2 || came[open[1]] > 4 {
		t.Error(came)
	}
	if _, err := (&turn{addresses: []string{away.Addr().String()}}).dial(t.Context(), "tcp", open[0]); err == nil {
		t.Error("connected to a node that is away")
	}
}

// Devices that one process has too few descriptors for are spread over several.
func TestProcesses(t *testing.T) {
	for _, x := range []struct{ n, most, want int }{{200, 1024, 2}, {200, 1 << 20, 0}, {3900, 20000, 0}, {3901, 20000, 1}, {10000, 20000, 3}} {
		if got := processes(x.n, x.most); got != x.want {
			t.Errorf("%d devices, %d descriptors: %d processes, want %d", x.n, x.most, got, x.want)
		}
	}
}

// After a broker's end a device is online again only once it has connected since: one that has not noticed yet does not count.
func TestOnlineAfter(t *testing.T) {
	p := &part{meter: newMeter(time.Now())}
	d := newDevice(p, 0)
	p.devices = []*device{d, newDevice(p, 1)}
	ended := time.Now()
	for _, step := range []struct {
		online bool
		want   int
	}{{true, 1}, {false, 0}, {true, 1}} {
		time.Sleep(time.Millisecond)
		d.isOnline(step.online)
		var got Progress
		if err := p.Look(ended, &got); err != nil || got.Online != step.want {
			t.Errorf("%d online, want %d; %v", got.Online, step.want, err)
		}
	}
	if d.onlineAfter(time.Now()) || d.id != "fleet-00000" {
		t.Error("a session that began before counts")
	}
}

// A part that has ended is an error, and does not keep the run waiting.
func TestPartEnds(t *testing.T) {
	p, err := startParts(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.do("Quiet"); err != nil {
		t.Error(err)
	}
	p.close()
	if err := p.do("Quiet"); err == nil || !strings.Contains(err.Error(), "the process has ended") {
		t.Error(err)
	}
}

// Codes wait until they are looked at, each once.
func TestCodes(t *testing.T) {
	p := new(part)
	p.code("fleet-00001", "https://as.example/device?user_code=A")
	for _, want := range []int{1, 0} {
		var got Progress
		if err := p.Look(time.Time{}, &got); err != nil || len(got.Codes) != want {
			t.Errorf("%+v, want %d; %v", got, want, err)
		}
	}
}

// A second in which the machine had no time for this process is noted.
func TestLate(t *testing.T) {
	m := newMeter(time.Now())
	m.late = []lateness{{m.began, time.Second}, {m.began.Add(2 * time.Second), 200 * time.Millisecond}}
	if m.lateSince(m.began.Add(-time.Second)) != time.Second || m.lateSince(m.began) != 200*time.Millisecond ||
		m.lateSince(m.began.Add(time.Minute)) != 0 {
		t.Error(m.late)
	}
}

func TestRate(t *testing.T) {
	found := []Findings{{Seconds: map[string][]int{Connects: {9, 1, 2, 0, 0}, OnlineNow: {2, 0, -1}}}, {Seconds: map[string][]int{Connects: {0, 0, 3}}}}
	began := time.Now().Add(-4500 * time.Millisecond)
	if r := rate(series(found, Connects, began), 0); r.Worst != 9 || r.Mean != 5 {
		t.Error(r)
	}
	if r := rate(series(found, Connects, began), 500*time.Millisecond); r.Worst != 5 || r.Mean != 3 {
		t.Error(r)
	}
	if all := series(found, OnlineNow, began); len(all) != 5 || all[0] != 2 || all[1] != 2 || all[2] != 1 {
		t.Error(all)
	}
	all := []time.Duration{1, 2, 3, 4, 5}
	if percentile(all, 50) != 3 || percentile(all, 100) != 5 || percentile(nil, 50) != 0 {
		t.Error("percentiles")
	}
}

// A report fails where a device stays away, a message is lost or a device is un-paired.
func TestFailed(t *testing.T) {
	for _, r := range []Report{{N: 2, Outcomes: []Outcome{{Online: 1}}}, {Lost: 1}, {Unpaired: 1}} {
		if r.Failed() == "" {
			t.Errorf("%+v passes", r)
		}
	}
}
