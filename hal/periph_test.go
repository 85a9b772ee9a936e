package hal_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi/spitest"
	"periph.io/x/devices/v3/inky"
	"periph.io/x/devices/v3/ssd1306"
	"periph.io/x/devices/v3/waveshare2in13v2"
	"periph.io/x/devices/v3/waveshare2in13v3"
	"periph.io/x/devices/v3/waveshare2in13v4"

	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// TestWhatOfPeriphIsUsed holds the table in doc.go true: what each driver of periph's does wrong on the models. If this test
// fails after an upgrade of periph, change the table; a driver without faults can replace ours.
func TestWhatOfPeriphIsUsed(t *testing.T) {
	table := docTable(t, "driver", "faults")
	for _, p := range probes() {
		found := p.run(t)
		slices.Sort(found)
		faults := strings.Join(slices.Compact(found), " ")
		if faults == "" {
			faults = "-"
		}
		if said, ok := table[p.name]; !ok || said[0] != faults {
			t.Errorf("%s: doc.go has %q, the model finds %q", p.name, said, faults)
		}
		delete(table, p.name)
	}
	for name := range table {
		t.Errorf("doc.go has a row for %q, which is not examined", name)
	}
	version := docTable(t, "module", "version")["periph.io/x/devices/v3"]
	if mod, err := os.ReadFile("../go.mod"); err != nil || len(version) == 0 || !bytes.Contains(mod, []byte("periph.io/x/devices/v3 "+version[0]+"\n")) {
		t.Errorf("doc.go speaks of version %q, go.mod of another (%v)", version, err)
	}
}

// docTable reads a table of doc.go: the lines after the one with these headings. Columns are two spaces apart.
func docTable(t *testing.T, headings ...string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows, in := map[string][]string{}, false
	for line := range strings.Lines(string(text)) {
		cells := cells(line)
		switch {
		case len(cells) >= len(headings) && slices.Equal(cells[:len(headings)], headings):
			in = true
		case len(cells) == 0:
			in = false
		case in:
			rows[cells[0]] = cells[1:]
		}
	}
	if len(rows) == 0 {
		t.Fatalf("doc.go has no table %q", headings)
	}
	return rows
}

// cells splits a row of a table, "//" + tab, cells at least two spaces apart.
func cells(line string) []string {
	row, ok := strings.CutPrefix(line, "//\t")
	if !ok {
		return nil
	}
	var all []string
	for cell := range strings.SplitSeq(row, "  ") {
		if cell = strings.TrimSpace(cell); cell != "" {
			all = append(all, cell)
		}
	}
	return all
}

// probe examines one driver of periph's for one panel.
type probe struct {
	name string
	run  func(t *testing.T) (faults []string)
}

func probes() []probe {
	var all []probe
	for _, p := range []struct {
		name  string
		glass bustest.Glass
		opts  ssd1306.Opts
	}{
		{"ssd1306 128x64", bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(128, 64), Alternative: true}, ssd1306.Opts{W: 128, H: 64}},
		{"ssd1306 128x32", bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(128, 32)}, ssd1306.Opts{W: 128, H: 32, Sequential: true}},
		{"ssd1306 96x16", bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(96, 16)}, ssd1306.Opts{W: 96, H: 16, Sequential: true}},
		{"ssd1306 64x48", bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(64, 48), Column: 32, Alternative: true}, ssd1306.Opts{W: 64, H: 48}},
		{"ssd1306 for SSD1309", bustest.Glass{Chip: bustest.SSD1309, Size: image.Pt(128, 64), Alternative: true, ExternalVpp: true}, ssd1306.Opts{W: 128, H: 64}},
		{"ssd1306 for SH1106", bustest.Glass{Chip: bustest.SH1106, Size: image.Pt(128, 64), Column: 2, Alternative: true}, ssd1306.Opts{W: 128, H: 64}},
	} {
		all = append(all, probe{p.name, func(t *testing.T) []string { return probeOLED(t, p.glass, p.opts) }})
	}
	all = append(all, waveshareProbes()...)
	return append(all, inkyProbes()...)
}

func noisePicture(size image.Point, seed uint64) *image.Gray {
	m, rnd := image.NewGray(image.Rectangle{Max: size}), rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.IntN(2) * 255)
	}
	return m
}

// faults collects the names of the faults that were found.
type faults []string

func (f *faults) add(found bool, name string) {
	if found {
		*f = append(*f, name)
	}
}

