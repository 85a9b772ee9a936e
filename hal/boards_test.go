package hal

import (
	"fmt"
	"image"
	"testing"
)

// TestBoards: each preset is a configuration without faults, and no two have one name.
func TestBoards(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range Boards() {
		if seen[b.Name] || b.Title == "" {
			t.Errorf("%+v", b)
		}
		seen[b.Name] = true
		o := Options{Panel: b.Panel, Bus: b.Bus, Address: 0x3c, ColumnOffset: -1, Pins: b.Pins, Rotate: b.Rotate, ButtonPin: b.Button, ActiveLow: true}
		if b.Size != "" {
			if _, err := fmt.Sscanf(b.Size, "%dx%d", &o.Size.X, &o.Size.Y); err != nil {
				t.Errorf("%s: %v", b.Name, err)
			}
		}
		if errs := Check(o); len(errs) > 0 {
			t.Errorf("%s: %v", b.Name, errs)
		}
		p, _ := find(o)
		if got := p.Size(o.Size); o.Size != (image.Point{}) && got != o.Size {
			t.Errorf("%s: size %v", b.Name, got)
		}
	}
	for _, name := range []string{"adafruit-oled-bonnet", "inky-phat", "waveshare-2in13-v4"} { // the documents name them
		if !seen[name] {
			t.Errorf("no board %s", name)
		}
	}
	if b, ok := FindBoard("waveshare-2in13-v4"); !ok || b.Pins["power"] != "GPIO18" {
		t.Errorf("%+v", b)
	}
	if b, ok := FindBoard("waveshare-2in13-v4-nopwr"); !ok || b.Pins["power"] != "" || b.Pins["dc"] != "GPIO25" {
		t.Errorf("%+v", b)
	}
	if _, ok := FindBoard("abacus"); ok {
		t.Error("a board that is not there")
	}
}
