package daemon

import (
	"strconv"
	"testing"

	"github.com/paird/paird/config"
)

// TestIdentify takes the configuration's word, then the board's, then its own, which it keeps.
func TestIdentify(t *testing.T) {
	var cfg config.Config
	cfg.Device.StateDir = t.TempDir() + "/state"
	calls := 0
	random := func() (string, string) { calls++; return "made-up-" + strconv.Itoa(calls), "Board" }
	serial := func() (string, string) { return "100000001234", "Board" }

	first := identify(cfg, random)
	if first.Model != "Board" || first.Name == "" || identify(cfg, random).ID == first.ID {
		t.Errorf("an id that was not kept: %+v", first)
	}
	if err := first.keep(cfg); err != nil {
		t.Fatal(err)
	}
	again := identify(cfg, random)
	if again.ID != first.ID {
		t.Errorf("%s after %s was kept", again.ID, first.ID)
	}
	if err := again.keep(cfg); err != nil || identify(cfg, random).ID != first.ID {
		t.Errorf("kept twice: %v", err)
	}
	if got := identify(cfg, serial); got.ID != "100000001234" || got.invented {
		t.Errorf("a board with a serial number: %+v", got)
	}
	cfg.Device.ID, cfg.Device.Name = "dev1", "Kitchen"
	if got := identify(cfg, random); got.ID != "dev1" || got.Name != "Kitchen" || got.invented {
		t.Errorf("by configuration: %+v", got)
	}
}

// TestIdentityNotKept goes on where the state directory cannot be written.
func TestIdentityNotKept(t *testing.T) {
	var cfg config.Config
	cfg.Device.StateDir = write(t, "file", "") + "/state"
	if err := (Device{ID: "x", invented: true}).keep(cfg); err == nil {
		t.Error("kept below a file")
	}
}
