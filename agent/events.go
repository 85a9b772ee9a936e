package agent

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paird/paird/agent/control"
)

// stream is the one event stream: server-sent events, hooks and the broker's /event come from it, and the
// log has a line for each event. control.Routes says where each event goes.
type stream struct {
	o  Options
	mu sync.Mutex
	// under mu
	subs      map[chan []byte]struct{}
	happened  map[control.EventType]uint64
	refreshed int       // since that was last logged
	logged    time.Time // when
}

func newStream(o Options) *stream {
	return &stream{o: o, subs: map[chan []byte]struct{}{}, happened: map[control.EventType]uint64{}}
}

// Emit puts an event of a part of the device, such as the broker's link, into the one stream.
func (a *Agent) Emit(kind string, fields map[string]any) {
	a.events.emit(control.EventType(kind), fields)
}

// emit reports that something happened to all who get that event. It never blocks: a subscriber that does
// not read misses it.
func (s *stream) emit(kind control.EventType, fields map[string]any) {
	s.toBroker(kind, fields)
	s.toBoard(kind, fields)
}

// toBroker queues the event for the broker, if it is one of those.
func (s *stream) toBroker(kind control.EventType, fields map[string]any) {
	if s.o.Link != nil && control.Routes()[kind].MQTT == control.Whole {
		s.o.Link.Event(string(kind), fields)
	}
}

// toBoard gives the event to the hook, to the log, and whole to subscribers: the control API removes what
// those who may not pair must not see.
func (s *stream) toBoard(kind control.EventType, fields map[string]any) {
	s.log(kind, fields)
	event := map[string]any{"type": kind}
	if s.o.Clock.Set() {
		event["ts"] = time.Now().UTC().Format(time.RFC3339)
	}
	maps.Copy(event, fields)
	b := encode(event)
	if s.o.Hook != nil && control.Routes()[kind].Hook == control.Whole {
		s.o.Hook(b)
	}
	s.publish(kind, b)
}

// encode marshals an event. That cannot fail: events hold strings and numbers only.
func encode(event map[string]any) []byte {
	b, err := json.Marshal(event)
	if err != nil {
		return []byte(`{"type":"unknown"}`)
	}
	return b
}

func (s *stream) publish(kind control.EventType, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.happened[kind]++
	for c := range s.subs {
		select {
		case c <- b:
		default:
		}
	}
}

// counts is how often each event happened.
func (s *stream) counts() map[control.EventType]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.happened)
}

// subscribe gives the events from now on, until ctx ends.
func (s *stream) subscribe(ctx context.Context) <-chan []byte {
	c := make(chan []byte, 16)
	s.mu.Lock()
	s.subs[c] = struct{}{}
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, c)
		close(c)
	})
	return c
}

// refreshedEvery is how often refreshes are logged: the first, and then each hour how many there were.
const refreshedEvery = time.Hour

// log writes the event's line, without what identifies a person or completes a pairing.
func (s *stream) log(kind control.EventType, fields map[string]any) {
	var attrs []slog.Attr
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !control.Private(name) {
			attrs = append(attrs, slog.Any(name, fields[name]))
		}
	}
	level := slog.LevelInfo
	switch kind {
	case control.EventPaired:
		attrs = append(attrs, slog.String("account", knownOr(fields["subject"])))
	case control.EventRefreshed:
		times, due := s.countRefresh(time.Now())
		if !due {
			return
		}
		attrs = append(attrs, slog.Int("times", times))
	case control.EventUnpaired, control.EventProblem, control.EventBrokerRefused, control.EventOversized, control.EventGap, control.EventStoreQuarantined:
		level = slog.LevelWarn
	}
	s.o.Log.LogAttrs(context.Background(), level, string(kind), attrs...)
}

// knownOr is "known" for a subject: the log names no account.
func knownOr(subject any) string {
	if subject == nil || subject == "" {
		return "unknown"
	}
	return "known"
}

// countRefresh counts a refresh and reports whether the log gets a line for those since the last one.
func (s *stream) countRefresh(now time.Time) (times int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshed++
	if !s.logged.IsZero() && now.Sub(s.logged) < refreshedEvery {
		return 0, false
	}
	times, s.refreshed, s.logged = s.refreshed, 0, now
	return times, true
}