func probeOLED(t *testing.T, g bustest.Glass, opts ssd1306.Opts) (found faults) {
	open := func(strict bool) (*bustest.OLED, *ssd1306.Dev) {
		o := bustest.NewOLED(g, 0x3c, strict)
		d, err := ssd1306.NewI2C(o, &opts)
		if err != nil {
			t.Fatal(err)
		}
		return o, d
	}
	a, b := noisePicture(g.Size, 1), noisePicture(g.Size, 2)
	wrong := func(o *bustest.OLED, want *image.Gray) bool { return !bytes.Equal(o.Image().Pix, want.Pix) }
	show := func(d *ssd1306.Dev, m image.Image) bool { return d.Draw(d.Bounds(), m, image.Point{}) == nil }

	o, d := open(false)
	found.add(bytes.Contains(o.Image().Pix, []byte{255}), "noise")
	found.add(!show(d, a) || wrong(o, a), "wrong")
	o.FailIn(3, 5)
	_ = show(d, b)
	found.add(show(d, b) && wrong(o, b), "bus-error")

	o, d = open(false)
	_ = show(d, a)
	o.PowerLoss()
	found.add(show(d, b) && wrong(o, b), "power-loss")

	o, d = open(true)
	part := image.Rect(40, 8, 48, 20).Intersect(image.Rectangle{Max: g.Size})
	_ = show(d, a)
	draw.Draw(a, part, b, part.Min, draw.Src)
	found.add(d.Draw(part, b, part.Min) == nil && wrong(o, a), "part")
	found.add(len(o.Violations()) > 0, "datasheet")
	return found
}

// paperDriver is what the Waveshare drivers have besides display.Drawer.
type paperDriver interface {
	display.Drawer
	Init() error
	Sleep() error
}

func waveshareProbes() []probe {
	sheet := func(chip bustest.PaperChip, noOTP bool) bustest.Sheet {
		turned := func(x, y int) (int, int) { return y, 249 - x }
		return bustest.Sheet{Chip: chip, Size: image.Pt(250, 122), Wire: turned, NoOTP: noOTP}
	}
	cs := nowhere{gpio.INVALID} // the drivers want to drive the chip select that spidev drives
	run := func(s bustest.Sheet, open func(e *bustest.EPaper) (paperDriver, func() error, error)) func(*testing.T) []string {
		return func(t *testing.T) (found []string) {
			synctest.Test(t, func(t *testing.T) { found = probeWaveshare(t, s, open) })
			return found
		}
	}
	return []probe{
		{"waveshare2in13v2", run(sheet(bustest.SSD1675, true), func(e *bustest.EPaper) (paperDriver, func() error, error) {
			o := waveshare2in13v2.EPD2in13v2
			o.Origin = waveshare2in13v2.BottomLeft
			d, err := waveshare2in13v2.New(e.SPI(), e.DC(), cs, e.Reset(), e.Busy(), &o)
			return d, func() error { return d.SetUpdateMode(waveshare2in13v2.Partial) }, err
		})},
		{"waveshare2in13v3", run(sheet(bustest.SSD1680, false), func(e *bustest.EPaper) (paperDriver, func() error, error) {
			o := waveshare2in13v3.EPD2in13v3
			o.Origin = waveshare2in13v3.BottomLeft
			d, err := waveshare2in13v3.New(e.SPI(), e.DC(), cs, e.Reset(), e.Busy(), &o)
			return d, func() error { return d.SetUpdateMode(waveshare2in13v3.Partial) }, err
		})},
		{"waveshare2in13v4", run(sheet(bustest.SSD1680, false), func(e *bustest.EPaper) (paperDriver, func() error, error) {
			o := waveshare2in13v4.EPD2in13v4
			o.Origin = waveshare2in13v4.BottomLeft
			d, err := waveshare2in13v4.New(e.SPI(), e.DC(), cs, e.Reset(), e.Busy(), &o)
			return d, func() error { return nil }, err
		})},
	}
}

// nowhere is a pin that is not connected.
type nowhere struct{ gpio.PinIO }

func (nowhere) Out(gpio.Level) error { return nil }

