package page

import (
	"embed"
	"net/http"
)

//go:embed files
var files embed.FS

// Page is an http.Handler.
type Page struct {
	mux *http.ServeMux
	hub *hub
}

// New returns a Page with nothing on it yet.
func New() *Page {
	p := &Page{mux: http.NewServeMux(), hub: newHub()}
	p.mux.HandleFunc("GET /{$}", file("index.html"))
	p.mux.HandleFunc("GET /style.css", file("style.css"))
	p.mux.HandleFunc("GET /page.js", file("page.js"))
	p.mux.HandleFunc("GET /events", p.events)
	return p
}

func file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := files.ReadFile("files/" + name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", contentTypes[name])
		_, _ = w.Write(text) // a browser that left needs no page
	}
}

var contentTypes = map[string]string{
	"index.html": "text/html; charset=utf-8",
	"style.css":  "text/css; charset=utf-8",
	"page.js":    "text/javascript; charset=utf-8",
}

// ServeHTTP implements http.Handler. The page runs its own script only, and frames pages of its own site only.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src 'self'")
	p.mux.ServeHTTP(w, r)
}
