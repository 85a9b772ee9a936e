// Package daemon turns a configuration into a running device: it opens the board, the stores and the
// queue, makes the clients, and runs the agent with its panel and its socket.
//
// The files in reading order: sources.go finds the files of a configuration, takeover.go takes over the one on the boot
// partition, fault.go says on the panel that they are wrong; daemon.go makes the parts of a device and runs them; options.go,
// auth.go, broker.go, board.go and secrets.go carry each key of a configuration to the package that obeys it (private_linux.go
// and private_other.go keep the memory private); check.go finds what is wrong with one; identity.go is who the device is;
// agent.go makes the agent; notify.go informs the service manager, memory.go gives memory back; alone.go is for commands that run
// without a daemon, look.go for a person who looks at the board.
package daemon
