package telemetry

import (
	"context"
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// begin tells that the device is there, listens, and describes it to Home Assistant.
func (s *session) begin(ctx context.Context) error {
	if err := s.confirm(ctx, outgoing{s.topic + "/status", true, []byte("online")}); err != nil {
		return err
	}
	s.phase = listening
	if err := s.listen(ctx); err != nil {
		return err
	}
	s.phase = describing
	s.units.told()
	if m, ok := s.discovery(); ok && !s.history.skips(describing, time.Now()) {
		return s.confirm(ctx, m)
	}
	return nil
}

// listen subscribes to what this device obeys.
func (s *session) listen(ctx context.Context) error {
	filters := map[string]paho.MessageHandler{}
	if len(s.o.Commands) > 0 {
		filters[s.topic+"/cmd"] = s.obey(ctx)
	}
	if s.o.HomeAssistant != "" {
		filters[s.o.HomeAssistant+"/status"] = s.birth
	}
	for filter, handle := range filters {
		if s.history.skips(listening, time.Now()) {
			s.denied(filter)
		} else if err := s.subscribe(ctx, filter, handle); err != nil {
			return err
		}
	}
	return nil
}

// subscribe waits for the SUBACK. One that refuses ends nothing, but is told.
func (s *session) subscribe(ctx context.Context, filter string, handle paho.MessageHandler) error {
	token := s.client.Subscribe(filter, 1, handle)
	if err := s.await(ctx, token); err != nil {
		return err
	}
	// "0x80 - Failure" (MQTT 3.1.1 section 3.9.3), which paho takes for success.
	if code, ok := token.(*paho.SubscribeToken).Result()[filter]; !ok || code > 2 {
		s.denied(filter)
	}
	return nil
}

// denied tells, once for each filter, that the broker does not let this device listen.
func (s *session) denied(filter string) {
	if _, told := s.told.LoadOrStore(filter, true); told {
		return
	}
	s.log.Warn("the broker refuses a subscription: may the token read this topic?", "topic", filter)
	s.o.Emit("broker_refused", map[string]any{"subscription": filter})
}

// obey handles /cmd. paho calls it in a goroutine of its own.
func (s *session) obey(ctx context.Context) paho.MessageHandler {
	return func(_ paho.Client, m paho.Message) {
		if m.Retained() {
			return
		}
		answer, run := s.commander.receive(m.Payload(), time.Now())
		if run != nil {
			answer = s.commander.done(run, s.do(ctx, run))
		}
		if answer != nil {
			s.tell(outgoing{topic: s.topic + "/cmd/result", payload: answer})
		}
	}
}

// do does a command that is allowed.
func (s *session) do(ctx context.Context, c *command) error {
	switch c.Command {
	case "identify":
		s.o.Identify()
	case "report":
		return s.sample(ctx)
	case "interval":
		s.setPace(time.Duration(c.Seconds * float64(time.Second)))
	default:
		return fmt.Errorf("nobody knows how to %q", c.Command)
	}
	return nil
}

// tell has the session send m, unless it sends too much already.
func (s *session) tell(m outgoing) {
	select {
	case s.out <- m:
	default:
		s.log.Warn("message of this session dropped: too many wait", "topic", m.topic)
	}
}
