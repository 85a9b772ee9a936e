package main

import (
	"fmt"
	"image"
	"strconv"
	"strings"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// view is the panel that --panel, --size and --paper name.
type view struct {
	panel, size string
	paper       bool
}

// geometry is that of --size, of --panel, or of the configuration, in that order.
func (p *program) geometry(v view) (display.Geometry, error) {
	switch {
	case v.size != "" && v.panel != "":
		return display.Geometry{}, usage("screen: give --panel or --size, not both")
	case v.size == "" && v.paper:
		return display.Geometry{}, usage("screen: --paper goes with --size; a panel's name says it by itself")
	case v.size != "":
		return sizedGeometry(v.size, v.paper)
	case v.panel != "":
		return panelGeometry(v.panel, image.Point{})
	}
	cfg, err := p.load()
	if err != nil {
		return display.Geometry{}, err
	}
	return configuredGeometry(cfg)
}

func sizedGeometry(size string, paper bool) (display.Geometry, error) {
	width, height, _ := strings.Cut(size, "x")
	w, _ := strconv.Atoi(width)
	h, _ := strconv.Atoi(height)
	g := display.Geometry{Width: w, Height: h, Paper: paper}
	if size != fmt.Sprintf("%dx%d", w, h) {
		return g, usage("--size %q: give WxH, such as 128x64", size)
	}
	if min(g.Width, g.Height) < 8 || max(g.Width, g.Height) > 1000 {
		return g, usage("--size %s: from 8x8 to 1000x1000", size)
	}
	return g, nil
}

// configuredGeometry is that of the panel of cfg, as its reader sees it.
func configuredGeometry(cfg config.Config) (display.Geometry, error) {
	at := image.Point{}
	if cfg.IsSet("display.size") {
		at = cfg.Display.Size
	}
	name := cfg.Display.Panel
	if name == "sim" && cfg.Sim.Panel != "" {
		name = cfg.Sim.Panel
	}
	g, err := panelGeometry(name, at)
	g.Language = cfg.Display.Language
	if cfg.Display.Rotate%180 == 90 {
		g.Width, g.Height = g.Height, g.Width
	}
	return g, err
}

// panelGeometry is that of a panel by name; at chooses between sizes of one controller.
func panelGeometry(name string, at image.Point) (display.Geometry, error) {
	var names []string
	for _, i := range hal.Panels() {
		names = append(names, i.Name)
		if i.Name != name {
			continue
		}
		size := i.Size(at)
		return display.Geometry{Width: size.X, Height: size.Y, Paper: i.Paper, Accent: i.Accent}, nil
	}
	return display.Geometry{}, usage("no panel %q: there are %s", name, strings.Join(names, ", "))
}
