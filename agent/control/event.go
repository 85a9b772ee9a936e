package control

import (
	"encoding/json"
	"slices"
)

// EventType is what happened. An event is one JSON object with `type`, `ts` (RFC 3339, absent before the
// clock is set) and the fields named at its type.
type EventType string

// The events. Below each are its fields.
const (
	// A device authorization began (RFC 8628 section 3.2).
	// {"user_code":"WDJB-MJHT","verification_uri":"https://...","verification_uri_complete":"https://...","expires_in":600}
	EventPairing EventType = "pairing"
	// The user refused the code (RFC 8628 section 3.5, access_denied). No fields.
	EventDenied EventType = "denied"
	// The code ran out before the user decided (expired_token). No fields.
	EventExpired EventType = "expired"
	// The grant of a new pairing is durable; subject is empty where the server names none.
	// {"subject":"2634"}
	EventPaired EventType = "paired"
	// The grant ended.
	// {"reason":"refresh: the server says that the grant is over"}
	EventUnpaired EventType = "unpaired"
	// A factory reset began. No fields.
	EventReset EventType = "reset"
	// The access token was refreshed; expires_in in seconds, absent where the server names no lifetime.
	// {"expires_in":3600}
	EventRefreshed EventType = "refreshed"
	// A session with the broker began; the swap of a token is none. No fields.
	EventOnline EventType = "online"
	// The session ended and is not followed by another at once.
	// {"reason":"broker.example.com closed the connection"}
	EventOffline EventType = "offline"
	// The broker does not accept the token, a subscription or a record.
	// {"detail":"..."} or {"subscription":"devices/x/cmd"} or {"refused_seq":17}
	EventBrokerRefused EventType = "broker_refused"
	// The broker sent a packet longer than the limit; it was acknowledged and dropped.
	// {"topic":"devices/x/cmd","bytes":262144}
	EventOversized EventType = "oversized"
	// Records were dropped before this one; the first and the last sequence number of the run.
	// {"dropped":12,"from_seq":100,"to_seq":111}
	EventGap EventType = "gap"
	// A damaged file was set aside.
	// {"detail":"tokens.db was damaged and set aside as tokens.db.broken-1"}
	EventStoreQuarantined EventType = "store_quarantined"
	// A problem began: its ProblemCode and one line for a person.
	// {"code":"no_network","detail":"token: no answer from auth.example.com"}
	EventProblem EventType = "problem"
	// A problem is over, after that many seconds and failed attempts.
	// {"code":"no_network","seconds":252,"times":12}
	EventProblemEnded EventType = "problem_ended"
)

// Form is how much of an event a receiver gets.
type Form int

// The forms.
const (
	Nothing Form = iota
	Public       // without privateFields
	Whole
)

// Route is where an event goes.
type Route struct {
	MQTT   Form // a record on /event, kept in the queue while the device is offline
	Hook   Form // the program that [hooks] names
	Pair   Form // server-sent events to those whom control.pair names
	Others Form // server-sent events to all others who may read the status
}

// Routes has a row for each event. What happens on each reconnect is not queued for MQTT: it would fill
// the queue while the device is offline. A gap is queued by the queue itself, before the record that follows.
func Routes() map[EventType]Route {
	return map[EventType]Route{
		//                      MQTT     hook   pair   others
		EventPairing:          {Nothing, Whole, Whole, Public},
		EventDenied:           {Nothing, Whole, Whole, Public},
		EventExpired:          {Nothing, Whole, Whole, Public},
		EventPaired:           {Whole, Whole, Whole, Public},
		EventUnpaired:         {Whole, Whole, Whole, Public},
		EventReset:            {Whole, Whole, Whole, Public},
		EventRefreshed:        {Nothing, Whole, Whole, Public},
		EventOnline:           {Nothing, Whole, Whole, Public},
		EventOffline:          {Nothing, Whole, Whole, Public},
		EventBrokerRefused:    {Whole, Whole, Whole, Public},
		EventOversized:        {Whole, Whole, Whole, Public},
		EventGap:              {Nothing, Whole, Whole, Public},
		EventStoreQuarantined: {Whole, Whole, Whole, Public},
		EventProblem:          {Whole, Whole, Whole, Public},
		EventProblemEnded:     {Whole, Whole, Whole, Public},
	}
}

// privateFields name the user code, its addresses and the account. Who has the code can pair this device
// with an account of his own (RFC 8628 section 5.5).
var privateFields = []string{"pairing", "user_code", "verification_uri", "verification_uri_complete", "subject"}

// Private reports whether a field of an event is kept from those who may not pair, and from the log.
func Private(field string) bool { return slices.Contains(privateFields, field) }

// visible is what of event a caller of GET /v1/events gets, nil for nothing.
func visible(event []byte, mayPair bool) []byte {
	var head struct{ Type EventType }
	_ = json.Unmarshal(event, &head) // what is no event is dropped below
	route := Routes()[head.Type]
	form := route.Others
	if mayPair {
		form = route.Pair
	}
	switch form {
	case Whole:
		return event
	case Public:
		return redact(event)
	}
	return nil
}

// redact is event without privateFields.
func redact(event []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(event, &fields) != nil {
		return nil
	}
	for _, name := range privateFields {
		delete(fields, name)
	}
	out, _ := json.Marshal(fields) // raw messages that were parsed always marshal
	return out
}

// ProblemCode is what is wrong. Status lists problems in the order of Problems.
type ProblemCode string

// The problems, the most urgent first.
const (
	ProblemClockUnset    ProblemCode = "clock_unset"    // the time is not known: no certificate can be checked
	ProblemStorage       ProblemCode = "storage"        // the state directory cannot be read or written
	ProblemConfig        ProblemCode = "config"         // the server or broker refuses this client: a person must act
	ProblemCaptivePortal ProblemCode = "captive_portal" // a captive portal asks for a sign-in
	ProblemNoNetwork     ProblemCode = "no_network"     // no answer from the authorization server
	ProblemTLS           ProblemCode = "tls"            // a certificate was refused
	ProblemServer        ProblemCode = "server"         // the authorization server fails or answers what must not be used
	ProblemDenied        ProblemCode = "denied"         // the user refused the code
	ProblemExpired       ProblemCode = "expired"        // the code ran out
	ProblemBrokerAuth    ProblemCode = "broker_auth"    // the broker refuses even a fresh token
	ProblemBroker        ProblemCode = "broker"         // the broker cannot be reached
	ProblemPanel         ProblemCode = "panel"          // the panel does not draw, or button or LED cannot be used
)

// Problems are all codes, the most urgent first.
func Problems() []ProblemCode {
	return []ProblemCode{ProblemClockUnset, ProblemStorage, ProblemConfig, ProblemCaptivePortal, ProblemNoNetwork, ProblemTLS,
		ProblemServer, ProblemDenied, ProblemExpired, ProblemBrokerAuth, ProblemBroker, ProblemPanel}
}
