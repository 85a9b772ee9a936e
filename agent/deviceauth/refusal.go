package deviceauth

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// refusal is an error response (RFC 6749 section 5.2).
type refusal struct {
	code        string        // printable, "" where the answer names none
	description string        // printable, without what the request held
	interval    time.Duration // named with slow_down (GitHub), else 0
}

// parseRefusal reads an error response: its body or, where that has no error, its WWW-Authenticate field. sent
// is the request's form, whose values a description may quote and which are left out.
func parseRefusal(f fields, header http.Header, sent url.Values) refusal {
	r := refusal{code: errorCode(cmp.Or(f.str("error"), f.str("error_code"), challengeError(header)))}
	r.description = describe(f.str("error_description"), sent)
	if d, ok := f.seconds("interval"); ok {
		r.interval = max(d, 0)
	}
	return r
}

// errorCode is s if it looks like the OAuth errors that exist. Gateways answer with {"error":"Not Found"}, which is
// no verdict of the authorization server.
func errorCode(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return s
}

// public are request parameters that a description may quote.
var public = map[string]bool{"grant_type": true, "client_id": true, "scope": true, "resource": true, "audience": true,
	"token_type_hint": true, "client_assertion_type": true, "code_challenge_method": true}

// describe makes a server's sentence fit to be shown: one line, no secrets of the request, no URI queries.
func describe(s string, sent url.Values) string {
	s = withhold(s, sent)
	s = strings.Join(strings.Fields(s), " ")
	s = withhold(printable(s, len(s)), sent) // what printable drops may have stood inside a secret
	words := strings.Fields(s)
	for i, w := range words {
		if query := strings.IndexAny(w, "?#"); query >= 0 && strings.Contains(w[:query], "://") {
			words[i] = w[:query]
		}
	}
	return printable(strings.Join(words, " "), 160)
}

// withhold replaces the secrets of a request in s, also as printable leaves them.
func withhold(s string, sent url.Values) string {
	for name, values := range sent {
		for _, v := range values {
			for _, secret := range []string{v, printable(v, len(v))} {
				if !public[name] && len(secret) > 3 {
					s = strings.ReplaceAll(s, secret, "…")
				}
			}
		}
	}
	return s
}

// says is the refusal in words, for an Error's detail.
func (r refusal) says(a answer) string {
	switch {
	case r.code == "":
		return fmt.Sprintf("%s answered %s", a.from.Host, statusText(a.status))
	case r.description == "":
		return fmt.Sprintf("%s says %s", a.from.Host, r.code)
	}
	return fmt.Sprintf("%s says %s (%s)", a.from.Host, r.code, r.description)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// challengeError is the error parameter of a WWW-Authenticate field (RFC 9449 section 7.1, RFC 6750 section 3).
func challengeError(header http.Header) string {
	for _, field := range header.Values("WWW-Authenticate") {
		if e := challengeParam(field, "error"); e != "" {
			return e
		}
	}
	return ""
}

// challengeParam finds an auth-param by name in a list of challenges (RFC 9110 section 11.6.1): tokens and
// quoted strings, split at commas and spaces outside of quotes.
func challengeParam(field, name string) string {
	for field != "" {
		end := strings.IndexAny(field, ` ,"=`)
		if end < 0 {
			return ""
		}
		word, sep := field[:end], field[end]
		field = field[end+1:]
		var value string
		switch sep {
		case '"':
			_, field = quoted(field)
			continue
		case '=':
			value, field = paramValue(field)
			if strings.EqualFold(word, name) {
				return value
			}
		}
	}
	return ""
}

func paramValue(s string) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		return quoted(s[1:])
	}
	end := strings.IndexAny(s, " ,")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end+1:]
}

// quoted reads up to the closing quote, undoing backslashes.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i == len(s) {
				return b.String(), ""
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
