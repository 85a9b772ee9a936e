package daemon

import (
	"testing"

	"github.com/paird/paird/display"
)

// Without most of the table QR codes are what they were.
func TestDropJapanese(t *testing.T) {
	g := display.Geometry{Width: 250, Height: 122}
	const uri = "https://auth.example.com/device?user_code=WDJB-MJHT&x=~\x7f"
	fit := func() display.QRFit { return display.Fit(uri, "https://例え.jp/端末", g) }
	before, ascii := fit(), [128]int(japanese[:])
	if japanese['亜'] < 0 || before.Version == 0 {
		t.Fatalf("the table has %d, a QR code of %+v", japanese['亜'], before)
	}
	dropJapanese()
	if after := fit(); after != before {
		t.Errorf("%+v, was %+v", after, before)
	}
	if [128]int(japanese[:]) != ascii {
		t.Error("ASCII is gone")
	}
	if japanese['亜'] != 0 || japanese[len(japanese)-1] > 0 {
		t.Error("the table is still there")
	}
}
