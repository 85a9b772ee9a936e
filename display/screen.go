package display

import (
	"image"
	"time"
)

// Screen is what the panel shows. The types below are all there are; each is comparable, so that an
// unchanged screen is not drawn again.
type Screen interface{ isScreen() }

// The screens. Durations are what is left, rounded up to whole seconds by the caller.
type (
	// Starting is shown until the state of the device is known.
	Starting struct{ Version string }
	// Clock says that the time is not set yet.
	Clock struct{}
	// Press asks for a press of the button. Problem is "", "denied" or "expired".
	Press struct{ Problem string }
	// Pairing shows the user code (RFC 8628 section 3.3), as the server spells it, and a QR code.
	Pairing struct {
		UserCode, VerificationURI, VerificationURIComplete string
		Left                                               time.Duration // until the code expires
	}
	// Paired says whose device this is now, and what to do if that is wrong.
	Paired struct{ Account string }
	// Online is the resting screen of a device that works.
	Online struct {
		Account      string
		Sent, Queued int // messages acknowledged today, messages waiting
	}
	// Problem says what is wrong in words, by its code of the status contract, and what to do.
	Problem struct {
		Code   string
		Detail string // an error's text; the usual reasons are shown in the panel's language
		Queued int    // messages waiting
	}
	// Holding counts down while the button is held: to pairing, and past that to the reset question.
	Holding struct {
		Action string        // "pair" (let go to pair), "reset" (let go for the reset question), "" (too short yet)
		Left   time.Duration // until the next action; 0 when there is none
	}
	// ConfirmReset asks for the second press that erases everything.
	ConfirmReset struct{ Left time.Duration }
	// Wiped says that the device is safe to give away. Unrevoked: the server did not confirm the revocation.
	Wiped struct{ Unrevoked bool }
	// Settings says what came of the configuration (Wrong: the daemon cannot run with it) or of the file on the boot partition.
	Settings struct {
		State  SettingsState
		Line   int    // of the first mistake, or of what was left out; 0: none
		Server string // Ask: the authorization server of the new settings
	}
	// Identify answers the identify command: the device shows which one it is.
	Identify struct{ ID string }
	// TestCard shows the corners, the size and the driver.
	TestCard struct{ Panel, Version string }
)

func (Starting) isScreen()     {}
func (Clock) isScreen()        {}
func (Press) isScreen()        {}
func (Pairing) isScreen()      {}
func (Paired) isScreen()       {}
func (Online) isScreen()       {}
func (Problem) isScreen()      {}
func (Holding) isScreen()      {}
func (ConfirmReset) isScreen() {}
func (Wiped) isScreen()        {}
func (Settings) isScreen()     {}
func (Identify) isScreen()     {}
func (TestCard) isScreen()     {}

// SettingsState is what a Settings screen says.
type SettingsState uint8

// The states. Ask asks for the press that takes over the settings of the boot partition.
const (
	Wrong SettingsState = iota + 1
	Taken
	Left
	Ask
)

// Geometry is what Render must know of the panel. Width and Height are those of the reader's view.
type Geometry struct {
	Width, Height int
	Paper         bool   // e-paper: dark on light, slow, no countdowns
	Whole         bool   // e-paper without a partial refresh: each picture takes seconds and flashes
	Accent        bool   // the paper has red or yellow besides black and white
	Name          string // of the device; in the header, or where it identifies the device
	Language      string // of Languages; anything else is "en"
	Page          int    // where pages alternate, which one; the first (0) holds the whole code
}

// Panel is what a picture is drawn on; periph's display.Drawer has this shape. A panel may also have
// Full() error (refresh an e-paper wholly at the next Draw), Contrast(uint8) error and Sleep() error.
type Panel interface {
	Bounds() image.Rectangle
	Draw(r image.Rectangle, src image.Image, sp image.Point) error
	Halt() error
}
