package daemon

import (
	"cmp"
	"os"
	"strings"

	"github.com/paird/paird/agent/store"
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
		kept, _ := store.ReadFile(cfg.Device.StateDir, idFile) // not there at the first start
		if id := strings.TrimSpace(string(kept)); id != "" {
			d.ID, d.invented = id, false
		}
	}
	return d
}

const idFile = "id" // in the state directory

// keep stores a made-up id for all further starts: what is sealed opens under no other.
func (d Device) keep(cfg config.Config) error {
	if !d.invented {
		return nil
	}
	return store.WriteFile(cfg.Device.StateDir, idFile, []byte(d.ID+"\n"))
}
