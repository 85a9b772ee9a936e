package qr

// masked tells whether the mask inverts the module at column x and row y (table 10).
func masked(mask, x, y int) bool {
	switch mask {
	case 0:
		return (x+y)%2 == 0
	case 1:
		return y%2 == 0
	case 2:
		return x%3 == 0
	case 3:
		return (x+y)%3 == 0
	case 4:
		return (x/3+y/2)%2 == 0
	case 5:
		return x*y%2+x*y%3 == 0
	case 6:
		return (x*y%2+x*y%3)%2 == 0
	}
	return ((x+y)%2+x*y%3)%2 == 0
}

// mask inverts the data modules that the mask names; twice is nothing.
func (s *Symbol) mask(mask int) {
	for y := range s.Size {
		row := s.modules[y*s.Size : (y+1)*s.Size]
		for x := range row {
			if row[x]&function == 0 && masked(mask, x, y) {
				row[x] ^= dark
			}
		}
	}
}

// bestMask tries all masks and gives the one with the least penalty (section 7.8.3).
func (s *Symbol) bestMask() int {
	best, least := 0, 0
	for m := range 8 {
		s.mask(m)
		s.format(m)
		if p := s.penalty(); m == 0 || p < least {
			best, least = m, p
		}
		s.mask(m)
	}
	return best
}

// penalty adds the four features of table 11.
func (s *Symbol) penalty() int {
	n, total, black := s.Size, 0, 0
	for i := range n {
		total += s.line(i*n, 1) + s.line(i, n)
	}
	for y := range n {
		for x := range n {
			m := s.modules[y*n+x] & dark
			black += int(m)
			if x > 0 && y > 0 && s.modules[y*n+x-1]&dark == m &&
				s.modules[(y-1)*n+x]&dark == m && s.modules[(y-1)*n+x-1]&dark == m {
				total += 3 // a block of 2x2 in one colour
			}
		}
	}
	off := 20*black - 10*n*n // the share of dark modules off one half, in twentieths of n*n
	return total + max(off, -off)/(n*n)*10
}

// line is the penalty of one row or column: runs of five or more modules in one colour, and what looks
// like a finder pattern (1:1:3:1:1) with four light modules on a side.
func (s *Symbol) line(at, step int) int {
	total, run, last, window := 0, 0, module(2), 0
	for i := range s.Size + 4 { // the quiet zone is light, before and after
		var m module
		if i < s.Size {
			m = s.modules[at] & dark
			at += step
		}
		if m != last {
			run, last = 0, m
		}
		run++
		switch {
		case i >= s.Size:
		case run == 5:
			total += 3
		case run > 5:
			total++
		}
		window = window<<1&0x7FF | int(m)
		if window == 0b00001011101 || window == 0b10111010000 {
			total += 40
		}
	}
	return total
}
