// Package ssd16xx drives e-paper panels with controllers of the SSD1680 family.
package ssd16xx
