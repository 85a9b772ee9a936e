package daemon

import (
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// notify informs the service manager; without one it does nothing (sd_notify(3)).
func notify(state string) { _, _ = sd.SdNotify(false, state) }

// aliveEvery is how often the watchdog wants to hear: a quarter of WatchdogSec=, 0 without a watchdog.
func aliveEvery() time.Duration {
	d, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return d / 4
}
