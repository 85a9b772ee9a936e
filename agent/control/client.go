package control

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/paird/paird/agent/internal/remote"
)

// Client calls the daemon over its socket. Its methods return ErrNotRunning when no daemon listens, an *Error
// when the daemon refuses, and else what went wrong with the connection. A daemon that is busy is asked again for
// five seconds: a call that it refused so was not done.
type Client struct {
	socket string
	http   http.Client
}

// NewClient returns a client for the socket at path. It opens nothing before the first call.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{socket: path, http: http.Client{Transport: &http.Transport{
		DialContext: dial, DisableCompression: true,
		DisableKeepAlives: true, // a program that asks now and then must not hold a slot in between
	}}}
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

// Publish puts a message on the queue. It returns when the daemon has accepted the message.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/publish", url.Values{"topic": {topic}}, payload)
	return err
}

// Ack acknowledges a message of Messages: it does not come again.
func (c *Client) Ack(ctx context.Context, seq uint64) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/messages/"+strconv.FormatUint(seq, 10)+"/ack", nil, nil)
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
	return follow[Event](ctx, c, "/v1/events", nil)
}

// Check makes the panel show the test card and the LED blink, and follows the button, whose presses mean nothing else until ctx
// ends or three minutes have passed. Each event is ButtonDown or ButtonUp.
func (c *Client) Check(ctx context.Context) (iter.Seq2[Event, error], error) {
	return follow[Event](ctx, c, "/v1/check", nil)
}

// Messages follows what the broker sends to this device; filter is an MQTT topic filter below <mqtt.topic>/in/, ""
// stands for all. Each message comes again, after a restart or at the next call, until Ack has ended it.
func (c *Client) Messages(ctx context.Context, filter string) (iter.Seq2[Message, error], error) {
	return follow[Message](ctx, c, "/v1/messages", url.Values{"topic": {cmp.Or(filter, "#")}})
}

// follow reads a stream of server-sent events, each one JSON value on a line.
func follow[T any](ctx context.Context, c *Client, path string, q url.Values) (iter.Seq2[T, error], error) {
	resp, err := c.do(ctx, http.MethodGet, path, q, nil)
	if err != nil {
		return nil, err
	}
	return func(yield func(T, error) bool) {
		defer resp.Body.Close()
		var none T
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !ok {
				continue
			}
			var value T
			if err := json.Unmarshal(data, &value); err != nil {
				yield(none, fmt.Errorf("stream from %s: %w", c.socket, err))
				return
			}
			if !yield(value, nil) {
				return
			}
		}
		yield(none, fmt.Errorf("stream from %s ended: %w", c.socket, cmp.Or(lines.Err(), io.ErrUnexpectedEOF)))
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

// busyLimit is how long a busy daemon is asked again.
const busyLimit = 5 * time.Second

// do returns an answer that is no error. A busy daemon is asked again, a little later each time.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, body []byte) (*http.Response, error) {
	until := time.Now().Add(busyLimit)
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		resp, err := c.once(ctx, method, path, q, body)
		e, refused := errors.AsType[*Error](err)
		if !refused || e.Code != Busy || time.Now().Add(pause).After(until) {
			return resp, err
		}
		if err := remote.Wait(ctx, pause/2+rand.N(pause)); err != nil {
			return nil, err
		}
	}
}

// once asks once.
func (c *Client) once(ctx context.Context, method, path string, q url.Values, body []byte) (*http.Response, error) {
	target := url.URL{Scheme: "http", Host: "paird", Path: path, RawQuery: q.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	switch {
	case errors.Is(err, fs.ErrNotExist) || remote.Refused(err):
		return nil, fmt.Errorf("%w: no daemon listens on %s", ErrNotRunning, c.socket)
	case errors.Is(err, io.EOF):
		return nil, &Error{Code: Busy, Message: "paird closed the connection without an answer: this user holds too many, or it is stopping"}
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
