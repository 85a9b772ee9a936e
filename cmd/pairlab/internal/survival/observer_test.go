package survival

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// observer stands before the provider. It makes the token endpoint as slow as one far away, and keeps the
// secrets that are given away.
type observer struct {
	next http.Handler
	lag  func() time.Duration // of a request for tokens, and again of its answer; nil: none

	mu      sync.Mutex
	away    bool              // all is answered with 503
	busy    int               // requests for tokens under way
	secrets map[string]string // what kind of secret, by its value
	traced  []string          // what was done with which refresh token
}

func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if o.isAway() {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	answer := httptest.NewRecorder()
	if r.URL.Path == "/token" {
		o.count(1)
		defer o.count(-1)
		body, err := io.ReadAll(r.Body) // from here on the server notices when the device is gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		if o.travel(); err != nil || r.Context().Err() != nil {
			return // the device died before the request was out: what is dead does not overtake its next life
		}
	}
	o.next.ServeHTTP(answer, r)
	o.trace(r, answer.Code)
	o.keep(answer.Body.Bytes())
	if r.URL.Path == "/token" {
		o.travel()
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // a device that was killed does not read
}

func (o *observer) isAway() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.away
}

// setAway takes the server away, or brings it back.
func (o *observer) setAway(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

// travel is the time a message takes.
func (o *observer) travel() {
	o.mu.Lock()
	var lag time.Duration
	if o.lag != nil {
		lag = o.lag()
	}
	o.mu.Unlock()
	<-time.After(lag)
}

func (o *observer) count(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy += n
}

// refreshing reports whether a request for tokens is under way.
func (o *observer) refreshing() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.busy > 0
}

// trace notes which refresh token came, by a digest, to find out later why a grant ended.
func (o *observer) trace(r *http.Request, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if token := r.PostFormValue("refresh_token"); token != "" {
		o.traced = append(o.traced, fmt.Sprintf("%s: %s: %d", time.Now().Format("05.000"), token[:4], status))
	}
}

// keep notes the secrets of an answer, if there are any.
func (o *observer) keep(body []byte) {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, kind := range []string{"access_token", "refresh_token", "id_token", "device_code", "user_code"} {
		if s, ok := fields[kind].(string); ok {
			if o.secrets == nil {
				o.secrets = map[string]string{}
			}
			o.secrets[s] = kind
		}
	}
}

// given returns the secrets so far, each with its kind.
func (o *observer) given() map[string]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.secrets)
}

// setLag makes each way of a request for tokens take up to 100 ms from now on.
func (o *observer) setLag(seed uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	chance := rand.New(rand.NewPCG(seed, 0))
	o.lag = func() time.Duration { return time.Duration(chance.IntN(100)) * time.Millisecond }
}

// recent are the last requests with refresh tokens.
func (o *observer) recent() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.traced[max(0, len(o.traced)-12):]
}
