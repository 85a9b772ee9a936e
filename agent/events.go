package agent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// reported are the events that go to the broker too; the others stay on this board.
var reported = []string{"paired", "unpaired", "reset", "broker_refused", "store_quarantined"}

// stream is the one event stream: server-sent events, hooks and the broker's /event come from it.
type stream struct {
	o    Options
	mu   sync.Mutex
	subs map[chan []byte]struct{}
}

func newStream(o Options) *stream { return &stream{o: o, subs: map[chan []byte]struct{}{}} }

// emit reports that something happened to all who get that event. It never blocks: a subscriber that does
// not read misses it.
func (s *stream) emit(kind string, fields map[string]any) {
	s.toBroker(kind, fields)
	s.toBoard(kind, fields)
}

// Emit puts an event of a part of the device, such as the broker's link, into the one stream.
func (a *Agent) Emit(kind string, fields map[string]any) { a.events.emit(kind, fields) }

// toBroker queues the event for the broker, if it is one of those.
func (s *stream) toBroker(kind string, fields map[string]any) {
	if s.o.Link != nil && slices.Contains(reported, kind) {
		s.o.Link.Event(kind, fields)
	}
}

// toBoard gives the event to this board's own programs: the hook, and subscribers by the control API, which
// keeps user codes from those who may not pair.
func (s *stream) toBoard(kind string, fields map[string]any) {
	event := map[string]any{"type": kind}
	if s.o.Clock.Set() {
		event["ts"] = time.Now().UTC().Format(time.RFC3339)
	}
	maps.Copy(event, fields)
	b := encode(event)
	if s.o.Hook != nil {
		s.o.Hook(b)
	}
	s.publish(b)
}

// encode cannot fail: events hold strings and numbers only.
func encode(event map[string]any) []byte {
	b, err := json.Marshal(event)
	if err != nil {
		return []byte(`{"type":"unknown"}`)
	}
	return b
}

func (s *stream) publish(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.subs {
		select {
		case c <- b:
		default:
		}
	}
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
