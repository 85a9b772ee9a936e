package fleet

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
)

// A small fleet goes through all scenarios: nothing is lost, none is un-paired, and the drawing is XML.
func TestFleet(t *testing.T) {
	t.Parallel()
	r, err := Run(t.Context(), Options{
		N: 20, Scenarios: Scenarios, ClientID: "fleet", Spread: time.Second, Interval: time.Second, Lifetime: time.Hour,
		Stage: time.Second, Outage: time.Second, Patience: time.Minute, Out: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	var text, svg strings.Builder
	r.Text(&text)
	t.Log(text.String())
	if why := r.Failed(); why != "" || r.Messages < 20 || len(r.Outcomes) != len(Scenarios) {
		t.Errorf("%s; %d messages, %d outcomes", why, r.Messages, len(r.Outcomes))
	}
	r.SVG(&svg)
	if err := xml.Unmarshal([]byte(svg.String()), new(struct{})); err != nil {
		t.Error(err)
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
