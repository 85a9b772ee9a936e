package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// alphabet is that of RFC 8628 section 6.1: twenty letters, no vowels, so that no words appear.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

const codeLetters = 8 // 20^8, 34.5 bits (section 6.1)

// newUserCode returns a code such as WDJB-MJHT.
func newUserCode() string {
	const fair = 256 / len(alphabet) * len(alphabet) // above it some letters would be likelier
	letters := make([]byte, 0, codeLetters)
	for b := make([]byte, 1); len(letters) < codeLetters; {
		rand.Read(b)
		if int(b[0]) < fair {
			letters = append(letters, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(letters[:codeLetters/2]) + "-" + string(letters[codeLetters/2:])
}

// normalize obeys RFC 8628 section 6.1: "the server should strip dashes and other punctuation that it
// added for readability" and "the user's input should be uppercased before a comparison"; all else
// outside the alphabet goes too.
func normalize(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(alphabet, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

// state of an authorization.
type state int

const (
	waiting  state = iota // for its user
	approved              // and not fetched yet
	denied
	used // the tokens were fetched
)

// device is what a device says of itself: the parameters device_name and device_id, which are
// extensions of this lab.
type device struct{ id, name string }

func (d device) label() string {
	if d.name != "" {
		return d.name
	}
	return d.id
}

// subjectMatter is what a user approves: which device of which client may do what, where.
type subjectMatter struct {
	client   *Client
	device   device
	scope    scopes
	audience string
}

func (s subjectMatter) clientName() string {
	if s.client == nil {
		return ""
	}
	return s.client.Name
}

// authorization is one run of RFC 8628, from the codes to the tokens.
type authorization struct {
	subjectMatter
	id       string // names it in the consent form
	userCode string
	issued   time.Time
	expires  time.Time
	interval time.Duration
	nextPoll time.Time // a poll before draws slow_down
	state    state
	user     *User     // who approved
	authTime time.Time // when that user signed in
}

type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

// codes holds the authorizations, found by either code.
type codes struct {
	byDevice map[digest]*authorization
	byUser   map[string]*authorization // by normalized code
}

func newCodes() codes {
	return codes{map[digest]*authorization{}, map[string]*authorization{}}
}

func (c codes) add(deviceCode string, a *authorization) {
	c.byDevice[digestOf(deviceCode)] = a
	c.byUser[normalize(a.userCode)] = a
}

// sweep forgets what ended an hour ago; until then a device is told how it ended.
func (c codes) sweep(now time.Time) {
	for k, a := range c.byDevice {
		if now.Sub(a.expires) > time.Hour {
			delete(c.byDevice, k)
			delete(c.byUser, normalize(a.userCode))
		}
	}
}

func (c codes) inOrder() []*authorization {
	all := make([]*authorization, 0, len(c.byUser))
	for _, a := range c.byUser {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *authorization) int { return a.issued.Compare(b.issued) })
	return all
}

// open finds the authorization that a typed code may still decide.
func (c codes) open(typed string, now time.Time) *authorization {
	a := c.byUser[normalize(typed)]
	if a == nil || a.state != waiting || !now.Before(a.expires) {
		return nil
	}
	return a
}
