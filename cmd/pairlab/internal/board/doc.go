// Package board holds no code but tests (`make test-board`): the shipped binaries on a real Linux kernel whose hardware is
// simulated, at the lab's provider and broker, and with a power that fails.
//
// qemu runs the kernel of scripts/board; its first process is the command guest, which plays the hardware and does by net/rpc
// (package wire) what a test asks for. `make test-board CONTROLS=1` also builds faults into the daemon, which the story must find.
// TestPowerFails prints its seed; `go test -tags real -run PowerFails -seed N ./cmd/pairlab/internal/board` cuts the power at
// the same parts of a boot again, -kills N more often.
//
// A board's time is that of its instructions (qemu's -icount): on a slow or busy host it passes more slowly, and what must happen
// within a time inside the board does. Its clock is set again by the time server where it falls behind.
//
// Measured inside are memory and context switches. The latter are more than on a board: each transfer on a simulated bus waits
// for another process. Processor time under emulation says nothing; `make budget` has it.
//
// In reading order: main_test.go (the programs and the kernel), machine_test.go (qemu and its disk), initramfs_test.go,
// lab_test.go (provider, broker and time server), scene_test.go (a board at the lab), look_test.go (what is on the panel),
// story_test.go (what happens to a board), panel_test.go (the panels and how they fail), erase_test.go (the factory reset),
// power_test.go (its power fails), wrong_test.go (the hardware is not as configured), sensors_test.go (all sensors, a
// recording of a panel, and a HAT that says what it is), able_test.go (that the story can fail).
package board
