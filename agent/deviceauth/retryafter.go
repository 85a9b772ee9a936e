package deviceauth

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const maxRetryAfter = time.Hour

// retryAfter reads a Retry-After field (RFC 9110 section 10.2.3, seconds or a date): between 0 and an hour.
func retryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	if n, err := strconv.ParseUint(field, 10, 64); err == nil {
		return time.Duration(min(n, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	if field != "" && strings.Trim(field, "0123456789") == "" {
		return maxRetryAfter // digits beyond 64 bits
	}
	t, err := http.ParseTime(field)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), maxRetryAfter)
}
