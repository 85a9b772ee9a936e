package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// heartbeat keeps a stream alive and finds callers who have gone.
const heartbeat = 15 * time.Second

// events streams what happens as server-sent events until the caller goes or the daemon ends.
func (h *handler) events(w http.ResponseWriter, r *http.Request) error {
	flow := http.NewResponseController(w)
	flow.SetReadDeadline(time.Time{}) // the stream outlives ReadTimeout; where there is no such limit, all is well
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	send := func(text []byte) bool {
		flow.SetWriteDeadline(time.Now().Add(writeLimit))
		_, err := w.Write(text)
		return err == nil && flow.Flush() == nil
	}
	mayPair := h.may(r, h.mayPair)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	events := h.backend.Events(r.Context())
	for ok := send([]byte(": paird\n\n")); ok; {
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			ok = send([]byte(":\n\n"))
		case e, open := <-events:
			if !open {
				return nil
			}
			ok = send(frame(e, mayPair))
		}
	}
	return nil
}

// frame is one event on the wire, on one line whatever its JSON looks like. Those who
// may not pair get less of it.
func frame(event []byte, mayPair bool) []byte {
	var line bytes.Buffer
	line.WriteString("data: ")
	if json.Compact(&line, visible(event, mayPair)) != nil {
		return []byte(":\n\n")
	}
	line.WriteString("\n\n")
	return line.Bytes()
}
