package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The events of GET /events.
type (
	boardEvent struct {
		Name   string `json:"name"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		Paper  bool   `json:"paper"`
	}
	frameEvent struct {
		Version  uint64 `json:"version"`
		Full     bool   `json:"full"` // a full refresh of paper that takes no time
		Contrast uint8  `json:"contrast"`
	}
	refreshEvent struct { // a full refresh of paper begins; its picture comes when it ends
		MS int64 `json:"ms"`
	}
	ledEvent struct {
		On bool `json:"on"`
	}
)

// keepAlive is how often a stream without events sends a comment.
const keepAlive = 15 * time.Second

// serveEvents streams the board, then every picture and every change of the LED. A slow reader misses
// pictures in between, never the last one.
func (s *Sim) serveEvents(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	send(w, "board", boardEvent{s.o.Name, s.o.Size.X, s.o.Size.Y, s.o.Paper})
	ping := time.NewTicker(keepAlive)
	defer ping.Stop()
	var sent state
	for first := true; ; first = false {
		_ = out.SetWriteDeadline(time.Now().Add(writeTime)) // a test's writer has none
		now, changed := s.now()
		if !first && now.Refreshes != sent.Refreshes && s.o.Full > 0 {
			send(w, "refresh", refreshEvent{s.o.Full.Milliseconds()})
		}
		if first || now.Version != sent.Version || now.Contrast != sent.Contrast {
			send(w, "frame", frameEvent{now.Version, !first && now.Refreshes != sent.Refreshes && s.o.Full == 0, now.Contrast})
		}
		if first || now.LED != sent.LED {
			send(w, "led", ledEvent{now.LED})
		}
		sent = now
		if out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-ping.C:
			_, _ = fmt.Fprint(w, ": alive\n\n") // Flush reports a reader that went away
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
}

// send writes one server-sent event; Flush returns the error.
func send(w http.ResponseWriter, event string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		return // the types above always marshal
	}
	_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b)
}
