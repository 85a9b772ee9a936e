package provider

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"time"
)

const (
	sessionCookie   = "pairlab_session" // cookies know no ports: the name keeps clear of neighbours
	sessionLifetime = 12 * time.Hour
)

// session is one browser; user is nil until it has signed in.
type session struct {
	user     *User
	authTime time.Time
	csrf     string
	next     string         // user code to go on with after signing in
	review   *authorization // what the consent page is about
	outcome  *authorization // the last one decided, for the page after it
	expires  time.Time
}

type sessions struct {
	byCookie map[digest]*session
}

func newSessions() sessions { return sessions{map[digest]*session{}} }

// of finds the session of a request, nil if there is none.
func (ss sessions) of(r *http.Request, now time.Time) *session {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	s := ss.byCookie[digestOf(c.Value)]
	if s == nil || !now.Before(s.expires) {
		return nil
	}
	return s
}

// begin starts a session and returns its cookie. Signing in begins a new one, so that an id planted before it does not
// belong to the account after it (session fixation).
func (ss sessions) begin(s *session, secure bool, now time.Time) *http.Cookie {
	for k, old := range ss.byCookie {
		if !now.Before(old.expires) {
			delete(ss.byCookie, k)
		}
	}
	id := rand.Text()
	s.csrf, s.expires = rand.Text(), now.Add(sessionLifetime)
	ss.byCookie[digestOf(id)] = s
	return &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/",
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

func (ss sessions) end(s *session) {
	for k, other := range ss.byCookie {
		if other == s {
			delete(ss.byCookie, k)
		}
	}
}

// sent reports whether a form came from a page of this session.
func (s *session) sent(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(s.csrf), []byte(r.PostFormValue("csrf"))) == 1
}

// RFC 8628 section 5.1: "it is recommended that the server rate-limit user code attempts." Five wrong
// ones in ten minutes, then none until the first of them is ten minutes old.
const (
	maxFailures   = 5
	failureWindow = 10 * time.Minute
)

// limiter counts failures by a key such as an account.
type limiter struct {
	failures map[string][]time.Time
}

func newLimiter() limiter { return limiter{map[string][]time.Time{}} }

// wait is how long key has to wait before its next try, 0 for not at all.
func (l limiter) wait(key string, now time.Time) time.Duration {
	recent := l.recent(key, now)
	if len(recent) < maxFailures {
		return 0
	}
	return recent[0].Add(failureWindow).Sub(now)
}

func (l limiter) fail(key string, now time.Time) {
	for k := range l.failures {
		if len(l.recent(k, now)) == 0 {
			delete(l.failures, k)
		}
	}
	l.failures[key] = append(l.recent(key, now), now)
}

func (l limiter) recent(key string, now time.Time) []time.Time {
	all := l.failures[key]
	for len(all) > 0 && now.Sub(all[0]) >= failureWindow {
		all = all[1:]
	}
	return all
}
