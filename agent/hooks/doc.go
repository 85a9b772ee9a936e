// Package hooks runs a program on each event, with a time limit.
//
// A printer prints the code, a speaker speaks it: the event's JSON (agent/control/event.go) is the program's
// standard input. One program runs at a time, started without a shell and in a process group of its own, which is
// killed as a whole when the time is up. What it prints is kept short and logged at debug level only, because an
// event may hold a user code. Events that come while one runs wait in a short queue; when that is full the oldest
// is dropped and logged, so that a slow program never blocks the daemon.
package hooks
