package daemon

import (
	"net"
	"os"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// How long the service manager has to take a message. Ready is worth a wait: without it the manager ends the daemon.
const (
	readyLimit  = 10 * time.Second
	notifyLimit = time.Second
)

// notify informs the service manager; without one it does nothing (sd_notify(3)). sd.SdNotify has no limit: where the
// manager does not read, the daemon would not end.
func notify(state string, limit time.Duration) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(limit))
	_, _ = conn.Write([]byte(state))
}

// aliveEvery is how often WATCHDOG=1 is sent: a quarter of WatchdogSec=, 0 without a watchdog.
func aliveEvery() time.Duration {
	d, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return d / 4
}
