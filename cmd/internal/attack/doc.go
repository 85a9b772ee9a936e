// Package attack attacks the paird that is built: from other accounts of the same machine, through its disk, and by
// load. Its files have the build tag real; `make test-real` runs them. What needs root is reported as not run
// for an ordinary user.
//
// In reading order: device_test.go (the device under attack), planted_test.go (files and folders that another account
// made first), peers_test.go (what [control] allows to it), flood_test.go (how much it may ask), memory_test.go
// (secrets in memory, core, log and files), disk_test.go (errors of the disk, by strace), kill_test.go (power lost while the keys
// are fetched), server_test.go,
// broker_test.go (what hostile servers and brokers answer), certificate_test.go (what is said of a bad certificate).
package attack
