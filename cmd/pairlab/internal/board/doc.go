// Package board holds no code but tests (`make test-board`): the shipped binaries on a real Linux kernel whose hardware is
// simulated, at the lab's provider and broker, and with a power that fails.
//
// qemu runs the kernel of scripts/board; its first process is the command guest, which plays the hardware and is told by
// net/rpc (package wire) what happens to it.
//
// In reading order: main_test.go (the programs and the kernel), machine_test.go (qemu and its disk), initramfs_test.go,
// lab_test.go (provider, broker and time server), scene_test.go (a board at the lab), story_test.go (what happens to it),
// power_test.go (its power fails), able_test.go (that the story can fail).
package board
