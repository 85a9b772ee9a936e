package hal

import (
	"maps"
	"strings"
	"testing"

	"github.com/paird/paird/hal/bustest"
)

func recording(t *testing.T, panel string) bustest.Traffic {
	t.Helper()
	r, err := bustest.ReadTraffic(panel)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPresetsHaveTheVendorsPins: the pins of a board of e-paper are those that its vendor's driver was recorded with, PWR among them.
func TestPresetsHaveTheVendorsPins(t *testing.T) {
	for _, b := range Boards() {
		panel := b.Panel
		switch {
		case panel == "inky":
			panel = "inkyphat"
		case !strings.HasPrefix(panel, "waveshare"):
			continue
		}
		want := maps.Clone(recording(t, panel).Pins)
		if strings.HasSuffix(b.Name, "-nopwr") {
			delete(want, "power")
		}
		if !maps.Equal(b.Pins, want) {
			t.Errorf("%s: %v, the vendor's driver uses %v", b.Name, b.Pins, want)
		}
	}
}
