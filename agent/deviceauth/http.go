package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paird/paird/agent/internal/oneline"
	"github.com/paird/paird/agent/internal/remote"
)

const (
	requestLimit = 20 * time.Second // of one request, from name resolution to the last byte
	bodyLimit    = 64 << 10         // bytes of a response
	maxRedirects = 5
)

// httpClient sends requests whose time and size are bounded.
type httpClient struct {
	client    *http.Client
	userAgent string
	log       *slog.Logger
}

// response is a complete HTTP response.
type response struct {
	status  int
	header  http.Header
	body    []byte
	from    *url.URL  // where it was asked for
	arrived time.Time // with the monotonic clock
}

// transportError is a request without a complete response.
type transportError struct {
	err  error // what the transport says, without the URL
	sent bool  // the server may have acted on the request
	host string
}

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

// post sends form to endpoint with the given header, which it adds to. The error is a transportError once the
// request is complete; a response has any status.
func (c *httpClient) post(ctx context.Context, endpoint string, form url.Values, header http.Header) (response, error) {
	if _, err := endpointURL(endpoint); err != nil {
		return response{}, fmt.Errorf("endpoint %s: %w", withoutQuery(endpoint), err)
	}
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return response{}, fmt.Errorf("endpoint %s: %w", withoutQuery(endpoint), withoutURL(err))
	}
	// RFC 8628 section 3.1: `using the "application/x-www-form-urlencoded" format`
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(ctx, req)
}

// get fetches a document with the given header, which it adds to.
func (c *httpClient) get(ctx context.Context, from string, header http.Header) (response, error) {
	if _, err := endpointURL(from); err != nil {
		return response{}, fmt.Errorf("document %s: %w", withoutQuery(from), err)
	}
	req, err := http.NewRequest(http.MethodGet, from, nil)
	if err != nil {
		return response{}, fmt.Errorf("document %s: %w", withoutQuery(from), withoutURL(err))
	}
	req.Header = header
	return c.send(ctx, req)
}

func (c *httpClient) send(ctx context.Context, req *http.Request) (response, error) {
	var sent atomic.Bool
	limited, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	limited = httptrace.WithClientTrace(limited, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	began := time.Now()
	r, err := c.exchange(req.WithContext(limited))
	err = withoutURL(err)
	c.log.Debug("request", "to", withoutQuery(req.URL.String()), "status", r.status, "bytes", len(r.body), "took", time.Since(began), "err", err)
	if err != nil {
		return response{}, &transportError{err: err, sent: sent.Load(), host: req.URL.Host}
	}
	return r, nil
}

func (c *httpClient) exchange(req *http.Request) (response, error) {
	resp, err := c.client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	if err != nil {
		return response{}, err
	}
	return response{status: resp.StatusCode, header: resp.Header, body: body, from: req.URL, arrived: time.Now()}, nil
}

// checkRedirect follows redirects of documents only, and only to the same host over a secure scheme. What
// is not followed comes back as the response, and a POST with its secrets goes nowhere else.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > maxRedirects || !secure(req.URL) ||
		req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// requester sends OAuth requests: forms with client authentication and, for a bound grant, a DPoP proof.
type requester struct {
	*httpClient
	auth clientAuth
	dpop *dpop
}

// oauthResponse is a response taken apart.
type oauthResponse struct {
	response
	endpoint   string
	fields     fields // nil where the body has none
	oauthError oauthError
}

// ok reports a success that has the named member. RFC 6749 section 5.1 says 200; servers that answer errors with
// 200 (GitHub) put an error into it.
func (r oauthResponse) ok(member string) bool {
	return r.status == http.StatusOK && r.oauthError.code == "" && r.fields.str(member) != ""
}

// request sends form to endpoint with client authentication; tokenEndpoint may be its audience.
func (q *requester) request(ctx context.Context, endpoint, tokenEndpoint string, form url.Values, header http.Header) (oauthResponse, error) {
	sent := maps.Clone(form) // an assertion is good for one request
	if err := q.auth.authenticate(sent, header, tokenEndpoint, time.Now()); err != nil {
		return oauthResponse{}, err
	}
	raw, err := q.post(ctx, endpoint, sent, header)
	if err != nil {
		return oauthResponse{}, err
	}
	r := oauthResponse{response: raw, endpoint: endpoint}
	if len(raw.body) <= bodyLimit {
		r.fields, _ = parseFields(raw.body) // without fields the status decides
	}
	r.oauthError = parseError(r.fields, raw.header, secretsOf(sent, header, q.auth.secret))
	return r, nil
}

// tokenRequest sends form to the token endpoint, with a DPoP proof if the grant is bound. RFC 9449 section 8:
// after "use_dpop_nonce" the same request is sent once more, at once, with the server's nonce.
func (q *requester) tokenRequest(ctx context.Context, endpoint string, form url.Values, bound bool) (oauthResponse, error) {
	r, err := q.provenRequest(ctx, endpoint, form, bound)
	if err != nil || !bound || !q.dpop.keepNonce(endpoint, r.header) || r.oauthError.code != "use_dpop_nonce" {
		return r, err
	}
	r, err = q.provenRequest(ctx, endpoint, form, bound)
	if err == nil {
		q.dpop.keepNonce(endpoint, r.header)
	}
	return r, err
}

func (q *requester) provenRequest(ctx context.Context, endpoint string, form url.Values, bound bool) (oauthResponse, error) {
	header := http.Header{}
	if bound {
		if err := q.dpop.prove(header, http.MethodPost, endpoint, "", time.Now()); err != nil {
			return oauthResponse{}, err
		}
	}
	return q.request(ctx, endpoint, endpoint, form, header)
}

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
	return u.Scheme == "https" || u.Scheme == "http" && remote.Loopback(u.Hostname())
}

// withoutQuery names a URL in messages: scheme, host and path, never its query, which may hold secrets.
func withoutQuery(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return oneline.Clean((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, Opaque: u.Opaque}).String(), 200)
}
