package control

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// heartbeat keeps a stream alive and finds callers who have gone.
const heartbeat = 15 * time.Second

// events streams what happens until the caller goes or the daemon ends. Those who may not pair get less of it.
func (h *handler) events(w http.ResponseWriter, r *http.Request) error {
	mayPair := h.may(r, h.mayPair)
	return h.stream(w, r, each(r.Context(), h.backend.Events(r.Context()), func(e []byte) []byte { return visible(e, mayPair) }))
}

// check streams the edges of the button to a person who looks at the board.
func (h *handler) check(w http.ResponseWriter, r *http.Request) error {
	edges, err := h.backend.Check(r.Context())
	if err != nil {
		return err
	}
	return h.stream(w, r, edges)
}

// each yields what fn makes of each object, until the objects or ctx end.
func each(ctx context.Context, objects <-chan []byte, fn func([]byte) []byte) <-chan []byte {
	out := make(chan []byte)
	go func() {
		defer close(out)
		for {
			select {
			case o, open := <-objects:
				if !open {
					return
				}
				select {
				case out <- fn(o):
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// stream sends JSON objects as server-sent events until they end or the caller closes the connection.
func (h *handler) stream(w http.ResponseWriter, r *http.Request, objects <-chan []byte) error {
	flow := http.NewResponseController(w)
	flow.SetReadDeadline(time.Time{}) // the stream outlives ReadTimeout; where there is no such limit, all is well
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	send := func(text []byte) bool {
		flow.SetWriteDeadline(time.Now().Add(writeLimit))
		_, err := w.Write(text)
		return err == nil && flow.Flush() == nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for ok := send([]byte(": paird\n\n")); ok; {
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			ok = send([]byte(":\n\n"))
		case o, open := <-objects:
			if !open {
				return nil
			}
			ok = send(frame(o))
		}
	}
	return nil
}

// frame is one object on the wire, on one line whatever its JSON looks like.
func frame(object []byte) []byte {
	var line bytes.Buffer
	line.WriteString("data: ")
	if json.Compact(&line, object) != nil {
		return []byte(":\n\n")
	}
	line.WriteString("\n\n")
	return line.Bytes()
}
