package page

import (
	"encoding/json"
	"strconv"
	"sync"
	"time"
)

// kept is how many messages and notes a page sees that is opened late.
const kept = 100

// hub hands what happens to every open page.
type hub struct {
	mu     sync.Mutex
	last   uint64            // id of the newest event
	feed   []event           // messages and notes, the newest last
	states map[string]string // the newest event of each kind that replaces the one before
	open   map[chan event]bool
}

// event is one server-sent event; data is JSON.
type event struct {
	id   uint64
	name string
	data string
}

func newHub() *hub {
	return &hub{states: map[string]string{}, open: map[chan event]bool{}}
}

// Code is what a camera would read from the panel.
type Code struct {
	URI      string    `json:"uri"`      // to be typed
	Complete string    `json:"complete"` // in the QR code
	Expires  time.Time `json:"expires"`
}

// maxPayload is how much of a message is shown, in bytes.
const maxPayload = 2048

// Message shows an MQTT message.
func (p *Page) Message(at time.Time, topic string, payload []byte) {
	p.hub.append("message", map[string]any{
		"at": at.UnixMilli(), "topic": topic, "payload": string(payload[:min(len(payload), maxPayload)]),
	})
}

// Note shows a line in the list of what the servers do.
func (p *Page) Note(at time.Time, who, text string) {
	p.hub.append("note", map[string]any{"at": at.UnixMilli(), "who": who, "text": text})
}

// Step shows what to do next.
func (p *Page) Step(step, text string) {
	p.hub.replace("step", map[string]string{"step": step, "text": text})
}

// Code offers the code to the phone; nil takes the offer back.
func (p *Page) Code(c *Code) { p.hub.replace("code", c) }

func (h *hub) append(name string, v any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.event(name, encode(v))
	h.feed = append(h.feed, e)
	h.feed = h.feed[max(0, len(h.feed)-kept):]
	h.send(e)
}

func (h *hub) replace(name string, v any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	data := encode(v)
	if h.states[name] == data {
		return
	}
	h.states[name] = data
	h.send(h.event(name, data))
}

func (h *hub) event(name, data string) event {
	h.last++
	return event{h.last, name, data}
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(data)
}

// send drops a page that does not keep up: its browser comes back and is given what it missed.
func (h *hub) send(e event) {
	for c := range h.open {
		select {
		case c <- e:
		default:
			delete(h.open, c)
			close(c)
		}
	}
}

// subscribe returns the events that a page which saw everything up to after lacks, and a channel of those to come.
func (h *hub) subscribe(after uint64) ([]event, chan event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var first []event
	if after > h.last { // of another run of the lab
		after = 0
	}
	for _, e := range h.feed {
		if e.id > after {
			first = append(first, e)
		}
	}
	for name, data := range h.states {
		first = append(first, event{h.last, name, data})
	}
	c := make(chan event, kept)
	h.open[c] = true
	return first, c
}

func (h *hub) unsubscribe(c chan event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, c)
}
