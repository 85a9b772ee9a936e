package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// webURL wants https://, or http:// to this machine.
func webURL(s string) string {
	return secureURL(s, "https", "http")
}

// issuerURL is a web URL without query and fragment (RFC 8414 section 2).
func issuerURL(s string) string {
	if strings.ContainsAny(s, "?#") {
		return "an issuer has neither ? nor # (RFC 8414), give the address alone"
	}
	return webURL(s)
}

// brokerURL wants mqtts:// or wss://, or their plain kin to this machine.
func brokerURL(s string) string {
	scheme, _, _ := strings.Cut(s, "://")
	if scheme == "ws" || scheme == "wss" {
		return secureURL(s, "wss", "ws")
	}
	if wrong := secureURL(s, "mqtts", "mqtt"); wrong != "" {
		return wrong
	}
	if u, _ := url.Parse(s); strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "has a path, which only ws:// and wss:// know; set mqtt.topic instead"
	}
	return ""
}

func secureURL(s, secure, plain string) string {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return fmt.Sprintf("is no address, write %s://host.example", secure)
	}
	switch {
	case u.User != nil:
		return "has a name or password in it, remove them"
	case u.Fragment != "":
		return "has a # part, remove it"
	case u.Scheme == secure:
		return ""
	case u.Scheme != plain:
		return fmt.Sprintf("starts with %s://, use %s://", u.Scheme, secure)
	case !loopback(u.Hostname()):
		return fmt.Sprintf("%s:// would send tokens in the clear, use %s:// (%s:// is for this machine only)", plain, secure, plain)
	}
	return ""
}

// loopback tells whether a host is this machine: 127.0.0.0/8, ::1, localhost.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.IsLoopback()
}

// loopbackAddress wants host:port on this machine.
func loopbackAddress(s string) string {
	host, port, err := net.SplitHostPort(s)
	if _, bad := netip.ParseAddrPort("127.0.0.1:" + port); err != nil || bad != nil {
		return `must be host:port, such as "127.0.0.1:8628"`
	}
	if !loopback(host) {
		return "would open the page to the network, use 127.0.0.1"
	}
	return ""
}
