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

// begin starts a session and returns its cookie. Signing in begins a new one, so that an id planted
// before is worth nothing after.
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

// meant says whether a form came from a page of this session.
func (s *session) meant(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(s.csrf), []byte(r.PostFormValue("csrf"))) == 1
}
