package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"sync"
	"time"
)

const (
	readLimit   = 5 * time.Second  // for one sensor
	sensorPause = 10 * time.Minute // the longest between two tries of one that fails
)

// probe is a sensor with what is known of its health. One that fails is told once and tried less and
// less often; one that does not come back from Read is left alone.
type probe struct {
	sensor Sensor
	name   string
	log    *slog.Logger

	mu    sync.Mutex
	busy  bool
	pause time.Duration // 0 while it works
	retry time.Time
}

var errStuck = errors.New("no answer in time")

// read gives the sensor's numbers, or nil.
func (p *probe) read(ctx context.Context) map[string]float64 {
	if !p.begin() {
		return nil
	}
	type answer struct {
		values map[string]float64
		err    error
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		values, err := p.sensor.Read(ctx)
		p.done()
		answers <- answer{values, err}
	}()
	select {
	case a := <-answers:
		return p.judge(a.values, a.err)
	case <-ctx.Done():
		if caller.Err() != nil {
			return nil // this end says nothing of the sensor
		}
		return p.judge(nil, errStuck)
	}
}

func (p *probe) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy || time.Now().Before(p.retry) {
		return false
	}
	p.busy = true
	return true
}

func (p *probe) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
}

// judge drops what is no number, and keeps the sensor's health.
func (p *probe) judge(values map[string]float64, err error) map[string]float64 {
	values = maps.Clone(values)
	maps.DeleteFunc(values, func(_ string, v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if err == nil && len(values) == 0 {
		err = errors.New("it gave no number")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil && p.pause > 0:
		p.log.Info("sensor works again", "sensor", p.name)
		p.pause = 0
	case err != nil && p.pause == 0:
		p.log.Warn("sensor failed, it is tried again from time to time", "sensor", p.name, "error", err)
		p.pause = readLimit
	case err != nil:
		p.pause = min(2*p.pause, sensorPause)
	}
	if err != nil {
		p.retry = time.Now().Add(p.pause)
		return nil
	}
	return values
}

// measure reads everything at once; where two name a metric the same the first one counts.
func (l *Link) measure(ctx context.Context) map[string]float64 {
	all := l.host.Read(l.o.Metrics)
	results := make([]map[string]float64, len(l.probes))
	var wg sync.WaitGroup
	for i, p := range l.probes {
		wg.Go(func() { results[i] = p.read(ctx) })
	}
	wg.Wait()
	for i, values := range results {
		for metric, v := range values {
			if _, taken := all[metric]; taken || reserved(metric) {
				l.namesake(metric)
				continue
			}
			all[metric] = v
			l.units.note(metric, l.probes[i].sensor.Unit(metric))
		}
	}
	return all
}

// namesake tells, once, of a metric that cannot be sent under its name.
func (l *Link) namesake(metric string) {
	if _, told := l.told.LoadOrStore("metric "+metric, true); !told {
		l.log.Warn("a sensor's metric is left out, its name is taken: set another in telemetry.sensor", "metric", metric)
	}
}

// reserved tells names that the record itself needs.
func reserved(metric string) bool {
	switch metric {
	case keyTime, "stream", "seq", "type", keyBoot, keyUp, "":
		return true
	}
	return false
}

func (l *Link) addProbes() {
	for i, s := range l.o.Sensors {
		name := fmt.Sprint("telemetry.sensor ", i+1)
		if named, ok := s.(fmt.Stringer); ok {
			name = named.String()
		}
		l.probes = append(l.probes, &probe{sensor: s, name: name, log: l.log})
	}
}
