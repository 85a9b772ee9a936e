package deviceauth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	requestLimit = 20 * time.Second // of one request, from name resolution to the last byte
	bodyLimit    = 64 << 10         // bytes of an answer
	maxRedirects = 5
)

// answer is a complete HTTP answer.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	from    *url.URL  // where it was asked for
	arrived time.Time // with the monotonic clock
}

// failure is a request without a complete answer.
type failure struct {
	err  error // what the transport says, without the URL
	sent bool  // the server may have acted on the request
	host string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// post sends form to endpoint with the given header, which it adds to. The error is a failure once the request
// is complete; an answer has any status.
func (c *Client) post(ctx context.Context, endpoint string, form url.Values, header http.Header) (answer, error) {
	if _, err := endpointURL(endpoint); err != nil {
		return answer{}, fmt.Errorf("endpoint %s: %w", place(endpoint), err)
	}
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, fmt.Errorf("endpoint %s: %w", place(endpoint), bare(err))
	}
	// RFC 8628 section 3.1: `using the "application/x-www-form-urlencoded" format`
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(ctx, req)
}

// get fetches a document.
func (c *Client) get(ctx context.Context, from string) (answer, error) {
	if _, err := endpointURL(from); err != nil {
		return answer{}, fmt.Errorf("document %s: %w", place(from), err)
	}
	req, err := http.NewRequest(http.MethodGet, from, nil)
	if err != nil {
		return answer{}, fmt.Errorf("document %s: %w", place(from), bare(err))
	}
	return c.send(ctx, req)
}

func (c *Client) send(ctx context.Context, req *http.Request) (answer, error) {
	var sent atomic.Bool
	limited, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	limited = httptrace.WithClientTrace(limited, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "paird/"+c.cfg.Version)
	a, err := c.exchange(req.WithContext(limited))
	if err != nil {
		return answer{}, &failure{err: bare(err), sent: sent.Load(), host: req.URL.Host}
	}
	return a, nil
}

func (c *Client) exchange(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	if err != nil {
		return answer{}, err
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body, from: req.URL, arrived: time.Now()}, nil
}

// checkRedirect follows redirects of documents only, and only to the same host over a secure scheme. What
// is not followed comes back as the answer, and a POST with its secrets goes nowhere else.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > maxRedirects || !secure(req.URL) ||
		req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}
