package telemetry

import (
	"fmt"
	"time"
)

const (
	soon       = 2 * time.Second  // after a record: the broker closed because of it
	youth      = 10 * time.Second // a session that ends before ended because of who it is
	patience   = 3                // how often before a conclusion is drawn
	silence    = time.Hour        // how long something is left out that ends every session
	windowSize = 20               // records without PUBACK
)

// phase is what a session was at when it ended.
type phase int

const (
	greeting   phase = iota // `online` waits for its PUBACK
	listening               // a subscription waits for its SUBACK
	describing              // the discovery message waits for its PUBACK
	serving
)

// ending is how a session ended.
type ending struct {
	now      time.Time
	closed   bool          // the peer closed or reset the connection
	phase    phase         //
	age      time.Duration // since the CONNACK
	quiet    time.Duration // since the last record was sent
	inflight []uint64      // records without PUBACK, oldest first
}

// history is what past sessions teach the next one. It belongs to Serve alone.
type history struct {
	doubt   uint64 // up to this record they are sent one at a time, to find the one that is refused
	suspect uint64
	strikes int  // of suspect
	wary    bool // the last session ended with a record in doubt
	asides  int  // records set aside in a row, with none acknowledged between

	early [serving + 1]int       // sessions in a row that the peer ended in this phase, serving: in its youth
	mute  [serving + 1]time.Time // until then the phase is left out
}

// lesson is what an ending teaches.
type lesson struct {
	setAside bool   // the suspect
	denied   bool   // the token is no good: it is not about one record
	detail   string // for people, empty if nothing is certain
}

func (h *history) learn(e ending) lesson {
	old := e.phase == serving && e.age >= youth
	if !e.closed || old {
		h.early = [serving + 1]int{}
	}
	switch {
	case !e.closed:
		return lesson{}
	case e.phase == serving && len(e.inflight) > 0 && e.quiet < soon:
		return h.accuse(e.inflight)
	case old:
		return lesson{}
	}
	if h.early[e.phase]++; h.early[e.phase] < patience {
		return lesson{}
	}
	if e.phase == listening || e.phase == describing {
		h.early[e.phase], h.mute[e.phase] = 0, e.now.Add(silence)
	}
	return lesson{detail: e.phase.blame()}
}

// blame says what ended the session in this phase.
func (p phase) blame() string {
	switch p {
	case greeting:
		return "the broker closes the connection when the status is published: the token may not publish below mqtt.topic, or another client uses the same mqtt.client_id"
	case listening:
		return "the broker closes the connection at a subscription: the token may not read below mqtt.topic; it goes on without commands"
	case describing:
		return "the broker closes the connection at Home Assistant's discovery message: the token may not publish below mqtt.home_assistant; it goes on without"
	}
	return "the broker closes the connection seconds after each connect: another client may use the same mqtt.client_id"
}

// accuse suspects a record that was alone when the broker closed; among several nobody can tell.
func (h *history) accuse(inflight []uint64) lesson {
	h.doubt, h.wary = max(h.doubt, inflight[len(inflight)-1]), true
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
	if h.asides++; h.asides >= patience {
		return lesson{setAside: true, denied: true, detail: "the broker closes the connection at one record after another, and they are set aside: the token may not publish below mqtt.topic"}
	}
	return lesson{setAside: true, detail: fmt.Sprintf("the broker closes the connection at record %d, which is set aside: the token may not publish its topic", h.suspect)}
}

// acked notes a record that the broker took.
func (h *history) acked(seq uint64) {
	h.asides = 0
	h.clear(seq)
}

// clear notes that a record is dealt with.
func (h *history) clear(seq uint64) {
	if seq >= h.doubt {
		h.doubt = 0
	}
}

// skips tells whether a phase is left out.
func (h *history) skips(p phase, now time.Time) bool { return now.Before(h.mute[p]) }

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
	if h.doubt > 0 && h.wary {
		return soon
	}
	return 0
}

// survived notes a session that ended because this device wanted it: tokens that live for seconds
// leave no time to wait in each session.
func (h *history) survived() { h.wary = false }
