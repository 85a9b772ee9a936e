package agent

import (
	"time"

	"github.com/paird/paird/agent/store"
)

// refreshDue is when g should be refreshed: after 60 to 75 % of the access token's lifetime, frac in
// [0,1) choosing where between. Without a refresh token it is the end of the access token, when the
// grant is over. The zero time means never: a token without expires_in is used until it is refused.
func refreshDue(g store.Grant, frac float64) time.Time {
	switch {
	case g.Lifetime <= 0:
		return time.Time{}
	case g.RefreshToken == "":
		return g.Expiry
	}
	return g.Refreshed.Add(time.Duration(float64(g.Lifetime) * (0.60 + 0.15*frac)))
}

// usable reports whether g's access token may be presented at now: it has one, and its end is unknown
// or still to come.
func usable(g store.Grant, now time.Time) bool {
	return g.AccessToken != "" && (g.Expiry.IsZero() || now.Before(g.Expiry))
}
