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
	Counts() map[EventType]uint64 // how often each event happened, since the start
	// Token returns an access token good for minTTL; name is that of a [[token]], "" the main one. fresh
	// asks for another one than the last.
	Token(ctx context.Context, name string, minTTL time.Duration, fresh bool) (Token, error)
	Pair(ctx context.Context) error // begins pairing, does not wait for the outcome
	Reset(ctx context.Context) (ResetResult, error)
	Publish(ctx context.Context, topic string, payload []byte) error // a topic that ValidTopic accepts
	Events(ctx context.Context) <-chan []byte                        // JSON objects; closed when ctx ends
	Screen() (png []byte, err error)
	// Check shows the test card and returns the button's edges, JSON objects, until ctx ends; they mean nothing else meanwhile.
	Check(ctx context.Context) (<-chan []byte, error)
	// NextMessage waits for the first unacknowledged message with a number above after whose topic matches.
	NextMessage(ctx context.Context, after uint64, match func(topic string) bool) (Message, error)
	// AckMessage ends a message: it is not given again.
	AckMessage(seq uint64) error
}

// HandlerOptions say who may call what; the lists are those of [control].
type HandlerOptions struct {
	Status, Publish, Subscribe, Token, Pair, Reset []string
	Log                                            *slog.Logger
}

type handler struct {
	backend  Backend
	accounts *accounts
	mayPair  []string
	log      *slog.Logger
	meter    *meter
	receives bool     // control.subscribe names someone, so there is an inbox
	filters  *filters // of the message streams that are open
}

// Handler answers the control API. A request's peer comes from ConnContext or WithPeer.
func Handler(b Backend, o HandlerOptions) http.Handler {
	h := &handler{backend: b, accounts: newAccounts(), mayPair: o.Pair, log: o.Log, meter: newMeter(), receives: len(o.Subscribe) > 0, filters: &filters{}}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/status", h.essential(o.Status, h.status))
	mux.Handle("GET /v1/events", h.guard(o.Status, h.events))
	mux.Handle("GET /v1/metrics", h.guard(o.Status, h.metrics))
	mux.Handle("GET /v1/token", h.guard(o.Token, h.token))
	mux.Handle("GET /v1/screen.png", h.guard(o.Pair, h.screen))
	mux.Handle("GET /v1/check", h.guard(o.Pair, h.check))
	mux.Handle("POST /v1/pair", h.essential(o.Pair, h.pair))
	mux.Handle("POST /v1/reset", h.essential(o.Reset, h.reset))
	mux.Handle("POST /v1/publish", h.guard(o.Publish, h.publish))
	mux.Handle("GET /v1/messages", h.guard(o.Subscribe, h.messages))
	mux.Handle("POST /v1/messages/{seq}/ack", h.guard(o.Subscribe, h.ack))
	mux.Handle("/", h.guard([]string{"*"}, func(http.ResponseWriter, *http.Request) error {
		return &Error{Code: BadRequest, Message: "there is no such call"}
	}))
	return mux
}

// answer does one call of the API; guard writes its error.
type answer func(http.ResponseWriter, *http.Request) error

// guard lets the named peers in, on a connection within their user's limit.
func (h *handler) guard(who []string, do answer) http.Handler {
	return h.essential(who, func(w http.ResponseWriter, r *http.Request) error {
		if peer(r).over {
			w.Header().Set("Connection", "close")
			return &Error{Code: Busy, Message: "this user holds too many connections to paird, close some"}
		}
		return do(w, r)
	})
}

// essential lets the named peers in, on any connection: a program that holds all of its user's connections must
// not keep that user from seeing the status, pairing and resetting.
func (h *handler) essential(who []string, do answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := h.admit(r, who); err != nil {
			fail(w, err)
			return
		}
		err := do(w, r)
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

// admit is nil for a call that is allowed. Calls are counted before anything is looked up, because
// a refused one costs time too.
func (h *handler) admit(r *http.Request, who []string) *Error {
	p, known := r.Context().Value(peerKey{}).(Peer)
	switch {
	case known && !p.privileged() && !h.meter.call(p.UID, time.Now()):
		return &Error{Code: Busy, Message: "too many calls, slow down"}
	case !known || !h.accounts.allowed(p, who):
		return &Error{Code: Forbidden, Message: "this user may not do this: run it as root, or as one that [control] in paird.toml names"}
	}
	return nil
}

// peer is who asks; admit has seen that there is one.
func peer(r *http.Request) Peer {
	p, _ := r.Context().Value(peerKey{}).(Peer)
	return p
}

func (h *handler) may(r *http.Request, who []string) bool { return h.accounts.allowed(peer(r), who) }
