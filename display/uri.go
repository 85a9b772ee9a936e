package display

import "strings"

// uriBreaks are the characters behind which a URI may go on in the next row.
const uriBreaks = "/.-?&=_@:"

// readable is a URI as a person types it: without https:// and a trailing slash.
func readable(uri string) string {
	if rest, ok := cutPrefixFold(uri, "https://"); ok {
		uri = rest
	}
	return strings.TrimSuffix(uri, "/")
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// upperHost is the URI with its host in capitals, which take fewer bits in a QR code. The scheme stays:
// some phone cameras refuse an upper-case one. Hosts are the same in any case (RFC 3986 section 3.2.2).
func upperHost(uri string) string {
	start := strings.Index(uri, "://")
	if start < 0 {
		return uri
	}
	start += len("://")
	end := len(uri)
	if i := strings.IndexAny(uri[start:], "/?#"); i >= 0 {
		end = start + i
	}
	if at := strings.LastIndexByte(uri[start:end], '@'); at >= 0 {
		start += at + 1
	}
	return uri[:start] + strings.ToUpper(uri[start:end]) + uri[end:]
}
