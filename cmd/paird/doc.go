// Command paird pairs a board that has no keyboard with its owner's account: it asks for a user code (RFC 8628),
// shows it on a small panel, keeps the grant and uses it for MQTT telemetry.
//
// The files in reading order: main.go, commands.go (the words of the command line) and args.go; run.go is the daemon, logs.go its
// log. The commands: pair.go, login.go, status.go, token.go, publish.go, subscribe.go and reset.go. What several of them share:
// holder.go finds what holds the grant, account.go what a login signs in to; follow.go stays with a pairing until its outcome, code.go
// prints a user code, on a terminal as terminal_other.go and terminal_windows.go say. doctor.go reports what
// examine.go, examine_board.go and examine_peers.go find, and what a person says to interactive.go; bundle.go writes it down for a
// report. configure.go and init.go are about the configuration, screen.go, geometry.go and sample.go about the panel.
package main
