package telemetry

import (
	"context"
	"errors"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// queued is what the queue gave.
type queued struct {
	seq     uint64
	topic   string
	payload []byte
	err     error
}

// message is one in flight: without its PUBACK.
type message struct {
	token  paho.Token
	sent   time.Time
	record bool
	seq    uint64 // of a record
}

// acked reports whether there is a PUBACK, or never will be.
func (m message) acked() bool {
	select {
	case <-m.token.Done():
		return true
	default:
		return false
	}
}

// drain sends what is queued, in order, with a bounded number in flight, until something ends it. At a
// reset it goes on until the event `reset` is acknowledged.
func (s *session) drain(ctx context.Context) error {
	s.queue.Rewind()
	records := make(chan queued, windowSize)
	feeding, stop := context.WithCancel(context.WithoutCancel(ctx))
	var feeder sync.WaitGroup
	feeder.Go(func() { s.feed(feeding, records) })
	defer feeder.Wait()
	defer stop()
	ended := ctx.Done()
	d := deadlines{tokenEnd: s.until}
	if hold := s.diagnosis.hold(); hold > 0 {
		d.hold = time.Now().Add(hold)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(s.nextDeadline(d)))
		oldest, room, own := s.ready(records, d)
		var changed <-chan struct{}
		if own != nil {
			changed = s.units.changed
		}
		var err error
		select {
		case <-ended:
			if cause := context.Cause(ctx); !errors.Is(cause, ErrForget) {
				return cause
			}
			ended, d.hold, d.reset = nil, time.Time{}, time.Now().Add(resetLimit)
		case <-s.wire.closed:
			return s.wire.reason()
		case <-s.inbound.redeliver:
			return errRedeliver
		case now := <-timer.C:
			err = s.onTimer(&d, now)
		case <-oldest:
			err = s.takeAcks()
		case m := <-own:
			err = s.send(m)
		case <-changed:
			if m, ok := s.discovery(); ok && !s.diagnosis.skips(discovering, time.Now()) {
				err = s.send(m)
			}
		case q := <-room:
			err = s.forward(q)
		}
		if err == nil && ended == nil && s.resetDone {
			err = ErrForget
		}
		if err != nil {
			return err
		}
	}
}

// deadlines are what drain waits for besides the broker. A zero time is none.
type deadlines struct {
	tokenEnd time.Time
	hold     time.Time // no record is sent before
	reset    time.Time // of the event `reset`
}

