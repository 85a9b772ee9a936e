// Image builds the SD card image: gokrazy (https://gokrazy.org) with a read-only root, paird and nothing else, for the
// Raspberry Pi 3, 4, 5 and Zero 2 W. The tools are those of gokrazy/go.mod; `make image` calls it.
//
// In reading order: main.go (the steps), instance.go (what gokrazy is asked to build), packer.go (its packer, with
// fixed times, so that the same source gives the same bytes), card.go (what is written into the image afterwards: the
// file system for the state, and the configuration that a laptop can edit), start (what runs paird on the board).
package main
