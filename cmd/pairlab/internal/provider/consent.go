package provider

import "net/http"

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
	a := p.codes.open(typed, now)
	if a == nil {
		p.tries.fail(account, now)
		p.emit(CodeUnknown, subjectMatter{}, s.user.Name)
		return p.showCode(http.StatusBadRequest, s, typed, "This code is not known, or no longer valid. Compare it with the device.")
	}
	s.review = a
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
	if a.state != waiting || !now.Before(a.expires) {
		return p.showCode(http.StatusBadRequest, s, "", "This code is no longer valid. Begin again on the device.")
	}
	switch r.PostFormValue("decision") {
	case "approve":
		a.state, a.user, a.authTime = approved, s.user, s.authTime
		p.emit(Approved, a.subjectMatter, s.user.Name)
	case "deny":
		a.state = denied
		p.emit(Refused, a.subjectMatter, s.user.Name)
	default:
		s.review = a
		return redirect("/consent")
	}
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

// inWords says what a scope allows.
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
