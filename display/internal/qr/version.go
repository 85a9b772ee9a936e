package qr

// Level is an error correction level. Its order is that of the strength.
type Level uint8

// The levels restore about 7, 15, 25 and 30 % of the codewords.
const (
	L Level = iota
	M
	Q
	H
)

// String is the letter of the level.
func (l Level) String() string { return "LMQH"[l : l+1] }

// maxVersion is the largest version there is; a version v symbol is 17+4v modules wide.
const maxVersion = 40

// Size is the width in modules of a version, without the quiet zone.
func Size(version int) int { return 17 + 4*version }

// checkWords is the number of error correction codewords in each block (table 9).
var checkWords = [4][maxVersion + 1]uint8{
	L: {0, 7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
		28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	M: {0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
		26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28},
	Q: {0, 13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30,
		28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
	H: {0, 17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28,
		30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
}

// blocks is the number of blocks (table 9).
var blocks = [4][maxVersion + 1]uint8{
	L: {0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8,
		8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25},
	M: {0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
		17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49},
	Q: {0, 1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20,
		23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68},
	H: {0, 1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
		25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81},
}

// codewords counts the codewords of a version: what function patterns and information leave over.
func codewords(version int) int {
	modules := (16*version+128)*version + 64 // without finders, timing and format information
	if version >= 2 {
		k := version/7 + 2 // alignment patterns along a side
		modules -= (25*k-10)*k - 55
		if version >= 7 {
			modules -= 36 // version information, twice
		}
	}
	return modules / 8
}

// dataWords counts the codewords of a version and level that carry data.
func dataWords(version int, level Level) int {
	return codewords(version) - int(checkWords[level][version])*int(blocks[level][version])
}

// alignment gives the centres of the alignment patterns along one axis (annex E).
func alignment(version int) (centres [7]int, n int) {
	if version == 1 {
		return centres, 0
	}
	n = version/7 + 2
	step := (version*8 + n*3 + 5) / (n*4 - 4) * 2
	centres[0] = 6
	for i, at := n-1, Size(version)-7; i >= 1; i, at = i-1, at-step {
		centres[i] = at
	}
	return centres, n
}
