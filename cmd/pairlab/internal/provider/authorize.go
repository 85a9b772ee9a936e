package provider

import (
	"crypto/rand"
	"slices"
	"strings"
	"unicode"
)

// deviceAuthorization answers RFC 8628 section 3.1. Beside `scope` and `resource` it takes device_name
// and device_id, so that the consent page can name what is being approved.
func (p *Provider) deviceAuthorization(c *Client, form params) (any, *oauthError) {
	scope, oerr := scopeOf(c, form["scope"])
	if oerr != nil {
		return nil, oerr
	}
	audience, oerr := p.audienceOf(form["resource"])
	if oerr != nil {
		return nil, oerr
	}
	now := p.opt.Now()
	p.codes.sweep(now)
	deviceCode := rand.Text()
	a := &authorization{
		subjectMatter: subjectMatter{client: c, device: deviceOf(form), scope: scope, audience: audience},
		id:            rand.Text(),
		userCode:      p.freshUserCode(),
		issued:        now,
		expires:       now.Add(p.opt.CodeLifetime),
		interval:      p.opt.Interval,
	}
	p.codes.add(deviceCode, a)
	p.emit(CodeIssued, a.subjectMatter, "")
	return map[string]any{
		"device_code":               deviceCode,
		"user_code":                 a.userCode,
		"verification_uri":          p.verificationURI(),
		"verification_uri_complete": p.completeURI(a.userCode),
		"expires_in":                int(p.opt.CodeLifetime.Seconds()),
		"interval":                  int(a.interval.Seconds()),
	}, nil
}

func (p *Provider) freshUserCode() string {
	for {
		code := newUserCode()
		if p.codes.byUser[normalize(code)] == nil {
			return code
		}
	}
}

func (p *Provider) audienceOf(resource string) (string, *oauthError) {
	switch {
	case resource == "":
		return p.opt.Audiences[0], nil
	case slices.Contains(p.opt.Audiences, resource):
		return resource, nil
	}
	return "", bad("invalid_target", "unknown resource") // RFC 8707 section 2
}

func deviceOf(form params) device {
	return device{id: plain(form["device_id"]), name: plain(form["device_name"])}
}

// plain makes a name from elsewhere fit to be shown: no control or format characters, 64 at most.
func plain(s string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	return strings.TrimSpace(string(clean[:min(len(clean), 64)]))
}
