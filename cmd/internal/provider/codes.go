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

func (p *Provider) freshUserCode() string {
	for {
		code := newUserCode()
		if p.codes.byUser[normalize(code)] == nil {
			return code
		}
	}
}

// normalize obeys RFC 8628 section 6.1: "the server should strip dashes and other punctuation that it added for
// readability" and "the user's input should be uppercased before a comparison". All else outside the alphabet goes too.
func normalize(typed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(alphabet, r) {
			return r
		}
		return -1
	}, strings.ToUpper(typed))
}

// digest stands for a secret in memory, so that a lookup takes the same time whatever is asked for.
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

// sweep forgets what ended an hour ago. Until then a device that polls gets the reason.
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
