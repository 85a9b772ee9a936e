// Package scripts is the folder of what surrounds the program: unit, installation, checks and the set-up of real
// peers, and vendor-traffic, which records the drivers of panels. Its Go files are tests of the scripts: install_test.go,
// card_test.go, and booted_test.go (where no tree can be booted).
package scripts
