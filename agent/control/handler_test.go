package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fake is a backend that records its calls.
type fake struct {
	status  Status
	counts  map[EventType]uint64
	err     error
	asked   string
	payload []byte
	events  chan []byte
	inbox   []Message
}

func (f *fake) Status() Status { return f.status }

func (f *fake) Counts() map[EventType]uint64 { return f.counts }

func (f *fake) Token(_ context.Context, name string, minTTL time.Duration, fresh bool) (Token, error) {
	f.asked = "token " + name + " " + minTTL.String()
	if fresh {
		f.asked += " fresh"
	}
	return Token{AccessToken: "at", TokenType: "Bearer", ExpiresIn: 60, Scope: "openid"}, f.err
}

func (f *fake) Pair(context.Context) error { f.asked = "pair"; return f.err }

func (f *fake) Reset(context.Context) (ResetResult, error) {
	f.asked = "reset"
	return ResetResult{Erased: true, Detail: "offline"}, f.err
}

func (f *fake) Publish(_ context.Context, topic string, payload []byte) error {
	f.asked, f.payload = "publish "+topic, payload
	return f.err
}

func (f *fake) NextMessage(ctx context.Context, after uint64, match func(string) bool) (Message, error) {
	for _, m := range f.inbox {
		if m.Seq > after && match(m.Topic) {
			return m, nil
		}
	}
	<-ctx.Done()
	return Message{}, ctx.Err()
}

func (f *fake) AckMessage(seq uint64) error {
	f.asked = fmt.Sprint("ack ", seq)
	return f.err
}

func (f *fake) Events(context.Context) <-chan []byte         { return f.events }
func (f *fake) Check(context.Context) (<-chan []byte, error) { return f.events, f.err }
func (f *fake) Screen() ([]byte, error)                      { return []byte("\x89PNG"), f.err }

var quiet = slog.New(slog.DiscardHandler)

const stranger = 4_000_000_000 // the id of no user

// ask makes one call as the given user and returns status and body.
func ask(b Backend, o HandlerOptions, uid uint32, method, target string, body []byte) (int, string) {
	o.Log = quiet
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	w := httptest.NewRecorder()
	Handler(b, o).ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{UID: uid})))
	return w.Code, w.Body.String()
}

func TestCalls(t *testing.T) {
	for _, test := range []struct {
		method, target string
		code           int
		body, asked    string
	}{
		{"GET", "/v1/token", 200, `{"access_token":"at","token_type":"Bearer","expires_in":60,"scope":"openid"}`, "token  1m0s"},
		{"GET", "/v1/token?name=print&min_ttl=5m&fresh=1", 200, `{"access_token":"at","token_type":"Bearer","expires_in":60,"scope":"openid"}`, "token print 5m0s fresh"},
		{"GET", "/v1/token?min_ttl=24h", 200, `{"access_token":"at","token_type":"Bearer","expires_in":60,"scope":"openid"}`, "token  24h0m0s"},
		{"GET", "/v1/token?min_ttl=-1s", 400, `{"error":"bad_request","message":"min_ttl must be a duration up to 24h, such as 60s"}`, ""},
		{"GET", "/v1/token?nam=x", 400, `{"error":"bad_request","message":"the query has a parameter that this call does not know"}`, ""},
		{"GET", "/v1/token?name=a&name=b", 400, `{"error":"bad_request","message":"name is there twice"}`, ""},
		{"POST", "/v1/pair", 202, "", "pair"},
		{"POST", "/v1/reset", 200, `{"erased":true,"revoked":false,"detail":"offline"}`, "reset"},
		{"POST", "/v1/publish?topic=a/b", 204, "", "publish a/b"},
		{"POST", "/v1/messages/17/ack", 204, "", "ack 17"},
		{"POST", "/v1/messages/x/ack", 400, `{"error":"bad_request","message":"the message's seq is a number"}`, ""},
		{"GET", "/v1/messages?topic=a/%23/b", 400, `{"error":"bad_request","message":"topic is no filter: + stands for one level, # as the last one for all below"}`, ""},
		{"GET", "/v1/screen.png", 200, "\x89PNG", ""},
		{"GET", "/v1/pair", 400, `{"error":"bad_request","message":"there is no such call"}`, ""},
		{"GET", "/", 400, `{"error":"bad_request","message":"there is no such call"}`, ""},
	} {
		f := &fake{}
		code, body := ask(f, HandlerOptions{Subscribe: []string{"*"}}, 0, test.method, test.target, []byte("payload"))
		if code != test.code || strings.TrimSuffix(body, "\n") != test.body || f.asked != test.asked {
			t.Errorf("%s %s: %d %q, backend %q; want %d %q %q", test.method, test.target, code, body, f.asked, test.code, test.body, test.asked)
		}
	}
}

