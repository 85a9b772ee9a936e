package deviceauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// bare is a transport's error without the URL that net/http puts around it: its query may hold secrets.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// transportKind says what stood between us and the server.
func transportKind(err error) Kind {
	if _, ok := errors.AsType[*caError](err); ok {
		return Misconfigured
	}
	if tlsTrouble(err) {
		return TLS
	}
	return NoNetwork
}

// tlsTrouble reports whether the peer, or somebody in its place, failed the TLS handshake.
func tlsTrouble(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return verification || record || alert || authority || host || invalid || errors.Is(err, http.ErrSchemeMismatch) ||
		strings.Contains(err.Error(), "remote error: tls: ") // net/http hides the alert's type
}

// unanswered makes an *Error of a request without an answer. A context that ended stays what it is.
func (c *Client) unanswered(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return &Error{Kind: Misconfigured, Op: op, Detail: err.Error(), Err: err}
	}
	e := &Error{Kind: transportKind(f.err), Op: op, Err: f.err}
	if c.portal(ctx, f) {
		e.Kind = CaptivePortal
	}
	says := printable(f.err.Error(), 200)
	switch e.Kind {
	case CaptivePortal:
		e.Detail = wantsSignIn(f.host)
	case TLS:
		e.Detail = fmt.Sprintf("%s is not trusted (%s): check the clock, the network and ca_file", f.host, says)
	case Misconfigured:
		e.Detail = says
	default:
		e.Detail = fmt.Sprintf("no answer from %s (%s): check the network", f.host, says)
	}
	return e
}

func wantsSignIn(host string) string {
	return fmt.Sprintf("this network wants a sign-in before %s can be reached: sign in, or use another network", host)
}

const portalLimit = 5 * time.Second

// portal reports whether the network answers for everybody and leads to a sign-in page. Over TLS such a
// network can only fail, so the plain port of the same host is asked, with nothing secret in the request.
func (c *Client) portal(ctx context.Context, f *failure) bool {
	host := (&url.URL{Host: f.host}).Hostname()
	refused := errors.Is(f.err, syscall.ECONNREFUSED) || errors.Is(f.err, syscall.ECONNRESET)
	if loopback(host) || !tlsTrouble(f.err) && !refused {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, portalLimit)
	defer cancel()
	u := &url.URL{Scheme: "http", Host: host, Path: "/"}
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", "paird/"+c.cfg.Version)
	resp, err := c.cfg.HTTP.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusNetworkAuthenticationRequired || ledAway(resp.StatusCode, resp.Header, u, false)
}

// ledAway reports a redirect to another host, or with strict unset to another site.
func ledAway(status int, header http.Header, from *url.URL, strict bool) bool {
	if status < 300 || status > 399 {
		return false
	}
	to, err := from.Parse(header.Get("Location"))
	if err != nil || to.Hostname() == "" || to.Hostname() == from.Hostname() {
		return false
	}
	return strict || site(to.Hostname()) != site(from.Hostname())
}

// site is about what one owner holds: the last two labels of a name. An address is its own site.
func site(host string) string {
	if strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "" {
		return host
	}
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}
