package provider

import (
	"slices"
	"strings"
)

// The scopes this provider gives a meaning; a client may have others of its own.
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeOffline = "offline_access"

	scopeTelemetry = "telemetry" // the lab's own: what its broker asks for
)

type scopes []string

func (s scopes) has(name string) bool { return slices.Contains(s, name) }
func (s scopes) String() string       { return strings.Join(s, " ") }

// scopeOf reads `scope`. RFC 6749 section 3.3: without one the server must "either process the request
// using a pre-defined default value or fail"; the default is openid.
func scopeOf(c *Client, asked string) (scopes, *oauthError) {
	if asked == "" {
		asked = scopeOpenID
	}
	var s scopes
	for name := range strings.SplitSeq(asked, " ") {
		if !slices.Contains(c.Scopes, name) {
			return nil, bad("invalid_scope", "this client may not ask for that scope")
		}
		if !s.has(name) {
			s = append(s, name)
		}
	}
	return s, nil
}

// narrowed is the scope of a refresh. RFC 6749 section 6: it "MUST NOT include any scope not originally
// granted by the resource owner, and if omitted is treated as equal to the scope originally
// granted".
func narrowed(granted scopes, asked string) (scopes, *oauthError) {
	if asked == "" {
		return granted, nil
	}
	s := scopes(strings.Split(asked, " "))
	for _, name := range s {
		if !granted.has(name) {
			return nil, bad("invalid_scope", "wider than what was granted")
		}
	}
	return s, nil
}
