//go:build real

package real

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// The printer's program in each language prints every job that the broker was given: over a kill -9 of its own, a
// kill -9 of the daemon, an outage of the network, and the token swaps in between. Jobs may come twice.
//
// The outage stands for one of an hour, in lifetimes of this test's tokens: six are renewed in it, each before the one
// before it ends, as tokens of 10 to 15 minutes would be in an hour. It lasts about half a minute, in which the back-off of
// the broker connection grows from 1 s to some 16 s; there is no setting to shorten it, and its 300 s are tested in
// fake time by package agent. Jobs come at its beginning, in its middle and at its end.
func TestPrinter(t *testing.T) {
	examples := root + "/scripts/examples/printer"
	for _, test := range []struct {
		name  string
		start func(t *testing.T, d *device) *e2e.Process
	}{
		{"Go", func(t *testing.T, d *device) *e2e.Process { return e2e.Start(t, nil, e2e.Program("printer"), d.Socket) }},
		{"Python", func(t *testing.T, d *device) *e2e.Process {
			return e2e.Start(t, nil, "python3", examples+"/printer.py", d.Socket)
		}},
		{"shell", func(t *testing.T, d *device) *e2e.Process {
			path := "PATH=" + withPaird(t, d) + ":" + os.Getenv("PATH")
			script := e2e.Must(filepath.Abs(examples + "/printer.sh"))(t)
			return e2e.Start(t, []string{path}, e2e.Program("paird"), "subscribe", "--config", d.Config, "jobs/#", "--exec", script)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newPrintShop(t)
			program := test.start(t, s.d)
			s.order(5)
			program.AwaitText(t, "printing 3 ")
			program.Kill()
			s.order(5) // wait in the inbox
			program = test.start(t, s.d)
			program.AwaitText(t, "printing 10 ")

			s.d.Process.Kill()
			s.order(5) // wait at the broker
			s.d.Start()
			program.AwaitText(t, "printing 15 ")

			s.outage(6)
			program.AwaitText(t, "printing 21 ")
			s.order(4)
			program.AwaitText(t, "printing 25 ")
			s.allReported()
		})
	}
}

// printShop is a paired device that gets jobs by MQTT, and what its program reports of them.
type printShop struct {
	t    *testing.T
	p    *provider
	b    *broker
	d    *device
	seen *e2e.Process
	sent int // jobs
}

func newPrintShop(t *testing.T) *printShop {
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 6}`)
	b := startBroker(t, p)
	seen := b.watch(t, "paird/dev1/printed")
	d := newDevice(t, p, `client_id = "printer"`, b.mqtt(), "[control]\nsubscribe = [\"*\"]\n[queue]\nsync = \"always\"\n")
	d.run()
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("online", e2e.Online)
	return &printShop{t: t, p: p, b: b, d: d, seen: seen}
}

// order sends n more jobs.
func (s *printShop) order(n int) {
	for range n {
		s.sent++
		s.b.publish(s.t, fmt.Sprintf("paird/dev1/in/jobs/%d", s.sent), fmt.Sprintf(`{"pages": %d}`, s.sent))
	}
}

// outage separates the device from the broker for so many renewals of its token, with a job in each.
func (s *printShop) outage(renewals int64) {
	s.b.outage(true)
	before := s.p.refreshes.Load()
	for n := range renewals {
		s.order(1)
		e2e.Eventually(s.t, "a token is renewed during the outage", func() bool { return s.p.refreshes.Load() > before+n })
	}
	if e2e.Online(s.d.Now()) {
		s.t.Error("the device is online in the outage")
	}
	s.b.outage(false)
	awaitBack(s.t, s.d)
}

// allReported waits for a report of each job.
func (s *printShop) allReported() {
	all := map[string]bool{}
	for len(all) < s.sent {
		line := s.seen.Await(s.t, "the report of each job", func(string) bool { return true })
		_, report, _ := strings.Cut(line, " ")
		all[strings.ReplaceAll(report, " ", "")] = true
	}
	for n := 1; n <= s.sent; n++ {
		if !all[fmt.Sprintf(`{"job":"%d","pages":%d}`, n, n)] {
			s.t.Errorf("job %d was not reported: %v", n, all)
		}
	}
}

// awaitBack waits for the end of an outage to be noticed: the back-off may just have begun a step of a minute.
func awaitBack(t *testing.T, d *device) {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); !e2e.Online(d.Now()); <-again.C {
		if time.Since(began) > 3*time.Minute {
			t.Fatal("not online three minutes after the outage")
		}
	}
}

// withPaird is a folder with a `paird` that knows this device's configuration, as an installed one would.
func withPaird(t *testing.T, d *device) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\" --config %s\n", e2e.Program("paird"), d.Config)
	if err := os.WriteFile(dir+"/paird", []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// publish sends a message as the operator, QoS 1.
func (b *broker) publish(t *testing.T, topic, payload string) {
	t.Helper()
	out, code := e2e.Run(t, "mosquitto_pub", "-h", "127.0.0.1", "-p", fmt.Sprint(b.plain), "-u", "watcher", "-P", watcherPassword, "-q", "1", "-t", topic, "-m", payload)
	if code != 0 {
		t.Fatalf("mosquitto_pub: %s", out)
	}
}
