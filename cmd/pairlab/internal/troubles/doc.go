// Package troubles makes what goes wrong on a device happen to the real paird, at the lab's server and broker, and
// compares what panel, `paird status`, `paird doctor` and the exit codes say with the table in the README. Only tests
// are in it.
//
// In reading order: table_test.go (the rows and the README's table), device_test.go (what a device says), lab_test.go (the
// servers), clock_test.go, server_test.go, broker_test.go, board_test.go and local_test.go (how each trouble is made). debug_test.go
// reads the log of a device without one.
package troubles
