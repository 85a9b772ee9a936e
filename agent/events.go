package agent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// reported are the events that go to the broker too; the others are this board's own business.
var reported = []string{"paired", "unpaired", "reset", "broker_refused", "store_quarantined"}

// private are the fields that only the owner's own hook gets: a code is not everybody's.
var private = []string{"user_code", "verification_uri", "verification_uri_complete"}

// stream is the one event stream: server-sent events, hooks and the broker's /event come from it.
type stream struct {
	o    Options
	mu   sync.Mutex
	subs map[chan []byte]struct{}
}

func newStream(o Options) *stream { return &stream{o: o, subs: map[chan []byte]struct{}{}} }

// emit tells everybody that something happened. It never blocks: who does not listen misses it.
func (s *stream) emit(kind string, fields map[string]any) {
	s.report(kind, fields)
	s.tell(kind, fields)
}

// Emit puts an event of a part of the device, such as the broker's link, into the one stream.
func (a *Agent) Emit(kind string, fields map[string]any) { a.events.emit(kind, fields) }

// report tells the broker, if that is its business.
func (s *stream) report(kind string, fields map[string]any) {
	if s.o.Link != nil && slices.Contains(reported, kind) {
		s.o.Link.Event(kind, fields)
	}
}

// tell tells this board's own programs.
func (s *stream) tell(kind string, fields map[string]any) {
	event := map[string]any{"type": kind}
	if s.o.Clock.Set() {
		event["ts"] = time.Now().UTC().Format(time.RFC3339)
	}
	maps.Copy(event, fields)
	if s.o.Hook != nil {
		s.o.Hook(encode(event))
	}
	for _, secret := range private {
		delete(event, secret)
	}
	s.publish(encode(event))
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
