package qrread

import (
	"errors"
	"fmt"
)

// symbol is the square of modules.
type symbol struct {
	n    int
	dark []bool
}

func (s symbol) bit(x, y int) int {
	if s.dark[y*s.n+x] {
		return 1
	}
	return 0
}

func (s symbol) decode(c *Code) error {
	level, mask, err := s.format()
	if err != nil {
		return err
	}
	if err := s.fixed(c.Version); err != nil {
		return err
	}
	c.Level, c.Mask = string("LMQH"[level]), mask
	data, err := correct(s.words(c.Version, mask), c.Version, level)
	if err != nil {
		return err
	}
	c.Text, err = parse(data, c.Version)
	return err
}

// formatWords are the 32 valid words of format information, level and mask 0b00000 upwards, as listed
// in table C.1 of the standard.
var formatWords = [32]int{
	0x5412, 0x5125, 0x5E7C, 0x5B4B, 0x45F9, 0x40CE, 0x4F97, 0x4AA0,
	0x77C4, 0x72F3, 0x7DAA, 0x789D, 0x662F, 0x6318, 0x6C41, 0x6976,
	0x1689, 0x13BE, 0x1CE7, 0x19D0, 0x0762, 0x0255, 0x0D0C, 0x083B,
	0x355F, 0x3068, 0x3F31, 0x3A06, 0x24B4, 0x2183, 0x2EDA, 0x2BED,
}

// format reads both copies, which must be the same valid word.
func (s symbol) format() (level, mask int, err error) {
	var first, second int
	for _, at := range [15][2]int{{0, 8}, {1, 8}, {2, 8}, {3, 8}, {4, 8}, {5, 8}, {7, 8}, {8, 8}, {8, 7},
		{8, 5}, {8, 4}, {8, 3}, {8, 2}, {8, 1}, {8, 0}} {
		first = first<<1 | s.bit(at[0], at[1])
	}
	for i := range 7 {
		second = second<<1 | s.bit(8, s.n-1-i)
	}
	for i := range 8 {
		second = second<<1 | s.bit(s.n-8+i, 8)
	}
	if first != second {
		return 0, 0, fmt.Errorf("the copies of the format information differ: %015b and %015b", first, second)
	}
	for i, w := range formatWords {
		if w == first {
			return i/8 ^ 1, i % 8, nil // the indicators 00, 01, 10, 11 are M, L, H, Q
		}
	}
	return 0, 0, fmt.Errorf("%015b is no format information", first)
}

// versionWords are the words of version information for versions 7 to 40 (table D.1).
var versionWords = [34]int{
	0x07C94, 0x085BC, 0x09A99, 0x0A4D3, 0x0BBF6, 0x0C762, 0x0D847, 0x0E60D, 0x0F928, 0x10B78, 0x1145D,
	0x12A17, 0x13532, 0x149A6, 0x15683, 0x168C9, 0x177EC, 0x18EC4, 0x191E1, 0x1AFAB, 0x1B08E, 0x1CC1A,
	0x1D33F, 0x1ED75, 0x1F250, 0x209D5, 0x216F0, 0x228BA, 0x2379F, 0x24B0B, 0x2542E, 0x26A64, 0x27541,
	0x28C69,
}

// fixed checks timing patterns, separators, the dark module and the version information.
func (s symbol) fixed(version int) error {
	for i := 8; i < s.n-8; i++ {
		if s.bit(i, 6) == i%2 || s.bit(6, i) == i%2 {
			return fmt.Errorf("the timing pattern breaks at %d", i)
		}
	}
	for i := range 8 {
		if s.bit(i, 7)+s.bit(7, i)+s.bit(s.n-1-i, 7)+s.bit(s.n-8, i)+s.bit(i, s.n-8)+s.bit(7, s.n-1-i) != 0 {
			return errors.New("a separator is not light")
		}
	}
	if s.bit(8, s.n-8) == 0 {
		return errors.New("the dark module is light")
	}
	if version < 7 {
		return nil
	}
	for i := range 18 {
		want := versionWords[version-7] >> i & 1
		if s.bit(s.n-11+i%3, i/3) != want || s.bit(i/3, s.n-11+i%3) != want {
			return errors.New("the version information is wrong")
		}
	}
	return nil
}
