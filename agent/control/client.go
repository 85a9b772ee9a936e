package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sys/unix"
)

// Client calls the daemon over its socket. Its methods return ErrNotRunning when nobody listens, an *Error
// when the daemon refuses, and else what went wrong with the connection.
type Client struct {
	socket string
	http   http.Client
}

// NewClient returns a client for the socket at path; nothing is opened before the first call.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{socket: path, http: http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true}}}
}

// Status asks for the status.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "/v1/status", nil, nil)
}

// Token asks for an access token good for minTTL; name "" is the main one. fresh forces a refresh.
func (c *Client) Token(ctx context.Context, name string, minTTL time.Duration, fresh bool) (Token, error) {
	q := url.Values{"min_ttl": {minTTL.String()}}
	if name != "" {
		q.Set("name", name)
	}
	if fresh {
		q.Set("fresh", "1")
	}
	return call[Token](ctx, c, http.MethodGet, "/v1/token", q, nil)
}

// Pair begins pairing.
func (c *Client) Pair(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/pair", nil, nil)
	return err
}

// Reset erases everything and waits until it is done.
func (c *Client) Reset(ctx context.Context) (ResetResult, error) {
	return call[ResetResult](ctx, c, http.MethodPost, "/v1/reset", nil, nil)
}

// Publish puts a message on the queue. It returns when the daemon answers for it.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/publish", url.Values{"topic": {topic}}, payload)
	return err
}

// Screen asks for what the panel shows, as PNG.
func (c *Client) Screen(ctx context.Context) ([]byte, error) {
	resp, err := c.do(ctx, http.MethodGet, "/v1/screen.png", nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, 8<<20))
}

// Events follows the event stream: it returns once the daemon listens to this call, so that nothing that
// happens from then on is missed. The sequence ends with an error: ctx's, or that the stream broke off.
func (c *Client) Events(ctx context.Context) (iter.Seq2[Event, error], error) {
	resp, err := c.do(ctx, http.MethodGet, "/v1/events", nil, nil)
	if err != nil {
		return nil, err
	}
	return func(yield func(Event, error) bool) {
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok && !yield(bytes.Clone(data), nil) {
				return
			}
		}
		err := lines.Err()
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		yield(nil, fmt.Errorf("event stream from %s ended: %w", c.socket, err))
	}, nil
}

// call makes one request and reads its JSON answer, if it has one.
func call[T any](ctx context.Context, c *Client, method, path string, q url.Values, body []byte) (T, error) {
	var answer T
	resp, err := c.do(ctx, method, path, q, body)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return answer, fmt.Errorf("answer from %s: %w", c.socket, err)
	}
	return answer, nil
}

// do returns an answer that is no error.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, body []byte) (*http.Response, error) {
	target := url.URL{Scheme: "http", Host: "paird", Path: path, RawQuery: q.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED):
		return nil, fmt.Errorf("%w: nobody listens on %s", ErrNotRunning, c.socket)
	case err != nil:
		return nil, fmt.Errorf("control socket %s: %w", c.socket, err)
	case resp.StatusCode < 300:
		return resp, nil
	}
	defer resp.Body.Close()
	refusal := &Error{Code: Unavailable}
	if json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(refusal) != nil || refusal.Message == "" {
		refusal.Message = "paird answers " + resp.Status
	}
	return nil, refusal
}
