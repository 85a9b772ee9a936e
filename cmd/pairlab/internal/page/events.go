package page

import (
	"fmt"
	"net/http"
	"strconv"
)

// events streams until the browser goes (WHATWG HTML, section 9.2, server-sent events).
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	seen, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		seen = 0 // a page just opened
	}
	first, next := p.hub.subscribe(seen)
	defer p.hub.unsubscribe(next)
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	for _, e := range first {
		e.write(w)
	}
	for flush.Flush() == nil {
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-next:
			if !ok {
				return
			}
			e.write(w)
		}
	}
}

// write needs no error: the flush after it has it too.
func (e event) write(w http.ResponseWriter) {
	_, _ = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.id, e.name, e.data)
}
