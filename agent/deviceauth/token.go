package deviceauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const maxTokenLife = 10 * 365 * 24 * time.Hour // a longer expires_in is taken as this

var errNoToken = errors.New("access_token is missing or has characters that RFC 6749 appendix A.12 forbids")

// parseToken reads a successful token response (RFC 6749 section 5.1) that came at now. asked is the scope of
// the request: RFC 6749 section 5.1, "scope OPTIONAL, if identical to the scope requested by the client".
func parseToken(f fields, asked string, now time.Time) (t Token, notes []string, err error) {
	t = Token{
		AccessToken:  f.str("access_token"),
		RefreshToken: f.str("refresh_token"),
		IDToken:      f.str("id_token"),
		Scope:        grantedScope(f.str("scope"), asked),
	}
	if t.AccessToken == "" || strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r < ' ' || r > '~' }) {
		return Token{}, nil, errNoToken
	}
	if t.TokenType, err = tokenType(f.str("token_type")); err != nil {
		return Token{}, nil, err
	}
	t.Lifetime, notes = tokenLife(f)
	if t.Lifetime > 0 {
		t.Expiry = now.Add(t.Lifetime)
	}
	return t, notes, nil
}

// tokenType obeys RFC 6749 section 5.1, "Value is case insensitive", and section 7.1: "The client MUST NOT use
// an access token if it does not understand the token type." Servers that name none mean Bearer.
func tokenType(s string) (string, error) {
	switch strings.ToLower(s) {
	case "bearer", "":
		return "Bearer", nil
	case "dpop":
		return "DPoP", nil
	}
	return "", fmt.Errorf("token_type %q is neither Bearer nor DPoP", printable(s, 32))
}

// tokenLife is zero where the server does not say: such a token is used until it is refused.
func tokenLife(f fields) (time.Duration, []string) {
	d, ok := f.seconds("expires_in")
	switch {
	case !ok:
		return 0, nil
	case d <= 0:
		return 0, []string{fmt.Sprintf("expires_in %v of a token taken as unknown", d)}
	case d > maxTokenLife:
		return maxTokenLife, []string{fmt.Sprintf("expires_in %v of a token taken as %v", d, maxTokenLife)}
	}
	return d, nil
}

// grantedScope is the scope of an answer. A list with commas (GitHub) becomes one with spaces.
func grantedScope(granted, asked string) string {
	if granted = strings.Join(strings.Fields(granted), " "); granted == "" {
		return asked
	}
	if strings.ContainsRune(granted, ' ') || slices.Contains(strings.Fields(asked), granted) {
		return granted
	}
	return strings.Join(strings.FieldsFunc(granted, func(r rune) bool { return r == ',' }), " ")
}

// missingScopes are those of asked that granted lacks.
func missingScopes(asked, granted string) []string {
	has := strings.Fields(granted)
	return slices.DeleteFunc(strings.Fields(asked), func(s string) bool { return slices.Contains(has, s) })
}