func probeWaveshare(t *testing.T, s bustest.Sheet, open func(e *bustest.EPaper) (paperDriver, func() error, error)) (found faults) {
	e := bustest.NewEPaper(s, true)
	time.Sleep(time.Second)
	d, partial, err := open(e)
	if err != nil {
		t.Fatal(err)
	}
	a, b := noisePicture(s.Size, 1), noisePicture(s.Size, 2)
	show := func(m image.Image) bool { return d.Draw(d.Bounds(), m, image.Point{}) == nil }
	found.add(d.Init() != nil || !show(a) || paperDiffers(e, a), "wrong")
	full, part := e.Refreshes()
	found.add(full+part != 1, "refreshes")
	at := image.Rect(60, 40, 76, 64)
	for range 2 { // in full and in partial mode
		draw.Draw(a, at, b, at.Min, draw.Src)
		found.add(d.Draw(at, b, at.Min) == nil && paperDiffers(e, a), "part")
		found.add(partial() != nil, "wrong")
		at = at.Add(image.Pt(30, 10))
	}
	found.add(show(b) && paperDiffers(e, b), "part")
	found.add(d.Sleep() != nil || d.Init() != nil || !show(a) || paperDiffers(e, a), "sleep")
	found.add(len(e.Violations()) > 0, "datasheet")
	found.add(waitsWithoutLimit(e, func() { _ = show(b) }), "busy")
	return found
}

// waitsWithoutLimit reports whether f has not returned ten minutes after BUSY stuck.
func waitsWithoutLimit(e *bustest.EPaper, f func()) bool {
	e.Stick(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	endless := false
	select {
	case <-done:
	case <-time.After(10 * time.Minute):
		endless = true
	}
	e.Stick(false)
	<-done
	return endless
}

var paperInks = []color.Color{color.Black, color.White, color.RGBA{R: 255, A: 255}}

// paperDiffers compares what the model shows (0 black, 200 red, 255 white) with a picture.
func paperDiffers(e *bustest.EPaper, want image.Image) bool {
	got := e.Image()
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			seen := map[int]uint8{0: 0, 1: 255, 2: 200}[color.Palette(paperInks).Index(want.At(x, y))]
			if got.GrayAt(x, y).Y != seen {
				return true
			}
		}
	}
	return false
}

func inkyProbes() []probe {
	var all []probe
	standing := func(x, y int) (int, int) { return x, 211 - y }
	upright := func(x, y int) (int, int) { return x, y }
	for _, p := range []struct {
		name  string
		sheet bustest.Sheet
		opts  inky.Opts
	}{
		{"inky pHAT red", bustest.Sheet{Chip: bustest.SSD1675, Size: image.Pt(104, 212), Wire: standing, NoOTP: true, Accent: true}, inky.Opts{Model: inky.PHAT, ModelColor: inky.Red}},
		{"inky pHAT black", bustest.Sheet{Chip: bustest.SSD1675, Size: image.Pt(104, 212), Wire: standing, NoOTP: true}, inky.Opts{Model: inky.PHAT}},
		{"inky wHAT red", bustest.Sheet{Chip: bustest.SSD1683, Size: image.Pt(400, 300), Wire: upright, NoOTP: true, Accent: true}, inky.Opts{Model: inky.WHAT, ModelColor: inky.Red}},
		{"inky wHAT black", bustest.Sheet{Chip: bustest.SSD1683, Size: image.Pt(400, 300), Wire: upright, NoOTP: true}, inky.Opts{Model: inky.WHAT}},
		{"inky pHAT SSD1608", bustest.Sheet{Chip: bustest.SSD1608, Size: image.Pt(122, 250), Wire: func(x, y int) (int, int) { return x, 249 - y }}, inky.Opts{Model: inky.PHAT2}},
	} {
		p.opts.BorderColor, p.opts.Width, p.opts.Height = inky.White, p.sheet.Size.X, p.sheet.Size.Y
		all = append(all, probe{p.name, func(t *testing.T) (found []string) {
			synctest.Test(t, func(t *testing.T) { found = probeInky(t, p.sheet, p.opts) })
			return found
		}})
	}
	return append(all,
		probe{"inky Impression 4", func(t *testing.T) []string { return probeImpression(t, inky.IMPRESSION4, image.Pt(640, 400)) }},
		probe{"inky Impression 5.7", func(t *testing.T) []string { return probeImpression(t, inky.IMPRESSION57, image.Pt(600, 448)) }},
		probe{"inky Impression 7.3", func(t *testing.T) []string { return probeImpression(t, inky.IMPRESSION73, image.Pt(800, 480)) }})
}

