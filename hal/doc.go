// Package hal opens the board: panel, button, LED, buses. It alone reaches the hardware.
package hal
