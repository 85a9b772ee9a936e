package display

import "strings"

// readable is a URI as a person types it: without https:// and a trailing slash.
func readable(uri string) string {
	const scheme = "https://"
	if len(uri) >= len(scheme) && strings.EqualFold(uri[:len(scheme)], scheme) {
		uri = uri[len(scheme):]
	}
	return strings.TrimSuffix(uri, "/")
}

// upperHost is the URI with its host in capitals, which take fewer bits in a QR code. The scheme stays:
// some phone cameras refuse an upper-case one. Hosts are the same in any case (RFC 3986 section 3.2.2).
func upperHost(uri string) string {
	start, end := host(uri)
	at := -1
	return strings.Map(func(r rune) rune {
		if at++; start <= at && at < end && 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, uri)
}
