package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// login is what a CONNECT, and the WebSocket below it, say of the device. All of it may be secret.
type login struct {
	clientID, username, password string
	header                       http.Header
}

// maxString is the longest an MQTT string or password may be (MQTT 3.1.1 section 1.5.3); paho cuts
// what is longer.
const maxString = 65535

// login expands the templates for one session.
func (l *Link) login(c Credentials) (login, error) {
	id := login{header: http.Header{}}
	value := c.values(l.o.DeviceID)
	var errs []error
	text := func(key, template string) string {
		s, err := expand(template, value)
		if err = cmp.Or(err, mqttText(s)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		return s
	}
	id.clientID = text("mqtt.client_id", l.o.ClientID)
	id.username = text("mqtt.username", l.o.Username)
	id.password = text("mqtt.password", l.o.Password)
	if l.o.PasswordFile != "" {
		s, err := readPassword(l.o.PasswordFile)
		if id.password = s; err != nil {
			errs = append(errs, fmt.Errorf("mqtt.password_file: %w", err))
		}
	}
	for name, template := range l.o.Headers {
		v := text("mqtt.headers."+name, template)
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			errs = append(errs, fmt.Errorf("mqtt.headers.%s: becomes a value with control characters", name))
		}
		id.header.Set(name, v)
	}
	if id.username == "" && id.password != "" {
		// "If the User Name Flag is set to 0, the Password Flag MUST be set to 0" (MQTT 3.1.1 section 3.1.2.9).
		errs = append(errs, errors.New("mqtt.username: becomes empty, so the password would not be sent; use another placeholder"))
	}
	return id, errors.Join(errs...)
}

// readPassword reads a password without the newline at its end.
func readPassword(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" {
		return "", errors.New("is empty, write the password into it")
	}
	return s, mqttText(s)
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
	x, errA := l.login(a)
	y, errB := l.login(b)
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

// isOver reports whether the end of a token is over; a zero end never is.
func isOver(end time.Time) bool { return !end.IsZero() && !time.Now().Before(end) }

// usesToken reports whether the login has a token in it, so that the session ends with the token.
func (l *Link) usesToken() bool {
	for _, template := range l.o.Headers {
		if hasToken(template) {
			return true
		}
	}
	return hasToken(l.o.Username) || hasToken(l.o.Password)
}

// hasToken reports whether a template has the placeholder of a token.
func hasToken(template string) bool {
	return strings.Contains(template, "{access_token}") || strings.Contains(template, "{id_token}")
}

// expand replaces each {name} in template by what value says, which fails for what it does not know.
func expand(template string, value func(name string) (string, error)) (string, error) {
	var out strings.Builder
	for rest := template; ; {
		text, after, open := strings.Cut(rest, "{")
		out.WriteString(text)
		if !open {
			return out.String(), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", errors.New("has a { without its }, close the placeholder")
		}
		v, err := value(name)
		if err != nil {
			return "", err
		}
		out.WriteString(v)
		rest = tail
	}
}

// values are the placeholders of a session.
func (c Credentials) values(deviceID string) func(string) (string, error) {
	return func(name string) (string, error) {
		switch name {
		case "access_token":
			return c.AccessToken, nil
		case "id_token":
			return c.IDToken, nil
		case "sub":
			return c.Subject, nil
		case "client_id":
			return c.ClientID, nil
		case "device_id":
			return deviceID, nil
		}
		if claim, ok := strings.CutPrefix(name, "claim:"); ok && claim != "" {
			return c.claim(claim)
		}
		return "", fmt.Errorf("has the unknown placeholder {%s}, use {access_token} {id_token} {sub} {client_id} {device_id} {claim:NAME}", name)
	}
}

// claim is a claim of the ID token as text: a string, a number or a truth value.
func (c Credentials) claim(name string) (string, error) {
	switch v := c.Claims[name].(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case fmt.Stringer: // json.Number
		return v.String(), nil
	case nil:
		return "", fmt.Errorf("uses {claim:%s}, which the ID token does not have; ask for its scope", name)
	}
	return "", fmt.Errorf("uses {claim:%s}, which is neither text nor a number", name)
}

// anyValue stands for all placeholders while a configuration is checked.
func anyValue(deviceID string) func(string) (string, error) {
	known := Credentials{}.values(deviceID)
	return func(name string) (string, error) {
		if claim, ok := strings.CutPrefix(name, "claim:"); ok && claim != "" {
			return "x", nil
		}
		v, err := known(name)
		if v == "" {
			v = "x"
		}
		return v, err
	}
}

// deviceOnly is for templates that know {device_id} alone.
func deviceOnly(deviceID string) func(string) (string, error) {
	return func(name string) (string, error) {
		if name == "device_id" {
			return deviceID, nil
		}
		return "", fmt.Errorf("has the placeholder {%s}, only {device_id} is known here", name)
	}
}

// The defaults of mqtt.username and mqtt.password: a preset replaces them, and no other value.
const (
	plainUsername = "{device_id}"
	plainPassword = "{access_token}"
)

// preset is a usual way to hand a token to a broker.
type preset struct {
	name               string
	username, password string
	header             string // value of Authorization
	alpn               string
	port               string // for mqtts:// without one
}

// presets has a row for each value of mqtt.preset.
func presets() []preset {
	return []preset{
		// EMQX, HiveMQ, RabbitMQ, ClearBlade: the user name is for the logs
		{name: "password-jwt", username: plainUsername, password: plainPassword},
		// ThingsBoard, go-auth
		{name: "username-token", username: "{access_token}"},
		// The default authorizer; another one is named in mqtt.username. "Devices [...] must connect on
		// port 443 and pass the ALPN protocol name value of mqtt" (AWS IoT developer guide, custom
		// authentication).
		{name: "aws-custom-auth", username: plainUsername, password: plainPassword, alpn: "mqtt", port: "443"},
		// RFC 6750 section 2.1 on the WebSocket handshake
		{name: "ws-bearer", username: plainUsername, header: "Bearer {access_token}"},
	}
}

// Presets are the values of mqtt.preset, beside none.
func Presets() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return names
}

// presetNamed finds a preset; the one without a name changes nothing.
func presetNamed(name string) (preset, bool) {
	for _, p := range presets() {
		if p.name == name {
			return p, true
		}
	}
	return preset{}, name == ""
}

func (o *Options) applyPreset() {
	p, known := presetNamed(o.Preset)
	if o.Preset == "" || !known {
		return
	}
	replace(&o.Username, plainUsername, p.username)
	if o.PasswordFile == "" {
		replace(&o.Password, plainPassword, p.password)
	}
	if p.alpn != "" && len(o.ALPN) == 0 {
		o.ALPN = []string{p.alpn}
	}
	if p.header != "" && !hasAuthorization(o.Headers) {
		headers := map[string]string{"Authorization": p.header}
		maps.Copy(headers, o.Headers)
		o.Headers = headers
	}
}

func replace(field *string, standard, value string) {
	if *field == "" || *field == standard {
		*field = value
	}
}

func hasAuthorization(headers map[string]string) bool {
	for name := range headers {
		if strings.EqualFold(name, "Authorization") {
			return true
		}
	}
	return false
}
