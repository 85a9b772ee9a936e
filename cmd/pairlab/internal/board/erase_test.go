//go:build real

package board

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/display"
)

// giveAway is a factory reset by the button; afterwards the raw disk has nothing of the grant.
func (s *scene) giveAway() error {
	var key []byte
	return first(func() error { return s.do("Get", stateDir+"/key", &key) },
		s.eraseByButton,
		s.saysErased,
		func() error { s.cut(); return s.nothingLeft(key) })
}

// questionOpen is longer than the question whether everything is to be erased is open.
const questionOpen = 11 * time.Second

// eraseByButton holds the button, and presses it when the question is on the panel. The question is open for ten seconds, in which
// the host must have looked: it is asked again if a busy host has missed it.
func (s *scene) eraseByButton() (err error) {
	for range 5 {
		err = first(func() error { return s.press(resetHold + time.Second) }, s.asks,
			func() error { return s.press(100 * time.Millisecond) },
			func() error { return s.within(e2e.WaitLimit/2, "unpaired", s.is(e2e.Unpaired)) })
		if err == nil || errors.Is(err, errLost) {
			return err
		}
	}
	return err
}

// asks waits for the question whether everything is to be erased.
func (s *scene) asks() error {
	if s.panel.name == "none" {
		return s.glows("half of the time", 0.2, 0.8)
	}
	var screens []display.Screen
	for left := range 11 {
		screens = append(screens, display.ConfirmReset{Left: time.Duration(left) * time.Second})
	}
	asked := s.same(screens...)
	return s.within(e2e.WaitLimit/2, "the question is on the panel", func() (bool, error) {
		m, err := s.look()
		return err == nil && asked(m), errors.Join(err, fmt.Errorf("it shows\n%s", drawing(m)))
	})
}

// saysErased waits for what says that the board is safe to give away.
func (s *scene) saysErased() error {
	if s.panel.name == "none" {
		return s.glows("never", 0, 0)
	}
	return s.shows("that it is safe to give away", s.same(display.Wiped{}))
}

// nothingLeft searches the whole disk for the key that sealed the grant and for all that the provider gave away.
func (s *scene) nothingLeft(key []byte) error {
	disk, err := os.ReadFile(s.disk)
	if err != nil {
		return err
	}
	for _, secret := range append(s.given(), string(key)) {
		if at := bytes.Index(disk, []byte(secret)); at >= 0 {
			return fmt.Errorf("the disk still has a secret of %d bytes at %d", len(secret), at)
		}
	}
	return nil
}
