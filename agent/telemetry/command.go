package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	maxCommand    = 4 << 10 // bytes
	maxCommandID  = 64
	rememberedIDs = 64
)

// command is what /cmd carries. Members it does not know are ignored.
type command struct {
	ID      string  `json:"id"`
	Command string  `json:"command"`
	Seconds float64 `json:"seconds"` // of interval
}

// result is what /cmd/result carries.
type result struct {
	ID      string `json:"id,omitempty"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"` // not_allowed, bad_request, rate_limited or failed
	Message string `json:"message,omitempty"`
}

func (r result) json() []byte {
	b, _ := json.Marshal(r) // cannot fail
	return b
}

func refused(id, code, message string) result {
	return result{ID: id, Error: code, Message: message}
}

// parseCommand reads one command; a refusal has the id where it could be read.
func parseCommand(payload []byte) (command, *result) {
	bad := func(c command, message string) (command, *result) {
		if len(c.ID) > maxCommandID {
			c.ID = ""
		}
		r := refused(c.ID, "bad_request", message)
		return c, &r
	}
	var c command
	if len(payload) > maxCommand {
		return bad(c, fmt.Sprintf("a command has at most %d bytes", maxCommand))
	}
	payload = bytes.TrimSpace(payload)
	if err := json.Unmarshal(payload, &c); err != nil || payload[0] != '{' {
		return bad(c, `send {"id":"text","command":"name"}`)
	}
	switch {
	case len(c.ID) > maxCommandID:
		return bad(c, fmt.Sprintf("an id has at most %d bytes", maxCommandID))
	case c.Command == "":
		return bad(c, "the command is missing")
	case c.Command == "interval" && !(c.Seconds >= 1 && c.Seconds <= longestInterval.Seconds()):
		return bad(c, fmt.Sprintf("seconds must be from 1 to %.0f", longestInterval.Seconds()))
	}
	return c, nil
}

// commander decides what is done with what arrives on /cmd. It outlives sessions.
type commander struct {
	allowed []string

	mu      sync.Mutex
	actions limiter
	answers limiter
	ids     []string // oldest first, with an entry in given
	given   map[string][]byte
}

func newCommander(allowed []string) *commander {
	return &commander{
		allowed: allowed, given: map[string][]byte{},
		actions: limiter{burst: 5, every: 2 * time.Second},
		answers: limiter{burst: 20, every: time.Second},
	}
}

// receive decides on one message: answer is nil where there is none, run is the command to do, if any.
func (c *commander) receive(payload []byte, now time.Time) (answer []byte, run *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.answers.allow(now) {
		return nil, nil
	}
	cmd, wrong := parseCommand(payload)
	if wrong != nil {
		return wrong.json(), nil
	}
	if given, known := c.given[cmd.ID]; known {
		return given, nil // nil while it is being done: the answer is on its way
	}
	if !slices.Contains(c.allowed, cmd.Command) {
		return refused(cmd.ID, "not_allowed", "mqtt.commands does not list it").json(), nil
	}
	if !c.actions.allow(now) {
		return refused(cmd.ID, "rate_limited", "try again in a few seconds").json(), nil
	}
	c.remember(cmd.ID, nil)
	return nil, &cmd
}

// done gives the answer of a command that was run, and keeps it for a repetition.
func (c *commander) done(cmd *command, err error) []byte {
	r := result{ID: cmd.ID, OK: err == nil}
	if err != nil {
		r = refused(cmd.ID, "failed", err.Error())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remember(cmd.ID, r.json())
	return r.json()
}

// remember keeps the last ids; a command without an id is never a repetition.
func (c *commander) remember(id string, answer []byte) {
	if id == "" {
		return
	}
	if _, known := c.given[id]; !known {
		c.ids = append(c.ids, id)
	}
	c.given[id] = answer
	if len(c.ids) > rememberedIDs {
		delete(c.given, c.ids[0])
		c.ids = c.ids[1:]
	}
}

// limiter lets burst through at once and one more after each every.
type limiter struct {
	burst int
	every time.Duration
	spent time.Duration
	last  time.Time
}

func (l *limiter) allow(now time.Time) bool {
	l.spent = max(0, l.spent-max(0, now.Sub(l.last)))
	l.last = now
	if l.spent+l.every > time.Duration(l.burst)*l.every {
		return false
	}
	l.spent += l.every
	return true
}

// handleCommand handles /cmd. paho calls it in order, and waits: what takes time goes on by itself.
func (s *session) handleCommand(ctx context.Context) paho.MessageHandler {
	return func(_ paho.Client, m paho.Message) {
		defer m.Ack()
		s.oversizedRun.Store(false)
		if m.Retained() {
			return
		}
		answer, run := s.commander.receive(m.Payload(), time.Now())
		switch {
		case run != nil:
			go func() { s.enqueue(s.result(s.commander.done(run, s.do(ctx, run)))) }()
		case answer != nil:
			s.enqueue(s.result(answer))
		}
	}
}

func (l *Link) result(answer []byte) outgoing {
	return outgoing{topic: l.topic + "/cmd/result", payload: answer}
}

// do does a command that is allowed.
func (s *session) do(ctx context.Context, c *command) error {
	switch c.Command {
	case "identify":
		s.o.Identify()
	case "report":
		return s.sample(ctx)
	case "interval":
		s.setInterval(time.Duration(c.Seconds * float64(time.Second)))
	default:
		return fmt.Errorf("%q is not implemented", c.Command)
	}
	return nil
}

// enqueue has the session send m, unless it sends too much already.
func (s *session) enqueue(m outgoing) {
	select {
	case s.out <- m:
	default:
		s.log.Warn("message of this session dropped: too many wait", "topic", m.topic)
	}
}
