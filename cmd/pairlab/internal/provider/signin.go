package provider

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"
)

func (p *Provider) signInPage(r *http.Request) answer {
	s := p.sessions.of(r, p.opt.Now())
	if s != nil && s.user != nil {
		return redirect("/device")
	}
	if s != nil {
		return p.showSignIn(http.StatusOK, s, view{})
	}
	s = &session{}
	cookie := p.begin(s)
	a := p.showSignIn(http.StatusOK, s, view{})
	a.header.Add("Set-Cookie", cookie)
	return a
}

func (p *Provider) showSignIn(status int, s *session, v view) answer {
	v.Title, v.CSRF, v.Hints = "Sign in", s.csrf, p.opt.Users
	return p.page(status, "signin", v)
}

func (p *Provider) signIn(s *session, r *http.Request) answer {
	now, name := p.opt.Now(), r.PostFormValue("username")
	if wait := p.signIns.wait(name, now); wait > 0 {
		return p.showSignIn(http.StatusTooManyRequests, s, view{Username: name, Error: "Too many attempts. " + tryAgain(wait)})
	}
	u := p.users[name]
	if u == nil || subtle.ConstantTimeCompare([]byte(u.Password), []byte(r.PostFormValue("password"))) != 1 {
		p.signIns.fail(name, now)
		p.emit(SignInFails, subjectMatter{}, "")
		return p.showSignIn(http.StatusForbidden, s, view{Username: name, Error: "That name and password do not match."})
	}
	fresh := &session{user: u, authTime: now}
	next := s.next
	p.sessions.end(s)
	a := redirect("/device")
	if next != "" {
		a = redirect(p.completeURI(next))
	}
	a.header.Add("Set-Cookie", p.begin(fresh))
	p.emit(SignedIn, subjectMatter{}, u.Name)
	return a
}

func (p *Provider) signOut(s *session, _ *http.Request) answer {
	p.sessions.end(s)
	return redirect("/device")
}

func tryAgain(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	return fmt.Sprintf("Try again in %d min.", minutes)
}
