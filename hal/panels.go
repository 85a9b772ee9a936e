package hal

import (
	"cmp"
	"image"
	"slices"
	"strings"
)

// PanelInfo describes one value of display.panel.
type PanelInfo struct {
	Name   string
	Sizes  []image.Point // landscape; the first is the default; none: any size
	Bus    string        // "I2C or SPI", "SPI", "" for panels that are not hardware
	Paper  bool          // e-paper
	Accent bool          // a third colour
	Driver string        // the controller and how it is driven, for doctor and documents
	Open   Driver        // nil for panels that are not hardware
}

// Limits of a panel that has no size of its own.
const minSide, maxSide = 8, 1024

// Panels lists every panel there is, in the order of the documents.
func Panels() []PanelInfo {
	all := []PanelInfo{
		{Name: "none", Driver: "no panel"},
		{Name: "sim", Driver: "web page on loopback"},
		{Name: "terminal", Driver: "half blocks on a terminal"},
		{Name: "png", Driver: "a PNG file, replaced atomically"},
	}
	return append(all, physicalPanels()...)
}

// find returns the panel that o names.
func find(o Options) (PanelInfo, bool) {
	name := cmp.Or(o.Panel, "none")
	all := slices.Concat(Panels(), o.More)
	i := slices.IndexFunc(all, func(p PanelInfo) bool { return p.Name == name })
	if i < 0 {
		return PanelInfo{}, false
	}
	return all[i], true
}

// names lists all panels for an error message.
func names(o Options) string {
	var n []string
	for _, p := range slices.Concat(Panels(), o.More) {
		n = append(n, p.Name)
	}
	return strings.Join(n, ", ")
}

// usualSize is display.size where nothing else is said. A panel without that size takes it for nothing said.
func usualSize() image.Point { return image.Pt(128, 64) }

// size is what the panel is used at: the configured size, or the panel's own.
func (p PanelInfo) size(o Options) image.Point {
	switch {
	case slices.Contains(p.Sizes, o.Size), len(p.Sizes) == 0 && o.Size != (image.Point{}):
		return o.Size
	case len(p.Sizes) > 0:
		return p.Sizes[0]
	}
	return usualSize()
}

// view is the panel's size as its reader sees it.
func view(size image.Point, rotate int) image.Point {
	if rotate%180 != 0 {
		return image.Pt(size.Y, size.X)
	}
	return size
}
