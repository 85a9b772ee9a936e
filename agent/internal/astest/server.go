package astest

import (
	"errors"
	"maps"
	"strconv"
	"time"
)

// Policy is what a server does with refresh tokens (RFC 6749 section 6, RFC 9700 section 4.14.2, and what servers make
// of it). The zero value never rotates.
type Policy struct {
	Name      string
	Rotates   bool          // each refresh gives a new refresh token
	ReuseEnds bool          // a spent refresh token ends its grant
	Grace     time.Duration // so long after the next one was given a refresh token is still good
	UntilUsed bool          // the one before is good until the access token that came with the next one is used
	KeepsOld  bool          // spent ones stay good
	Shared    bool          // all pairings of one account are one grant: revoking one ends all
	Idle      time.Duration // a refresh token that is not used for so long is over; 0: never
}

// The policies found at servers.
var (
	Strict    = Policy{Name: "reuse ends the grant", Rotates: true, ReuseEnds: true}
	Tolerant  = Policy{Name: "reuse is tolerated for a grace time", Rotates: true, ReuseEnds: true, Grace: 30 * time.Second}
	UntilUsed = Policy{Name: "good until the next is used", Rotates: true, UntilUsed: true}
	KeepsOld  = Policy{Name: "old tokens stay good", Rotates: true, KeepsOld: true}
	Steady    = Policy{Name: "no rotation"}
	Shared    = Policy{Name: "revoking ends what the same person has besides", Rotates: true, ReuseEnds: true, Shared: true}
)

// Ending is why a grant ended.
type Ending string

// The endings.
const (
	NotEnded Ending = ""
	Reuse    Ending = "a spent refresh token was used"
	Revoked  Ending = "revoked"
	Respent  Ending = "its device code was used again"
)

// ErrInvalidGrant is RFC 6749 section 5.2 invalid_grant.
var ErrInvalidGrant = errors.New("invalid_grant")

// Tokens are what a server gives.
type Tokens struct {
	Access, Refresh string // decimal numbers that count up, so that the newer of two is the greater
	Grant           int
	Account         string
}

// grant is what a user has allowed.
type grant struct {
	account string
	ending  Ending
}

// chain is one refresh token after the other, of one pairing.
type chain struct {
	grant  int
	newest int // its refresh tokens are known by number
	oldest int // that is still good whatever the time
	before int // the one before newest
	given  time.Time
}

// Server is the model. It is not safe for concurrent use; Clone gives the state of a moment.
type Server struct {
	Policy
	grants []grant
	chains []chain
	of     map[int]int // chain of each refresh token
	last   int         // token number
}

// New makes a server without grants.
func New(p Policy) *Server { return &Server{Policy: p, of: map[int]int{}} }

// Clone is the server as it stands now.
func (s *Server) Clone() *Server {
	c := *s
	c.grants, c.chains, c.of = append([]grant(nil), s.grants...), append([]chain(nil), s.chains...), maps.Clone(s.of)
	return &c
}

// Pair is a pairing that account has approved.
func (s *Server) Pair(account string, now time.Time) Tokens {
	s.chains = append(s.chains, chain{grant: s.grantFor(account)})
	return s.issue(len(s.chains)-1, now)
}

func (s *Server) grantFor(account string) int {
	for i, g := range s.grants {
		if s.Shared && g.account == account && g.ending == NotEnded {
			return i
		}
	}
	s.grants = append(s.grants, grant{account: account})
	return len(s.grants) - 1
}

// issue gives the next tokens of a chain.
func (s *Server) issue(n int, now time.Time) Tokens {
	c := &s.chains[n]
	if s.Rotates || c.newest == 0 {
		s.last++
		c.before, c.newest = c.newest, s.last
		s.of[s.last] = n
	}
	if c.oldest == 0 || s.Rotates && !s.UntilUsed && !s.KeepsOld {
		c.oldest = c.newest
	}
	c.given = now
	return Tokens{
		Access: strconv.Itoa(c.newest), Refresh: strconv.Itoa(c.newest), Grant: c.grant, Account: s.grants[c.grant].account,
	}
}

// Refresh is a request with a refresh token.
func (s *Server) Refresh(refresh string, now time.Time) (Tokens, error) {
	n, token, ok := s.find(refresh)
	if !ok {
		return Tokens{}, ErrInvalidGrant
	}
	if !s.Good(refresh, now) {
		if s.ReuseEnds && token < s.chains[n].newest {
			s.end(s.chains[n].grant, Reuse)
		}
		return Tokens{}, ErrInvalidGrant
	}
	if s.UntilUsed {
		s.chains[n].oldest = token
	}
	return s.issue(n, now), nil
}

// Good reports whether a refresh with that token would be answered.
func (s *Server) Good(refresh string, now time.Time) bool {
	n, token, ok := s.find(refresh)
	if !ok {
		return false
	}
	c := s.chains[n]
	idle := s.Idle > 0 && now.Sub(c.given) > s.Idle
	inGrace := token == c.before && now.Sub(c.given) <= s.Grace && s.Grace > 0
	return s.grants[c.grant].ending == NotEnded && !idle && (token >= c.oldest || inGrace)
}

// newest reports whether that is the last refresh token of its pairing.
func (s *Server) newest(refresh string) bool {
	n, token, ok := s.find(refresh)
	return ok && s.chains[n].newest == token
}

// Kept is the oracle for a device after a power cut: it knows that refresh token, "" for none, and its journal says
// whether a refresh was under way. Where over is true, nothing on the device can help: a strict server ends a grant whose
// answer was lost.
func (s *Server) Kept(refresh string, underWay bool) (over bool, err error) {
	switch {
	case refresh == "":
		return false, errors.New("neither the old grant nor the new one")
	case s.newest(refresh) || s.Name != Strict.Name:
		return false, nil
	case !underWay:
		return false, errors.New("the answer was lost and the journal does not say so")
	}
	return true, nil
}

// Use is a request with an access token at a resource server.
func (s *Server) Use(access string) {
	if n, token, ok := s.find(access); ok && s.UntilUsed {
		s.chains[n].oldest = max(s.chains[n].oldest, token)
	}
}

// Revoke is RFC 7009: the token's whole grant ends.
func (s *Server) Revoke(token string) {
	if n, _, ok := s.find(token); ok {
		s.end(s.chains[n].grant, Revoked)
	}
}

// Ended is why the grant of a token is over.
func (s *Server) Ended(token string) Ending {
	n, _, ok := s.find(token)
	if !ok {
		return NotEnded
	}
	return s.grants[s.chains[n].grant].ending
}

func (s *Server) end(grant int, why Ending) {
	if s.grants[grant].ending == NotEnded {
		s.grants[grant].ending = why
	}
}

func (s *Server) find(token string) (chain, number int, ok bool) {
	number, err := strconv.Atoi(token)
	if err != nil {
		return 0, 0, false
	}
	chain, ok = s.of[number]
	return chain, number, ok
}
