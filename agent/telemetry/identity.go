package telemetry

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// identity is who the device is in one session. All of it may be secret.
type identity struct {
	clientID, username, password string
	header                       http.Header
}

// maxString is the longest an MQTT string or password may be (MQTT 3.1.1 section 1.5.3); paho cuts
// what is longer.
const maxString = 65535

// identity expands the templates for one session.
func (l *Link) identity(c Credentials) (identity, error) {
	id := identity{header: http.Header{}}
	value := c.values(l.o.DeviceID)
	var errs []error
	text := func(key, template string) string {
		s, err := expand(template, value)
		if err == nil {
			err = mqttText(s)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %w", key, err))
		}
		return s
	}
	id.clientID = text("mqtt.client_id", l.o.ClientID)
	id.username = text("mqtt.username", l.o.Username)
	id.password = text("mqtt.password", l.o.Password)
	for name, template := range l.o.Headers {
		v := text("mqtt.headers."+name, template)
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			errs = append(errs, fmt.Errorf("mqtt.headers.%s becomes a value with control characters", name))
		}
		id.header.Set(name, v)
	}
	if id.username == "" && id.password != "" {
		// "If the User Name Flag is set to 0, the Password Flag MUST be set to 0" (MQTT 3.1.1 section 3.1.2.9).
		errs = append(errs, errors.New("mqtt.username becomes empty, so the password would not be sent; use another placeholder"))
	}
	return id, errors.Join(errs...)
}

func mqttText(s string) error {
	switch {
	case len(s) > maxString:
		return fmt.Errorf("becomes %d bytes long, MQTT allows %d; ask for a smaller token", len(s), maxString)
	case strings.ContainsRune(s, 0):
		return errors.New("becomes a text with a NUL, which MQTT forbids")
	}
	return nil
}

// Same reports whether a session with the credentials a may go on with b: the login is the same.
func (l *Link) Same(a, b Credentials) bool {
	x, errA := l.identity(a)
	y, errB := l.identity(b)
	return errA == nil && errB == nil &&
		x.clientID == y.clientID && x.username == y.username && x.password == y.password &&
		maps.EqualFunc(x.header, y.header, slices.Equal)
}

// tokenEnd is when a session with c must end, on the monotonic clock: a wall clock that is set meanwhile
// changes nothing. It is zero where the login has no token in it, or one whose end is unknown.
func (l *Link) tokenEnd(c Credentials, now time.Time) time.Time {
	if c.Expiry.IsZero() || !l.usesToken() {
		return time.Time{}
	}
	return now.Add(c.Expiry.Sub(now))
}

// passed reports whether the end of a token is over; a zero end never is.
func passed(end time.Time) bool { return !end.IsZero() && !time.Now().Before(end) }

// usesToken reports whether the login has a token in it, so that the session ends with the token.
func (l *Link) usesToken() bool {
	for _, template := range l.o.Headers {
		if uses(template, "access_token") || uses(template, "id_token") {
			return true
		}
	}
	login := l.o.ClientID + l.o.Username + l.o.Password
	return uses(login, "access_token") || uses(login, "id_token")
}
