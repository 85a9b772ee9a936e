package telemetry

import (
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// flight is a message without its PUBACK.
type flight struct {
	token  paho.Token
	sent   time.Time
	record bool
	seq    uint64 // of a record
}

// over tells whether there is a PUBACK, or never will be.
func (f flight) over() bool {
	select {
	case <-f.token.Done():
		return true
	default:
		return false
	}
}

// sweep takes all PUBACKs there are, up to the first that is missing.
func (s *session) sweep() error {
	for len(s.flights) > 0 && s.flights[0].over() {
		if err := s.landed(); err != nil {
			return err
		}
	}
	return nil
}

// landed takes the oldest flight's PUBACK.
func (s *session) landed() error {
	f := s.flights[0]
	if err := s.failed(f.token); err != nil {
		return err
	}
	s.flights = s.flights[1:]
	if !f.record {
		return nil
	}
	s.history.acked(f.seq)
	s.resetTold = s.resetTold || f.seq == s.reset
	now, _ := s.o.Now()
	s.acks.add(now)
	if err := s.queue.Ack(f.seq); err != nil {
		s.log.Warn("the queue cannot forget a record, it will be sent again", "seq", f.seq, "error", err)
	}
	return nil
}

// overdue ends a session whose oldest flight has waited too long, and sets the timer for the next.
func (s *session) overdue(late *time.Timer) error {
	wait := ackLimit
	if len(s.flights) > 0 {
		wait -= time.Since(s.flights[0].sent)
	}
	if wait <= 0 {
		s.wire.abort(errNoAck)
		return errNoAck
	}
	late.Reset(wait)
	return nil
}

// land waits for what is in flight.
func (s *session) land(limit time.Duration) {
	deadline := time.After(limit)
	for len(s.flights) > 0 {
		select {
		case <-s.flights[0].token.Done():
			if s.landed() != nil {
				return
			}
		case <-s.wire.closed:
			return
		case <-deadline:
			return
		}
	}
}

// settle takes the PUBACKs that came before the end, wherever in the window.
func (s *session) settle() {
	var open []flight
	for _, f := range s.flights {
		s.flights = []flight{f}
		if !f.over() || s.landed() != nil {
			open = append(open, f)
		}
	}
	s.flights = open
}
