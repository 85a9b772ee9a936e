package provider

import (
	"crypto/rand"
	"time"
)

// grant is what a user approved, with the chain of refresh tokens that stand for it.
type grant struct {
	subjectMatter
	user     *User
	authTime time.Time
	expires  time.Time // of the refresh token, moved on by each refresh
	current  digest
	previous digest // what current replaced
	rotated  time.Time
}

// grants are found by any refresh token they ever had: a retired one is what reuse looks like.
type grants struct {
	byToken map[digest]*grant
}

func newGrants() grants { return grants{map[digest]*grant{}} }

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

// end forgets g and all its tokens.
func (gs grants) end(g *grant) {
	for k, other := range gs.byToken {
		if other == g {
			delete(gs.byToken, k)
		}
	}
}

// verdict on a refresh token.
type verdict int

const (
	good    verdict = iota
	again           // the previous one, within the grace
	reused          // a retired one
	foreign         // unknown, another client's or run out
)

func (gs grants) judge(token string, c *Client, grace time.Duration, now time.Time) (*grant, verdict) {
	d := digestOf(token)
	g := gs.byToken[d]
	switch {
	case g == nil || g.client != c || !now.Before(g.expires):
		return nil, foreign
	case d == g.current:
		return g, good
	case d == g.previous && now.Sub(g.rotated) < grace:
		return g, again
	}
	return g, reused
}
