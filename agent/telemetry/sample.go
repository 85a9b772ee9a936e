package telemetry

import (
	"context"
	"errors"
	"maps"
	"time"
)

// longestInterval bounds what configuration and the interval command may ask for.
const longestInterval = 24 * time.Hour

// RunSampler queues a sample when the first session comes online, then one every interval whether
// there is a session or not, until ctx ends. online may be sent to or closed.
func (l *Link) RunSampler(ctx context.Context, online <-chan struct{}) {
	every := time.NewTicker(l.pace())
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.repace:
			every.Reset(l.pace())
			continue
		case <-online:
			online = nil
			every.Reset(l.pace())
		case <-every.C:
		}
		l.Sample(ctx)
	}
}

// Sample reads the metrics and sensors once and queues what they said, if anything.
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

// put queues a record of this package, and tells when the queue begins or ends to refuse.
func (l *Link) put(topic string, fields map[string]any) error {
	record, err := l.moment().encode(fields)
	if err == nil {
		err = l.queue.Put(topic, record)
	}
	if l.refusing.Swap(err != nil) != (err != nil) {
		if err != nil {
			l.log.Warn("the queue takes no more records", "topic", topic, "error", err)
		} else {
			l.log.Info("the queue takes records again")
		}
	}
	return err
}

func (l *Link) pace() time.Duration { return time.Duration(l.interval.Load()) }

// setPace changes the interval until the next start.
func (l *Link) setPace(d time.Duration) {
	l.interval.Store(int64(d))
	select {
	case l.repace <- struct{}{}:
	default: // the sampler has not yet seen the last change, or does not run
	}
}