// nextDeadline is when the session has to do something if nothing happens.
func (s *session) nextDeadline(d deadlines) time.Time {
	next := s.pingTime()
	all := [...]time.Time{d.tokenEnd, d.hold, d.reset, {}}
	if len(s.unacked) > 0 {
		all[3] = s.unacked[0].sent.Add(ackLimit)
	}
	for _, at := range all {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

// onTimer does what is due at now.
func (s *session) onTimer(d *deadlines, now time.Time) error {
	due := func(at time.Time) bool { return !at.IsZero() && !now.Before(at) }
	if due(d.hold) {
		d.hold = time.Time{}
	}
	switch {
	case due(d.tokenEnd):
		return ErrTokenOver
	case due(d.reset):
		return ErrForget
	case len(s.unacked) > 0 && due(s.unacked[0].sent.Add(ackLimit)):
		s.wire.abort(errNoAck)
		return errNoAck
	}
	if due(s.pingTime()) {
		return s.wire.ping()
	}
	return nil
}

// pingTime is when a PINGREQ is due: "In the absence of sending any other Control Packets, the Client
// MUST send a PINGREQ Packet" (MQTT 3.1.1 section 3.1.2.10).
func (s *session) pingTime() time.Time { return s.wire.lastWritten().Add(s.o.KeepAlive) }

// ready are the channels to listen on: nothing is taken that could not be sent.
func (s *session) ready(records <-chan queued, d deadlines) (oldest <-chan struct{}, room <-chan queued, own <-chan outgoing) {
	if len(s.unacked) > 0 {
		oldest = s.unacked[0].token.Done()
	}
	if len(s.unacked) < s.diagnosis.window() && d.hold.IsZero() {
		room = records
	}
	if len(s.unacked) < 2*windowSize {
		own = s.out
	}
	return oldest, room, own
}

// feed takes records from the queue ahead of what is sent. Rewind gives those again that were not.
func (s *session) feed(ctx context.Context, records chan<- queued) {
	for ctx.Err() == nil {
		var q queued
		q.seq, q.topic, q.payload, q.err = s.queue.Next(ctx)
		select {
		case records <- q:
		case <-ctx.Done():
		}
		if q.err != nil {
			return
		}
	}
}

// forward sends one record.
func (s *session) forward(q queued) error {
	if q.err != nil {
		return &Error{Kind: Broker, Detail: "the queue cannot be read: " + q.err.Error(), Err: q.err}
	}
	payload, err := s.finish(q)
	if err != nil {
		s.log.Warn("record dropped", "seq", q.seq, "error", err)
		return s.queue.SetAside(q.seq)
	}
	token, err := s.publish(outgoing{topic: s.topic + "/" + q.topic, payload: payload})
	if err != nil {
		return err
	}
	if q.topic == topicEvent && isReset(payload) {
		s.reset = q.seq
	}
	s.sent = time.Now()
	s.unacked = append(s.unacked, message{token: token, sent: s.sent, record: true, seq: q.seq})
	return nil
}

// finish completes the records of this package; others go out byte for byte.
func (s *session) finish(q queued) ([]byte, error) {
	if q.topic != topicTelemetry && q.topic != topicEvent {
		return q.payload, nil
	}
	r, err := s.moment().decode(q.payload, s.queue.Stream(), q.seq)
	if err != nil {
		return nil, err
	}
	if q.topic == topicTelemetry && s.o.Format == "senml" {
		return r.senml(s.o.DeviceID, s.units.unit), nil
	}
	return r.json(), nil
}

// send sends a message of this session.
func (s *session) send(m outgoing) error {
	token, err := s.publish(m)
	if err == nil {
		s.unacked = append(s.unacked, message{token: token, sent: time.Now()})
	}
	return err
}

// takeAcks takes all PUBACKs there are, up to the first that is missing.
func (s *session) takeAcks() error {
	n, oldest := len(s.unacked), s.unacked[0].sent
	for len(s.unacked) > 0 && s.unacked[0].acked() {
		if err := s.takeAck(); err != nil {
			return err
		}
	}
	if len(s.unacked) == 0 { // and not for each: a full queue would write one line a message
		s.log.Debug("all acknowledged", "messages", n, "took", time.Since(oldest))
	}
	return nil
}

// takeAck takes the PUBACK of the oldest message in flight.
func (s *session) takeAck() error {
	m := s.unacked[0]
	if err := s.tokenError(m.token); err != nil {
		return err
	}
	s.unacked = s.unacked[1:]
	if !m.record {
		return nil
	}
	s.diagnosis.acked(m.seq)
	s.resetDone = s.resetDone || m.seq == s.reset
	now, _ := s.o.Now()
	s.acks.add(now)
	if err := s.queue.Ack(m.seq); err != nil {
		s.log.Warn("the queue cannot remove a record, it will be sent again", "seq", m.seq, "error", err)
	}
	return nil
}

// awaitAcks waits for what is in flight.
func (s *session) awaitAcks(limit time.Duration) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for len(s.unacked) > 0 {
		select {
		case <-s.unacked[0].token.Done():
			if s.takeAck() != nil {
				return
			}
		case <-s.wire.closed:
			return
		case <-deadline.C:
			return
		}
	}
}

// takeLastAcks takes the PUBACKs that came before the end, wherever in the window.
func (s *session) takeLastAcks() {
	var open []message
	for _, m := range s.unacked {
		s.unacked = []message{m}
		if !m.acked() || s.takeAck() != nil {
			open = append(open, m)
		}
	}
	s.unacked = open
}
