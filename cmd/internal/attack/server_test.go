//go:build real

package attack

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// canary is in what hostile servers say and must get into no log line and no status for everyone.
const canary = "canary-5b1f9d"

// hostileServer answers one path in its own way while it is switched on, and all else as the provider does.
type hostileServer struct {
	*providertest.Server
	on   atomic.Bool
	hits atomic.Int64
}

// newHostile is a server whose answer to path is the given one.
func newHostile(t *testing.T, path string, answer http.HandlerFunc) *hostileServer {
	t.Helper()
	h := &hostileServer{}
	h.on.Store(true)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) && h.on.Load() {
			h.hits.Add(1)
			answer(w, r)
			return
		}
		h.Provider.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	h.Server = providertest.New(t, func(o *provider.Options) { o.Issuer = front.URL })
	h.URL = front.URL
	return h
}

// says answers 200 with a body.
func says(contentType, body string) http.HandlerFunc {
	return status200(contentType, func(w io.Writer, _ *http.Request) { io.WriteString(w, body) })
}

func status200(contentType string, body func(io.Writer, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(http.StatusOK)
		body(w, r)
	}
}

// endless repeats a text until the client has had enough.
func endless(first, text string) http.HandlerFunc {
	return status200("application/json", func(w io.Writer, r *http.Request) {
		_, err := io.WriteString(w, first)
		for text := strings.Repeat(text, 4096/len(text)); err == nil && r.Context().Err() == nil; {
			_, err = io.WriteString(w, text)
		}
	})
}

// everywhere are answers that no endpoint may take.
func everywhere() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"endless blanks":  endless("{", " "),
		"endless text":    endless(`{"issuer":"`, "a"),
		"endless nesting": endless(`{"issuer":`, "["),
		"endless numbers": endless(`{"expires_in":`, "9"),
		"HTML":            says("text/html", "<html>"+canary+"</html>"),
		"nothing":         says("application/json", ""),
		"null":            says("application/json", "null"),
		"a list":          says("application/json", `["`+canary+`"]`),
		"half":            says("application/json", `{"device_code":"`+canary),
		"wrong types":     says("application/json", `{"issuer":1,"device_code":{},"access_token":["`+canary+`"],"expires_in":"x"}`),
		"many headers":    func(w http.ResponseWriter, _ *http.Request) { manyHeaders(w.Header()); w.WriteHeader(200) },
		"broken off":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"another host": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/"+canary, http.StatusTemporaryRedirect)
		},
		"a loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"500":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, canary, 500) },
		"503 for a year": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "31536000")
			w.WriteHeader(503)
		},
		"103 and no more": func(w http.ResponseWriter, r *http.Request) {
			for range 1000 {
				w.WriteHeader(http.StatusEarlyHints)
			}
			panic(http.ErrAbortHandler)
		},
	}
}

func manyHeaders(h http.Header) {
	for i := range 20000 {
		h.Set(fmt.Sprintf("X-%d", i), canary+strings.Repeat("x", 100))
	}
}

// Whatever an issuer answers, at each endpoint: the daemon says that there is a problem, asks no more often than it
// should, keeps below its memory, reveals nothing of what it was sent, and pairs once the answers are good.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	device := map[string]http.HandlerFunc{
		"no code":         says("application/json", `{"device_code":"`+canary+`","verification_uri":"https://a.example","expires_in":600}`),
		"script":          says("application/json", `{"device_code":"`+canary+`","user_code":"AB","verification_uri":"javascript:alert(1)","expires_in":600}`),
		"in the clear":    says("application/json", `{"device_code":"`+canary+`","user_code":"AB","verification_uri":"http://a.example","expires_in":600}`),
		"invisible code":  says("application/json", `{"device_code":"`+canary+`","user_code":"\u202e\u200b","verification_uri":"https://a.example","expires_in":600}`),
		"a code of 1 MiB": says("application/json", `{"device_code":"`+canary+`","user_code":"`+strings.Repeat("A", 1<<20)+`","verification_uri":"https://a.example","expires_in":600}`),
	}
	metadata := map[string]http.HandlerFunc{
		"another issuer": says("application/json", `{"issuer":"https://b.example","token_endpoint":"https://a.example/t","device_authorization_endpoint":"https://a.example/d"}`),
	}
	token := map[string]http.HandlerFunc{
		"no token":         says("application/json", `{"token_type":"Bearer","expires_in":600,"refresh_token":"`+canary+`"}`),
		"a token of 2 MiB": says("application/json", `{"token_type":"Bearer","access_token":"`+strings.Repeat("A", 2<<20)+`"}`),
		"an unknown error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"`+canary+`\n"}`)
		},
		"another's refresh": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401); io.WriteString(w, canary) },
	}
	for path, rows := range map[string]map[string]http.HandlerFunc{"/.well-known/": metadata, "/device_authorization": device, "/token": token} {
		maps.Copy(rows, everywhere())
		for name, answer := range rows {
			t.Run(path+" "+name, func(t *testing.T) {
				t.Parallel()
				againstServer(t, newHostile(t, path, answer), path == "/token")
			})
		}
	}
}

// againstServer lets a device pair at a hostile server and looks at it a while.
func againstServer(t *testing.T, h *hostileServer, polls bool) {
	t.Helper()
	if polls {
		h.Always(provider.Approve)
	}
	d := newDevice(t, h.Server, "")
	d.Start()
	must(t, d.Pair(t.Context()))
	e2e.Eventually(t, "the hostile answer is asked for", func() bool { return h.hits.Load() > 0 })
	if !polls {
		d.Await("a problem is named", func(s control.Status) bool { return s.Problem != nil })
	}
	time.Sleep(time.Second)
	if n := h.hits.Load(); n > 60 { // of these ten for each redirect that leads to itself
		t.Errorf("%d requests in a second or two", n)
	}
	if s := d.Now(); e2e.Paired(s) {
		t.Errorf("it has paired: %+v", s)
	}
	out, _ := d.Paird("status")
	for place, text := range map[string]string{"log": d.Journal(), "status": out} {
		if strings.Contains(text, canary) || h.Leak(text, true) != "" && place == "log" {
			t.Errorf("what the server said is in the %s: %s", place, text)
		}
	}
	h.on.Store(false)
	h.Always(provider.Approve)
	must(t, d.Pair(t.Context())) // asks for a code as soon as 5 s have passed since the last
	d.Await("paired", e2e.Paired)
	unharmed(t, d)
}
