package deviceauth

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

const (
	maxDeviceCode   = 8 << 10 // bytes
	maxUserCode     = 64      // characters
	maxURI          = 2048    // bytes
	defaultCodeLife = 10 * time.Minute
)

// parseDevice reads a device authorization response (RFC 8628 section 3.2) that came at now. The notes say
// which values were clamped; the error says what is wrong, without a secret.
func parseDevice(f fields, now time.Time) (p Pending, notes []string, err error) {
	p = Pending{
		DeviceCode:              f.str("device_code"),
		UserCode:                printable(f.str("user_code"), bodyLimit),
		VerificationURI:         cmp.Or(f.str("verification_uri"), f.str("verification_url")),
		VerificationURIComplete: cmp.Or(f.str("verification_uri_complete"), f.str("verification_url_complete")),
		Issued:                  now,
	}
	if err := checkCodes(p); err != nil {
		return Pending{}, nil, err
	}
	if err := checkShown("verification_uri", p.VerificationURI); err != nil {
		return Pending{}, nil, err
	}
	if p.VerificationURIComplete != "" {
		if err := checkShown("verification_uri_complete", p.VerificationURIComplete); err != nil {
			return Pending{}, nil, err
		}
	}
	p.Interval, notes = codeInterval(f, notes)
	p.ExpiresIn, notes = codeLife(f, notes)
	return p, notes, nil
}

func checkCodes(p Pending) error {
	switch {
	case p.DeviceCode == "":
		return errors.New("device_code is missing")
	case len(p.DeviceCode) > maxDeviceCode:
		return fmt.Errorf("device_code has %d bytes, at most %d are taken", len(p.DeviceCode), maxDeviceCode)
	case p.UserCode == "":
		return errors.New("user_code is missing")
	case len([]rune(p.UserCode)) > maxUserCode:
		return fmt.Errorf("user_code has %d characters, at most %d can be shown", len([]rune(p.UserCode)), maxUserCode)
	}
	return nil
}

// checkShown refuses a URI that nobody should be led to.
func checkShown(name, uri string) error {
	switch {
	case uri == "":
		return fmt.Errorf("%s is missing", name)
	case len(uri) > maxURI:
		return fmt.Errorf("%s has %d bytes, at most %d are taken", name, len(uri), maxURI)
	case strings.ContainsFunc(uri, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == unicode.ReplacementChar }):
		return fmt.Errorf("%s has characters that do not belong into a URI", name)
	}
	page, _, _ := strings.Cut(uri, "#") // a page may have a fragment, an endpoint has none
	if _, err := endpointURL(page); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// codeInterval obeys RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
func codeInterval(f fields, notes []string) (time.Duration, []string) {
	d, ok := f.seconds("interval")
	if !ok {
		return defaultInterval, notes
	}
	if d <= 0 {
		return defaultInterval, append(notes, fmt.Sprintf("interval %v taken as %v", d, defaultInterval))
	}
	if clamped := min(max(d, time.Second), maxInterval); clamped != d {
		return clamped, append(notes, fmt.Sprintf("interval %v taken as %v", d, clamped))
	}
	return d, notes
}

func codeLife(f fields, notes []string) (time.Duration, []string) {
	d, ok := f.seconds("expires_in")
	if !ok {
		return defaultCodeLife, append(notes, fmt.Sprintf("expires_in is missing, taken as %v", defaultCodeLife))
	}
	if clamped := clampCodeLife(d); clamped != d {
		return clamped, append(notes, fmt.Sprintf("expires_in %v taken as %v", d, clamped))
	}
	return d, notes
}
