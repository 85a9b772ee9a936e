// Package display draws what the device has to say: screens in, pictures out.
//
// Render is a pure function of a Screen and a Geometry. Its layouts follow rules, not a list of panels,
// and hold from 96x32 to 400x300 pixels; larger panels are drawn at half their size. A Presenter brings the
// latest screen to a panel.
//
// In reading order:
//
//	screen.go     the screens, the geometry of a panel, the panel
//	render.go     Render and Pages
//	texts.go      a screen as paragraphs; words.go and words_*.go have the languages
//	message.go    paragraphs as lines and pages; wrap.go breaks lines
//	header.go     the device's name on top
//	pairing.go    the pairing screen; stack.go sets the text beside the QR code, code.go the user code
//	qr.go         where a QR code stands; symbol.go encodes it, uri.go prepares its content
//	canvas.go     pixels; face.go and fonts.go have the glyphs, FONTS.md says where they come from
//	presenter.go  brings screens to a panel; policy.go decides when and how
//	png.go        pictures as PNG
//
// The encoder, piglig/go-qr, fills a table for Japanese text when a program starts, whether it draws a QR code or
// not: 256 KiB of memory on 32-bit machines, 512 KiB on 64-bit ones, and 0.2 ms of an amd64 processor.
//
// A further language is a file like words_en.go and its name in words.go; the tests say where a text is too long
// or a glyph is missing.
package display

//go:generate go run ./internal/fontgen fonts
