// Package control is the local API: HTTP over a Unix socket, for the programs of the product and for the commands
// of paird. API calls and JSON are those of API.md, which the tests compare with the handler; Client is what a Go
// program imports.
//
// In reading order: types.go and event.go (what goes over the wire), errors.go, check.go (the configuration),
// handler.go (who may call what), calls.go, metrics.go, events.go and messages.go (streams), filter.go and topic.go,
// peer.go and account.go (who asks), meter.go and slots.go (how much one user may ask), listen.go (and what differs by
// system: listen_linux.go, listen_other.go, peer_linux.go, ...), serve.go, client.go, wire.go.
package control
