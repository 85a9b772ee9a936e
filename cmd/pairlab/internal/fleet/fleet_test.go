package fleet

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func small(scenarios ...string) Options {
	return Options{
		N: 20, Scenarios: scenarios, ClientID: "fleet", Spread: time.Second, Interval: time.Second, Lifetime: time.Hour,
		Stage: time.Second, Outage: time.Second, Patience: 2 * time.Minute, Out: io.Discard,
	}
}

// A small fleet goes through all scenarios: nothing is lost, none is un-paired, and the drawing is XML. Behind TLS the
// certificate authority is changed too.
func TestFleet(t *testing.T) {
	t.Parallel()
	o := small(append(Scenarios[:len(Scenarios):len(Scenarios)], "ca")...)
	o.TLS = true
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var text, svg strings.Builder
	r.Text(&text)
	t.Log(text.String())
	if why := r.Failed(); why != "" || r.Messages < 20 || len(r.Outcomes) != len(o.Scenarios) {
		t.Errorf("%s; %d messages, %d outcomes", why, r.Messages, len(r.Outcomes))
	}
	r.SVG(&svg)
	if err := xml.Unmarshal([]byte(svg.String()), new(struct{})); err != nil {
		t.Error(err)
	}
}

// Where descriptors do not suffice, devices and broker are connected by pipes. A broker that is away refuses.
func TestPipes(t *testing.T) {
	p := newPipes()
	go func() {
		if c, err := p.Accept(); err == nil {
			_, _ = c.Write([]byte("x"))
		}
	}()
	conn, err := p.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Error(n, err)
	}
	p.Close()
	p.Close()
	if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := p.dial(t.Context()); !errors.Is(err, errRefused) {
		t.Error(err)
	}
}

// A second in which the machine had no time for this process is noted.
func TestLate(t *testing.T) {
	m := newMeter()
	m.late = []lateness{{m.began, time.Second}, {m.began.Add(2 * time.Second), 200 * time.Millisecond}}
	if m.lateSince(m.began.Add(-time.Second)) != time.Second || m.lateSince(m.began) != 200*time.Millisecond ||
		m.lateSince(m.began.Add(time.Minute)) != 0 {
		t.Error(m.late)
	}
}

func TestRate(t *testing.T) {
	m := newMeter()
	m.seconds[Connects] = []int{9, 1, 5, 0, 0}
	if worst, mean := m.rate(Connects, m.began); worst != 9 || mean != 5 {
		t.Error(worst, mean)
	}
	m.seconds[OnlineNow] = []int{2, 0, -1}
	if all := m.series(OnlineNow); all[0] != 2 || all[1] != 2 || all[2] != 1 {
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
