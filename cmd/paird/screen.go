package main

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"os"
	"slices"
	"strings"

	"github.com/paird/paird/display"
)

// screen is `paird screen NAME`.
func (p *program) screen(_ context.Context, args []string) error {
	f := p.flags("screen")
	s := sample{name: "Kitchen printer"}
	s.flags(f)
	var v view
	f.StringVar(&v.panel, "panel", "", "the panel, as in display.panel")
	f.StringVar(&v.size, "size", "", "`WxH` in place of a panel: an OLED")
	f.BoolVar(&v.paper, "paper", false, "with --size: e-paper")
	language := f.String("language", "", strings.Join(display.Languages(), ", "))
	page := f.Int("page", 0, "which page, where they alternate; 0 is the first")
	out := f.String("o", "", "the PNG `FILE`; - is standard output")
	rest, err := p.parse(f, args, 1, 1)
	if err != nil {
		return err
	}
	g, err := p.geometry(v)
	if err != nil {
		return err
	}
	g.Page, g.Name, g.Language = *page, s.name, cmp.Or(*language, g.Language)
	what := s.of(rest[0], cmp.Or(v.panel, v.size))
	switch {
	case what == nil:
		return usage("no screen %q: there are %s", rest[0], strings.Join(screenNames, ", "))
	case !slices.Contains(display.Languages(), cmp.Or(g.Language, "en")):
		return usage("no language %q: there are %s", g.Language, strings.Join(display.Languages(), ", "))
	case *page < 0 || *page >= display.Pages(what, g):
		return usage("no page %d: %s has %d on this panel, counted from 0", *page, rest[0], display.Pages(what, g))
	case *out == "":
		return usage("where to? give -o FILE, or -o - for standard output")
	}
	return p.writePicture(*out, display.Render(what, g))
}

func (p *program) writePicture(file string, im image.Image) error {
	var b bytes.Buffer
	if err := display.EncodePNG(&b, im); err != nil {
		return err
	}
	if file == "-" {
		_, err := p.stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}
