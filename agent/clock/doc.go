// Package clock reports whether the time can be trusted.
//
// A board without a battery boots in 1970. The time counts as set when the kernel says that it is
// synchronised, or when it is later than a floor: the build of this program or the last time that
// was trusted. Once synchronised, it stays so for this boot: the kernel clears its flag about nine
// hours after the last answer of a time server, but the clock is not wrong by that.
//
// This package never sets the clock.
//
// clock.go has the decision; what the kernel says is in clock_linux.go, and clock_other.go stands for other systems.
package clock
