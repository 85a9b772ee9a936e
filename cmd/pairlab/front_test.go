package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// named answers with its name and the path that it sees.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name, r.URL.Path) })
}

func TestFront(t *testing.T) {
	h := front("lab.example:1", named("lab"), named("panel"), named("provider"))
	for _, test := range []struct {
		method, path, host, site string
		status                   int
		body                     string
	}{
		{"GET", "/lab/", "lab.example:1", "", 200, "lab/"},
		{"GET", "/lab/events", "lab.example:1", "", 200, "lab/events"},
		{"GET", "/panel/", "lab.example:1", "", 200, "panel/"},
		{"POST", "/panel/press", "lab.example:1", "same-origin", 200, "panel/press"},
		{"POST", "/panel/press", "lab.example:1", "cross-site", 403, ""},
		{"GET", "/device", "lab.example:1", "", 200, "provider/device"},
		{"POST", "/token", "lab.example:1", "", 200, "provider/token"},
		{"GET", "/", "lab.example:1", "", 303, ""},
		{"GET", "/lab/", "rebound.example", "", 421, ""},
		{"POST", "/panel/press", "127.0.0.1:1", "", 421, ""},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		r.Host = test.host
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.status || test.body != "" && w.Body.String() != test.body {
			t.Errorf("%s %s of %s: %d %q", test.method, test.path, test.host, w.Code, w.Body)
		}
	}
}

// The simulator's server sees itself addressed by its own name, and its page may be framed by the lab's site only.
func TestSimulator(t *testing.T) {
	var host, origin string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, origin = r.Host, r.Header.Get("Origin")+r.Header.Get("Sec-Fetch-Site")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors http://127.0.0.1:*")
	}))
	defer srv.Close()
	address := strings.TrimPrefix(srv.URL, "http://")
	r := httptest.NewRequest("POST", "/press", nil)
	r.Host = "lab.example"
	r.Header.Set("Origin", "https://lab.example")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	simulator(address).ServeHTTP(w, r)
	if host != address || origin != "" {
		t.Errorf("the simulator sees host %q, origin %q", host, origin)
	}
	if policy := w.Header().Get("Content-Security-Policy"); policy != "default-src 'none'; frame-ancestors 'self'" {
		t.Errorf("policy %q", policy)
	}
}

// The command of --open is one that the system has: its first word is a program, its last the page.
func TestOpens(t *testing.T) {
	const url = "http://127.0.0.1:8080/lab/"
	for system, program := range map[string]string{"linux": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		if command := opens(system, url); command[0] != program || command[len(command)-1] != url {
			t.Errorf("%s: %q", system, command)
		}
	}
}
