package qrread

import (
	"fmt"
)

// words unmasks the data modules and gathers them to codewords in their order in the symbol.
func (s symbol) words(version, mask int) []byte {
	taken := s.taken(version)
	var bits []int
	column := s.n - 1
	for upwards := true; column > 0; upwards = !upwards {
		if column == 6 {
			column = 5
		}
		for i := range s.n {
			y := i
			if upwards {
				y = s.n - 1 - i
			}
			for _, x := range [2]int{column, column - 1} {
				if !taken[y*s.n+x] {
					bits = append(bits, s.bit(x, y)^inverted(mask, y, x))
				}
			}
		}
		column -= 2
	}
	words := make([]byte, len(bits)/8) // up to seven remainder bits are dropped
	for i := range words {
		for _, b := range bits[8*i : 8*i+8] {
			words[i] = words[i]<<1 | byte(b)
		}
	}
	return words
}

// inverted is the mask condition by row i and column j, as table 10 words it.
func inverted(mask, i, j int) int {
	value := [8]int{(i + j) % 2, i % 2, j % 3, (i + j) % 3, (i/2 + j/3) % 2,
		i*j%2 + i*j%3, (i*j%2 + i*j%3) % 2, ((i+j)%2 + i*j%3) % 2}[mask]
	if value == 0 {
		return 1
	}
	return 0
}

// taken marks what is not data: finders with separators and format information, timing, alignment and
// version information.
func (s symbol) taken(version int) []bool {
	t := make([]bool, s.n*s.n)
	mark := func(x0, y0, w, h int) {
		for y := max(0, y0); y < y0+h; y++ {
			for x := max(0, x0); x < x0+w; x++ {
				t[y*s.n+x] = true
			}
		}
	}
	mark(0, 0, 9, 9)
	mark(s.n-8, 0, 8, 9)
	mark(0, s.n-8, 9, 8)
	mark(6, 0, 1, s.n)
	mark(0, 6, s.n, 1)
	if version >= 7 {
		mark(s.n-11, 0, 3, 6)
		mark(0, s.n-11, 6, 3)
	}
	at := centres[version]
	for i, y := range at {
		for j, x := range at {
			last := len(at) - 1
			if i == 0 && j == 0 || i == 0 && j == last || i == last && j == 0 {
				continue
			}
			mark(x-2, y-2, 5, 5)
		}
	}
	return t
}

// correct undoes the interleaving and checks that every block is free of errors: all syndromes zero.
func correct(words []byte, version, level int) ([]byte, error) {
	n, check := structure[version][level].blocks, structure[version][level].check
	total := len(words)
	longer := total % n // the last so many blocks have one data word more
	blocks := make([][]byte, n)
	for i := range n {
		size := total / n
		if i >= n-longer {
			size++
		}
		blocks[i] = make([]byte, 0, size)
	}
	next := 0
	for next < total-n*check {
		for i := range n {
			if len(blocks[i]) < cap(blocks[i])-check {
				blocks[i] = append(blocks[i], words[next])
				next++
			}
		}
	}
	for ; next < total; next++ {
		i := (next - (total - n*check)) % n
		blocks[i] = append(blocks[i], words[next])
	}
	var data []byte
	for i, b := range blocks {
		if !clean(b, check) {
			return nil, fmt.Errorf("block %d of %d has errors", i+1, n)
		}
		data = append(data, b[:len(b)-check]...)
	}
	return data, nil
}

// clean evaluates the block as a polynomial at the powers 0 to check-1 of the field's generator.
func clean(block []byte, check int) bool {
	power, logarithm := field()
	for k := range check {
		sum := 0
		for _, w := range block {
			if sum != 0 {
				sum = power[(logarithm[sum]+k)%255]
			}
			sum ^= int(w)
		}
		if sum != 0 {
			return false
		}
	}
	return true
}

// field gives the powers of the generator 2 modulo x^8+x^4+x^3+x^2+1, and their logarithms.
func field() (power [255]int, logarithm [256]int) {
	for i, v := 0, 1; i < 255; i++ {
		power[i], logarithm[v] = v, i
		if v *= 2; v > 255 {
			v ^= 285
		}
	}
	return power, logarithm
}