func TestErrors(t *testing.T) {
	for code, status := range map[Code]int{NotPaired: 409, BadRequest: 400, TooLarge: 413, Forbidden: 403, Unavailable: 503, Storage: 507, Busy: 503} {
		f := &fake{err: &Error{Code: code, Message: "why"}}
		got, body := ask(f, HandlerOptions{}, 0, "GET", "/v1/token", nil)
		var e Error
		if err := json.Unmarshal([]byte(body), &e); err != nil || got != status || e != (Error{code, "why"}) {
			t.Errorf("%s: %d %q %v", code, got, body, err)
		}
	}
	got, body := ask(&fake{err: errors.New("secret detail")}, HandlerOptions{}, 0, "POST", "/v1/pair", nil)
	if got != 503 || strings.Contains(body, "secret") {
		t.Errorf("another error: %d %q", got, body)
	}
}

func TestPayload(t *testing.T) {
	f := &fake{}
	full := bytes.Repeat([]byte{0xff}, MaxPayload)
	if code, body := ask(f, HandlerOptions{}, 0, "POST", "/v1/publish?topic=a", full); code != 204 || !bytes.Equal(f.payload, full) {
		t.Errorf("64 KiB: %d %q", code, body)
	}
	f = &fake{}
	if code, body := ask(f, HandlerOptions{}, 0, "POST", "/v1/publish?topic=a", append(full, 1)); code != 413 || f.asked != "" {
		t.Errorf("64 KiB and one: %d %q, backend %q", code, body, f.asked)
	}
}

// Each call has its own list; who is not on it learns nothing.
func TestPermissions(t *testing.T) {
	calls := map[string]string{
		"GET /v1/status": "status", "GET /v1/token": "token", "POST /v1/pair": "pair", "POST /v1/reset": "reset",
		"POST /v1/publish?topic=a": "publish", "POST /v1/messages/1/ack": "subscribe", "GET /v1/screen.png": "pair", "GET /v1/events": "status",
		"GET /v1/metrics": "status", "GET /v1/check": "pair",
	}
	star := []string{"*"}
	over := make(chan []byte) // a stream of events that is at its end
	close(over)
	lists := map[string]HandlerOptions{
		"status": {Status: star}, "token": {Token: star}, "pair": {Pair: star}, "reset": {Reset: star}, "publish": {Publish: star},
		"subscribe": {Subscribe: star},
	}
	for call, needs := range calls {
		method, target, _ := strings.Cut(call, " ")
		for name, o := range lists {
			f := &fake{events: over}
			code, body := ask(f, o, stranger, method, target, nil)
			if allowed := code < 300; allowed != (name == needs) || !allowed && (code != 403 || f.asked != "") {
				t.Errorf("%s with %s = [\"*\"]: %d %q, backend %q", call, name, code, body, f.asked)
			}
		}
	}
}

