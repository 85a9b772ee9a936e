package crashtest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/paird/paird/agent/internal/statedir"
)

const (
	sector        = 512
	maxExhaustive = 8  // pending operations of which all subsets are built
	maxWindow     = 60 // pending operations that may be lost; earlier ones are on the disk
	sampled       = 64 // subsets beyond maxExhaustive
	maxCuts       = 16 // tears of one long write
)

// masks are the subsets of n pending operations to build: all, or none, all, each alone, all but
// each, each beginning, and a sample.
func (e *enumeration) masks(n int) []uint64 {
	full := uint64(1)<<n - 1
	var masks []uint64
	if n <= maxExhaustive {
		for m := range full + 1 {
			masks = append(masks, m)
		}
		return masks
	}
	masks = append(masks, 0, full)
	for i := range n {
		masks = append(masks, 1<<i, full&^(1<<i), 1<<(i+1)-1)
	}
	for range sampled {
		masks = append(masks, e.rand.Uint64()&full)
	}
	return masks
}

// tear spoils write i of the window, while the others are lost, done, or done up to it.
func (e *enumeration) tear(base image, window []step, i int) {
	full := uint64(1)<<len(window) - 1
	torn := window[i]
	for _, mask := range []uint64{0, full &^ (1 << i), 1<<i - 1} {
		for _, at := range e.cuts(torn.Op) {
			e.candidate("torn after", func() image { return build(base, window, mask).with(torn, 0, at) })
			e.candidate("torn before", func() image { return build(base, window, mask).with(torn, at, len(torn.Data)) })
		}
		for kind := range 4 {
			at, seed := e.rand.IntN(max(1, len(torn.Data)/sector))*sector, e.rand.Uint64()
			e.candidate("garbage", func() image {
				bad := torn
				bad.Data = spoil(torn.Data, kind, at, seed)
				return build(base, window, mask).with(bad, 0, len(bad.Data))
			})
		}
	}
}

func (im image) with(s step, from, to int) image {
	im.apply(s, from, to)
	return im
}

// cuts are the places where the write may be torn.
func (e *enumeration) cuts(op statedir.Op) []int {
	var cuts []int
	for at := sector; at < len(op.Data); at += sector {
		cuts = append(cuts, at)
	}
	if len(cuts) > maxCuts {
		cuts = slices.Concat(cuts[:maxCuts/2], cuts[len(cuts)-maxCuts/2:])
	}
	fine := e.options.Fine
	if fine == nil {
		fine = boltMeta
	}
	if fine(op) {
		for at := 4; at < min(128, len(op.Data)); at += 4 {
			cuts = append(cuts, at)
		}
	}
	return cuts
}

// boltMeta reports whether the write is that of a meta page.
func boltMeta(op statedir.Op) bool {
	return strings.HasSuffix(op.Path, ".db") && op.Off < 2*4096 && len(op.Data) == 4096
}

// spoil returns the data with the sector at that place zeros, ones or noise, or all of it noise.
func spoil(data []byte, kind, at int, seed uint64) []byte {
	out := slices.Clone(data)
	bad := out[at:min(len(out), at+sector)]
	switch kind {
	case 0:
		clear(bad)
	case 1:
		copy(bad, bytes.Repeat([]byte{0xFF}, len(bad)))
	case 2:
		noise(bad, seed)
	case 3:
		noise(out, seed)
	}
	return out
}

// noise fills b from an xorshift generator.
func noise(b []byte, seed uint64) {
	x := seed | 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
}
