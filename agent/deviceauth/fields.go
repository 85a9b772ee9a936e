package deviceauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// fields are the members of an answer, JSON or form-encoded, by their exact names.
type fields map[string]json.RawMessage

var errNoAnswer = errors.New("neither a JSON object nor a form")

// parseFields reads an answer. Some servers send forms whatever Accept says, and some label JSON as text,
// so the body decides and not its label.
func parseFields(body []byte) (fields, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return nil, errNoAnswer
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
		return nil, errNoAnswer
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, errNoAnswer
	}
	f := fields{}
	for name := range values {
		quoted, err := json.Marshal(values.Get(name))
		if err != nil {
			return nil, errNoAnswer
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
