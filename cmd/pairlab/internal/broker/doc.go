// Package broker is the lab's MQTT 3.1.1 broker: an embedded NATS server that lets in whoever brings a
// good access token as password, to the topics of that account or device, until the token runs out. A
// tap tells the host program of every message.
package broker
