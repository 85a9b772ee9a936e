package hal

import (
	"image"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	good := []Options{{}, {Panel: "none"}, {Panel: "sim"}, {Panel: "png", PNGFile: "x.png", Rotate: 270}, {Panel: "terminal", Size: image.Pt(96, 32)}, {ButtonPin: "GPIO17", LEDPin: "GPIO27"}}
	for _, o := range good {
		if errs := Check(o); len(errs) > 0 {
			t.Errorf("%+v: %v", o, errs)
		}
	}
	for _, c := range []struct {
		o    Options
		want []string // a part of each error
	}{
		{Options{Panel: "ssd9999"}, []string{`display.panel = "ssd9999"`}},
		{Options{Panel: "png", Rotate: 45}, []string{"display.rotate = 45", "png.file"}},
		{Options{Panel: "sim", Size: image.Pt(4, 4)}, []string{`display.size = "4x4"`}},
		{Options{Panel: "sim", Size: image.Pt(128, 100000)}, []string{"8 to 1024"}},
		{Options{ButtonPin: "GPIO 17", LEDPin: "\x00"}, []string{"button.pin", "led.pin"}},
	} {
		expectErrors(t, c.o, c.want)
	}
}

func expectErrors(t *testing.T, o Options, want []string) {
	t.Helper()
	errs := Check(o)
	if len(errs) != len(want) {
		t.Errorf("%+v: %v, want %q", o, errs, want)
		return
	}
	for i, e := range errs {
		if !strings.Contains(e.Error(), want[i]) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%+v: %q, want a line with %q", o, e, want[i])
		}
	}
}
