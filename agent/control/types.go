package control

import (
	"encoding/json"
	"time"
)

// MaxPayload bounds what one publish carries, bytes.
const MaxPayload = 64 << 10

// State is the state of the device.
type State string

// The states.
const (
	StateStarting State = "starting"
	StateClock    State = "clock" // the time is not set, so no certificate can be checked
	StateUnpaired State = "unpaired"
	StatePairing  State = "pairing" // Grant may still be there: the old one serves until the new one does
	StatePaired   State = "paired"
)

// Status is what GET /v1/status and `paird status --json` answer. It holds no token and no device code;
// what does not apply is absent.
type Status struct {
	Version  string    `json:"version"`
	Device   Device    `json:"device"`
	State    State     `json:"state"`
	Pairing  *Pairing  `json:"pairing,omitempty"`
	Grant    *Grant    `json:"grant,omitempty"`
	Broker   *Broker   `json:"broker,omitempty"`
	Queue    *Queue    `json:"queue,omitempty"`
	Panel    *Panel    `json:"panel,omitempty"`
	Clock    Clock     `json:"clock"`
	Problem  *Problem  `json:"problem,omitempty"` // the first of Problems
	Problems []Problem `json:"problems,omitempty"`
}

// public is s for those who may not pair: without the code, and without the account's name.
func (s Status) public() Status {
	if p := s.Pairing; p != nil {
		s.Pairing = &Pairing{ExpiresIn: p.ExpiresIn, Interval: p.Interval}
	}
	if g := s.Grant; g != nil {
		s.Grant = &Grant{Scope: g.Scope, ExpiresIn: g.ExpiresIn, Refreshed: g.Refreshed}
	}
	return s
}

// Device says which device this is.
type Device struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Pairing is a device authorization in progress. The first three are given only to those whom
// control.pair names.
type Pairing struct {
	UserCode                string `json:"user_code,omitempty"` // as the server spells it
	VerificationURI         string `json:"verification_uri,omitempty"`
	VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
	ExpiresIn               int    `json:"expires_in"` // seconds left
	Interval                int    `json:"interval"`   // seconds between polls
}

// Grant says whose device it is. Subject and Name are given only to those whom control.pair names.
type Grant struct {
	Subject   string    `json:"subject,omitempty"`
	Name      string    `json:"name,omitempty"`
	Scope     string    `json:"scope,omitempty"`
	ExpiresIn int       `json:"expires_in,omitzero"` // seconds left of the access token; absent if over or not known
	Refreshed time.Time `json:"refreshed,omitzero"`  // when the tokens came
}

// States of a broker connection.
const (
	BrokerOff        = "off"
	BrokerConnecting = "connecting"
	BrokerOnline     = "online"
	BrokerRefused    = "refused"
)

// Broker is the state of the MQTT connection. The last two count from the start of the daemon.
type Broker struct {
	State      string `json:"state"`
	URL        string `json:"url,omitempty"`
	Error      string `json:"error,omitempty"`      // never empty while refused, or connecting after a failure
	Oversized  uint64 `json:"oversized"`            // messages of the broker that were too large to be taken
	Unretained bool   `json:"unretained,omitempty"` // it refuses retained messages: status and will go without
}

// Queue counts what waits for the broker: topics and payloads of all unacknowledged records.
type Queue struct {
	Messages int    `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Dropped  uint64 `json:"dropped"` // since the queue's file was made, records set aside too
}

// Panel is the state of the display.
type Panel struct {
	Driver string `json:"driver"`
	Size   string `json:"size"` // "128x64"
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"`
}

// Clock says whether the time was set since the boot, as the kernel says.
type Clock struct {
	Synchronised bool `json:"synchronised"`
}

// Problem is one thing that is wrong: its code and one line for a person.
type Problem struct {
	Code   ProblemCode `json:"code"`
	Detail string      `json:"detail"`
}

// Token is what GET /v1/token answers (RFC 6749 section 5.1).
type Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`          // "Bearer", or "DPoP" for a bound one
	ExpiresIn   int    `json:"expires_in,omitzero"` // seconds left; absent if not known
	Scope       string `json:"scope,omitempty"`
}

// Message is what the broker sent to this device below <mqtt.topic>/in/, as GET /v1/messages gives it. Payload is
// base64 in JSON (RFC 4648 section 4).
type Message struct {
	Seq     uint64 `json:"seq"`
	Topic   string `json:"topic"` // below <mqtt.topic>/in/
	Payload []byte `json:"payload"`
}

// The changes of the button, as GET /v1/check gives them.
const (
	ButtonDown = `{"down":true}`
	ButtonUp   = `{"down":false}`
)

// ResetResult is what POST /v1/reset answers.
type ResetResult struct {
	Erased  bool   `json:"erased"`  // everything local is gone
	Revoked bool   `json:"revoked"` // the server confirmed it
	Detail  string `json:"detail"`  // what could not be done, for a person
}

// Event is one JSON object of the event stream, as GET /v1/events and hooks get it; `type` says what happened.
type Event = json.RawMessage
