package telemetry

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

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

// uses tells whether a template holds {name}.
func uses(template, name string) bool { return strings.Contains(template, "{"+name+"}") }

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
