package display

import (
	"fmt"
	"image"
	"strings"
)

// Contents of a QR code, in the order they are tried.
const (
	contentComplete = "complete"
	contentUpper    = "complete, host upper-cased"
	contentPlain    = "plain"
	contentNone     = "none"
)

// Limits of a QR code that cameras read: measured on simulated shots, modules of one pixel and symbols
// without a lit border are never read. From largeModule pixels on larger brings nothing.
const (
	smallModule = 2
	largeModule = 6
)

// QRFit is what QR code a panel gets for a pair of URIs.
type QRFit struct {
	Content      string // "complete", "complete, host upper-cased", "plain" (its host in capitals if it must) or "none"
	Version      int    // 1 to 40; 0 without a QR code
	Level        string // "L", "M", "Q" or "H"; "" without a QR code
	ModulePixels int    // panel pixels along a module
	Dropped      string // what was given up and why; "" if nothing was
}

// typicalCode stands for the user code where there is none yet (RFC 8628 section 3.2).
const typicalCode = "WDJB-MJHT"

// Fit is the QR code that the panel would show beside a typical user code for verification_uri_complete
// and verification_uri; either may be empty.
func Fit(complete, plain string, g Geometry) QRFit {
	if half, large := g.halved(); large {
		fit := Fit(complete, plain, half)
		fit.ModulePixels *= 2
		return fit
	}
	var t pairing
	t.set(&symbols{}, Pairing{UserCode: typicalCode, VerificationURI: plain, VerificationURIComplete: complete}, g)
	fit := QRFit{Content: t.content}
	if t.symbol.version > 0 {
		fit.Version, fit.Level, fit.ModulePixels = t.symbol.version, t.symbol.level(), t.position.pixels
	}
	if complete != "" && t.content != contentComplete && t.content != contentUpper {
		fit.Dropped = tooLarge("the complete URI", upperHost(complete), g)
	}
	if t.content == contentNone && plain != "" {
		fit.Dropped = tooLarge("even the plain URI", upperHost(plain), g)
	}
	return fit
}

func tooLarge(what, uri string, g Geometry) string {
	s, ok := encode(uri, maxVersion)
	if !ok {
		return what + " is too long for any QR code"
	}
	return fmt.Sprintf("%s needs version %d, %d modules wide: no room beside the code on %dx%d pixels at %d pixels a module",
		what, s.version, s.size, g.Width, g.Height, smallModule)
}

// position is where a QR code stands, and where text may.
type position struct {
	pixels int             // along a module
	lit    image.Rectangle // the symbol with its light border
	symbol image.Rectangle
	header image.Rectangle // the area whose top is the header
	text   image.Rectangle
}

// withoutQR leaves the whole panel to the text.
func withoutQR(g Geometry) position {
	_, rest := g.header(inner(g))
	return position{header: inner(g), text: padded(rest)}
}

// padded is an area with some white above and below, where there is any to spare.
func padded(r image.Rectangle) image.Rectangle {
	air := max(0, (r.Dy()-60)/16)
	return image.Rect(r.Min.X, r.Min.Y+air, r.Max.X, r.Max.Y-air)
}

// withQR puts n modules of so many pixels with a border of quiet pixels to the left or, under the header,
// on top, and the text beside or under it.
func withQR(n, pixels, quiet int, below bool, g Geometry) (p position, ok bool) {
	p.pixels = pixels
	side, all := n*pixels+2*quiet, inner(g)
	gap := max(2, all.Min.X)
	if g.Paper { // the border is bare paper already
		gap = 1
	}
	var corner image.Point
	if below {
		head, rest := g.header(all)
		corner = image.Pt((g.Width-side)/2, rest.Min.Y)
		if head.Empty() {
			corner.Y = min((g.Width-side)/2, all.Min.Y)
		}
		p.header, p.text = all, rest
		p.text.Min.Y = corner.Y + side + gap
	} else {
		corner = image.Pt(min((g.Height-side)/2, 2*all.Min.X), (g.Height-side)/2)
		p.header = all
		p.header.Min.X = corner.X + side + gap
		_, rest := g.header(p.header)
		p.text = padded(rest)
	}
	p.lit = image.Rectangle{corner, corner.Add(image.Pt(side, side))}
	p.symbol = p.lit.Inset(quiet)
	return p, p.lit.In(image.Rect(0, 0, g.Width, g.Height)) && !p.text.Empty()
}

// drawQR draws the symbol on a light ground: never inverted, on either kind of panel.
func (c canvas) drawQR(s *symbol, p position) {
	c.fill(p.lit, white)
	for y := range s.size {
		for x := range s.size {
			if s.dark(x, y) {
				at := p.symbol.Min.Add(image.Pt(x*p.pixels, y*p.pixels))
				c.fill(image.Rectangle{at, at.Add(image.Pt(p.pixels, p.pixels))}, black)
			}
		}
	}
}

// terminalQuiet is the light border of a QR code on a terminal, in modules: ISO/IEC 18004 asks for four, cameras
// read two, and a terminal has few lines.
const terminalQuiet = 2

// TerminalQR is the QR code of text in half blocks, two modules a character, for a terminal of light on
// dark or dark on light alike: colours are set, so that dark is dark. It is "" where no code holds text.
func TerminalQR(text string) string {
	s, ok := encode(text, maxVersion)
	if !ok {
		return ""
	}
	var b strings.Builder
	for y := -terminalQuiet; y < s.size+terminalQuiet; y += 2 {
		b.WriteString("\x1b[30;107m") // black on bright white
		for x := -terminalQuiet; x < s.size+terminalQuiet; x++ {
			b.WriteRune(halfBlock(s.dark(x, y), s.dark(x, y+1)))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

// halfBlock is the character with a dark upper and lower half.
func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}
