//go:build real

package real

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// provider is oidc-provider in a process of its own.
type provider struct {
	issuer    string
	ca        *e2e.Authority
	process   *e2e.Process
	refreshes atomic.Int64 // that it granted
	revoked   atomic.Int64 // grants, where it says so
	agent     atomic.Value // User-Agent of the last token request
}

// said is one line of scripts/real/provider.mjs.
type said struct {
	Issuer    string `json:"issuer"`
	Event     string `json:"event"`
	GrantType string `json:"grant_type"`
	UserAgent string `json:"user_agent"`
	Error     string `json:"error"`
}

// startProvider runs the provider; options are those of provider.mjs, as JSON.
func startProvider(t *testing.T, ca *e2e.Authority, options string) *provider {
	t.Helper()
	cert := ca.Issue(t)
	node := e2e.Start(t, nil, "node", scripts+"/real/provider.mjs", cert.CertFile, cert.KeyFile, options)
	var first said
	node.Await(t, "issuer from provider.mjs", func(line string) bool {
		return json.Unmarshal([]byte(line), &first) == nil && first.Issuer != ""
	})
	p := &provider{issuer: first.Issuer, ca: ca, process: node}
	p.agent.Store("")
	go p.follow(node)
	return p
}

// follow counts what the server says that it did.
func (p *provider) follow(server *e2e.Process) {
	for {
		line, err := server.Line(context.Background())
		if err != nil {
			return
		}
		var s said
		if json.Unmarshal([]byte(line), &s) == nil && s.Event != "" {
			p.note(s)
		}
	}
}

func (p *provider) note(s said) {
	if s.UserAgent != "" {
		p.agent.Store(s.UserAgent)
	}
	if s.Event == "granted" && s.GrantType == "refresh_token" {
		p.refreshes.Add(1)
	}
	if s.Event == "revoked" {
		p.revoked.Add(1)
	}
}

// client trusts the throw-away authority.
func (p *provider) client() *http.Client {
	return &http.Client{
		Timeout:   e2e.WaitLimit,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.Pool()}},
	}
}

// post sends a form and reads the JSON answer.
func (p *provider) post(t *testing.T, path string, form url.Values) map[string]any {
	t.Helper()
	resp := e2e.Must(p.client().PostForm(p.issuer+path, form))(t)
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("POST %s: %s: %v", path, resp.Status, err)
	}
	return answer
}

// introspection is what the provider says of a token (RFC 7662 section 2.2).
type introspection struct {
	Active       bool   `json:"active"`
	TokenType    string `json:"token_type"`
	Confirmation struct {
		Thumbprint string `json:"jkt"`
	} `json:"cnf"`
}

// introspect asks as the broker; a question that fails is answered as for a bad token.
func (p *provider) introspect(token string) (answer introspection) {
	resp, err := p.client().PostForm(p.issuer+"/token/introspection", url.Values{
		"token": {token}, "client_id": {"broker"}, "client_secret": {"a secret of the broker"},
	})
	if err != nil {
		return answer
	}
	defer resp.Body.Close()
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		return introspection{}
	}
	return answer
}

// active reports whether an access token is good.
func (p *provider) active(token string) bool { return p.introspect(token).Active }

// revoke ends the whole grant that an access token belongs to (RFC 7009).
func (p *provider) revoke(t *testing.T, token string) {
	t.Helper()
	resp := e2e.Must(p.client().PostForm(p.issuer+"/token/revocation", url.Values{"token": {token}, "client_id": {"printer"}}))(t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("revocation: %s", resp.Status)
	}
}

const deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code"

// The peer by itself: what the other tests rely on is there.
func TestProviderAlone(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 8}`)
	begin := func() map[string]any {
		return p.post(t, "/device/auth", url.Values{"client_id": {"printer"}, "scope": {"openid offline_access profile"}})
	}
	poll := func(code any) map[string]any {
		return p.post(t, "/token", url.Values{"client_id": {"printer"}, "grant_type": {deviceCodeGrant}, "device_code": {code.(string)}})
	}
	d := begin()
	if got := poll(d["device_code"]); got["error"] != "authorization_pending" {
		t.Fatalf("first poll: %v", got)
	}
	newPhone(t, p.ca).approve(d["verification_uri_complete"].(string), "alice")
	tokens := poll(d["device_code"])
	if tokens["refresh_token"] == nil || tokens["id_token"] == nil || tokens["expires_in"] != 8.0 {
		t.Fatalf("tokens: %v", tokens)
	}
	if !p.active(tokens["access_token"].(string)) || p.active("nonsense") {
		t.Error("introspection does not distinguish good tokens from bad ones")
	}
	renewed := p.post(t, "/token", url.Values{"client_id": {"printer"}, "grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}})
	if renewed["access_token"] == nil || renewed["refresh_token"] == tokens["refresh_token"] {
		t.Fatalf("refreshed: %v", renewed)
	}
	e2e.Eventually(t, "the provider counts a refresh", func() bool { return p.refreshes.Load() == 1 })

	d = begin()
	newPhone(t, p.ca).deny(d["verification_uri_complete"].(string))
	if got := poll(d["device_code"]); got["error"] != "access_denied" {
		t.Fatalf("after the denial: %v", got)
	}
	e2e.Eventually(t, "an expired token is not active", func() bool { return !p.active(tokens["access_token"].(string)) })
}

// tokenFor goes through the device flow by hand.
func (p *provider) tokenFor(t *testing.T, name string) string {
	t.Helper()
	d := p.post(t, "/device/auth", url.Values{"client_id": {"printer"}, "scope": {"openid"}})
	newPhone(t, p.ca).approve(d["verification_uri_complete"].(string), name)
	tokens := p.post(t, "/token", url.Values{"client_id": {"printer"}, "grant_type": {deviceCodeGrant}, "device_code": {d["device_code"].(string)}})
	token, ok := tokens["access_token"].(string)
	if !ok {
		t.Fatalf("tokens: %v", tokens)
	}
	return token
}
