package provider

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"
)

// codePage asks for the code. RFC 8628 section 3.3.1 of verification_uri_complete: "the user does not
// need to type in the "user_code". The server SHOULD display the "user_code" to the user and ask
// them to verify that it matches": the consent page does.
func (p *Provider) codePage(s *session, r *http.Request) answer {
	if r.URL.Query().Has("user_code") {
		return p.review(s, r.URL.Query().Get("user_code"))
	}
	return p.showCode(http.StatusOK, s, "", "")
}

func (p *Provider) enter(s *session, r *http.Request) answer {
	if s.user == nil {
		return redirect("/signin")
	}
	return p.review(s, r.PostFormValue("user_code"))
}

func (p *Provider) showCode(status int, s *session, typed, problem string) answer {
	return p.page(status, "code", view{
		Title: "Pair a device", CSRF: s.csrf, Account: s.user.Name, UserCode: plain(typed), Error: problem,
	})
}

// review looks a code up, within the limits on guessing, and goes on to the consent page.
func (p *Provider) review(s *session, typed string) answer {
	now, account := p.opt.Now(), s.user.Subject
	if wait := p.tries.wait(account, now); wait > 0 {
		return p.showCode(http.StatusTooManyRequests, s, typed, "Too many wrong codes. "+tryAgain(wait))
	}
	a := p.codes.byUser[normalize(typed)]
	if a == nil || !a.open(now) {
		p.tries.fail(account, now)
		p.emit(CodeUnknown, request{}, s.user.Name)
		return p.showCode(http.StatusBadRequest, s, typed, "This code is not known, or no longer valid. Compare it with the device.")
	}
	s.review = a
	p.emit(CodeReviewed, a.request, s.user.Name)
	return redirect("/consent")
}

// consentPage obeys RFC 8628 section 5.4: the server "SHOULD display information about the device so
// that the user could notice if a software client was attempting to impersonate a hardware device."
func (p *Provider) consentPage(s *session, _ *http.Request) answer {
	a := s.review
	if a == nil {
		return redirect("/device")
	}
	return p.page(http.StatusOK, "consent", view{
		Title: "Approve this device?", CSRF: s.csrf, Account: s.user.Name, UserCode: a.userCode,
		Device: a.device.label(), Client: a.client.Name, Scopes: inWords(a.scope), Approval: a.id,
	})
}

func (p *Provider) decide(s *session, r *http.Request) answer {
	a, now := s.review, p.opt.Now()
	s.review = nil
	if s.user == nil || a == nil || r.PostFormValue("authorization") != a.id {
		return redirect("/device")
	}
	if !a.open(now) {
		return p.showCode(http.StatusBadRequest, s, "", "This code is no longer valid. Begin again on the device.")
	}
	decision := r.PostFormValue("decision")
	if decision != "approve" && decision != "deny" {
		s.review = a
		return redirect("/consent")
	}
	p.settle(a, s.user, s.authTime, decision == "approve")
	s.outcome = a
	return redirect("/done")
}

// donePage obeys RFC 8628 section 3.3: "the server instructs the user to return to their device".
func (p *Provider) donePage(s *session, _ *http.Request) answer {
	if s.outcome == nil {
		return redirect("/device")
	}
	title := "Device not paired"
	if s.outcome.state != denied {
		title = "Device approved"
	}
	return p.page(http.StatusOK, "done", view{
		Title: title, CSRF: s.csrf, Account: s.user.Name, Device: s.outcome.device.label(),
		Client: s.outcome.client.Name, Approved: s.outcome.state != denied,
	})
}

// inWords describes what scopes allow.
func inWords(all scopes) []string {
	words := map[string]string{
		scopeOpenID:    "Know which account it belongs to",
		scopeProfile:   "Show your name",
		scopeEmail:     "See your e-mail address",
		scopeOffline:   "Stay paired while you are away",
		scopeTelemetry: "Send its readings in your name",
	}
	said := make([]string, len(all))
	for i, s := range all {
		said[i] = words[s]
		if said[i] == "" {
			said[i] = s
		}
	}
	return said
}

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
		p.emit(SignInFailed, request{}, "")
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
	p.emit(SignedIn, request{}, u.Name)
	return a
}

// signOut keeps the code under review, so that another user can go on with it.
func (p *Provider) signOut(s *session, _ *http.Request) answer {
	p.sessions.end(s)
	if s.review != nil {
		return redirect(p.completeURI(s.review.userCode))
	}
	return redirect("/device")
}

func tryAgain(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	return fmt.Sprintf("Try again in %d min.", minutes)
}
