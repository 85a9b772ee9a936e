package survival

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// search looks for secrets in places, and records where it found one.
type search struct {
	given  func() map[string]string // kind by value
	looked map[string]int           // bytes by place
	found  []string
}

// spellings are the ways in which a secret might stand somewhere.
func spellings(secret string) []string {
	all := []string{
		secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if parts := strings.Split(secret, "."); len(parts) == 3 {
		all = append(all, parts[1], parts[2]) // of a JWT: what it says and what proves it; all share the header
	}
	return all
}

// in looks into one place. User codes are meant to be seen, but not in a log.
func (s *search) in(place string, content []byte, codesToo bool) {
	s.looked[place] += len(content)
	for secret, kind := range s.given() {
		if kind == "user_code" && !codesToo {
			continue
		}
		for _, form := range spellings(secret) {
			if bytes.Contains(content, []byte(form)) {
				s.found = append(s.found, fmt.Sprintf("%s in %s", kind, place))
				break
			}
		}
	}
}

// The search finds each kind in each spelling, and a user code where it must not be.
func TestSearchFinds(t *testing.T) {
	given := map[string]string{"aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb.cccccccccccccccc": "access_token", "KXRT/9QPZ": "refresh_token", "WDJB-MJHT": "user_code"}
	for secret, kind := range given {
		for _, form := range spellings(secret) {
			s := &search{given: func() map[string]string { return given }, looked: map[string]int{}}
			s.in("log", []byte("level=INFO "+form+"\n"), true)
			if len(s.found) == 0 {
				t.Errorf("%s as %q is not found", kind, form)
			}
		}
	}
	s := &search{given: func() map[string]string { return given }, looked: map[string]int{}}
	if s.in("panel", []byte("WDJB-MJHT"), false); len(s.found) > 0 {
		t.Errorf("a code on the panel is no secret: %v", s.found)
	}
}
