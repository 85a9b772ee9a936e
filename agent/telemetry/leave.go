package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	swapLimit  = 5 * time.Second // for what is in flight when the login is swapped
	resetLimit = 2 * time.Second // for the event `reset` to be sent before a reset goes on
	leaveLimit = 700 * time.Millisecond
	flushLimit = 300 * time.Millisecond // for the DISCONNECT to be written
)

// leave ends a session that is still alive, as the cause demands.
func (s *session) leave(cause error) {
	switch {
	case errors.Is(cause, ErrSwap), errors.Is(cause, errRedeliver):
		s.awaitAcks(swapLimit)
	case errors.Is(cause, ErrForget):
		s.clearRetained()
		s.awaitAcks(swapLimit - resetLimit)
	default:
		s.publishLast(outgoing{s.topic + "/status", true, []byte("offline")})
		s.awaitAcks(leaveLimit)
	}
	s.disconnect()
}

// disconnect sends DISCONNECT and closes the connection.
func (s *session) disconnect() {
	s.client.Disconnect(uint(flushLimit.Milliseconds()))
	within(flushLimit+closeLimit, s.wire.closed)
	s.wire.abort(errLeft)
}

// within waits until done is closed, or for the limit.
func within(limit time.Duration, done <-chan struct{}) {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// clearRetained publishes an empty message for each that is retained: "Any existing retained message
// with the same topic name will be removed" (MQTT 3.1.1 section 3.3.1.3).
func (s *session) clearRetained() {
	if !s.retain {
		return
	}
	topics := []string{s.topic + "/status", s.topic + "/about"}
	if s.o.HomeAssistant != "" {
		topics = append(topics, s.haTopic())
	}
	for _, topic := range topics {
		s.publishLast(outgoing{topic: topic, retained: true})
	}
}

// publishLast sends a message of the end.
func (s *session) publishLast(m outgoing) {
	if token, err := s.publish(m); err == nil {
		s.unacked = append(s.unacked, message{token: token, sent: time.Now()})
	}
}

// conclude turns the reason of the end into Serve's result.
func (s *session) conclude(ctx context.Context, err error) error {
	s.wire.abort(err)
	s.client.Disconnect(0)
	s.takeLastAcks()
	switch {
	case ctx.Err() != nil:
		s.diagnosis.endedHere()
		return context.Cause(ctx)
	case errors.Is(err, ErrTokenOver), errors.Is(err, errRedeliver):
		return err
	case isEnd(err) && !s.until.IsZero() && time.Until(s.until) < closeAfterRecord:
		return &Error{Kind: BrokerAuth, Detail: "the broker closed the connection as the access token expired", Err: err}
	case errors.Is(err, errNoAck):
		return &Error{Kind: Broker, Detail: fmt.Sprintf("the broker acknowledged nothing for %v", ackLimit), Err: err}
	}
	return s.diagnose(err)
}

// diagnose says what an end means that neither this device nor its token brought about.
func (s *session) diagnose(err error) *Error {
	found := s.diagnosis.sessionEnded(s.ending(err))
	if found.setAside {
		s.setAside(s.diagnosis.suspect)
	}
	e := s.at.explain(err)
	e.Detail = cmp.Or(found.detail, e.Detail)
	if found.denied {
		e.Kind = BrokerAuth
	}
	return e
}

func (s *session) ending(err error) ending {
	e := ending{now: time.Now(), closed: isEnd(err), phase: s.phase, optional: s.optional, age: time.Since(s.since), quiet: time.Since(s.sent)}
	for _, m := range s.unacked {
		if m.record {
			e.inFlight = append(e.inFlight, m.seq)
		}
	}
	return e
}

// setAside gives up a record that the broker always refuses.
func (s *session) setAside(seq uint64) {
	s.log.Warn("record set aside: the broker closes the connection when it is sent", "seq", seq)
	s.o.Emit("broker_refused", map[string]any{"refused_seq": seq})
	if err := s.queue.SetAside(seq); err != nil {
		s.log.Warn("the queue cannot set a record aside", "seq", seq, "error", err)
	}
}
