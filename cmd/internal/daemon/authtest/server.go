// Package authtest is an authorization server that decides as a test tells it to.
package authtest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Secret is in everything that must never be shown: tokens and device codes.
const Secret = "canary"

// UserCode is the code of every authorization.
const UserCode = "WDJB-MJHT"

// A Server approves, denies or lets wait.
type Server struct {
	URL string

	mu       sync.Mutex
	decision string
	issued   int
	revoked  []string
	asked    chan struct{}
	ids      *signer
}

// New starts a server on loopback that lets everybody wait.
func New(t testing.TB) *Server {
	s := &Server{decision: "authorization_pending", asked: make(chan struct{}, 16), ids: newSigner(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
	mux.HandleFunc("POST /device_authorization", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, s.ids.keys()) })
	h := httptest.NewUnstartedServer(mux)
	t.Cleanup(h.Close)
	s.URL = "http://" + h.Listener.Addr().String()
	h.Start()
	return s
}

// Decide makes every poll from now on answer so: "approve", or an error of RFC 8628 section 3.5;
// "unavailable" answers requests for a code by 503.
func (s *Server) Decide(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decision = what
}

func (s *Server) deciding() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decision
}

// Asked hears of each device authorization request.
func (s *Server) Asked() <-chan struct{} { return s.asked }

// Revoked lists the tokens that were revoked.
func (s *Server) Revoked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.revoked...)
}

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]any{
		"issuer":                                s.URL,
		"device_authorization_endpoint":         s.URL + "/device_authorization",
		"token_endpoint":                        s.URL + "/token",
		"revocation_endpoint":                   s.URL + "/revoke",
		"jwks_uri":                              s.URL + "/jwks",
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"code_challenge_methods_supported":      []string{"S256"},
	})
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("client_id") == "unknown" {
		answer(w, 401, map[string]any{"error": "invalid_client"})
		return
	}
	defer s.tell()
	if s.deciding() == "unavailable" {
		w.Header().Set("Retry-After", "2") // longer than anybody keeps silent about it
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	answer(w, 200, map[string]any{
		"device_code":               Secret + "-" + rand.Text(),
		"user_code":                 UserCode,
		"verification_uri":          s.URL + "/device",
		"verification_uri_complete": s.URL + "/device?user_code=" + UserCode,
		"expires_in":                600,
		"interval":                  1,
	})
}

// tell tells of a device authorization request; who does not listen misses it.
func (s *Server) tell() {
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refresh := r.FormValue("grant_type") == "refresh_token"
	if !refresh && s.decision != "approve" {
		answer(w, 400, map[string]any{"error": s.decision})
		return
	}
	s.issued++
	scope := r.FormValue("scope")
	answer(w, 200, map[string]any{
		"access_token":  strings.TrimSuffix(fmt.Sprintf("%s-access-%d-%s", Secret, s.issued, strings.ReplaceAll(scope, " ", "-")), "-"),
		"refresh_token": fmt.Sprintf("%s-refresh-%d", Secret, s.issued),
		"id_token":      s.ids.idToken(s.URL, r.FormValue("client_id")),
		"token_type":    "Bearer",
		"expires_in":    3600,
	})
}

func (s *Server) revoke(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, r.FormValue("token"))
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that left is no concern here
}
