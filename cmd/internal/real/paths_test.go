//go:build real

package real

// scripts is the folder of the set-up of real peers, seen from here.
const scripts = "../../../scripts"
