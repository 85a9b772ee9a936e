package telemetry

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
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
	missed    atomic.Bool   // a message found no room here and has no PUBACK
	redeliver chan struct{} // closed when there is room for it
}

func (i *inbound) init() {
	i.waiting, i.redeliver = make(chan paho.Message, inboundSize), make(chan struct{})
}

// inFilter is the subscription of the inbox.
func (l *Link) inFilter() string { return l.topic + "/in/#" }

// receive is called by paho for each message, in order; it must not block.
func (s *session) receive(_ paho.Client, m paho.Message) {
	select {
	case s.inbound.waiting <- m:
	default:
		s.inbound.missed.Store(true)
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
				s.redeliverMissed(ctx)
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

// redeliverMissed ends the session when all that waited is durable and something was missed.
func (s *session) redeliverMissed(ctx context.Context) {
	if len(s.inbound.waiting) > 0 || !s.inbound.missed.Load() {
		return
	}
	if remote.Wait(ctx, redeliverGap-time.Since(s.since)) == nil && len(s.inbound.waiting) == 0 {
		close(s.inbound.redeliver)
		<-ctx.Done()
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
