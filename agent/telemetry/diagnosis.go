package telemetry

import (
	"fmt"
	"time"
)

const (
	closeAfterRecord = 2 * time.Second  // after a record: the broker closed because of it
	shortSession     = 10 * time.Second // a session that ends before ended because of who it is
	briefSession     = 10 * time.Minute // one session after another ends before: another client takes it over
	conclusive       = 3                // how often before a conclusion is drawn
	conclusiveBrief  = 5                // for brief sessions, which a restart of the broker ends, too
	skipFor          = time.Hour        // how long something is left out that ends every session
	windowSize       = 20               // records without PUBACK
)

// phase is what a session was at when it ended.
type phase int

const (
	announcing  phase = iota // `online` waits for its PUBACK
	subscribing              // a subscription waits for its SUBACK
	describing               // the message on Topic/about waits for its PUBACK
	discovering              // the discovery message waits for its PUBACK
	draining
	phases
)

// ending is how a session ended.
type ending struct {
	now      time.Time
	closed   bool          // the peer closed or reset the connection
	phase    phase         //
	optional phase         // the last optional message of the session, describing or discovering; 0: none was sent
	age      time.Duration // since the CONNACK
	quiet    time.Duration // since the last record was sent
	inFlight []uint64      // records without PUBACK, oldest first
}

// diagnosis is what the ends of past sessions say about the broker. It belongs to Serve alone.
type diagnosis struct {
	doubtful  uint64 // up to this record they are sent one at a time, to find the one that is refused
	suspect   uint64
	strikes   int  // of suspect
	inDoubt   bool // the last session ended with a doubtful record in flight
	asides    int  // records set aside in a row, with none acknowledged between
	noRetain  bool // a birth message was acknowledged that was not retained
	early     [phases]int
	brief     int // sessions in a row that the peer ended, with nothing in flight, before briefSession
	skipUntil [phases]time.Time
}

// finding is what an ending means.
type finding struct {
	setAside bool   // the suspect
	denied   bool   // the token is no good: it is not about one record
	detail   string // for people, empty if nothing is certain
}

// sessionEnded takes one more ending into account. early counts the sessions in a row that the peer
// ended in a phase, draining: shortly after it began.
func (d *diagnosis) sessionEnded(e ending) finding {
	old := e.phase == draining && e.age >= shortSession
	if !e.closed || old {
		d.early = [phases]int{}
	}
	switch {
	case !e.closed || e.age >= briefSession:
		d.brief = 0
	case e.phase == draining && len(e.inFlight) == 0:
		d.brief++
	}
	switch {
	case !e.closed:
		return finding{}
	case e.phase == draining && len(e.inFlight) > 0 && e.quiet < closeAfterRecord:
		return d.recordRefused(e.inFlight)
	case old && d.brief >= conclusiveBrief:
		// Each of two devices with one client id ends the other's session, later and later: both wait longer in between.
		return finding{detail: "the broker closes one session after another: another client may use the same mqtt.client_id"}
	case old:
		return finding{}
	case e.phase == draining && e.optional != 0 && len(e.inFlight) == 0 && e.age < closeAfterRecord:
		// Some brokers acknowledge what the token may not publish, and close then (mosquitto 2.0.11, retained). What
		// is optional is left out first: nothing is lost if it was for another reason.
		e.phase = e.optional
	}
	if d.early[e.phase]++; d.early[e.phase] < conclusive {
		return finding{}
	}
	if e.phase != announcing && e.phase != draining {
		d.early[e.phase], d.skipUntil[e.phase] = 0, e.now.Add(skipFor)
	}
	return finding{detail: e.phase.explain()}
}

// explain says what ended the session in this phase.
func (p phase) explain() string {
	switch p {
	case announcing:
		return "the broker closes the connection when the status is published: the token may not publish below mqtt.topic, or another client uses the same mqtt.client_id"
	case subscribing:
		return "the broker closes the connection at a subscription: the token may not read below mqtt.topic; it goes on without commands"
	case describing:
		return "the broker closes the connection at the message on /about: the token may not publish it; it goes on without"
	case discovering:
		return "the broker closes the connection at Home Assistant's discovery message: the token may not publish below mqtt.home_assistant; it goes on without"
	}
	return "the broker closes the connection seconds after each connect: another client may use the same mqtt.client_id"
}

// retain reports whether messages may ask to be retained. A broker that does not grant it closes the
// connection at the birth message: after two such ends the third session tries without.
func (d *diagnosis) retain() bool { return !d.noRetain && d.early[announcing] != conclusive-1 }

// announced notes that the birth message was acknowledged. It reports whether it is now known that this
// broker does not retain.
func (d *diagnosis) announced(retained bool) (found bool) {
	found = !retained && !d.noRetain
	d.noRetain = d.noRetain || !retained
	return found
}

// recordRefused suspects a record that was alone in flight when the broker closed; among several it
// may be any.
func (d *diagnosis) recordRefused(inFlight []uint64) finding {
	d.doubtful, d.inDoubt = max(d.doubtful, inFlight[len(inFlight)-1]), true
	if len(inFlight) > 1 {
		return finding{}
	}
	if d.suspect != inFlight[0] {
		d.suspect, d.strikes = inFlight[0], 0
	}
	d.strikes++
	if d.strikes < conclusive {
		return finding{}
	}
	d.strikes = 0
	d.settled(d.suspect)
	if d.asides++; d.asides >= conclusive {
		return finding{setAside: true, denied: true, detail: "the broker closes the connection at one record after another, and they are set aside: the token may not publish below mqtt.topic"}
	}
	return finding{setAside: true, detail: fmt.Sprintf("the broker closes the connection at record %d, which is set aside: the token may not publish its topic", d.suspect)}
}

// acked notes a record that the broker took.
func (d *diagnosis) acked(seq uint64) {
	d.asides = 0
	d.settled(seq)
}

// settled notes that a record is acknowledged or set aside.
func (d *diagnosis) settled(seq uint64) {
	if seq >= d.doubtful {
		d.doubtful = 0
	}
}

// skip leaves a phase out for a while.
func (d *diagnosis) skip(p phase, now time.Time) { d.skipUntil[p] = now.Add(skipFor) }

// skips reports whether a phase is left out.
func (d *diagnosis) skips(p phase, now time.Time) bool { return now.Before(d.skipUntil[p]) }

// window is how many records may be in flight.
func (d *diagnosis) window() int {
	if d.doubtful > 0 {
		return 1
	}
	return windowSize
}

// hold is how long a new session waits before its first record: one that is refused for another
// reason than a record shows it meanwhile.
func (d *diagnosis) hold() time.Duration {
	if d.doubtful > 0 && d.inDoubt {
		return closeAfterRecord
	}
	return 0
}

// endedHere notes a session that this device ended: tokens that live for seconds leave no time to wait
// in each session.
func (d *diagnosis) endedHere() { d.inDoubt = false }
