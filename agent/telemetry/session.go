package telemetry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	ackLimit      = 30 * time.Second // for a PUBACK or SUBACK
	describeLimit = 5 * time.Second  // for the PUBACK of /about and of the discovery message
	acceptLimit   = 3 * time.Second  // for paho to take a packet: wire never makes it wait
)

var (
	errNoAck   = errors.New("the broker does not acknowledge")
	errIgnored = errors.New("the broker ignores a message")
)

// run goes through the phases and leaves as the reason demands.
func (s *session) run(ctx context.Context, online func()) error {
	storing, stop := context.WithCancel(context.WithoutCancel(ctx))
	stored := s.storeInbound(storing)
	err := s.begin(ctx)
	if err == nil {
		s.phase = draining
		s.queue.Online(true)
		online()
		err = s.drain(ctx)
	}
	stop()
	within(leaveLimit, stored)
	if s.wire.reason() == nil {
		s.leave(err)
	}
	return s.conclude(ctx, err)
}

// begin announces the device, subscribes, and describes the device.
func (s *session) begin(ctx context.Context) error {
	s.phase = announcing
	if err := s.publishAndWait(ctx, outgoing{s.topic + "/status", true, []byte("online")}); err != nil {
		return err
	}
	s.announced()
	s.phase = subscribing
	if err := s.subscribeAll(ctx); err != nil {
		return err
	}
	s.phase = describing
	if err := s.publishUnlessSkipped(ctx, s.about()); err != nil {
		return err
	}
	s.phase = discovering
	s.units.published()
	if m, ok := s.discovery(); ok {
		return s.publishUnlessSkipped(ctx, m)
	}
	return nil
}

// announced finds out by the PUBACK of the birth message whether this broker retains.
func (s *session) announced() {
	if s.diagnosis.announced(s.retain) {
		s.log.Warn("the broker closes the connection at a retained message: status and will are sent without")
		s.unretained.Store(true)
	}
}

// about is the message of Topic/about.
func (l *Link) about() outgoing {
	a := struct {
		Version string `json:"version"`
		Board   string `json:"board"`
		Panel   string `json:"panel"`
		Started string `json:"started,omitempty"` // RFC 3339; missing while the clock is not set
	}{Version: l.o.Version, Board: l.o.Model, Panel: cmp.Or(l.o.Panel, "none")}
	if now, set := l.o.Now(); set {
		a.Started = now.Add(-time.Since(l.created)).UTC().Format(time.RFC3339)
	}
	payload, _ := json.Marshal(a) // cannot fail: strings
	return outgoing{l.topic + "/about", true, payload}
}

// subscribeAll subscribes to what this device obeys and takes. In a session that the broker keeps only
// messages for the inbox may wait: a command is of no use hours later.
func (s *session) subscribeAll(ctx context.Context) error {
	qos := byte(1)
	if s.o.Inbox != nil {
		qos = 0
		if err := s.subscribe(ctx, s.inFilter(), 1, s.receive); err != nil {
			return err
		}
	}
	if len(s.o.Commands) > 0 {
		if err := s.subscribe(ctx, s.topic+"/cmd", qos, s.handleCommand(ctx)); err != nil {
			return err
		}
	}
	if s.o.HomeAssistant != "" {
		return s.subscribe(ctx, s.o.HomeAssistant+"/status", qos, s.homeAssistantStatus)
	}
	return nil
}

// subscribe waits for the SUBACK. One that refuses ends nothing, but is reported.
func (s *session) subscribe(ctx context.Context, filter string, qos byte, handle paho.MessageHandler) error {
	if s.diagnosis.skips(subscribing, time.Now()) {
		s.subscriptionRefused(filter)
		return nil
	}
	token := s.client.Subscribe(filter, qos, handle)
	if err := s.await(ctx, token); err != nil {
		return err
	}
	// "0x80 - Failure" (MQTT 3.1.1 section 3.9.3), which paho takes for success.
	code, ok := token.(*paho.SubscribeToken).Result()[filter]
	s.log.Debug("subscribed", "topic", filter, "answer", code)
	if !ok || code > 2 {
		s.subscriptionRefused(filter)
	}
	return nil
}

// subscriptionRefused reports, once for each filter, that the broker refuses a subscription.
func (s *session) subscriptionRefused(filter string) {
	if _, reported := s.reported.LoadOrStore(filter, true); reported {
		return
	}
	s.log.Warn("the broker refuses a subscription: may the token read this topic?", "topic", filter)
	s.o.Emit("broker_refused", map[string]any{"subscription": filter})
}

// publish hands m to paho; the token completes with the PUBACK. It does not wait for the socket, but for
// up to acceptLimit if the connection is just being lost.
func (s *session) publish(m outgoing) (paho.Token, error) {
	if why := s.wire.reason(); why != nil {
		return nil, why
	}
	token := s.client.Publish(m.topic, 1, m.retained && s.retain, m.payload)
	if errors.Is(token.Error(), paho.ErrNotConnected) {
		return nil, cmp.Or(s.wire.reason(), errSilent)
	}
	return token, nil
}

// publishUnlessSkipped publishes m and waits, unless messages of this phase end each session. A broker
// may neither close nor acknowledge what the token may not publish: telemetry does not wait for that.
func (s *session) publishUnlessSkipped(ctx context.Context, m outgoing) error {
	if s.diagnosis.skips(s.phase, time.Now()) {
		return nil
	}
	s.optional = s.phase
	token, err := s.publish(m)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, describeLimit, errIgnored)
	defer cancel()
	if err = s.await(limited, token); !errors.Is(err, errIgnored) {
		return err
	}
	s.log.Warn("the broker does not acknowledge a message, it is left out for an hour: may the token publish it?", "topic", m.topic)
	s.diagnosis.skip(s.phase, time.Now())
	return nil
}

// publishAndWait publishes m and waits for its PUBACK.
func (s *session) publishAndWait(ctx context.Context, m outgoing) error {
	token, err := s.publish(m)
	if err != nil {
		return err
	}
	return s.await(ctx, token)
}

// await waits for the broker's answer, which has ackLimit. paho completes no token of a lost connection
// whose session the broker keeps, so the connection is watched, too.
func (s *session) await(ctx context.Context, token paho.Token) error {
	late := time.NewTimer(ackLimit)
	defer late.Stop()
	select {
	case <-token.Done():
		return s.tokenError(token)
	case <-s.wire.closed:
		return s.wire.reason()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late.C:
		s.wire.abort(errNoAck)
		return errNoAck
	}
}

// tokenError is why token failed; the wire has the cause, which paho does not report.
func (s *session) tokenError(token paho.Token) error {
	err := token.Error()
	if why := s.wire.reason(); err != nil && why != nil {
		return why
	}
	return err
}
