package deviceauth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/paird/paird/agent/internal/oneline"
)

// maxDescription is how much of a server's sentence is shown, in characters.
const maxDescription = 160

// errorDescription makes a server's sentence fit to be shown: one line of legal characters, no secrets of the request,
// no URI queries.
func errorDescription(s string, sent secrets) string {
	s = strings.Join(strings.Fields(sent.redact(s)), " ")
	s = sent.redact(oneline.Clean(s, len(s))) // what Clean drops may have been inside a secret
	words := strings.Fields(s)
	for i, w := range words {
		if query := strings.IndexAny(w, "?#"); query >= 0 && strings.Contains(w[:query], "://") {
			words[i] = w[:query]
		}
	}
	s = legal(strings.Join(words, " "))
	if len(s) > maxDescription {
		s = s[:maxDescription] + "..."
	}
	return s
}

// legal replaces each character of s that may not stand in error or error_description. RFC 6749 appendix A.7 and A.8
// allow printable ASCII without quote and backslash (NQSCHAR).
func legal(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ', r > '~', r == '\\':
			return '?'
		}
		return r
	}, s)
}

// secrets are the values of a request that must not be shown, in each spelling in which a server may quote them.
type secrets []string

// public are the request parameters that may be shown.
var public = map[string]bool{"grant_type": true, "client_id": true, "scope": true, "resource": true, "audience": true,
	"token_type_hint": true, "client_assertion_type": true, "code_challenge_method": true}

// secretsOf are the secrets of a request: all of its form that is not public, its credentials, its proof.
func secretsOf(form url.Values, header http.Header, clientSecret string) secrets {
	var s secrets
	s.add(clientSecret)
	for name, values := range form {
		if !public[name] {
			s.add(values...)
		}
	}
	for _, field := range []string{"Authorization", "DPoP"} {
		value := header.Get(field)
		_, credentials, _ := strings.Cut(value, " ")
		s.add(value, credentials)
		if pair, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			_, secret, _ := strings.Cut(string(pair), ":")
			s.add(string(pair), secret)
		}
	}
	sort.Sort(s) // a secret before what it contains
	return s
}

// Len, Less and Swap sort the longest first.
func (s secrets) Len() int           { return len(s) }
func (s secrets) Less(i, j int) bool { return len(s[i]) > len(s[j]) }
func (s secrets) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// add adds values and the parts of a JWT, each in every spelling.
func (s *secrets) add(values ...string) {
	for _, v := range values {
		parts := []string{v}
		if strings.Count(v, ".") == 2 {
			parts = append(parts, strings.Split(v, ".")...)
		}
		for _, p := range parts {
			*s = append(*s, slices.DeleteFunc(spellings(p), func(s string) bool { return len(s) <= 3 })...)
		}
	}
}

// spellings are s itself, s as oneline.Clean leaves it, percent-encoded and as a JSON string.
func spellings(s string) []string {
	inJSON, _ := json.Marshal(s) // a string always marshals
	query, path := url.QueryEscape(s), url.PathEscape(s)
	return []string{s, oneline.Clean(s, len(s)), query, path, lowerHex(query), lowerHex(path), strings.Trim(string(inJSON), `"`)}
}

// lowerHex spells percent-encoded bytes with small letters: RFC 3986 section 2.1 lets both stand.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], bytes.ToLower(b[i:i+3]))
		}
	}
	return string(b)
}

// leastQuote is the length from which a piece of a secret is taken out too: a server may cut what it quotes.
const leastQuote = 12

// redact takes the secrets out of text, and words that are a piece of one.
func (s secrets) redact(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "...")
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(". \t\r\n\"'<>()[]{},;=&?:", r) }) {
		if len(word) >= leastQuote && slices.ContainsFunc(s, func(secret string) bool { return strings.Contains(secret, word) }) {
			text = strings.ReplaceAll(text, word, "...")
		}
	}
	return text
}
