package sensor

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/bh1750"
	"periph.io/x/devices/v3/bmxx80"
	"periph.io/x/devices/v3/ina219"
)

// TestTable holds the table in doc.go equal to the drivers.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		row, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(row, "  ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells = append(cells, cell)
			}
		}
		rows[cells[0]] = cells[1:]
	}
	for name, d := range drivers() {
		address := "1-wire"
		if d.address != 0 {
			address = fmt.Sprintf("0x%02X", d.address)
		}
		var metrics []string
		for _, m := range d.metrics {
			metrics = append(metrics, m.name)
		}
		want := []string{address, strings.Join(metrics, ", ")}
		row := rows[name]
		if len(row) != 3 || !slices.Equal(row[:2], want) || strings.HasPrefix(row[2], "devices/") != (d.open != nil) {
			t.Errorf("%s: doc.go has %q, the program %q", name, row, want)
		}
		delete(rows, name)
	}
	if delete(rows, "driver"); len(rows) > 0 {
		t.Errorf("doc.go has rows for no sensor: %q", rows)
	}
}

// The reasons in doc.go why a sensor is driven by our own code. Where one of these tests fails after an upgrade of periph, its
// driver is mended and ours can go.

func TestBMxx80LosesTheSign(t *testing.T) {
	c := example
	c.h1, c.h2, c.h3, c.h4, c.h5, c.h6 = 75, 361, 0, 326, -27, 30
	first, second := burned(c)
	b := script(0x76, []exchange{
		{[]byte{0xd0}, []byte{0x60}}, {[]byte{0x88}, first}, {[]byte{0xe1}, second},
		{[]byte{0xf4, 0x24, 0xf2, 0x01, 0xf5, 0xa0, 0xf4, 0x24}, nil}, {[]byte{0xf4, 0x25}, nil}, {[]byte{0xf3}, []byte{0}},
		{[]byte{0xf7}, []byte{415148 >> 12, 415148 >> 4 & 0xff, 415148 << 4 & 0xff, 519888 >> 12, 519888 >> 4 & 0xff, 519888 << 4 & 0xff, 30281 >> 8, 30281 & 0xff}},
	})
	d, err := bmxx80.NewI2C(b, 0x76, &bmxx80.Opts{Temperature: bmxx80.O1x, Pressure: bmxx80.O1x, Humidity: bmxx80.O1x})
	if err != nil {
		t.Fatal(err)
	}
	var e physic.Env
	if err := d.Sense(&e); err != nil {
		t.Fatal(err)
	}
	if math.Abs(relative(e)-float64(integerHumidity(c, 30281, 128422))/1024) < 1 {
		t.Errorf("humidity %v is right", e.Humidity)
	}
}

// neverReady is a BMP280 that never finishes, until the bus breaks.
type neverReady struct {
	i2c.BusCloser
	transactions int
}

func (b *neverReady) Tx(_ uint16, w, r []byte) error {
	if b.transactions++; b.transactions > 10000 {
		return errDeaf
	}
	for i := range r {
		r[i] = 0xff
	}
	if len(r) == 1 && w[0] == 0xd0 {
		r[0] = 0x58
	}
	return nil
}

func TestBMxx80WaitsWithoutLimit(t *testing.T) {
	b := &neverReady{}
	d, err := bmxx80.NewI2C(b, 0x76, &bmxx80.Opts{Temperature: bmxx80.O1x, Pressure: bmxx80.O1x})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sense(&physic.Env{}); err == nil || b.transactions <= 10000 {
		t.Errorf("it stopped after %d transactions: %v", b.transactions, err)
	}
}

func TestBH1750NeverPowersDown(t *testing.T) {
	bus := &i2ctest.Record{}
	d, err := bh1750.NewI2C(bus, 0x23)
	if err := errors.Join(err, d.Halt()); err != nil {
		t.Fatal(err)
	}
	for _, op := range bus.Ops {
		if bytes.Equal(op.W, []byte{0x00}) { // page 5: 00 is Power Down
			t.Error("it powers the chip down")
		}
	}
}

func TestINA219HasHalfTheRange(t *testing.T) {
	bus := &i2ctest.Record{}
	if _, err := ina219.New(bus, &ina219.Opts{}); err != nil {
		t.Fatal(err)
	}
	for _, op := range bus.Ops {
		if len(op.W) == 3 && op.W[0] == 0x00 && op.W[1]&0x20 != 0 { // SBOS448G table 4: BRNG is bit 13 of the configuration
			t.Error("it sets a range of 32 V")
		}
	}
}
