// Package broker is the lab's MQTT 3.1.1 broker: mochi-mqtt with one hook. It admits a client that presents a good access
// token as its password, to the topics of that account or device, until the token expires. The program around it sees
// every message.
//
// broker.go runs it; listener.go lets it end without a race; admission.go has the hook; token.go verifies tokens.
package broker
