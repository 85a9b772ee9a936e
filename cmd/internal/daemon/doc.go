// Package daemon turns a configuration into a running device: it opens the board, the stores and the
// queue, makes the clients, and runs the agent with its panel and its socket.
package daemon
