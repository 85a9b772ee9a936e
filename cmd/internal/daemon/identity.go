package daemon

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// Device is who this device is: what the configuration says, or the board.
type Device struct {
	ID, Name, Model string

	invented bool // the board has no name for itself: ID has to be kept
}

// Identify says who the device of cfg is.
func Identify(cfg config.Config) Device { return identify(cfg, hal.Identify) }

func identify(cfg config.Config, board func() (id, model string)) Device {
	id, model := board()
	again, _ := board()
	host, _ := os.Hostname() // without one there is still a word for it
	d := Device{ID: cmp.Or(cfg.Device.ID, id), Name: cmp.Or(cfg.Device.Name, host, "paird"), Model: model}
	if cfg.Device.ID == "" && id != again { // made up each time
		d.invented = true
		kept, _ := os.ReadFile(idFile(cfg)) // not there at the first start
		if id := strings.TrimSpace(string(kept)); id != "" {
			d.ID, d.invented = id, false
		}
	}
	return d
}

func idFile(cfg config.Config) string { return filepath.Join(cfg.Device.StateDir, "id") }

// keep makes an invented id the device's for good: what is sealed opens under no other.
func (d Device) keep(cfg config.Config) error {
	if !d.invented {
		return nil
	}
	if err := os.MkdirAll(cfg.Device.StateDir, 0o700); err != nil {
		return err
	}
	return writeDurably(idFile(cfg), d.ID+"\n")
}

// writeDurably replaces the file at path, so that a power cut leaves the old text or the new one.
func writeDurably(path, text string) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
