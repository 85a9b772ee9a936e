package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Credentials are what the placeholders of mqtt.username, mqtt.password, mqtt.client_id and the
// headers stand for during one session.
type Credentials struct {
	AccessToken string
	IDToken     string
	Subject     string
	ClientID    string         // OAuth client_id
	Claims      map[string]any // of the ID token, for {claim:x}
	Account     string         // whose queue it is: issuer and subject; empty where no subject is known
	Expiry      time.Time      // of the access token, zero if unknown; a login without a token ignores it
}

// Queue is where readings and events wait for the broker. Next gives each record once, in order,
// until Rewind makes the unacknowledged ones come again; it blocks until there is one or ctx ends.
// seq counts within Stream. The topics "telemetry" and "event" carry a record that this package
// finishes at sending (ts, stream, seq); any other goes out byte for byte.
type Queue interface {
	Next(ctx context.Context) (seq uint64, topic string, payload []byte, err error)
	Ack(seq uint64) error
	SetAside(seq uint64) error // the broker always refuses it: never offered again, counted as dropped
	Rewind()
	Put(topic string, payload []byte) error
	Online(bool) // while true records stay in memory
	Stream() string
}

// Causes with which the agent ends a session by context.WithCancelCause.
var (
	// ErrSwap: a new token is in hand. In-flight messages are waited for, DISCONNECT is sent, and no
	// `offline` is published.
	ErrSwap = errors.New("swapping the token")
	// ErrForget: the device is being reset. Retained topics are cleared first.
	ErrForget = errors.New("forgetting the broker")
)

// ErrTokenOver is what Serve returns when the login is made of a token and the token's time is over:
// only a newer one helps.
var ErrTokenOver = errors.New("the access token expired")

// Inbox is where messages for the programs of this board wait. Put returns when the message is durable,
// with its number; after an error the broker keeps the message.
type Inbox interface {
	Put(topic string, payload []byte) (seq uint64, err error)
}

// Kind says what a failed session means.
type Kind string

// The kinds of failure.
const (
	BrokerAuth    Kind = "broker_auth" // CONNACK 4 or 5, WebSocket 401 or 403: one forced refresh, then slowly
	Misconfigured Kind = "config"      // CONNACK 1, 2, 6 and above: a person must act
	TLS           Kind = "tls"
	Broker        Kind = "broker" // everything else: back off and try again
)

// Error is what Serve returns, but for ErrTokenOver and the context's own error.
type Error struct {
	Kind       Kind
	Detail     string        // one line for a person; never a secret
	RetryAfter time.Duration // what the server asked for, 0 if nothing
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("broker: %s", e.Detail) }
func (e *Error) Unwrap() error { return e.Err }
