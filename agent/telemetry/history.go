package telemetry

import (
	"fmt"
	"time"
)

const (
	soon       = 2 * time.Second  // after a record: the broker closed because of it
	youth      = 10 * time.Second // a session that ends before ended because of who it is
	stable     = time.Minute      // a session this old ended for reasons of its own
	patience   = 3                // how often before a conclusion is drawn
	windowSize = 20               // records without PUBACK
)

// phase is how far a session got after its CONNACK.
type phase int

const (
	greeting    phase = iota // `online` waits for its PUBACK
	subscribing              // /cmd waits for its SUBACK
	serving
)

// ending is how a session ended.
type ending struct {
	closed   bool          // the peer closed or reset the connection
	phase    phase         // where
	age      time.Duration // since the CONNACK
	quiet    time.Duration // since the last record was sent
	inflight []uint64      // records without PUBACK, oldest first
}

// history is what past sessions teach the next one. It belongs to Serve alone.
type history struct {
	doubt   uint64 // up to this record they are sent one at a time, to find the one that is refused
	suspect uint64
	strikes int // of suspect

	births, subscriptions, visits int // sessions in a row that ended in greeting, subscribing, youth
}

// lesson is what an ending teaches.
type lesson struct {
	setAside bool // suspect
	detail   string
}

func (h *history) learn(e ending) lesson {
	if !e.closed || e.age >= stable {
		h.births, h.subscriptions, h.visits = 0, 0, 0
	}
	switch {
	case !e.closed:
	case e.phase == greeting:
		h.births++
		return h.after(h.births, "the broker closes the connection when the status is published: the token may not publish below mqtt.topic, or another client uses the same mqtt.client_id")
	case e.phase == subscribing:
		h.subscriptions++
		return h.after(h.subscriptions, "the broker closes the connection when commands are subscribed to: the token may not read below mqtt.topic")
	case len(e.inflight) > 0 && e.quiet < soon:
		return h.accuse(e.inflight)
	case e.age < youth:
		h.visits++
		return h.after(h.visits, "the broker closes the connection seconds after each connect: another client may use the same mqtt.client_id")
	}
	return lesson{}
}

func (h *history) after(times int, detail string) lesson {
	if times < patience {
		return lesson{}
	}
	return lesson{detail: detail}
}

// accuse suspects a record that was alone when the broker closed; among several nobody can tell.
func (h *history) accuse(inflight []uint64) lesson {
	h.doubt = max(h.doubt, inflight[len(inflight)-1])
	if len(inflight) > 1 {
		return lesson{}
	}
	if h.suspect != inflight[0] {
		h.suspect, h.strikes = inflight[0], 0
	}
	h.strikes++
	if h.strikes < patience {
		return lesson{}
	}
	h.strikes = 0
	h.clear(h.suspect)
	return lesson{setAside: true, detail: fmt.Sprintf("the broker closes the connection at record %d, which is set aside: the token may not publish its topic", h.suspect)}
}

// clear notes that a record is dealt with.
func (h *history) clear(seq uint64) {
	if seq >= h.doubt {
		h.doubt = 0
	}
	h.births, h.subscriptions = 0, 0
}

// window is how many records may be in flight.
func (h *history) window() int {
	if h.doubt > 0 {
		return 1
	}
	return windowSize
}

// hold is how long a new session waits before its first record: one that is refused for another
// reason than a record shows it meanwhile.
func (h *history) hold() time.Duration {
	if h.doubt > 0 {
		return soon
	}
	return 0
}

// mute tells that subscribing ends every session.
func (h *history) mute() bool { return h.subscriptions >= patience }
