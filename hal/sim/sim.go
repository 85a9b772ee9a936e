package sim

import (
	"bytes"
	"crypto/rand"
	"image"
	"io"
	"sync"
	"time"

	"github.com/paird/paird/hal/internal/ink"
)

// Options say what is simulated.
type Options struct {
	Name      string        // of the device, for the page's title
	Size      image.Point   // the reader's view, in pixels
	Paper     bool          // look and behave like e-paper: the picture stays when the panel sleeps or halts
	Accent    bool          // paper with a third colour
	Full      time.Duration // what a full refresh of paper takes; 0: no time, as a partial one
	Part      time.Duration // what a partial refresh of paper takes; 0 with Full: every refresh is a full one
	Open      bool          // the page asks for no token: every user of this machine may press the button
	Press     func(down bool, at time.Time)
	EncodePNG func(w io.Writer, m image.Image) error
}

// Sim is a panel, a button and an LED on a web page. It is safe for concurrent use.
type Sim struct {
	o      Options
	token  string // the page's address has it; "": none is asked for
	closed chan struct{}
	once   sync.Once
	button button

	serving sync.WaitGroup // until the server is closed

	drawing sync.Mutex      // held during a refresh
	next    *image.Paletted // what the refresh will show; guarded by drawing

	mu      sync.Mutex
	frame   *image.Paletted
	encoded []byte        // frame as a PNG, nil when it has to be made
	full    bool          // the next Draw is a full refresh
	state   state         // what the page shows
	changed chan struct{} // closed and replaced when state changes
}

// state is what server-sent events carry.
type state struct {
	Version   uint64 // counts pictures
	Refreshes uint64 // counts full refreshes of paper
	Contrast  uint8
	Lit       bool // the panel shows its frame
	LED       bool
}

// New returns a board whose panel is dark (bare, for paper) and whose button is up.
func New(o Options) *Sim {
	s := &Sim{o: o, closed: make(chan struct{}), changed: make(chan struct{}), frame: ink.New(o.Size, o.Accent), next: ink.New(o.Size, o.Accent), full: o.Full > 0}
	if !o.Open {
		s.token = rand.Text()
	}
	s.state = state{Version: 1, Contrast: 255, Lit: true}
	if o.Paper {
		for i := range s.frame.Pix {
			s.frame.Pix[i] = ink.White
		}
	}
	copy(s.next.Pix, s.frame.Pix)
	return s
}

// Bounds is the size of the panel as its reader sees it.
func (s *Sim) Bounds() image.Rectangle { return image.Rectangle{Max: s.o.Size} }

// Draw shows src, from sp on, in r. Like that of a panel it returns when the picture is seen: after Full or Part on paper that
// has such times. It never fails.
func (s *Sim) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	s.drawing.Lock()
	defer s.drawing.Unlock()
	ink.Draw(s.next, r, src, sp)
	takes, due := s.begin()
	if !due {
		return nil
	}
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-s.closed:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(s.frame.Pix, s.next.Pix)
	s.state.Lit = true
	s.redrawn()
	return nil
}

// begin begins a refresh, if one is due, and says how long it takes.
func (s *Sim) begin() (takes time.Duration, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.Equal(s.next.Pix, s.frame.Pix) && s.state.Lit && !s.full {
		return 0, false
	}
	full := s.full || s.o.Full > 0 && s.o.Part == 0
	s.full = false
	if !s.o.Paper {
		return 0, true
	}
	if !full {
		return s.o.Part, true
	}
	s.state.Refreshes++
	if s.o.Full > 0 {
		s.notify()
	}
	return s.o.Full, true
}

// Full makes the next Draw a full refresh, which flashes on paper.
func (s *Sim) Full() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = true
	return nil
}

// Contrast sets the brightness of the simulated OLED, 0 to 255.
func (s *Sim) Contrast(level uint8) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Contrast = level
	s.notify()
	return nil
}

// Sleep darkens an OLED until the next Draw; paper keeps its picture.
func (s *Sim) Sleep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.o.Paper && s.state.Lit {
		s.state.Lit = false
		s.redrawn()
	}
	return nil
}

// Halt is Sleep.
func (s *Sim) Halt() error { return s.Sleep() }

// LED lights the LED on the page or puts it out.
func (s *Sim) LED(on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.LED != on {
		s.state.LED = on
		s.notify()
	}
	return nil
}

// redrawn counts a new picture. The caller holds mu.
func (s *Sim) redrawn() {
	s.state.Version++
	s.encoded = nil
	s.notify()
}

// notify wakes those who wait for a change. The caller holds mu.
func (s *Sim) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// now returns the state and what is closed when it changes.
func (s *Sim) now() (state, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.changed
}

// picture returns the panel as a PNG, one pixel a panel pixel.
func (s *Sim) picture() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoded != nil {
		return s.encoded, nil
	}
	shown := s.frame
	if !s.state.Lit {
		shown = ink.New(s.o.Size, s.o.Accent)
	}
	var b bytes.Buffer
	if err := s.o.EncodePNG(&b, shown); err != nil {
		return nil, err
	}
	s.encoded = b.Bytes()
	return s.encoded, nil
}
