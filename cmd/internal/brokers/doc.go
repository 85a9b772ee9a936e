// Package brokers tests telemetry sessions, with the daemon's queue and tokens that rotate, against brokers that
// others wrote: Debian's mosquitto and RabbitMQ, a NATS server and a cluster of three, and against a network that
// fails in between. Its files have the build tag real; scripts/setup-brokers.sh installs the brokers.
//
// In reading order:
//
//	device_test.go         the session and the queue, as the daemon runs them
//	issuer_test.go         signs the tokens
//	watcher_test.go        mosquitto_sub, which receives what the device sends
//	proxy_test.go          the network between device and broker, with its faults
//	mosquitto_test.go      Debian's mosquitto, and what a broker is for these tests
//	rabbitmq_test.go       Debian's RabbitMQ
//	nats_test.go           NATS, one and a cluster; node_test.go runs its processes
//	plain_test.go          what each broker must do: messages, rotation of tokens, an outage
//	refused_test.go        tokens, messages and subscriptions that a broker refuses
//	apart_test.go          one device cannot read or write what is another's
//	homeassistant_test.go  the discovery message
//	swap_test.go           a new token before the CONNACK
//	faults_test.go         a network that fails
package brokers
