package telemetry

import (
	"context"
	"errors"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/agent/internal/remote"
)

const (
	maxMessage   = 64 << 10         // bytes of a message for the inbox
	inboundSize  = 32               // messages that wait in memory for the inbox
	fullPause    = time.Second      // between the first tries of an inbox that refuses; doubled each time
	longestPause = time.Minute      // between tries
	redeliverGap = 10 * time.Second // the shortest session that ends for redelivery
)

// errRedeliver ends a session so that the broker sends again what there was no room for: "When a Client
// reconnects with CleanSession set to 0, both the Client and Server MUST re-send any unacknowledged
// PUBLISH Packets" (MQTT 3.1.1 section 4.4).
var errRedeliver = errors.New("messages without a PUBACK must come again")

// inbound is what came for the Inbox and is not yet durable. Only a durable message gets its PUBACK, so
// the broker keeps the others.
type inbound struct {
	waiting   chan paho.Message
	missed    chan struct{} // closed when a message finds no room here; it and those behind it have no PUBACK
	redeliver chan struct{} // closed when there is room for them
}

func (i *inbound) init() {
	i.waiting = make(chan paho.Message, inboundSize)
	i.missed, i.redeliver = make(chan struct{}), make(chan struct{})
}

// inFilter is the subscription of the inbox.
func (l *Link) inFilter() string { return l.topic + "/in/#" }

// receive is called by paho for each message, in order; it must not block. After a message that found no
// room none is taken until the broker sends that one again, so that none overtakes it.
func (s *session) receive(_ paho.Client, m paho.Message) {
	select {
	case <-s.inbound.missed:
		return
	default:
	}
	select {
	case s.inbound.waiting <- m:
	default:
		close(s.inbound.missed)
	}
}

// storeInbound puts messages into the inbox until ctx ends; stopped is closed then.
func (s *session) storeInbound(ctx context.Context) (stopped <-chan struct{}) {
	done := make(chan struct{})
	if s.o.Inbox == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-s.inbound.waiting:
				s.store(ctx, m)
			case <-s.inbound.missed:
				s.redeliverMissed(ctx)
				return
			}
		}
	}()
	return done
}

// store makes one message durable and acknowledges it, however long that takes. What is not for the
// inbox, or too large for it, is acknowledged and gone.
func (s *session) store(ctx context.Context, m paho.Message) {
	topic, ok := strings.CutPrefix(m.Topic(), s.topic+"/in/")
	if len(m.Payload()) > maxMessage {
		s.dropped(oversized{m.Topic(), len(m.Payload())})
		ok = false
	}
	for pause := fullPause; ok; pause = min(2*pause, longestPause) {
		_, err := s.o.Inbox.Put(topic, m.Payload())
		if s.inboxFull.Swap(err != nil) != (err != nil) {
			s.logInbox(err)
		}
		if err == nil {
			s.oversizedRun.Store(false)
			break
		}
		if remote.Wait(ctx, pause) != nil {
			return
		}
	}
	m.Ack()
}

func (s *session) logInbox(err error) {
	if err != nil {
		s.log.Warn("the inbox takes no messages, the broker keeps them", "error", err)
	} else {
		s.log.Info("the inbox takes messages again")
	}
}

// redeliverMissed ends the session when all that waits in memory is durable.
func (s *session) redeliverMissed(ctx context.Context) {
	for len(s.inbound.waiting) > 0 && ctx.Err() == nil {
		s.store(ctx, <-s.inbound.waiting)
	}
	if remote.Wait(ctx, redeliverGap-time.Since(s.since)) == nil {
		close(s.inbound.redeliver)
	}
}

// dropped counts a message that was too large, and reports the first of a run: a run ends with a
// message that is taken.
func (l *Link) dropped(o oversized) {
	l.oversized.Add(1)
	if l.oversizedRun.Swap(true) {
		return
	}
	l.log.Warn("messages of the broker are too large and are dropped: send large content as a URL", "topic", o.topic, "bytes", o.bytes)
	l.o.Emit("oversized", map[string]any{"topic": o.topic, "bytes": o.bytes})
}
