package main

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// sample is what the screens say where nothing else is asked for.
type sample struct {
	code, uri, complete, problem, account, name string
	messages                                    int
}

// screens are the names of `paird screen`.
var screenNames = []string{"starting", "clock", "press", "pairing", "paired", "online", "problem",
	"confirm-reset", "wiped", "identify", "testcard"}

// of is the screen of a name, nil for one there is not.
func (s sample) of(name, panel string) display.Screen {
	switch name {
	case "starting":
		return display.Starting{Name: s.name, Version: version}
	case "clock":
		return display.Clock{}
	case "press":
		return display.Press{Name: s.name}
	case "pairing":
		return display.Pairing{UserCode: s.code, VerificationURI: s.uri, VerificationURIComplete: s.complete, Left: 10 * time.Minute}
	case "paired":
		return display.Paired{Name: s.name, Account: s.account}
	case "online":
		return display.Online{Name: s.name, Account: s.account, Sent: s.messages}
	case "problem":
		return display.Problem{Code: s.problem}
	case "confirm-reset":
		return display.ConfirmReset{Left: 10 * time.Second}
	case "wiped":
		return display.Wiped{}
	case "identify":
		return display.Identify{Name: s.name, ID: "dev1"}
	case "testcard":
		return display.TestCard{Panel: panel, Version: version}
	}
	return nil
}

// screen is `paird screen NAME`.
func (p *program) screen(_ context.Context, args []string) error {
	f := p.flags("screen")
	s := sample{name: "Kitchen printer"}
	f.StringVar(&s.code, "code", "WDJB-MJHT", "the user code")
	f.StringVar(&s.uri, "uri", "https://example.com/device", "the verification URI")
	f.StringVar(&s.complete, "complete", "", "the complete verification URI")
	f.StringVar(&s.problem, "problem", "no_network", "the code of the problem")
	f.StringVar(&s.account, "account", "Alice", "the account's name")
	f.IntVar(&s.messages, "messages", 42, "messages sent today")
	f.StringVar(&s.name, "name", s.name, "the device's name")
	panel := f.String("panel", "", "the panel, as in display.panel")
	size := f.String("size", "", "`WxH` in place of a panel: an OLED")
	paper := f.Bool("paper", false, "with --size: e-paper")
	language := f.String("language", "", "en, de, fr or es")
	page := f.Int("page", 0, "which page, where they alternate")
	out := f.String("o", "", "the PNG `FILE`; - is standard output")
	rest, err := p.parse(f, args, 1, 1)
	if err != nil {
		return err
	}
	g, err := p.geometry(f, *panel, *size, *paper)
	if err != nil {
		return err
	}
	g.Page, g.Language = *page, cmp.Or(*language, g.Language)
	what := s.of(rest[0], cmp.Or(*panel, *size))
	switch {
	case what == nil:
		return usage("no screen %q: there are %s", rest[0], strings.Join(screenNames, ", "))
	case !slices.Contains(display.Languages(), cmp.Or(g.Language, "en")):
		return usage("no language %q: there are %s", g.Language, strings.Join(display.Languages(), ", "))
	case *page < 0 || *page >= display.Pages(what, g):
		return usage("no page %d: this screen has %d on this panel", *page, display.Pages(what, g))
	case *out == "":
		return usage("where to? give -o FILE, or -o - for standard output")
	}
	return p.writePicture(*out, display.Render(what, g))
}

func (p *program) writePicture(file string, im image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		return err
	}
	if file == "-" {
		_, err := p.stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}

// geometry is that of --size, of --panel, or of the configuration, in that order.
func (p *program) geometry(f *flag.FlagSet, panel, size string, paper bool) (display.Geometry, error) {
	var g display.Geometry
	if size != "" {
		if n, err := fmt.Sscanf(size, "%dx%d", &g.Width, &g.Height); n != 2 || err != nil || size != fmt.Sprintf("%dx%d", g.Width, g.Height) {
			return g, usage("--size %q: give WxH, such as 128x64", size)
		}
		if g.Width < 8 || g.Height < 8 || g.Width > 1000 || g.Height > 1000 {
			return g, usage("--size %s: from 8x8 to 1000x1000", size)
		}
		g.Paper = paper
		return g, nil
	}
	if panel != "" {
		g, err := panelGeometry(panel, image.Point{})
		return g, err
	}
	cfg, err := p.load()
	if err != nil {
		return g, err
	}
	at := image.Point{}
	if cfg.IsSet("display.size") {
		at = cfg.Display.Size
	}
	g, err = panelGeometry(cfg.Display.Panel, at)
	g.Language = cfg.Display.Language
	if cfg.Display.Rotate%180 == 90 {
		g.Width, g.Height = g.Height, g.Width
	}
	return g, err
}

// panelGeometry is that of a panel by name; at tells sizes of one controller apart.
func panelGeometry(name string, at image.Point) (display.Geometry, error) {
	var names []string
	for _, i := range hal.Panels() {
		names = append(names, i.Name)
		if i.Name != name {
			continue
		}
		if at == (image.Point{}) {
			at = image.Pt(128, 64)
			if len(i.Sizes) > 0 {
				at = i.Sizes[0]
			}
		}
		return display.Geometry{Width: at.X, Height: at.Y, Paper: i.Paper, Accent: i.Accent}, nil
	}
	return display.Geometry{}, usage("no panel %q: there are %s", name, strings.Join(names, ", "))
}
