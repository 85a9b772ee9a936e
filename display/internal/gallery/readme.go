package main

import (
	"image"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/display"
)

// pictures are the README's pictures of panels, by file name: all screens of the usual panel, and one pairing on it
// and on paper.
func pictures() map[string]*image.Paletted {
	oled := display.Geometry{Width: 128, Height: 64, Name: deviceName}
	paper := display.Geometry{Width: 250, Height: 122, Name: deviceName, Paper: true}
	return map[string]*image.Paletted{
		"panels.png":     sheet(samples(), oled, 4, 2, true),
		"life.png":       sheet(life(), oled, 4, 2, true),
		"life-paper.png": sheet(life(), paper, 4, 1, true),
	}
}

// life is what a panel shows from the first press to a device at work.
func life() []sample {
	const uri = "https://example.com/device"
	return []sample{
		{"1 press", display.Press{}},
		{"2 scan, or type the code", display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: uri,
			VerificationURIComplete: uri + "?user_code=WDJB-MJHT", Left: 15 * time.Minute}},
		{"3 paired", display.Paired{Account: "Alice"}},
		{"4 online", display.Online{Account: "Alice", Sent: 1432}},
	}
}

func writePictures(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, picture := range pictures() {
		if err := save(filepath.Join(dir, name), picture); err != nil {
			return err
		}
	}
	return nil
}
