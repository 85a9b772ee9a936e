package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// publish hands m to paho; the token tells of the PUBACK. It does not wait for the socket, but for up
// to handLimit if the connection is just being lost.
func (s *session) publish(m outgoing) (paho.Token, error) {
	if why := s.wire.reason(); why != nil {
		return nil, why
	}
	token := s.client.Publish(m.topic, 1, m.retained, m.payload)
	if errors.Is(token.Error(), paho.ErrNotConnected) {
		return nil, cmp.Or(s.wire.reason(), errSilent)
	}
	return token, nil
}

// confirm publishes m and waits for its PUBACK.
func (s *session) confirm(ctx context.Context, m outgoing) error {
	token, err := s.publish(m)
	if err != nil {
		return err
	}
	return s.await(ctx, token)
}

// await waits for the broker's answer, which has ackLimit.
func (s *session) await(ctx context.Context, token paho.Token) error {
	select {
	case <-token.Done():
		return s.failed(token)
	case <-s.wire.closed:
		return s.wire.reason()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(ackLimit):
		s.wire.abort(errNoAck)
		return errNoAck
	}
}

// failed is why token did; the wire knows better than paho.
func (s *session) failed(token paho.Token) error {
	err := token.Error()
	if why := s.wire.reason(); err != nil && why != nil {
		return why
	}
	return err
}

// leave ends a session that is still alive, as the cause demands.
func (s *session) leave(cause error) {
	switch {
	case errors.Is(cause, ErrSwap):
		s.land(swapLimit)
	case errors.Is(cause, ErrForget):
		s.say(outgoing{topic: s.topic + "/status", retained: true})
		if s.o.HomeAssistant != "" {
			s.say(outgoing{topic: s.haTopic(), retained: true})
		}
		s.land(swapLimit - resetLimit)
	default:
		s.say(outgoing{s.topic + "/status", true, []byte("offline")})
		s.land(byeLimit)
	}
	s.client.Disconnect(uint(flushLimit.Milliseconds()))
	select {
	case <-s.wire.closed:
	case <-time.After(flushLimit + lingerLimit):
	}
	s.wire.abort(errLeft)
}

// say sends a last message.
func (s *session) say(m outgoing) {
	if token, err := s.publish(m); err == nil {
		s.flights = append(s.flights, flight{token: token, sent: time.Now()})
	}
}

// conclude turns the reason of the end into Serve's result.
func (s *session) conclude(ctx context.Context, err error) error {
	s.wire.abort(err)
	s.client.Disconnect(0)
	s.settle()
	if ctx.Err() != nil {
		s.history.survived()
		return context.Cause(ctx)
	}
	switch {
	case errors.Is(err, ErrTokenOver):
		return err
	case isEnd(err) && !s.until.IsZero() && time.Until(s.until) < soon:
		return &Error{Kind: BrokerAuth, Detail: "the broker closed the connection as the access token expired", Err: err}
	case errors.Is(err, errNoAck):
		return &Error{Kind: Broker, Detail: fmt.Sprintf("the broker acknowledged nothing for %v", ackLimit), Err: err}
	}
	lesson := s.history.learn(s.ending(err))
	if lesson.setAside {
		s.setAside(s.history.suspect)
	}
	e := s.at.explain(err)
	e.Detail = cmp.Or(lesson.detail, e.Detail)
	if lesson.denied {
		e.Kind = BrokerAuth
	}
	return e
}

func (s *session) ending(err error) ending {
	e := ending{now: time.Now(), closed: isEnd(err), phase: s.phase, age: time.Since(s.since), quiet: time.Since(s.sent)}
	for _, f := range s.flights {
		if f.record {
			e.inflight = append(e.inflight, f.seq)
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
