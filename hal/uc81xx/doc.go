// Package uc81xx controls colour e-paper with controllers of the UC8159 family, as Pimoroni sells them: UC8159, AC073TC1A, E640
// and E673 on the Inky Impressions, JD79661 and JD79668 on the four-colour Inkys.
//
// It shows pictures in black, white and red. The controllers choose their waveforms themselves and refresh only the whole paper,
// which takes half a minute. A picture that is shown already is not sent. Each Draw resets and initializes the controller, so that
// no error outlives it. Every wait for BUSY has a limit.
//
// The files in reading order: uc81xx.go has the device, modules.go what differs between modules.
//
// # Datasheets
//
// UC8159 (UltraChip); JD79661 and JD79668 (Jadard). For AC073TC1A, E640 and E673 the settings are those of Pimoroni's program
// (https://github.com/pimoroni/inky).
package uc81xx
