package telemetry

import (
	"context"
	"errors"
	"sync"
	"time"
)

// queued is what the queue gave.
type queued struct {
	seq     uint64
	topic   string
	payload []byte
	err     error
}

// drain sends what is queued, in order, with a bounded number in flight, until something ends it.
func (s *session) drain(ctx context.Context) error {
	s.queue.Rewind()
	records := make(chan queued, windowSize)
	feeding, stop := context.WithCancel(context.WithoutCancel(ctx))
	var feeder sync.WaitGroup
	feeder.Go(func() { s.feed(feeding, records) })
	defer feeder.Wait()
	defer stop()
	late := time.NewTimer(ackLimit)
	defer late.Stop()
	ended, expired := ctx.Done(), s.expiry()
	var unsent <-chan time.Time
	hold := time.After(s.history.hold())
	for {
		oldest, room, own := s.gates(records)
		if hold != nil {
			room = nil
		}
		var fresh <-chan struct{}
		if own != nil {
			fresh = s.units.fresh
		}
		var err error
		select {
		case <-ended:
			if cause := context.Cause(ctx); !errors.Is(cause, ErrForget) {
				return cause
			}
			ended, hold, unsent = nil, nil, time.After(resetLimit)
		case <-unsent:
			return ErrForget
		case <-s.wire.closed:
			return s.wire.reason()
		case <-expired:
			return ErrTokenOver
		case <-hold:
			hold = nil
		case <-late.C:
			err = s.overdue(late)
		case <-oldest:
			err = s.sweep()
		case m := <-own:
			err = s.send(m)
		case <-fresh:
			if m, ok := s.discovery(); ok && !s.history.skips(describing, time.Now()) {
				err = s.send(m)
			}
		case q := <-room:
			err = s.forward(q)
		}
		if err != nil {
			return err
		}
		if ended == nil && s.resetTold {
			return ErrForget
		}
	}
}

// gates are the channels to listen on: nothing is taken that could not be sent.
func (s *session) gates(records <-chan queued) (oldest <-chan struct{}, room <-chan queued, own <-chan outgoing) {
	if len(s.flights) > 0 {
		oldest = s.flights[0].token.Done()
	}
	if len(s.flights) < s.history.window() {
		room = records
	}
	if len(s.flights) < 2*windowSize {
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
	s.flights = append(s.flights, flight{token: token, sent: s.sent, record: true, seq: q.seq})
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
		s.flights = append(s.flights, flight{token: token, sent: time.Now()})
	}
	return err
}

// expiry fires when the token ends.
func (s *session) expiry() <-chan time.Time {
	if s.until.IsZero() {
		return nil
	}
	return time.After(time.Until(s.until))
}
