package sim

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	connections = 64               // that are held at once
	writeTime   = 10 * time.Second // for an answer, or for one event
)

// Listen serves the page on addr ("127.0.0.1:8628"; port 0 picks a free one) until Close, and returns its URL, which
// has the token in it. It refuses an address that is not loopback.
func (s *Sim) Listen(ctx context.Context, addr string) (url string, err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || !loopback(host) {
		return "", fmt.Errorf("sim.listen: %q is not loopback with a port, write such as \"127.0.0.1:8628\"", addr)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", fmt.Errorf("simulator: %w; set another sim.listen", err)
	}
	srv := s.server()
	go func() { _ = srv.Serve(&limited{ln, make(chan struct{}, connections)}) }() // ends with ErrServerClosed
	s.serving.Go(func() {
		<-s.closed
		_ = srv.Close()
	})
	url = "http://" + ln.Addr().String() + "/"
	if s.token != "" {
		url += "?token=" + s.token
	}
	return url, nil
}

func (s *Sim) server() *http.Server {
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second,
		WriteTimeout: writeTime, MaxHeaderBytes: 16 << 10,
	}
}

// Close ends the server and every event stream, and lets the button go.
func (s *Sim) Close() error {
	s.once.Do(func() { close(s.closed) })
	s.serving.Wait()
	s.set(false)
	return nil
}

// Handler serves the page, the picture, the events and the button: to loopback names, and to who has the token.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /panel.png", s.servePicture)
	mux.HandleFunc("GET /events", s.serveEvents)
	mux.HandleFunc("POST /press", s.servePress)
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) { s.set(true); w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /up", func(w http.ResponseWriter, _ *http.Request) { s.set(false); w.WriteHeader(http.StatusNoContent) })
	return onlyLoopback(http.NewCrossOriginProtection().Handler(s.onlyToken(mux)))
}

// onlyToken refuses requests without the token: loopback is open to every user of this machine, and [control] does not
// hold here.
func (s *Sim) onlyToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if given := r.URL.Query().Get("token"); s.token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(s.token)) == 0 {
			w.Header().Set("Connection", "close")
			http.Error(w, "open the address in the log line \"simulated panel\" of paird: it has a token", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// onlyLoopback refuses requests for another host's name: a page that rebinds its name to 127.0.0.1 would
// otherwise be of the same origin.
func onlyLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !loopback(host) {
			http.Error(w, "this simulator answers to 127.0.0.1, [::1] and localhost only", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether a host is this machine without asking a name server.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

func (s *Sim) servePicture(w http.ResponseWriter, _ *http.Request) {
	b, err := s.picture()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b) // a client that went away needs no picture
}

func (s *Sim) servePress(w http.ResponseWriter, r *http.Request) {
	hold, err := parseHold(r.URL.Query().Get("hold"))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case !s.pressFor(w, hold):
		http.Error(w, "the button is already held", http.StatusConflict)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// pressFor presses, and gives the answer the time that this takes.
func (s *Sim) pressFor(w http.ResponseWriter, hold time.Duration) bool {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(hold + writeTime)) // a test's writer has none
	return s.press(hold)
}

var errHold = errors.New("hold: a duration up to 1m, as 3s")

func parseHold(v string) (time.Duration, error) {
	if v == "" {
		return shortPress, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 || d > maxHold {
		return 0, errHold
	}
	return d, nil
}
