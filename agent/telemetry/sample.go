package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// longestInterval bounds what configuration and the interval command may ask for.
const longestInterval = 24 * time.Hour

// RunSampler queues a sample when the first session comes online, then one every interval whether
// there is a session or not, until ctx ends. online may be sent to or closed.
func (l *Link) RunSampler(ctx context.Context, online <-chan struct{}) {
	every := time.NewTicker(l.period())
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.intervalChanged:
			every.Reset(l.period())
			continue
		case <-online:
			online = nil
			every.Reset(l.period())
		case <-every.C:
		}
		l.sampleBegun.Store(int64(time.Since(l.created)))
		l.Sample(ctx)
		l.sampleBegun.Store(0)
	}
}

// Sampling is how long the sampler has been at the sample that it is taking, 0 between samples.
func (l *Link) Sampling() time.Duration {
	begun := l.sampleBegun.Load()
	if begun == 0 {
		return 0
	}
	return time.Since(l.created) - time.Duration(begun)
}

// Sample reads the metrics and sensors once and queues their values, if anything.
func (l *Link) Sample(ctx context.Context) {
	if err := l.sample(ctx); err != nil {
		l.log.Debug("no sample", "error", err)
	}
}

var errNothing = errors.New("there is nothing to report")

func (l *Link) sample(ctx context.Context) error {
	fields := map[string]any{}
	for metric, v := range l.measure(ctx) {
		fields[metric] = v
	}
	if len(fields) == 0 || ctx.Err() != nil {
		return errNothing
	}
	return l.put(topicTelemetry, fields)
}

// Event queues an event of the type given; the fields must marshal to JSON.
func (l *Link) Event(kind string, fields map[string]any) {
	all := map[string]any{}
	maps.Copy(all, fields)
	all["type"] = kind
	if err := l.put(topicEvent, all); err != nil {
		l.log.Debug("event lost", "type", kind, "error", err)
	}
}

// put queues a record of this package, and logs when the queue begins or ends to refuse.
func (l *Link) put(topic string, fields map[string]any) error {
	record, err := l.moment().encode(fields)
	if err == nil {
		err = l.queue.Put(topic, record)
	}
	if l.queueRefuses.Swap(err != nil) != (err != nil) {
		if err != nil {
			l.log.Warn("the queue takes no more records", "topic", topic, "error", err)
		} else {
			l.log.Info("the queue takes records again")
		}
	}
	return err
}

func (l *Link) period() time.Duration { return time.Duration(l.interval.Load()) }

// setInterval changes the interval until the next start.
func (l *Link) setInterval(d time.Duration) {
	l.interval.Store(int64(d))
	select {
	case l.intervalChanged <- struct{}{}:
	default: // the sampler has not yet seen the last change, or does not run
	}
}

const (
	readLimit   = 5 * time.Second  // for one sensor
	sensorPause = 10 * time.Minute // the longest between two tries of one that fails
)

// probe is a sensor and its state. A failure is logged once, and tries become rarer; while a Read does
// not return there is no other.
type probe struct {
	sensor Sensor
	name   string
	log    *slog.Logger

	mu    sync.Mutex
	busy  bool
	pause time.Duration // 0 while it works
	retry time.Time

	metrics map[string]bool // seen so far, at most maxSensorMetrics; of measure alone
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
		return p.checked(a.values, a.err)
	case <-ctx.Done():
		if caller.Err() != nil {
			return nil // this end says nothing of the sensor
		}
		return p.checked(nil, errStuck)
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

// checked gives the numbers among values, or nil after a failure, which makes the next try later.
func (p *probe) checked(values map[string]float64, err error) map[string]float64 {
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

// known reports whether the metric is one of the first that this sensor gave.
func (p *probe) known(metric string) bool {
	if !p.metrics[metric] && len(p.metrics) < maxSensorMetrics {
		p.metrics[metric] = true
	}
	return p.metrics[metric]
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
	l.measuring.Lock()
	defer l.measuring.Unlock()
	for i, p := range l.probes {
		for _, metric := range slices.Sorted(maps.Keys(results[i])) {
			if l.accepts(p, metric, all) {
				all[metric] = results[i][metric]
				l.units.note(metric, p.sensor.Unit(metric))
			}
		}
	}
	return all
}

// accepts reports whether a sensor's metric may be sent beside the others; a reason against it is logged
// once.
func (l *Link) accepts(p *probe, metric string, others map[string]float64) bool {
	if _, taken := others[metric]; taken || reserved(metric) {
		l.warnOnce("metric "+metric, "a sensor's metric is left out, its name is taken: set another in telemetry.sensor", "metric", metric)
		return false
	}
	if !p.known(metric) {
		l.warnOnce("metrics of "+p.name, fmt.Sprintf("a sensor gives more than %d metrics, the others are left out", maxSensorMetrics), "sensor", p.name, "metric", metric)
		return false
	}
	return true
}

// warnOnce logs a warning the first time that it has this key.
func (l *Link) warnOnce(key, text string, args ...any) {
	if _, reported := l.reported.LoadOrStore(key, true); !reported {
		l.log.Warn(text, args...)
	}
}

// reserved reports whether the record itself needs the name.
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
		l.probes = append(l.probes, &probe{sensor: s, name: name, log: l.log, metrics: map[string]bool{}})
	}
}
