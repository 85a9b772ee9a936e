package display

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// ASCIIURI maps an IRI to a URI (RFC 3987 section 3.1): A-labels in the host, percent-encoded bytes for
// all that is not printable ASCII in the rest. A URI comes back as it is.
func ASCIIURI(uri string) string {
	if !strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return uri
	}
	start, end := host(uri)
	labels := strings.Split(uri[start:end], ".")
	for i, label := range labels {
		if !isASCII(label) {
			labels[i] = "xn--" + punycode(strings.ToLower(label))
		}
	}
	return percent(uri[:start]) + percent(strings.Join(labels, ".")) + percent(uri[end:])
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// host finds the host and port of a URI; start is end where there is none.
func host(uri string) (start, end int) {
	i := strings.Index(uri, "://")
	if i < 0 {
		return 0, 0
	}
	start, end = i+len("://"), len(uri)
	if i := strings.IndexAny(uri[start:], "/?#"); i >= 0 {
		end = start + i
	}
	if at := strings.LastIndexByte(uri[start:end], '@'); at >= 0 {
		start += at + 1
	}
	return start, end
}

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

// Parameters of Punycode (RFC 3492 section 5).
const (
	punyBase    = 36
	punyMin     = 1
	punyMax     = 26
	punySkew    = 38
	punyDamp    = 700
	punyBias    = 72
	punyInitial = 128
)

// punycode encodes a label (RFC 3492 section 6.3).
func punycode(label string) string {
	var out []byte
	for _, r := range label {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	handled, bias, delta := basic, punyBias, 0
	if basic > 0 {
		out = append(out, '-')
	}
	for n := rune(punyInitial); handled < utf8.RuneCountInString(label); n++ {
		next := rune(utf8.MaxRune)
		for _, r := range label {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r == n {
				out = variable(out, delta, bias)
				bias = adapt(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
	}
	return string(out)
}

// variable appends delta as a variable-length integer (section 3.3).
func variable(out []byte, delta, bias int) []byte {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := punyBase; ; k += punyBase {
		t := min(max(k-bias, punyMin), punyMax)
		if delta < t {
			return append(out, digits[delta])
		}
		out = append(out, digits[t+(delta-t)%(punyBase-t)])
		delta = (delta - t) / (punyBase - t)
	}
}

// adapt is the bias for the next delta (section 6.1).
func adapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
