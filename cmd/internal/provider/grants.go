package provider

import (
	"crypto/rand"
	"time"
)

// grant is what a user approved, with the chain of refresh tokens that stand for it.
type grant struct {
	request
	user     *User
	authTime time.Time
	expires  time.Time // of the refresh token, moved on by each refresh
	current  digest
	previous digest // what current replaced
	rotated  time.Time
}

// grants are found by any refresh token they ever had: a retired one is what reuse looks like.
type grants struct {
	shared  bool // Options.SharedGrants
	byToken map[digest]*grant
}

func newGrants(shared bool) grants { return grants{shared, map[digest]*grant{}} }

// issue gives g a new current token.
func (gs grants) issue(g *grant, now time.Time) string {
	token := rand.Text()
	g.previous, g.current, g.rotated = g.current, digestOf(token), now
	gs.byToken[g.current] = g
	return token
}

// reissue replaces a current token whose delivery is in doubt: the one before it stays the previous.
func (gs grants) reissue(g *grant, now time.Time) string {
	previous, since := g.previous, g.rotated
	token := gs.issue(g, now)
	g.previous, g.rotated = previous, since // the grace does not grow by being used
	return token
}

// end forgets g and all its tokens, and where grants are shared those of the same user and client.
func (gs grants) end(g *grant) {
	for token, other := range gs.byToken {
		if other == g || gs.shared && other.user == g.user && other.client == g.client {
			delete(gs.byToken, token)
		}
	}
}

// use is what a refresh token that comes back is.
type use int

const (
	current  use = iota
	repeated     // the previous one, within the grace time
	reused       // a retired one
	unknown      // none of this client's, or out of time
)

// find returns the grant of a refresh token that c presents, nil for an unknown one.
func (gs grants) find(token string, c *Client, grace time.Duration, now time.Time) (*grant, use) {
	d := digestOf(token)
	g := gs.byToken[d]
	switch {
	case g == nil || g.client != c || !now.Before(g.expires):
		return nil, unknown
	case d == g.current:
		return g, current
	case d == g.previous && now.Sub(g.rotated) < grace:
		return g, repeated
	}
	return g, reused
}
