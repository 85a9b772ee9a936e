package agent

import (
	"context"

	"github.com/paird/paird/agent/control"
)

// inbox holds what the broker sent to this device until a program of the product acknowledges it.
type inbox interface {
	Next(ctx context.Context, after uint64, match func(topic string) bool) (seq uint64, topic string, payload []byte, err error)
	Ack(seq uint64) error
	Bind(account string) error // what came for another account is dropped
	Erase() error
}

var errNoInbox = &control.Error{Code: control.Unavailable, Message: "this device receives no messages: set mqtt.url and control.subscribe"}

// NextMessage waits for a message below <mqtt.topic>/in/.
func (a *Agent) NextMessage(ctx context.Context, after uint64, match func(topic string) bool) (control.Message, error) {
	if a.o.Inbox == nil {
		return control.Message{}, errNoInbox
	}
	seq, topic, payload, err := a.o.Inbox.Next(ctx, after, match)
	return control.Message{Seq: seq, Topic: topic, Payload: payload}, err
}

// AckMessage ends a message: it is not given again.
func (a *Agent) AckMessage(seq uint64) error {
	if a.o.Inbox == nil {
		return errNoInbox
	}
	return a.o.Inbox.Ack(seq)
}