// Without a peer, as over any other listener, nothing is allowed.
func TestNoPeer(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(&fake{}, HandlerOptions{Status: []string{"*"}, Log: quiet}).ServeHTTP(w, httptest.NewRequest("GET", "/v1/status", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}

func TestStatusHidesCodeAndAccount(t *testing.T) {
	f := &fake{status: Status{
		State:   StatePairing,
		Pairing: &Pairing{"WDJB-MJHT", "https://a.example/d", "https://a.example/d?c=1", 870, 5},
		Grant:   &Grant{Subject: "sub-1", Name: "Alice", Scope: "openid", ExpiresIn: 60},
	}}
	all := []string{"*"}
	_, body := ask(f, HandlerOptions{Status: all}, stranger, "GET", "/v1/status", nil)
	for _, secret := range []string{"WDJB", "a.example", "sub-1", "Alice"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in %s", secret, body)
		}
	}
	if !strings.Contains(body, `"pairing":{"expires_in":870,"interval":5}`) || !strings.Contains(body, `"grant":{"scope":"openid","expires_in":60}`) {
		t.Errorf("too much is hidden: %s", body)
	}
	_, body = ask(f, HandlerOptions{Status: all, Pair: all}, stranger, "GET", "/v1/status", nil)
	if !strings.Contains(body, `"user_code":"WDJB-MJHT"`) || !strings.Contains(body, `"name":"Alice"`) {
		t.Errorf("hidden from one who may pair: %s", body)
	}
	if f.status.Pairing.UserCode == "" || f.status.Grant.Name == "" {
		t.Error("the backend's own status was changed")
	}
}

// Refused calls are counted as well: they cost the daemon time.
func TestRefusedCallsAreCounted(t *testing.T) {
	h := Handler(&fake{}, HandlerOptions{Log: quiet})
	codes := map[int]int{}
	for range 2 * burstCalls {
		r := httptest.NewRequest("POST", "/v1/reset", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{UID: stranger})))
		codes[w.Code]++
	}
	if codes[403] < burstCalls || codes[503] == 0 {
		t.Errorf("answers by status: %v", codes)
	}
}

func TestTooManyCalls(t *testing.T) {
	h := Handler(&fake{}, HandlerOptions{Status: []string{"*"}, Log: quiet})
	refused := 0
	for range 2 * burstCalls {
		r := httptest.NewRequest("GET", "/v1/status", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{UID: stranger})))
		if w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), `"busy"`) && w.Header().Get("Retry-After") == "1" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no call was refused")
	}
}

// What a user publishes beyond its bytes is refused, and root's is not.
func TestTooManyBytes(t *testing.T) {
	h := Handler(&fake{}, HandlerOptions{Publish: []string{"*"}, Log: quiet})
	for uid, limited := range map[uint32]bool{stranger: true, 0: false} {
		codes := map[int]int{}
		for range 2 * burstBytes / MaxPayload {
			r := httptest.NewRequest("POST", "/v1/publish?topic=a", bytes.NewReader(make([]byte, MaxPayload)))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{UID: uid})))
			codes[w.Code]++
		}
		if busy := codes[http.StatusServiceUnavailable] > 0; busy != limited || codes[http.StatusNoContent] == 0 {
			t.Errorf("user %d: answers by status: %v", uid, codes)
		}
	}
}

func FuzzPublish(f *testing.F) {
	f.Add("topic=a/b", []byte("x"))
	f.Add("topic=%00", []byte{})
	f.Add("topic=a&topic=b", []byte{})
	f.Add("topic=cmd/result;x", []byte{})
	f.Fuzz(func(t *testing.T, query string, payload []byte) {
		r := httptest.NewRequest("POST", "/v1/publish", bytes.NewReader(payload))
		r.URL.RawQuery = query
		b, w := &fake{}, httptest.NewRecorder()
		Handler(b, HandlerOptions{Log: quiet}).ServeHTTP(w, r.WithContext(WithPeer(r.Context(), Peer{})))
		if w.Code == http.StatusNoContent {
			topic := strings.TrimPrefix(b.asked, "publish ")
			if ValidTopic(topic) != nil || !bytes.Equal(b.payload, payload) {
				t.Errorf("%q put %q", query, topic)
			}
			return
		}
		var e Error
		text, _ := io.ReadAll(w.Body)
		if json.Unmarshal(text, &e) != nil || e.Code.status() != w.Code || b.asked != "" {
			t.Errorf("%q: %d %q, backend %q", query, w.Code, text, b.asked)
		}
	})
}

