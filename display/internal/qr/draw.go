package qr

// draw lays function patterns and codewords; mask and format information are still to come.
func draw(words []byte, version int, level Level) Symbol {
	n := Size(version)
	s := Symbol{Version: version, Level: level, Size: n, modules: make([]module, n*n)}
	for i := range n {
		s.set(6, i, i%2 == 0)
		s.set(i, 6, i%2 == 0)
	}
	s.finder(3, 3)
	s.finder(n-4, 3)
	s.finder(3, n-4)
	s.alignments()
	s.format(0) // reserves its place
	s.versionInformation()
	s.fill(words)
	return s
}

func (s *Symbol) set(x, y int, black bool) {
	m := function
	if black {
		m |= dark
	}
	s.modules[y*s.Size+x] = m
}

// finder draws a finder pattern with its separator around the centre (section 6.3.3).
func (s *Symbol) finder(cx, cy int) {
	for dy := -4; dy <= 4; dy++ {
		for dx := -4; dx <= 4; dx++ {
			x, y := cx+dx, cy+dy
			if 0 <= x && x < s.Size && 0 <= y && y < s.Size {
				d := max(dx, -dx, dy, -dy)
				s.set(x, y, d != 2 && d != 4)
			}
		}
	}
}

// alignments draws the alignment patterns, but for the three that finders cover (section 6.3.6).
func (s *Symbol) alignments() {
	centres, n := alignment(s.Version)
	for i, cy := range centres[:n] {
		for j, cx := range centres[:n] {
			if i == 0 && j == 0 || i == 0 && j == n-1 || i == n-1 && j == 0 {
				continue
			}
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					s.set(cx+dx, cy+dy, max(dx, -dx, dy, -dy) != 1)
				}
			}
		}
	}
}

// format draws the format information twice, and the dark module (section 7.9).
func (s *Symbol) format(mask int) {
	bits := formatBits(s.Level, mask)
	bit := func(i int) bool { return bits>>i&1 != 0 }
	for i := range 6 {
		s.set(8, i, bit(i))
		s.set(5-i, 8, bit(9+i))
	}
	s.set(8, 7, bit(6))
	s.set(8, 8, bit(7))
	s.set(7, 8, bit(8))
	for i := range 8 {
		s.set(s.Size-1-i, 8, bit(i))
	}
	for i := 8; i < 15; i++ {
		s.set(8, s.Size-15+i, bit(i))
	}
	s.set(8, s.Size-8, true)
}

// formatBits are level and mask, protected by a (15,5) BCH code and masked (annex C).
func formatBits(level Level, mask int) int {
	indicator := [4]int{L: 1, M: 0, Q: 3, H: 2}
	data := indicator[level]<<3 | mask
	return (data<<10 | bch(data, 10, 0x537)) ^ 0x5412
}

// versionInformation draws the version twice, from version 7 on (section 7.10, annex D).
func (s *Symbol) versionInformation() {
	if s.Version < 7 {
		return
	}
	bits := s.Version<<12 | bch(s.Version, 12, 0x1F25)
	for i := range 18 {
		long, short := s.Size-11+i%3, i/3
		s.set(long, short, bits>>i&1 != 0)
		s.set(short, long, bits>>i&1 != 0)
	}
}

// bch is the remainder of data shifted by width, modulo the generator polynomial of that degree.
func bch(data, width, generator int) int {
	r := data
	for range width {
		r = r<<1 ^ (r>>(width-1))*generator
	}
	return r
}

// fill lays the codewords in columns two modules wide from the right, upwards and downwards in turn,
// around what is taken already (section 7.7.3).
func (s *Symbol) fill(words []byte) {
	i, up := 0, true
	for right := s.Size - 1; right > 0; right -= 2 {
		if right == 6 { // the timing pattern is no part of any column
			right--
		}
		for v := range s.Size {
			y := v
			if up {
				y = s.Size - 1 - v
			}
			for x := right; x >= right-1; x-- {
				m := &s.modules[y*s.Size+x]
				if *m&function == 0 && i < 8*len(words) {
					*m = module(words[i/8] >> (7 - i%8) & 1)
					i++
				}
			}
		}
		up = !up
	}
}
