// Package agent runs a paired device by three loops, each of which alone owns one thing:
//
//   - the keeper owns the grant: it refreshes ahead of time, adopts, forgets and writes, and publishes what is
//     durable;
//   - the linker owns the broker connection: it waits for a grant, serves, backs off;
//   - the pairer owns the user code: it rests, begins, waits, and hands the result to the keeper.
//
// They meet in the keeper's inbox, in the grant it publishes and in the status they report to. Panel, LED and the
// status of the control API derive from that by pure functions; hooks, subscribers and the broker get their events
// from one stream. A factory reset happens between two runs of the loops.
//
// # States
//
// What the status calls state. A code is shown whatever else holds; the panel adds to it who has just paired, what is wrong,
// and what the button is doing.
//
//	starting --------------------> unpaired <--------------------+
//	   |   the store has no grant      |                         |
//	   |                               | press, `paird pair`,    | denied, expired:
//	   |                               | or start = "auto"       | without a former grant
//	   |                               v                         |
//	   |                            pairing ---------------------+
//	   |                             |   ^
//	   |                    approved |   | held for 3 s: the former grant serves until then,
//	   |   the store has a grant     v   | and goes on if the code is denied or expires
//	   +--------------------------> paired -----> unpaired: invalid_grant, factory reset
//
//	clock: in place of unpaired and paired, while the time is not known
//
// # Data
//
//	owner's phone --- approves ---> authorization server             broker
//	                                     ^     |                     ^    |
//	                          code, poll,|     | tokens      records,|    | messages,
//	                             refresh |     v              events |    v commands
//	  button --> pairer ------------> deviceauth                   telemetry
//	                                           |                     ^    |
//	                              token answer v    access token     |    v
//	  panel <-- status <------------------- keeper -----------> linker    inbox.* --> `paird subscribe`
//	  LED, hooks, events                       |                     ^
//	                              sealed, first|                     | in order, until PUBACK
//	                                           v                     |
//	  `paird token` <-- access token        tokens.*              queue.* <-- `paird publish`, sensors
//
// The refresh token goes from the keeper to the token endpoint and to tokens.*, and nowhere else.
//
// The files in reading order:
//
//	agent.go      what an Agent is made of, and the interfaces it asks for
//	run.go        starting and ending the loops, and what is done every minute beside them
//	schedule.go   the pure decisions: the keeper's next step, refresh times, back-off
//	keeper.go     the keeper's loop
//	published.go  the grant it publishes
//	durable.go    reading and forgetting the grant; trouble with the disk
//	adopt.go      a grant in hand: saved, then published
//	record.go     before that: what the next start must find of a code and its answer
//	exchange.go   a request that may use up the refresh token: journalled, beside the loop, one at a time
//	refresh.go    a refresh, and what its failure means
//	token.go      access tokens for the linker and for local programs
//	revoke.go     what is revoked, and when
//	grant.go      a token response as a stored grant, and back
//	pairer.go     user codes
//	answer.go     from the answer of the token endpoint to an adopted grant
//	linker.go     broker sessions
//	reset.go      the factory reset
//	status.go     what the loops report
//	view.go       from that: the status of the contract and the screen
//	panel.go      showing it on panel and LED, and in one line to the service manager
//	button.go     what a press asks for
//	check.go      a person checks the board: presses that mean nothing
//	settings.go   new settings on the boot partition: saying so, and asking
//	events.go     the event stream
//	problems.go   when a problem begins and ends
//	inbox.go      messages for the product's own programs
//	backend.go    the control API
//	watchdog.go   how loops show that they are alive
//
// # Where a new thing goes
//
//   - an event: its constant, its line of meaning and its row of Routes in control/event.go, its row in control/API.md; the
//     code that sees it happen calls stream.emit.
//   - a problem: its constant in control/event.go, its words in each language of display, its row in the README's table.
//   - a broker preset: its row of presets in telemetry/login.go.
//   - a sensor: its row in hal/sensor/sensor.go (hal/sensor/periph.go where periph drives it), its driver beside it, its
//     row in that package's doc.go, its model in hal/bustest/sensor.go; sensors of other programs need none (drivers exec
//     and file).
//   - an OLED controller: its commands and sizes in hal/monoled/module.go, its model in hal/bustest/modules.go
//     and hal/bustest/oled_command.go; its row in hal/doc.go and in config/panels.md, which a test prints.
//   - a language: a file like display/words_en.go, its row in display/words.go, its name in TestLanguages, and its golden
//     frames, which the tests write.
//
// A name that a key of the configuration may have changes config/paird.example.toml, which is written by
// go test ./cmd/internal/daemon -run ExampleFile -update.
package agent
