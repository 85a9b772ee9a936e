// Package scripts is the folder of what surrounds the program: unit, installation, checks and the set-up of real
// peers, and vendor-traffic, which records the drivers of panels. Its Go files are the tests of those.
package scripts