func probeInky(t *testing.T, s bustest.Sheet, opts inky.Opts) (found faults) {
	e := bustest.NewEPaper(s, true)
	time.Sleep(time.Second)
	d, err := inky.New(e.SPI(), e.DC(), e.Reset(), e.Busy(), &opts)
	if err != nil {
		t.Fatal(err)
	}
	m, rnd := image.NewPaletted(image.Rectangle{Max: s.Size}, paperInks), rand.New(rand.NewPCG(1, 1))
	for i := range m.Pix {
		m.Pix[i] = uint8(rnd.IntN(2))
		if s.Accent {
			m.Pix[i] = uint8(rnd.IntN(3))
		}
	}
	show := func() bool { return d.Draw(d.Bounds(), m, image.Point{}) == nil }
	found.add(!show() || paperDiffers(e, m), "wrong")
	before, _ := e.Refreshes()
	_ = show()
	again, _ := e.Refreshes()
	found.add(again > before, "repeat")
	other := slices.DeleteFunc(e.Violations(), func(v string) bool { // Pimoroni's own program sets one gate too many, too
		return strings.HasSuffix(v, fmt.Sprintf("driver output control: %d gates", s.Size.Y+1)) || strings.HasSuffix(v, fmt.Sprintf("address %d of %d", s.Size.Y, s.Size.Y))
	})
	found.add(len(other) > 0, "datasheet")
	found.add(waitsWithoutLimit(e, func() { _ = show() }), "busy")
	return found
}

// idleHigh is the BUSY of the Impressions, which is low while they work: here they never do.
type idleHigh struct{ nowhere }

func (idleHigh) In(gpio.Pull, gpio.Edge) error  { return nil }
func (idleHigh) Read() gpio.Level               { return gpio.High }
func (idleHigh) WaitForEdge(time.Duration) bool { return true }

// probeImpression looks at the bytes: there is no model of these controllers.
func probeImpression(t *testing.T, model inky.Model, size image.Point) (found faults) {
	synctest.Test(t, func(t *testing.T) {
		bus, pin := &spitest.Record{}, idleHigh{nowhere{gpio.INVALID}}
		d, err := inky.NewImpression(bus, pin, pin, pin, &inky.Opts{Model: model, ModelColor: inky.Multi, Width: size.X, Height: size.Y})
		if err != nil {
			t.Fatal(err)
		}
		paper := image.NewPaletted(image.Rectangle{Max: size}, color.Palette{color.White})
		if err := d.DrawAll(paper); err != nil {
			t.Fatal(err)
		}
		resolution := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(size.X)), uint16(size.Y))
		found.add(!bytes.Equal(after(bus, 0x61), resolution), "resolution") // TRES: high byte first, as Pimoroni's program packs it
		white := bytes.Repeat([]byte{0x11}, size.X*size.Y/2)
		found.add(!bytes.Equal(after(bus, 0x10), white), "wrong")
	})
	return found
}

// after is the data of a command: what was sent between it and the next transaction of one byte.
func after(bus *spitest.Record, command byte) (data []byte) {
	in := false
	for _, op := range bus.Ops {
		switch {
		case in && len(op.W) == 1:
			return data
		case in:
			data = append(data, op.W...)
		case len(op.W) == 1 && op.W[0] == command:
			in = true
		}
	}
	return data
}

// TestPanelsOfTheTable holds the table of panels in doc.go equal to that of the program.
func TestPanelsOfTheTable(t *testing.T) {
	rows := [][]string{{"panel", "size", "controller", "bus", "driver", "refresh"}}
	for _, p := range hal.Panels() {
		size := "any"
		for i, s := range p.Sizes {
			size = strings.TrimPrefix(size, "any") + map[bool]string{true: " "}[i > 0] + fmt.Sprintf("%dx%d", s.X, s.Y)
		}
		refresh := "-"
		if p.Paper {
			refresh = p.Refresh.String() + map[bool]string{true: ", in part"}[p.Partial]
		}
		rows = append(rows, []string{p.Name, size, cmp.Or(p.Controller, "-"), cmp.Or(p.Bus, "-"), p.Driver, refresh})
	}
	want := formatTable(rows)
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "//\n"+want+"//\n") {
		t.Errorf("doc.go has another table of panels; this is the program's:\n%s", want)
	}
	used := docTable(t, "driver", "faults")
	for name, row := range used {
		i := slices.IndexFunc(hal.Panels(), func(p hal.PanelInfo) bool { return p.Name == row[1] })
		if !strings.HasPrefix(row[1], "no: ") && (i < 0 || hal.Panels()[i].Driver != "devices/inky") {
			t.Errorf("%s: doc.go says that %q uses it", name, row[1])
		}
	}
}

// formatTable aligns a table as gofmt leaves it.
func formatTable(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var cells []string
		for i, cell := range r {
			cells = append(cells, fmt.Sprintf("%-*s", width[i], cell))
		}
		b.WriteString("//\t" + strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	return b.String()
}
