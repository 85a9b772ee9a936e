package provider

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var allScopes = []string{"openid", "profile", "email", "offline_access"}

// lab is a provider on loopback with a clock that only the test moves.
type lab struct {
	*testing.T
	p      *Provider
	url    string
	mu     sync.Mutex
	now    time.Time
	events []Kind
}

func newLab(t *testing.T, change func(*Options)) *lab {
	t.Helper()
	l := &lab{T: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	o := Options{
		Issuer: srv.URL,
		Clients: []Client{
			{ID: "printer", Name: "Printer", Scopes: allScopes},
			{ID: "cli", Name: "Another", Scopes: allScopes},
			{ID: "secretive", Name: "Secretive", Secret: "s3cr&t", Scopes: allScopes},
		},
		Users: []User{
			{Subject: "u1", Username: "alice", Password: "wonder", Name: "Alice", Email: "alice@example.com"},
			{Subject: "u2", Username: "bob", Password: "builder", Name: "Bob"},
		},
		Audiences: []string{"mqtt", "https://print.example.com"},
		Key:       testKey(),
		Now:       l.clock,
		Observe:   l.observe,
	}
	if change != nil {
		change(&o)
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h, l.p, l.url = p, p, srv.URL
	return l
}

func (l *lab) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *lab) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func (l *lab) observe(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e.Kind)
}

// reply is a JSON answer.
type reply struct {
	status int
	header http.Header
	fields map[string]any
}

func (r reply) str(name string) string { s, _ := r.fields[name].(string); return s }
func (r reply) num(name string) int    { n, _ := r.fields[name].(float64); return int(n) }

// post sends name, value pairs as a form.
func (l *lab) post(path string, pairs ...string) reply {
	l.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(l.Context(), "POST", l.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return l.do(r)
}

func (l *lab) do(r *http.Request) reply {
	l.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.Fatal(err)
	}
	defer resp.Body.Close()
	out := reply{status: resp.StatusCode, header: resp.Header}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		l.Fatal(err)
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &out.fields); err != nil {
			l.Fatalf("%s: %v in %q", r.URL.Path, err, body)
		}
	}
	return out
}

func (l *lab) begin(pairs ...string) reply {
	l.Helper()
	r := l.post("/device_authorization", append([]string{"client_id", "printer", "scope", strings.Join(allScopes, " ")}, pairs...)...)
	if r.status != http.StatusOK {
		l.Fatalf("device authorization: %d %v", r.status, r.fields)
	}
	return r
}

func (l *lab) poll(deviceCode string) reply {
	l.Helper()
	return l.post("/token", "grant_type", grantDevice, "client_id", "printer", "device_code", deviceCode)
}

func (l *lab) refresh(token string, pairs ...string) reply {
	l.Helper()
	return l.post("/token", append([]string{"grant_type", "refresh_token", "client_id", "printer", "refresh_token", token}, pairs...)...)
}

// paired runs the whole flow and returns the first tokens.
func (l *lab) paired() reply {
	l.Helper()
	begun := l.begin()
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	r := l.poll(begun.str("device_code"))
	if r.status != http.StatusOK {
		l.Fatalf("token: %d %v", r.status, r.fields)
	}
	return r
}

func (l *lab) wantError(r reply, status int, code string) {
	l.Helper()
	if r.status != status || r.str("error") != code {
		l.Errorf("got %d %v, want %d %s", r.status, r.fields, status, code)
	}
}

// person is one who has a browser.
type person struct {
	*lab
	*e2e.Browser
}

func (l *lab) person() *person { return &person{l, e2e.NewBrowser(l, nil)} }

func (p *person) see(resp *http.Response, err error) *person {
	p.Helper()
	p.See(resp, err)
	return p
}

func (p *person) open(uri string) *person {
	p.Helper()
	p.Visit(uri)
	return p
}

// submit posts to path what the page in view hides in its forms, and the pairs.
func (p *person) submit(path string, pairs ...string) *person {
	p.Helper()
	p.Submit(p.url+path, pairs...)
	return p
}

func (p *person) signIn(name, password string) *person {
	p.Helper()
	return p.open(p.url+"/device").submit("/signin", "username", name, "password", password)
}

func (p *person) enter(code string) *person {
	p.Helper()
	return p.submit("/device", "user_code", code)
}

func (p *person) decide(what string) *person {
	p.Helper()
	if p.Path != "/consent" {
		p.Fatalf("at %s, not at the consent page:\n%s", p.Path, p.HTML)
	}
	return p.submit("/consent", "decision", what)
}

func (p *person) wants(status int, path, text string) {
	p.Helper()
	if p.Status != status || p.Path != path || !strings.Contains(p.HTML, text) {
		p.Errorf("at %s (%d), want %s (%d) with %q:\n%s", p.Path, p.Status, path, status, text, p.HTML)
	}
}
