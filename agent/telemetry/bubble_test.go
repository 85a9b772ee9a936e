package telemetry

import (
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs f on fake time, and waits at its end for what outlives a session: a Publish of paho's
// on a dead connection, by ten seconds.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(time.Minute)
	})
}
