// Package agent runs a paired device, by three loops each of which alone owns one thing:
//
//   - the keeper owns the grant: it refreshes ahead of time, adopts, forgets and writes, and publishes what is
//     durable (keeper.go, load.go, adopt.go, refresh.go, audience.go);
//   - the linker owns the broker connection: it waits for a grant, serves, backs off (linker.go);
//   - the pairer owns the user code: it rests, begins, waits, and hands the result to the keeper (pairer.go).
//
// They meet in the keeper's inbox, in the grant it publishes and in the status they report to. Panel, LED and the
// status of the control API derive from that by pure functions (view.go, led.go); hooks, subscribers and the
// broker hear of events from one stream (events.go). A factory reset happens between two lives of the loops
// (run.go, reset.go).
package agent
