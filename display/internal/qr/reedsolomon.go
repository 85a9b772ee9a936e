package qr

// multiply is the product in GF(2^8) modulo x^8+x^4+x^3+x^2+1 (section 7.5.2).
func multiply(x, y byte) byte {
	z := 0
	for i := 7; i >= 0; i-- {
		z = z<<1 ^ (z>>7)*0x11D
		z ^= int(y>>i&1) * int(x)
	}
	return byte(z)
}

// generator fills g with the coefficients of (x-a^0)(x-a^1)...(x-a^(len-1)), the leading 1 left out.
func generator(g []byte) {
	clear(g)
	g[len(g)-1] = 1
	root := byte(1)
	for range g {
		for j := range g {
			g[j] = multiply(g[j], root)
			if j+1 < len(g) {
				g[j] ^= g[j+1]
			}
		}
		root = multiply(root, 2)
	}
}

// remainder fills check with data modulo the generator: the error correction codewords.
func remainder(check, data, generator []byte) {
	clear(check)
	for _, d := range data {
		factor := d ^ check[0]
		copy(check, check[1:])
		check[len(check)-1] = 0
		for i, g := range generator {
			check[i] ^= multiply(g, factor)
		}
	}
}

// interleave cuts data into blocks, adds their check words and weaves them (section 7.6): the first
// word of each block, then the second, and so on; the last blocks are one word longer.
func interleave(data []byte, version int, level Level) []byte {
	n, k := int(blocks[level][version]), int(checkWords[level][version])
	var gen, check [30]byte
	generator(gen[:k])
	out := make([]byte, codewords(version))
	short, long := len(data)/n, len(data)%n // length of a short block, number of long ones
	for b, start := 0, 0; b < n; b++ {
		length := short
		if b >= n-long {
			length++
		}
		block := data[start : start+length]
		start += length
		for i, w := range block {
			at := i*n + b
			if i == short { // only long blocks have this word
				at -= n - long
			}
			out[at] = w
		}
		remainder(check[:k], block, gen[:k])
		for i, w := range check[:k] {
			out[len(data)+i*n+b] = w
		}
	}
	return out
}
