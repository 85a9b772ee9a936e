package control

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// status leaves out the code and the account for callers who may not pair.
func (h *handler) status(w http.ResponseWriter, r *http.Request) error {
	s := h.backend.Status()
	if !h.may(r, h.mayPair) {
		s = s.public()
	}
	return reply(w, http.StatusOK, s)
}

func (h *handler) token(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "name", "min_ttl", "fresh")
	if err != nil {
		return err
	}
	ttl, err := minTTL(q.Get("min_ttl"))
	if err != nil {
		return err
	}
	t, err := h.backend.Token(r.Context(), q.Get("name"), ttl, q.Get("fresh") == "1")
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, t)
}

func (h *handler) pair(w http.ResponseWriter, r *http.Request) error {
	if err := h.backend.Pair(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (h *handler) reset(w http.ResponseWriter, r *http.Request) error {
	result, err := h.backend.Reset(r.Context())
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, result)
}

func (h *handler) publish(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "topic")
	if err != nil {
		return err
	}
	topic := q.Get("topic")
	if err := ValidTopic(topic); err != nil {
		return err
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return &Error{Code: TooLarge, Message: "payload is larger than 64 KiB, split it"}
	}
	if err != nil {
		return &Error{Code: BadRequest, Message: "payload broke off, send it again"}
	}
	if p := peer(r); !p.privileged() && !h.meter.publish(p.UID, len(topic)+len(payload), time.Now()) {
		return &Error{Code: Busy, Message: "too many bytes published, slow down to 4 MiB a minute"}
	}
	if err := h.backend.Publish(r.Context(), topic, payload); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *handler) screen(w http.ResponseWriter, _ *http.Request) error {
	png, err := h.backend.Screen()
	if err != nil {
		return err
	}
	write(w, http.StatusOK, "image/png", png)
	return nil
}
