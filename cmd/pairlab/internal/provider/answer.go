package provider

import (
	"encoding/json"
	"maps"
	"net/http"
)

// maxBody bounds what a request may send.
const maxBody = 16 << 10

// answer is a response not yet written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// serve runs h alone, and writes its answer and tells the observer when h is done.
func (p *Provider) serve(h func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		// An error leaves the form empty or short; a handler that needs a field misses it.
		_ = r.ParseForm()
		a, events := p.alone(h, r)
		maps.Copy(w.Header(), a.header)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body) // a client that left is no concern of the others
		for _, e := range events {
			p.opt.Observe(e)
		}
	}
}

func (p *Provider) alone(h func(*http.Request) answer, r *http.Request) (answer, []Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := h(r)
	events := p.outbox
	p.outbox = nil
	return a, events
}

// jsonAnswer is for answers with secrets in them. RFC 6749 section 5.1: "The authorization server MUST
// include the HTTP "Cache-Control" response header field with a value of "no-store" in any response
// containing tokens, credentials, or other sensitive information".
func jsonAnswer(status int, v any) answer {
	a := publicAnswer(status, v)
	a.header.Set("Cache-Control", "no-store")
	a.header.Set("Pragma", "no-cache")
	return a
}

// publicAnswer is for what everybody may know.
func publicAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, header: http.Header{}}
	}
	return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

// redirect sends a browser on with a GET.
func redirect(to string) answer {
	return answer{status: http.StatusSeeOther, header: http.Header{"Location": {to}, "Cache-Control": {"no-store"}}}
}
