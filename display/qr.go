package display

import (
	"fmt"
	"image"
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
	var t pairing
	t.set(&symbols{}, Pairing{UserCode: typicalCode, VerificationURI: plain, VerificationURIComplete: complete}, g)
	fit := QRFit{Content: t.content}
	if t.symbol.version > 0 {
		fit.Version, fit.Level, fit.ModulePixels = t.symbol.version, t.symbol.level(), t.place.pixels
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

// place is where a QR code stands, and where text may.
type place struct {
	pixels int             // along a module
	lit    image.Rectangle // the symbol with its light border
	symbol image.Rectangle
	text   image.Rectangle
}

// textArea is inner with some air above and below, where there is any.
func textArea(g Geometry) image.Rectangle {
	r := inner(g)
	air := (r.Dy() - 60) / 16
	return image.Rect(r.Min.X, r.Min.Y+max(0, air), r.Max.X, r.Max.Y-max(0, air))
}

// besides puts n modules of so many pixels with a border of quiet pixels to the left or on top, and the
// text beside or under it.
func besides(n, pixels, quiet int, below bool, g Geometry) (p place, ok bool) {
	side := n*pixels + 2*quiet
	if side > g.Width || side > g.Height {
		return p, false
	}
	p.pixels, p.text = pixels, textArea(g)
	edge := p.text.Min.X
	gap := max(2, edge)
	if g.Paper { // the border is bare paper already
		gap = 1
	}
	var corner image.Point
	if below {
		corner = image.Pt((g.Width-side)/2, min((g.Width-side)/2, edge))
		p.text.Min.Y = corner.Y + side + gap
	} else {
		corner = image.Pt(min((g.Height-side)/2, 2*edge), (g.Height-side)/2)
		p.text.Min.X = corner.X + side + gap
	}
	p.lit = image.Rectangle{corner, corner.Add(image.Pt(side, side))}
	p.symbol = p.lit.Inset(quiet)
	return p, !p.text.Empty()
}

// drawQR draws the symbol on a light ground: never inverted, on either kind of panel.
func (c canvas) drawQR(s *symbol, p place) {
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
