// Package telemetry runs one MQTT session per call and drains the queue through it.
//
// What it promises, with a queue that keeps its word: each record is published at least once and
// leaves the queue only when the broker has acknowledged it; records go out in order, but for those
// that are sent again; a receiver drops duplicates by device, stream and seq. A PUBACK says that the
// broker has the message, not that it delivers it: mosquitto and NATS acknowledge what the token may
// not publish, and drop it.
//
// A session. Each connection has a client of its own and a will. CONNECT, the retained `online`, the
// subscriptions, /about, Home Assistant's discovery message, then the queue with 20 records in flight.
// Every wait is bounded: the connection 20 s, a packet's writing 10 s, an acknowledgement 30 s; a dead
// link is found within 60 s. Serve returns what it learned as an *Error; when and how to try again is
// its caller's decision. Without an Inbox the session is clean; with one the broker keeps it, and the
// messages in it, while the device is away.
//
// What the end of a session says for the next one: a record that was alone in flight three times when
// the broker closed the connection is set aside; subscriptions, /about and discovery that end each
// session are left out for an hour; after two ends right after the birth message the next is not
// retained; sessions that the broker ends seconds after they began point to a second client of the same id.
//
// Files, in reading order:
//
//	options.go        Options, Credentials, and what a Queue, an Inbox and a Sensor are
//	check.go          what can be wrong with Options
//	login.go          templates and presets: who the device is in a session, and until when
//	link.go           Link, and what it counts
//	serve.go          Serve: one connection, from the dial to the CONNACK
//	session.go        the phases of a session
//	leave.go          the end of a session, and what it means
//	drain.go          records in flight, and the deadlines of a session
//	inbox.go          messages for the programs of this board
//	command.go        /cmd
//	homeassistant.go  the discovery message, and the metrics in it
//	diagnosis.go      what the ends of sessions say about the broker
//	errors.go         what an error means for the caller
//	dial.go           address, TCP, TLS, Preconnect
//	tunnel.go         HTTP proxies and WebSocket
//	wire.go           the connection below paho
//	packet.go         the packets of the broker, checked before paho sees them
//	sample.go         the sampler and the state of sensors
//	sensor.go         sensors that run a program or read a file
//	record.go         records: JSON and SenML, and the time in them
package telemetry
