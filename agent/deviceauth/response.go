package deviceauth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// fields are the members of a response, JSON or form-encoded, by their exact names.
type fields map[string]json.RawMessage

var errNoFields = errors.New("neither a JSON object nor a form")

// parseFields reads a response. Some servers send forms whatever Accept says, and some label JSON as text,
// so the body decides and not its label.
func parseFields(body []byte) (fields, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return nil, errNoFields
	}
	if body[0] == '{' {
		var f fields
		if err := json.Unmarshal(body, &f); err != nil {
			return nil, errors.New("broken JSON")
		}
		return f, nil
	}
	return parseForm(string(body))
}

func parseForm(body string) (fields, error) {
	if strings.ContainsAny(body, "<> \t\r\n\"{}[]") || !strings.Contains(body, "=") {
		return nil, errNoFields
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, errNoFields
	}
	f := fields{}
	for name := range values {
		quoted, err := json.Marshal(values.Get(name))
		if err != nil {
			return nil, errNoFields
		}
		f[name] = quoted
	}
	return f, nil
}

// str is a member that is a string, "" if it is none: absent, null or of another type.
func (f fields) str(name string) string {
	var s string
	if json.Unmarshal(f[name], &s) != nil {
		return ""
	}
	return s
}

// strs is a member that is an array of strings.
func (f fields) strs(name string) []string {
	var s []string
	if json.Unmarshal(f[name], &s) != nil {
		return nil
	}
	return s
}

// seconds is a member that is a number of seconds, as a number or as a string, and whether it is there. What
// a time.Duration cannot hold becomes the longest one, or its negative.
func (f fields) seconds(name string) (time.Duration, bool) {
	text := strings.TrimSpace(f.str(name))
	if text == "" {
		text = string(f[name])
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(n) {
		return 0, false
	}
	const limit = float64(math.MaxInt64 / int64(time.Second))
	return time.Duration(max(-limit, min(limit, n)) * float64(time.Second)), true
}

// oauthError is an error response (RFC 6749 section 5.2).
type oauthError struct {
	code        string        // printable, "" where the response names none
	description string        // printable, without what the request held
	interval    time.Duration // named with slow_down (GitHub), else 0
}

// parseError reads an error response: its body or, where that has no error, its WWW-Authenticate field. A description
// may quote what the request held: that is left out.
func parseError(f fields, header http.Header, sent secrets) oauthError {
	e := oauthError{code: errorCode(cmp.Or(f.str("error"), f.str("error_code"), challengeError(header)))}
	e.description = errorDescription(f.str("error_description"), sent)
	if d, ok := f.seconds("interval"); ok {
		e.interval = max(d, 0)
	}
	return e
}

// errorCode is s if it looks like the OAuth errors that exist. Gateways answer with {"error":"Not Found"}, which
// does not come from the authorization server.
func errorCode(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return s
}

// errorText is the error response in words, for an Error's detail.
func (r oauthResponse) errorText() string {
	switch e := r.oauthError; {
	case e.code == "":
		return fmt.Sprintf("%s answered %s", r.from.Host, statusText(r.status))
	case e.description == "":
		return fmt.Sprintf("%s says %s", r.from.Host, e.code)
	default:
		return fmt.Sprintf("%s says %s (%s)", r.from.Host, e.code, e.description)
	}
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
