package deviceauth

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

// endpointURL parses a URL that requests may go to: https, or http to a loopback address.
//
// RFC 8628 section 3.1: "All requests from the device MUST use the Transport Layer Security (TLS)
// protocol". Loopback is the developer's own machine.
func endpointURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("no URL")
	case u.Host == "" || u.Hostname() == "":
		return nil, errors.New("no host in the URL")
	case u.User != nil:
		return nil, errors.New("a URL with a user name")
	case u.Fragment != "" || strings.Contains(s, "#"):
		return nil, errors.New("a URL with a fragment")
	case !secure(u):
		return nil, errors.New("scheme is not https")
	}
	return u, nil
}

// secure reports whether u is https, or http to loopback: 127.0.0.0/8, ::1 and localhost.
func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// place names a URL in messages: scheme, host and path, never its query, which may hold secrets.
func place(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return printable((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, Opaque: u.Opaque}).String(), 200)
}

// printable drops what cannot be shown (control, format and private characters, line breaks) and cuts
// what is longer than limit runes.
func printable(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if n++; n > limit {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
