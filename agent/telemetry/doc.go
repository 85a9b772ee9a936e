// Package telemetry runs one MQTT session per call and drains the queue through it.
//
// What it promises, with a queue that keeps its word: each record is published at least once and
// leaves the queue only when the broker has acknowledged it; records go out in order, but for those
// that are sent again; a receiver drops duplicates by device, stream and seq. A PUBACK is the
// broker's word that it has the message, not that anybody may read it: mosquitto and NATS acknowledge
// what the token may not publish, and drop it.
//
// A session. Each connection has a client of its own, a clean session and a will. CONNECT, the
// retained `online`, the subscriptions, Home Assistant's discovery message, then the queue with 20
// records in flight. Every wait is bounded: the connection 20 s, a packet's writing 10 s, an
// acknowledgement 30 s; a dead link is found within 60 s. Serve returns what it learned as an *Error; when
// and how to try again is its caller's business.
//
// What a failed session teaches the next: a record that was alone in flight three times when the broker
// closed the connection is set aside; subscriptions and discovery that end each session are left out
// for an hour; sessions that the broker ends seconds after they began are told to have a twin.
package telemetry
