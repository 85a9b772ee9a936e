package qr

import "strings"

// mode is how the characters of a segment become bits (ISO/IEC 18004 section 7.3).
type mode uint8

const (
	numeric mode = iota
	alphanumeric
	byteMode
	modes = 3
)

// alphabet is the alphanumeric character set in the order of its values (table 5).
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// never is a cost no text reaches.
const never = 1 << 30

// segment is a run of text in one mode.
type segment struct {
	mode mode
	text string
}

// countBits gives the width of the character count indicator (table 3) by mode and class of version.
var countBits = [modes][3]int{
	numeric:      {10, 12, 14},
	alphanumeric: {9, 11, 13},
	byteMode:     {8, 16, 16},
}

// class tells which column of countBits a version uses.
func class(version int) int {
	switch {
	case version <= 9:
		return 0
	case version <= 26:
		return 1
	}
	return 2
}

// cost6 is what one character costs in sixths of a bit, the common denominator of 10/3, 11/2 and 8.
func cost6(m mode, c byte) int {
	switch {
	case m == byteMode:
		return 48
	case m == numeric && '0' <= c && c <= '9':
		return 20
	case m == alphanumeric && strings.IndexByte(alphabet, c) >= 0:
		return 33
	}
	return never
}

// bits is the least number of bits that text takes in a version of the class, without terminator and
// padding: dynamic programming over the characters, by the mode of the last one.
func bits(text string, class int) int {
	cost := headers(class)
	for i := range len(text) {
		cost, _ = step(cost, text[i], class)
	}
	return (cost[cheapest(cost)] + 5) / 6
}

// headers is the cost of beginning in each mode.
func headers(class int) (cost [modes]int) {
	for m := range modes {
		cost[m] = 6 * (4 + countBits[m][class])
	}
	return cost
}

// split cuts text into the segments that take so few bits.
func split(text string, class int) []segment {
	var room [512][modes]mode
	from := room[:] // the mode before, for each character and mode
	if len(text) > len(room) {
		from = make([][modes]mode, len(text))
	}
	cost := headers(class)
	for i := range len(text) {
		cost, from[i] = step(cost, text[i], class)
	}
	return trace(text, from, cheapest(cost))
}

// step extends the cheapest encodings by c, then allows a new header after it: next[m] is the cost of
// standing before the following character in mode m, prev[m] the mode that c itself was written in.
func step(cost [modes]int, c byte, class int) (next [modes]int, prev [modes]mode) {
	for m := range mode(modes) {
		next[m] = min(never, cost[m]+cost6(m, c))
		prev[m] = m
	}
	written := next
	for to := range mode(modes) {
		for m := range mode(modes) {
			switched := (written[m]+5)/6*6 + 6*(4+countBits[to][class]) // a segment ends on a whole bit
			if written[m] < never && switched < next[to] {
				next[to], prev[to] = switched, m
			}
		}
	}
	return next, prev
}

func cheapest(cost [modes]int) mode {
	best := byteMode
	for m := range mode(modes) {
		if cost[m] < cost[best] {
			best = m
		}
	}
	return best
}

// trace follows the modes back from the end and gathers equal neighbours into segments.
func trace(text string, from [][modes]mode, last mode) []segment {
	segments := make([]segment, 0, 8)
	end := len(text)
	for i := len(text) - 1; i >= 0; i-- {
		last = from[i][last]
		if i == 0 || from[i-1][last] != last {
			segments = append(segments, segment{last, text[i:end]})
			end = i
		}
	}
	for i, j := 0, len(segments)-1; i < j; i, j = i+1, j-1 {
		segments[i], segments[j] = segments[j], segments[i]
	}
	return segments
}
