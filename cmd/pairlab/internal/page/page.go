package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed files
var files embed.FS

var index = template.Must(template.ParseFS(files, "files/index.html"))

// Options describe a Page.
type Options struct {
	Host   string // "127.0.0.1:8080", the only name it answers to
	Device string // origin of the simulator's page, "http://127.0.0.1:1234"
	Phone  string // origin of the provider
}

// Page is an http.Handler.
type Page struct {
	opt  Options
	html []byte
	mux  *http.ServeMux
	hub  *hub
}

// New returns a Page with nothing on it yet.
func New(o Options) (*Page, error) {
	var b bytes.Buffer
	if err := index.Execute(&b, o); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	p := &Page{opt: o, html: b.Bytes(), mux: http.NewServeMux(), hub: newHub()}
	p.mux.HandleFunc("GET /{$}", p.index)
	p.mux.HandleFunc("GET /events", p.events)
	p.mux.HandleFunc("GET /style.css", file("files/style.css"))
	p.mux.HandleFunc("GET /page.js", file("files/page.js"))
	return p, nil
}

func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, name) }
}

// ServeHTTP implements http.Handler. It answers to one name, because a page that rebinds another to
// this address would be of the same origin, and because the phone's cookies want one site.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host != p.opt.Host {
		http.Redirect(w, r, "http://"+p.opt.Host+"/", http.StatusTemporaryRedirect)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src "+p.opt.Device+" "+p.opt.Phone)
	p.mux.ServeHTTP(w, r)
}

func (p *Page) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(p.html) // a browser that left needs no page
}
