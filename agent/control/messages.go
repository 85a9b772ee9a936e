package control

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
)

// messages streams what the broker sends to this device, as server-sent events. A new stream begins with all messages
// that are not acknowledged.
func (h *handler) messages(w http.ResponseWriter, r *http.Request) error {
	if !h.receives {
		return &Error{Code: Unavailable, Message: "this device receives no messages: name who may in control.subscribe"}
	}
	q, err := query(r, "topic")
	if err != nil {
		return err
	}
	filter := q.Get("topic")
	if filter == "" {
		filter = "#"
	}
	if err := checkFilter(filter); err != nil {
		return err
	}
	if !h.filters.add(filter) {
		return &Error{Code: Busy, Message: "another program receives messages of this filter: one at a time"}
	}
	defer h.filters.remove(filter)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	return h.stream(w, r, h.following(ctx, filter))
}

// following gives the messages of filter, one after the other. It ends with ctx, or where there is no inbox.
func (h *handler) following(ctx context.Context, filter string) <-chan []byte {
	out := make(chan []byte)
	go func() {
		defer close(out)
		for after := uint64(0); ; {
			m, err := h.backend.NextMessage(ctx, after, func(topic string) bool { return matches(filter, topic) })
			if err != nil {
				if ctx.Err() == nil {
					h.log.Warn("message stream ended", "err", err)
				}
				return
			}
			text, _ := json.Marshal(m) // a number, a text and bytes always marshal
			select {
			case out <- text:
				after = m.Seq
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// ack ends a message.
func (h *handler) ack(w http.ResponseWriter, r *http.Request) error {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		return &Error{Code: BadRequest, Message: "the message's seq is a number"}
	}
	if err := h.backend.AckMessage(seq); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