// FuzzCall is any request of a user whom [control] names for nothing, and of one whom it names for everything: the first gets
// no further than to the status, and every answer is JSON, or empty, under its own code.
func FuzzCall(f *testing.F) {
	for _, call := range []struct{ method, path, query string }{
		{"GET", "/v1/status", ""}, {"GET", "/v1/token", "name=print&min_ttl=60s&fresh=1"}, {"GET", "/v1/token", "min_ttl=-1h"},
		{"POST", "/v1/pair", ""}, {"POST", "/v1/reset", ""}, {"POST", "/v1/publish", "topic=a/b"}, {"GET", "/v1/messages", "topic=a/%2B/%23&after=1"},
		{"POST", "/v1/messages/7/ack", ""}, {"POST", "/v1/messages/-1/ack", ""}, {"GET", "/v1/../status", ""}, {"CONNECT", "*", "%zz"},
		{"GET", "/v1/events", ""}, {"GET", "/v1/metrics", ""}, {"GET", "/v1/screen.png", ""},
	} {
		f.Add(call.method, call.path, call.query, []byte("x"))
	}
	everyone := []string{"*"}
	all := HandlerOptions{Status: everyone, Publish: everyone, Subscribe: everyone, Token: everyone, Pair: everyone, Reset: everyone, Log: quiet}
	ended, end := context.WithCancel(context.Background()) // or a stream would go on
	end()
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		for _, o := range []HandlerOptions{all, {Status: everyone, Log: quiet}} {
			r := httptest.NewRequest("GET", "/", bytes.NewReader(body))
			r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
			b, w := &fake{status: Status{Version: "1"}, events: make(chan []byte)}, httptest.NewRecorder()
			Handler(b, o).ServeHTTP(w, r.WithContext(WithPeer(ended, Peer{UID: stranger})))
			if len(o.Reset) == 0 && b.asked != "" {
				t.Errorf("%s %q?%q: a stranger got to %q", method, path, query, b.asked)
			}
			if kind := w.Header().Get("Content-Type"); kind == "application/json" && !json.Valid(w.Body.Bytes()) || w.Code == http.StatusInternalServerError {
				t.Errorf("%s %q?%q: %d %s", method, path, query, w.Code, w.Body)
			}
			var e Error
			if w.Code >= 400 && w.Header().Get("Content-Type") == "application/json" && (json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Code.status() != w.Code) {
				t.Errorf("%s %q?%q: %d is no code of %s", method, path, query, w.Code, w.Body)
			}
		}
	})
}

// answering answers each request of a client so.
type answering struct {
	status int
	body   []byte
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Status: fmt.Sprint(a.status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r}, nil
}

// FuzzControlJSON is any JSON that may come from a socket: a refusal is an *Error with a message, anything else a value or an
// error, and a stream ends.
func FuzzControlJSON(f *testing.F) {
	status, _ := json.Marshal(Status{Version: "1", State: StatePaired, Grant: &Grant{Name: "Alice"}, Problems: []Problem{{Code: "tls", Detail: "why"}}})
	for _, body := range []string{string(status), `{"error":"forbidden","message":"you may not"}`, `{"access_token":1}`, "data: {\"seq\":1,\"topic\":\"a\",\"payload\":\"eA==\"}\n\n", "data: [", "null", "", "[[[["} {
		f.Add(200, []byte(body))
		f.Add(403, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c := NewClient("/nowhere")
		c.http.Transport = answering{200 + max(0, status)%400, body}
		refused := 200+max(0, status)%400 >= 300
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a busy daemon is not waited for
		_, asked := c.Status(ctx)
		_, token := c.Token(ctx, "", time.Minute, false)
		_, reset := c.Reset(ctx)
		for _, err := range []error{asked, token, reset, c.Pair(ctx), c.Publish(ctx, "a", nil), c.Ack(ctx, 1)} {
			if e, ok := errors.AsType[*Error](err); refused && !errors.Is(err, context.Canceled) && (!ok || e.Message == "") || !refused && ok {
				t.Errorf("%d %q: %v", status, body, err)
			}
		}
		messages, err := c.Messages(ctx, "#")
		if err != nil {
			return
		}
		var last error
		for _, last = range messages {
		}
		if last == nil {
			t.Errorf("%q: the stream ended without an error", body)
		}
	})
}
