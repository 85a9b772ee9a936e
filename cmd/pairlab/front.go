package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// loopback is where everything listens but the pages of --lan.
const loopback = "127.0.0.1"

// Where the front shows the parts. Everything else belongs to the provider.
const (
	labPath   = "/lab/"
	panelPath = "/panel/"
)

// front serves all pages as one site: the lab's own, the panel's and the phone's. One site has one certificate for a
// browser to accept, and the lab's page can see where the phone is.
func front(host string, lab, panel, provider http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler(labPath, http.StatusSeeOther))
	mux.Handle(labPath, http.StripPrefix(strings.TrimSuffix(labPath, "/"), lab))
	mux.Handle(panelPath, http.NewCrossOriginProtection().Handler(http.StripPrefix(strings.TrimSuffix(panelPath, "/"), panel)))
	mux.Handle("/", provider)
	return onlyHost(host, mux)
}

// onlyHost answers to one name: a site that rebinds its name to this address would otherwise be of the same origin.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			http.Error(w, "this lab answers to "+host+" only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// simulator passes requests on to the simulator's own server, which knows itself by its loopback address and lets pages of
// loopback frame it. The front has checked host and origin already.
func simulator(address string) http.Handler {
	target := &url.URL{Scheme: "http", Host: address}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Origin")
			r.Out.Header.Del("Sec-Fetch-Site")
		},
		ModifyResponse: func(r *http.Response) error {
			policy, _, _ := strings.Cut(r.Header.Get("Content-Security-Policy"), "; frame-ancestors")
			r.Header.Set("Content-Security-Policy", policy+"; frame-ancestors 'self'")
			return nil
		},
		ErrorLog: log.New(io.Discard, "", 0), // it starts a moment after the page does
	}
}

// serve runs the front until close. tlsConfig is nil for http.
func (l *lab) serve(ln net.Listener, tlsConfig *tls.Config, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	l.server = srv
	if tlsConfig != nil {
		ln = tls.NewListener(ln, tlsConfig)
	}
	go func() { _ = srv.Serve(ln) }() // ends with ErrServerClosed
}

// listen takes the address of --listen, or without one the usual port and, if that is taken, any other.
func listen(host, port string) (net.Listener, error) {
	if port != "" {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			return nil, fmt.Errorf("%w; give another --listen", err)
		}
		return ln, nil
	}
	if ln, err := net.Listen("tcp", net.JoinHostPort(host, "8080")); err == nil {
		return ln, nil
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// freeAddress finds a port of loopback for a server that another part opens.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// browse shows url in the desktop's browser. Where there is none, the URL is on the terminal anyway.
func browse(ctx context.Context, url string) {
	command := opens(runtime.GOOS, url)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}

// opens is the command by which a system opens a page in the person's browser.
func opens(system, url string) []string {
	switch system {
	case "darwin":
		return []string{"open", url}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", url}
	}
	return []string{"xdg-open", url}
}
