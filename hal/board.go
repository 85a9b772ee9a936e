package hal

import (
	"image"
	"io"
	"log/slog"
	"time"
)

// Options say which hardware there is; the fields are the configuration's keys of the same name.
type Options struct {
	Panel        string            // none|terminal|png|sim|ssd1306|...
	Size         image.Point       // for png, sim and terminal, and to tell sizes of one controller apart
	Paper        bool              // sim and png: look and refresh like e-paper
	Bus          string            // "I2C1", "SPI0.0"
	Address      uint16            // on I2C
	ColumnOffset int               // -1: as the controller is usually wired
	Pins         map[string]string // dc, reset, busy
	Rotate       int               // 0, 90, 180, 270 degrees clockwise
	SimListen    string            // loopback address of the simulator's page
	PNGFile      string            // panel = "png": each frame replaces this file atomically
	ButtonPin    string            // "" = no button on a pin
	ActiveLow    bool
	LEDPin       string      // "" = no LED
	Name         string      // of the device, for the simulator's title
	More         []PanelInfo // panels besides Panels(): whatever has a display.Drawer of periph's
	Terminal     io.Writer
	Log          *slog.Logger
}

// Panel is what the display draws on.
type Panel interface {
	Bounds() image.Rectangle
	Draw(r image.Rectangle, src image.Image, sp image.Point) error
	Halt() error
}

// Edge is one debounced change of the button.
type Edge struct {
	Down bool
	At   time.Time
}

// Board is what Open found. Panel is nil with panel = "none"; LED is nil where there is none.
type Board struct {
	Panel  Panel
	Driver string // as in the configuration
	Paper  bool
	Accent bool        // a third colour
	Edges  <-chan Edge // of all buttons: pin, web page, key; never closed
	LED    func(on bool) error
	URL    string // of the simulator's page, "" where there is none
	Fault  error  // why the panel did not answer when it was opened; nil if it did. Draw goes on trying

	close []func() error
}
