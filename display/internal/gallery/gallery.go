// Package gallery holds a picture of every screen for the golden files and the contact sheet.
package gallery

import (
	"fmt"
	"image"
	"image/color"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/paird/paird/display"
)

// Sample is a screen with a name.
type Sample struct {
	Name   string
	Screen display.Screen
}

// Samples are the screens as they look in daily use, and some that are hard to set.
func Samples() []Sample {
	const plain = "https://example.com/device"
	return []Sample{
		{"starting", display.Starting{Name: "Kitchen printer", Version: "1.0.0"}},
		{"clock", display.Clock{}},
		{"press", display.Press{Name: "Kitchen printer"}},
		{"press denied", display.Press{Name: "Kitchen printer", Problem: "denied"}},
		{"press expired", display.Press{Name: "Kitchen printer", Problem: "expired"}},
		{"pairing", display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: plain,
			VerificationURIComplete: plain + "?user_code=WDJB-MJHT", Left: 15 * time.Minute}},
		{"pairing plain", display.Pairing{UserCode: "GLMC-QDDJ", VerificationURI: "https://infinyon-cloud.us.auth0.com/activate",
			VerificationURIComplete: "https://infinyon-cloud.us.auth0.com/activate?user_code=GLMC-QDDJ-and-more", Left: 15 * time.Minute}},
		{"pairing digits", display.Pairing{UserCode: "019450730", VerificationURI: "https://microsoft.com/devicelogin", Left: time.Minute}},
		{"pairing long", display.Pairing{UserCode: "ABCDE-FGHJK-LMNPQ-RSTUV", VerificationURI: plain, Left: time.Minute}},
		{"pairing long uri", display.Pairing{UserCode: "WDJB-MJHT",
			VerificationURI: "https://login.a-rather-long-company-name.example.com/oauth2/device/v1/activate?tenant=0123456789abcdef"}},
		{"paired", display.Paired{Name: "Kitchen printer", Account: "Alice"}},
		{"paired long", display.Paired{Name: "Kitchen printer", Account: "maximiliane.mustermann@example.com"}},
		{"online", display.Online{Name: "Kitchen printer", Account: "Alice", Sent: 1432}},
		{"online queued", display.Online{Name: "Kitchen printer", Account: "Zoë Strauß", Sent: 1432, Queued: 17}},
		{"no network", display.Problem{Code: "no_network", Queued: 12}},
		{"captive portal", display.Problem{Code: "captive_portal"}},
		{"tls", display.Problem{Code: "tls", Detail: "certificate of broker.example.com has expired"}},
		{"broker auth", display.Problem{Code: "broker_auth"}},
		{"holding", display.Holding{Left: 2 * time.Second}},
		{"holding pair", display.Holding{Action: "pair", Left: 6 * time.Second}},
		{"holding reset", display.Holding{Action: "reset"}},
		{"confirm reset", display.ConfirmReset{Left: 9 * time.Second}},
		{"wiped", display.Wiped{}},
		{"wiped unrevoked", display.Wiped{Unrevoked: true}},
		{"identify", display.Identify{Name: "Kitchen printer", ID: "b8-27-eb-12-34-56"}},
		{"test card", display.TestCard{Panel: "ssd1306", Version: "1.0.0"}},
	}
}

// Panels are the sizes of the panels sold, and one larger than most.
func Panels() []display.Geometry {
	return []display.Geometry{
		{Width: 128, Height: 32},
		{Width: 128, Height: 64},
		{Width: 200, Height: 200, Paper: true},
		{Width: 212, Height: 104, Paper: true, Accent: true},
		{Width: 250, Height: 122, Paper: true},
		{Width: 296, Height: 128, Paper: true},
	}
}

var palette = color.Palette{color.Gray{Y: 0}, color.Gray{Y: 255}, color.RGBA{R: 255, A: 255}, color.RGBA{R: 96, G: 112, B: 160, A: 255}}

// background is the index of what is between the frames.
const background = 3

// frames are all pages of all samples on the panel.
func frames(g display.Geometry) (names []string, pictures []*image.Paletted) {
	for _, s := range Samples() {
		pages := display.Pages(s.Screen, g)
		for page := range pages {
			g.Page = page
			name := s.Name
			if pages > 1 {
				name = fmt.Sprintf("%s %d/%d", name, page+1, pages)
			}
			names = append(names, name)
			pictures = append(pictures, display.Render(s.Screen, g).(*image.Paletted))
		}
	}
	return names, pictures
}

// Sheet sets all pages of all samples side by side in so many columns, at the scale, with names if asked.
func Sheet(g display.Geometry, columns, scale int, named bool) *image.Paletted {
	names, pictures := frames(g)
	gap, label := 4*scale, 0
	if named {
		label = 14
	}
	w, h := g.Width*scale+gap, g.Height*scale+gap+label
	rows := (len(pictures) + columns - 1) / columns
	sheet := image.NewPaletted(image.Rect(0, 0, columns*w+gap, rows*h+gap), palette)
	for i := range sheet.Pix {
		sheet.Pix[i] = background
	}
	for i, p := range pictures {
		at := image.Pt(gap+i%columns*w, gap+i/columns*h)
		if named {
			d := font.Drawer{Dst: sheet, Src: image.White, Face: basicfont.Face7x13, Dot: fixed.P(at.X, at.Y+10)}
			d.DrawString(names[i])
		}
		enlarge(sheet, p, at.Add(image.Pt(0, label)), scale)
	}
	return sheet
}

func enlarge(sheet, p *image.Paletted, at image.Point, scale int) {
	for y := range p.Rect.Dy() * scale {
		row := sheet.Pix[(at.Y+y)*sheet.Stride+at.X:]
		for x := range p.Rect.Dx() * scale {
			row[x] = p.Pix[y/scale*p.Stride+x/scale]
		}
	}
}
