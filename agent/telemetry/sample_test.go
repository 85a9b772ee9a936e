package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"
	"time"
)

// clocked has one metric, the seconds since the test began.
func clocked(o *Options) {
	began := time.Now()
	o.Sensors = []Sensor{scripted{unit: "s", read: func(context.Context) (map[string]float64, error) {
		return map[string]float64{"t": time.Since(began).Seconds()}, nil
	}}}
}

// times are the samples queued so far, by their metric.
func (b *bench) times(t *testing.T) []float64 {
	t.Helper()
	b.queue.mu.Lock()
	defer b.queue.mu.Unlock()
	var all []float64
	for _, r := range b.queue.records {
		var fields struct{ T float64 }
		if err := json.Unmarshal(r.payload, &fields); err != nil {
			t.Fatal(err)
		}
		all = append(all, fields.T)
	}
	return all
}

func TestSamplerBeginsOnlineAndGoesOnOffline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, clocked)
		ctx, stop := context.WithCancel(t.Context())
		online := make(chan struct{}, 1)
		go b.RunSampler(ctx, online)
		time.Sleep(7 * time.Second)
		online <- struct{}{}
		time.Sleep(70 * time.Second)
		online <- struct{}{} // a second session is no reason for another sample
		time.Sleep(time.Second)
		b.setInterval(10 * time.Second)
		time.Sleep(21 * time.Second)
		stop()
		synctest.Wait()
		b.sampledAt(t, "[7 37 67 88 98]")
	})
}

func (b *bench) sampledAt(t *testing.T, want string) {
	t.Helper()
	if got := fmt.Sprint(b.times(t)); got != want {
		t.Errorf("sampled at %v", got)
	}
}

func TestSamplerWithoutASession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, clocked)
		ctx, stop := context.WithCancel(t.Context())
		go b.RunSampler(ctx, nil)
		time.Sleep(61 * time.Second)
		stop()
		synctest.Wait()
		b.sampledAt(t, "[30 60]")
	})
}

func TestTelemetryAsSent(t *testing.T) {
	for format, want := range map[string]string{
		"json":  `^\{"ts":"2000-01-01T00:00:00\.000Z","stream":"s1","seq":1,"t":0\}$`,
		"senml": `^\[\{"bn":"dev1/","bt":946684800,"n":"stream","vs":"s1"\},\{"n":"seq","v":1\},\{"n":"t","u":"s","v":0\}\]$`,
	} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, func(o *Options) { clocked(o); o.Format = format })
			b.Sample(t.Context())
			time.Sleep(time.Hour)
			b.Event("paired", map[string]any{"zone": "x", "account": 1, "type": "forged"})
			s := b.serve(t, token)
			<-s.online
			synctest.Wait()
			if got := b.broker.On("paird/dev1/telemetry"); len(got) != 1 || !regexp.MustCompile(want).MatchString(got[0].Payload) {
				t.Errorf("sent %+v, want %s", got, want)
			}
			const event = `{"ts":"2000-01-01T01:00:00.000Z","stream":"s1","seq":2,"type":"paired","account":1,"zone":"x"}`
			if got := b.broker.On("paird/dev1/event"); len(got) != 1 || got[0].Payload != event {
				t.Errorf("sent %+v, want %s", got, event)
			}
			s.stop(nil)
		})
	}
}

func TestQueueThatRefusesIsLoggedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, logged := recorder()
		b := newBench(t, func(o *Options) { clocked(o); o.Log = log })
		b.queue.putErr = fmt.Errorf("disk full")
		b.Sample(t.Context())
		b.Sample(t.Context())
		b.queue.putErr = nil
		b.Sample(t.Context())
		if got := logged(); len(got) != 2 {
			t.Errorf("logged %q", got)
		}
	})
}

// The watchdog sees a sample that hangs, without a timer for it here.
func TestSamplingTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) {
			o.Sensors = []Sensor{scripted{read: func(ctx context.Context) (map[string]float64, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}}
		})
		ctx, stop := context.WithCancel(t.Context())
		go b.RunSampler(ctx, nil)
		time.Sleep(29 * time.Second)
		if b.Sampling() != 0 {
			t.Error("sampling before the first sample")
		}
		time.Sleep(3 * time.Second)
		if got := b.Sampling(); got != 2*time.Second {
			t.Errorf("sampling for %v", got)
		}
		time.Sleep(4 * time.Second)
		if b.Sampling() != 0 {
			t.Error("sampling after the sample")
		}
		stop()
	})
}
