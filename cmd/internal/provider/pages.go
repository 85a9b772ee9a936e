package provider

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.ParseFS(files, "pages/*.html"))

// view is what a page shows; each page uses its own part.
type view struct {
	Title    string
	CSRF     string
	Error    string // what went wrong, for the person
	Account  string // name of the user
	Username string // as typed, to be shown again
	UserCode string
	Device   string
	Client   string
	Scopes   []string // in words
	Approval string   // id of the authorization under review
	Approved bool     // outcome
	Hints    []User   // the lab's accounts
}

func (p *Provider) pageRoutes() {
	p.mux.Handle("GET /{$}", http.RedirectHandler("/device", http.StatusSeeOther))
	p.mux.HandleFunc("GET /style.css", style)
	p.mux.HandleFunc("GET /signin", p.serve(p.signInPage))
	p.mux.HandleFunc("POST /signin", p.serve(p.form(p.signIn)))
	p.mux.HandleFunc("GET /device", p.serve(p.signedIn(p.codePage)))
	p.mux.HandleFunc("POST /device", p.serve(p.form(p.enter)))
	p.mux.HandleFunc("GET /consent", p.serve(p.signedIn(p.consentPage)))
	p.mux.HandleFunc("POST /consent", p.serve(p.form(p.decide)))
	p.mux.HandleFunc("GET /done", p.serve(p.signedIn(p.donePage)))
	p.mux.HandleFunc("POST /signout", p.serve(p.form(p.signOut)))
}

func style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "pages/style.css")
}

// page renders a template. Its headers forbid scripts, framing but by FrameAncestors, caching, and
// Referer, since a URI may hold a user code.
func (p *Provider) page(status int, name string, v view) answer {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".html", v); err != nil {
		return answer{status: http.StatusInternalServerError, header: http.Header{}}
	}
	ancestors := "'none'"
	if len(p.opt.FrameAncestors) > 0 {
		ancestors = strings.Join(p.opt.FrameAncestors, " ")
	}
	h := http.Header{}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "+
		"base-uri 'none'; frame-ancestors "+ancestors)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	return answer{status: status, header: h, body: b.Bytes()}
}

// pageHandler serves one page to a browser with a session.
type pageHandler func(*session, *http.Request) answer

// signedIn serves h to a browser that has signed in. Others go to the sign-in page first, and the session keeps the code
// they came with.
func (p *Provider) signedIn(h pageHandler) func(*http.Request) answer {
	return func(r *http.Request) answer {
		s := p.sessions.of(r, p.opt.Now())
		if s != nil && s.user != nil {
			return h(s, r)
		}
		a := redirect("/signin")
		if s == nil {
			s = &session{}
			a.header.Add("Set-Cookie", p.begin(s))
		}
		if code := r.URL.Query().Get("user_code"); code != "" {
			s.next = code
		}
		return a
	}
}

// form serves h where a page of the same session sent the POST. Two things must hold: the headers that a browser sets,
// and the token in the form.
func (p *Provider) form(h pageHandler) func(*http.Request) answer {
	var guard http.CrossOriginProtection
	return func(r *http.Request) answer {
		s := p.sessions.of(r, p.opt.Now())
		if guard.Check(r) != nil || s == nil || !s.sent(r) {
			return p.page(http.StatusForbidden, "problem", view{
				Title: "Please start again",
				Error: "This page was open for too long, or the request came from another site.",
			})
		}
		return h(s, r)
	}
}

func (p *Provider) begin(s *session) string {
	return p.sessions.begin(s, strings.HasPrefix(p.opt.Issuer, "https:"), p.opt.Now()).String()
}
