package telemetry

import (
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs f on fake time, and lets what outlives a session by a moment come to its end: goroutines of
// paho, and peers of the broker that were stalled.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(time.Minute)
	})
}
