// Package remote has what every client of a remote host obeys: which hosts are this machine, how long
// a server asks to wait, a wait that ends with its context, and a request that may end later than its context.
//
// remote.go has these, tls.go which certificates are trusted, refused_unix.go and refused_windows.go what an error of the network
// means.
package remote

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Loopback reports whether host, without a port, is this machine: 127.0.0.0/8, ::1 or localhost.
// Only there may a request go out without TLS.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.Unmap().IsLoopback()
}

// LongestRetryAfter is the most that a Retry-After field may ask for.
const LongestRetryAfter = time.Hour

// RetryAfter reads a Retry-After field (RFC 9110 section 10.2.3): seconds, or a date that is compared
// with now. The result is between 0 and an hour; 0 for a field that is neither.
func RetryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	if n, err := strconv.ParseUint(field, 10, 64); err == nil {
		return time.Duration(min(n, uint64(LongestRetryAfter/time.Second))) * time.Second
	}
	if field != "" && strings.Trim(field, "0123456789") == "" {
		return LongestRetryAfter // digits beyond 64 bits
	}
	t, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), LongestRetryAfter)
}

// Wait waits for d. It returns the error of ctx when ctx ends first.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Outlive returns a context that ends d after ctx, or when the function that comes with it is called. A request that is
// under way when ctx ends has that long to finish.
func Outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = Wait(own, d) // or until own is cancelled
		cancel()
	})
	return own, func() { stop(); cancel() }
}
