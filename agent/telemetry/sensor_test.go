package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestFileSensor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "temp1_input")
	for content, want := range map[string]float64{"21437\n": 21.437, " -5 ": -0.005, "1e3": 1} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := NewFile("attic", "°C", path, 0.001).Read(t.Context())
		if err != nil || got["attic"] < want-1e-9 || got["attic"] > want+1e-9 {
			t.Errorf("%q gave %v, %v, want %v", content, got, err, want)
		}
	}
	for _, content := range []string{"", "warm", "NaN", "+Inf", "1 2"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := NewFile("attic", "°C", path, 0).Read(t.Context()); err == nil {
			t.Errorf("%q gave %v", content, got)
		}
	}
	if _, err := NewFile("attic", "", path+".missing", 1).Read(t.Context()); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestExecSensor(t *testing.T) {
	t.Setenv("SECRET_OF_THE_DAEMON", "x")
	for script, want := range map[string]map[string]float64{
		`echo 12.5`: {"tank": 12.5},
		`echo '{"level": 3, "flow": 0.25, "name": "x", "bad name": 1}'`: {"tank_level": 3, "tank_flow": 0.25},
		`echo ${SECRET_OF_THE_DAEMON:-7}`:                               {"tank": 7},
	} {
		got, err := NewExec("tank", "l", []string{"/bin/sh", "-c", script}).Read(t.Context())
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s gave %v, %v, want %v", script, got, err, want)
		}
	}
	for script, want := range map[string]string{
		`echo warm`:                    "no number",
		`echo '{"a":'`:                 "neither",
		`echo broken pipe >&2; exit 3`: `exit status 3: "broken pipe"`,
		`yes 1`:                        "",
	} {
		got, err := NewExec("tank", "l", []string{"/bin/sh", "-c", script}).Read(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s gave %v, %v", script, got, err)
		}
	}
	if _, err := NewExec("tank", "l", []string{"/nonexistent"}).Read(t.Context()); err == nil {
		t.Error("a missing program is no error")
	}
}

// A child that the program leaves behind is killed at its end, and holds nothing up.
func TestExecSensorLeavesNoChild(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	at := time.Now()
	got, err := NewExec("tank", "l", []string{"/bin/sh", "-c", "sleep 1000 & echo $! >" + pid + "; echo 5"}).Read(t.Context())
	if took := time.Since(at); err != nil || got["tank"] != 5 || took > 4*time.Second {
		t.Errorf("%v, %v after %v", got, err, took)
	}
	b, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	stat := "/proc/" + strings.TrimSpace(string(b)) + "/stat"
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		state, err := os.ReadFile(stat)
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it runs: %s", state)
		}
	}
}

func TestExecSensorIsEndedWithItsChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	at := time.Now()
	_, err := NewExec("tank", "l", []string{"/bin/sh", "-c", "sleep 60 & sleep 60"}).Read(ctx)
	if took := time.Since(at); err == nil || took > 900*time.Millisecond { // a child that lived would hold the pipe for a second
		t.Errorf("%v after %v", err, took)
	}
}

// scripted is a sensor that does as the test says.
type scripted struct {
	read func(ctx context.Context) (map[string]float64, error)
	unit string
}

func (s scripted) Read(ctx context.Context) (map[string]float64, error) { return s.read(ctx) }
func (s scripted) Unit(string) string                                   { return s.unit }

func TestFailingSensorIsLoggedOnceAndTriedLessOften(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, logged := recorder()
		broken, tries := true, 0
		p := &probe{name: "s", log: log, sensor: scripted{read: func(context.Context) (map[string]float64, error) {
			if tries++; broken {
				return nil, errors.New("no such bus")
			}
			return map[string]float64{"t": 1}, nil
		}}}
		for range 3600 {
			p.read(t.Context())
			time.Sleep(time.Second)
		}
		if tries > 13 || tries < 8 {
			t.Errorf("%d tries in an hour", tries)
		}
		if got := logged(); len(got) != 1 || !strings.Contains(got[0], "no such bus") {
			t.Errorf("logged %q", got)
		}
		broken = false
		time.Sleep(sensorPause)
		if got := p.read(t.Context()); got["t"] != 1 {
			t.Errorf("got %v", got)
		}
		if got := logged(); len(got) != 2 || !strings.Contains(got[1], "works again") {
			t.Errorf("logged %q", got)
		}
	})
}

func TestStuckSensorDelaysNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := scripted{read: func(context.Context) (map[string]float64, error) { <-release; return nil, errors.New("late") }}
		fine := scripted{unit: "lx", read: func(context.Context) (map[string]float64, error) { return map[string]float64{"light": 5}, nil }}
		b := newBench(t, func(o *Options) { o.Sensors = []Sensor{stuck, fine} })
		at := time.Now()
		for range 5 {
			b.Sample(t.Context())
		}
		if took := time.Since(at); took > readLimit || b.queue.waiting() != 5 {
			t.Errorf("%d samples took %v", b.queue.waiting(), took)
		}
		if b.units.unit("light") != "lx" {
			t.Error("the unit is not known")
		}
		close(release)
	})
}

func TestSensorsCannotForgeTheRecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		forged := scripted{read: func(context.Context) (map[string]float64, error) {
			return map[string]float64{"seq": 1, "ts": 2, "stream": 3, "type": 4, "@boot": 5, "ok": 6}, nil
		}}
		b := newBench(t, func(o *Options) { o.Sensors = []Sensor{forged} })
		if got := b.measure(t.Context()); !maps.Equal(got, map[string]float64{"ok": 6}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestNoReadingIsLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := &probe{name: "s", log: slog.New(slog.DiscardHandler), sensor: scripted{read: func(context.Context) (map[string]float64, error) {
			return map[string]float64{"t": 1}, nil
		}}}
		for range 2000 {
			if got := p.read(t.Context()); got["t"] != 1 {
				t.Fatalf("got %v", got)
			}
		}
	})
}

// A program with a number for each neighbour it sees: its names change without end.
func TestMetricsOfASensorAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := 0
		neighbours := scripted{read: func(context.Context) (map[string]float64, error) {
			n++
			return map[string]float64{"own": 1, fmt.Sprintf("rssi_%06x", n): 1}, nil
		}}
		other := scripted{read: func(context.Context) (map[string]float64, error) { return map[string]float64{"other": 1}, nil }}
		log, logged := recorder()
		b := newBench(t, func(o *Options) {
			o.HomeAssistant, o.Sensors, o.Log = "homeassistant", []Sensor{neighbours, other}, log
		})
		var last map[string]float64
		for range 2880 { // a day
			last = b.measure(t.Context())
		}
		if known := len(b.units.all()); known != maxSensorMetrics+1 {
			t.Errorf("%d metrics are known", known)
		}
		if m, _ := b.discovery(); len(m.payload) > 32<<10 {
			t.Errorf("the discovery message has %d bytes", len(m.payload))
		}
		if !maps.Equal(last, map[string]float64{"own": 1, "other": 1}) {
			t.Errorf("sent %v", last)
		}
		if got := logged(); len(got) != 1 || !strings.Contains(got[0], "more than 64 metrics") {
			t.Errorf("logged %q", got)
		}
	})
}

// A Read that does not return is not joined by another: a driver may not bear two at once.
func TestStuckSensorIsNotReadAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var reads atomic.Int32
		release := make(chan struct{})
		p := &probe{name: "s", log: slog.New(slog.DiscardHandler), sensor: scripted{read: func(context.Context) (map[string]float64, error) {
			reads.Add(1)
			<-release
			return map[string]float64{"t": 1}, nil
		}}}
		for range 100 {
			p.read(t.Context())
			time.Sleep(sensorPause)
		}
		if n := reads.Load(); n != 1 {
			t.Errorf("%d reads at once", n)
		}
		close(release)
		synctest.Wait()
		if p.read(t.Context())["t"] != 1 {
			t.Error("not read again once it has returned")
		}
	})
}
