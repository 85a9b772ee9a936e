package control

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Backend is what the handler asks. Its errors are an *Error where the caller can do something about
// it; anything else is logged and answered as unavailable.
type Backend interface {
	Status() Status
	// Token returns an access token good for minTTL; name is that of a [[token]], "" the main one. fresh
	// asks for another one than the last.
	Token(ctx context.Context, name string, minTTL time.Duration, fresh bool) (Token, error)
	Pair(ctx context.Context) error // begins pairing, does not wait for the outcome
	Reset(ctx context.Context) (ResetResult, error)
	Publish(ctx context.Context, topic string, payload []byte) error // a topic that ValidTopic accepts
	Events(ctx context.Context) <-chan []byte                        // JSON objects; closed when ctx ends
	Screen() (png []byte, err error)
}

// HandlerOptions say who may call what; the lists are those of [control].
type HandlerOptions struct {
	Status, Publish, Token, Pair, Reset []string
	Log                                 *slog.Logger
}

type handler struct {
	backend Backend
	mayPair []string
	log     *slog.Logger
	meter   meter
}

// Handler answers the control API. A request's peer comes from ConnContext or WithPeer.
func Handler(b Backend, o HandlerOptions) http.Handler {
	h := &handler{backend: b, mayPair: o.Pair, log: o.Log, meter: meter{users: map[uint32]bucket{}}}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/status", h.guard(o.Status, h.status))
	mux.Handle("GET /v1/events", h.guard(o.Status, h.events))
	mux.Handle("GET /v1/token", h.guard(o.Token, h.token))
	mux.Handle("GET /v1/screen.png", h.guard(o.Pair, h.screen))
	mux.Handle("POST /v1/pair", h.guard(o.Pair, h.pair))
	mux.Handle("POST /v1/reset", h.guard(o.Reset, h.reset))
	mux.Handle("POST /v1/publish", h.guard(o.Publish, h.publish))
	mux.Handle("/", h.guard([]string{"*"}, func(http.ResponseWriter, *http.Request) error {
		return &Error{Code: BadRequest, Message: "there is no such call"}
	}))
	return mux
}

// guard lets the named peers in and writes the error of the call.
func (h *handler) guard(who []string, call func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !h.may(r, who) {
			fail(w, &Error{Code: Forbidden, Message: "you may not do this; [control] in paird.toml names who may"})
			return
		}
		if h.hurried(r) {
			fail(w, &Error{Code: Busy, Message: "too many calls, slow down"})
			return
		}
		err := call(w, r)
		if err == nil {
			return
		}
		known, ok := errors.AsType[*Error](err)
		if !ok {
			h.log.Warn("control call failed", "path", r.URL.Path, "err", err)
			known = &Error{Code: Unavailable, Message: "this failed, the log of paird says why"}
		}
		fail(w, known)
	})
}

// hurried tells whether the peer asks too often.
func (h *handler) hurried(r *http.Request) bool {
	p, _ := r.Context().Value(peerKey{}).(Peer)
	return !p.privileged() && !h.meter.take(p.UID, time.Now())
}

func (h *handler) may(r *http.Request, who []string) bool {
	p, ok := r.Context().Value(peerKey{}).(Peer)
	return ok && p.allowed(who)
}
