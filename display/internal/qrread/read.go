package qrread

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

// Code is a symbol as found in a picture.
type Code struct {
	Text    string
	Version int
	Level   string          // "L", "M", "Q" or "H"
	Mask    int             // 0 to 7
	Modules int             // along a side
	Pixels  int             // of a module
	Quiet   int             // pixels of lit border, the least of the four sides
	Bounds  image.Rectangle // of the modules, without the border
}

// ErrNone says that the picture holds no finder patterns where a symbol would have them.
var ErrNone = errors.New("no QR code in the picture")

// Read finds the one upright symbol of the picture and decodes it.
func Read(m image.Image) (Code, error) {
	g := newGrid(m)
	box, pixels, err := g.find()
	if err != nil {
		return Code{}, err
	}
	n := box.Dx() / pixels
	if box.Dx() != box.Dy() || n*pixels != box.Dx() || n < 21 || n > 177 || n%4 != 1 {
		return Code{}, fmt.Errorf("a symbol of %v at %d pixels a module is of no version", box, pixels)
	}
	modules := make([][]bool, n)
	for y := range n {
		modules[y] = make([]bool, n)
		for x := range n {
			if modules[y][x], err = g.module(box.Min.X+x*pixels, box.Min.Y+y*pixels, pixels); err != nil {
				return Code{}, err
			}
		}
	}
	c := Code{Version: (n - 17) / 4, Modules: n, Pixels: pixels, Quiet: g.quiet(box), Bounds: box.Add(m.Bounds().Min)}
	return c, c.decode(modules)
}

// grid is the picture in two colours.
type grid struct {
	w, h int
	dark []bool
}

func newGrid(m image.Image) grid {
	b := m.Bounds()
	g := grid{w: b.Dx(), h: b.Dy(), dark: make([]bool, b.Dx()*b.Dy())}
	for y := range g.h {
		for x := range g.w {
			c := color.GrayModel.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.Gray)
			g.dark[y*g.w+x] = c.Y < 128
		}
	}
	return g
}

func (g grid) at(x, y int) bool {
	return 0 <= x && x < g.w && 0 <= y && y < g.h && g.dark[y*g.w+x]
}

// find looks for three finder patterns of one module size that stand in a right angle.
func (g grid) find() (box image.Rectangle, pixels int, err error) {
	for p := min(g.w, g.h) / 21; p >= 1; p-- {
		corners := g.finders(p)
		for _, a := range corners {
			for _, b := range corners {
				side := b.X - a.X
				if side < 14*p || b.Y != a.Y || !g.finder(a.X, a.Y+side, p) {
					continue
				}
				return image.Rect(a.X, a.Y, b.X+7*p, a.Y+side+7*p), p, nil
			}
		}
	}
	return box, 0, ErrNone
}

func (g grid) finders(p int) (found []image.Point) {
	for y := 0; y+7*p <= g.h; y++ {
		for x := 0; x+7*p <= g.w; x++ {
			if g.at(x, y) && !g.at(x-1, y) && !g.at(x, y-1) && g.finder(x, y, p) {
				found = append(found, image.Pt(x, y))
			}
		}
	}
	return found
}

var finderRows = [7]string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}

// finder reports whether a finder pattern of p pixels a module has its corner at x, y.
func (g grid) finder(x, y, p int) bool {
	for j := range 7 * p {
		for i := range 7 * p {
			if g.at(x+i, y+j) != (finderRows[j/p][i/p] == '#') {
				return false
			}
		}
	}
	return true
}

// module is the colour of a square that must be of one colour.
func (g grid) module(x, y, p int) (bool, error) {
	first := g.at(x, y)
	for j := range p {
		for i := range p {
			if g.at(x+i, y+j) != first {
				return false, fmt.Errorf("the module at pixel %d,%d is of two colours", x, y)
			}
		}
	}
	return first, nil
}

// quiet is the width of the light frame around the box; beyond the picture there is no light.
func (g grid) quiet(box image.Rectangle) int {
	for q := 1; ; q++ {
		r := box.Inset(-q)
		if r.Min.X < 0 || r.Min.Y < 0 || r.Max.X > g.w || r.Max.Y > g.h {
			return q - 1
		}
		for x := r.Min.X; x < r.Max.X; x++ {
			if g.at(x, r.Min.Y) || g.at(x, r.Max.Y-1) {
				return q - 1
			}
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			if g.at(r.Min.X, y) || g.at(r.Max.X-1, y) {
				return q - 1
			}
		}
	}
}
