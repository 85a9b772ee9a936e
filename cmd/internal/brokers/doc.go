// Package brokers tests telemetry sessions, with the daemon's queue and tokens that rotate, against brokers that
// others wrote: Debian's mosquitto and RabbitMQ, a NATS server and a cluster of three, and against a network that
// fails in between. Its files have the build tag real; scripts/setup-brokers.sh installs the brokers.
package brokers
