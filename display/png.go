package display

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"image"
	"io"
)

// PNG colour types (PNG, third edition, section 11.2.1).
const (
	pngTrueColour = 2
	pngIndexed    = 3
)

// EncodePNG writes m as a PNG. A paletted picture of two colours takes one bit a pixel, of up to four two
// bits, of more a byte; any other picture is written in 24 bits. Nothing is compressed: a frame of a
// panel is a few kilobytes, and image/png would bring its decoder into the program.
func EncodePNG(w io.Writer, m image.Image) error {
	b := m.Bounds()
	header := binary.BigEndian.AppendUint32(nil, uint32(b.Dx()))
	header = binary.BigEndian.AppendUint32(header, uint32(b.Dy()))
	out := []byte("\x89PNG\r\n\x1a\n")
	if p, ok := m.(*image.Paletted); ok && len(p.Palette) <= 256 {
		bits := pixelBits(len(p.Palette))
		out = chunk(out, "IHDR", append(header, byte(bits), pngIndexed, 0, 0, 0))
		out = chunk(out, "PLTE", palette(p))
		out = chunk(out, "IDAT", stored(indexes(p, bits)))
	} else {
		out = chunk(out, "IHDR", append(header, 8, pngTrueColour, 0, 0, 0))
		out = chunk(out, "IDAT", stored(trueColours(m)))
	}
	_, err := w.Write(chunk(out, "IEND", nil))
	return err
}

// chunk appends length, type, data and CRC (section 5.3).
func chunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	start := len(out)
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
}

// stored is data as a zlib stream (RFC 1950) of stored blocks (RFC 1951 section 3.2.4).
func stored(data []byte) []byte {
	const most = 0xFFFF
	out := []byte{0x78, 0x01}
	rest := data
	for {
		n := min(len(rest), most)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		out = append(out, last)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out = append(out, rest[:n]...)
		if rest = rest[n:]; last == 1 {
			return binary.BigEndian.AppendUint32(out, adler32.Checksum(data))
		}
	}
}

// pixelBits is the depth of an indexed picture.
func pixelBits(colours int) int {
	switch {
	case colours <= 2:
		return 1
	case colours <= 4:
		return 2
	}
	return 8
}

func palette(p *image.Paletted) (out []byte) {
	for _, c := range p.Palette {
		r, g, b, _ := c.RGBA()
		out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
	}
	return out
}

// indexes are the scanlines, each behind its filter byte, the leftmost pixel in the highest bits
// (section 7.2).
func indexes(p *image.Paletted, bits int) []byte {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	length := 1 + (w*bits+7)/8
	out := make([]byte, h*length)
	for y := range h {
		row, pixels := out[y*length+1:(y+1)*length], p.Pix[y*p.Stride:]
		for x := range w {
			row[x*bits/8] |= pixels[x] << (8 - bits - x*bits%8)
		}
	}
	return out
}

func trueColours(m image.Image) (out []byte) {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		out = append(out, 0)
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := m.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return out
}
