package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
)

// The question about the test card.
const (
	cardQuestion = "Look at the panel (e-paper takes up to 45 s): a frame along all four edges, a mark in each corner, the filled one " +
		"at the top left, and the size in the middle. Is it all there, and upright?"
	cardMend = "check display.panel, display.size and display.rotate, and the panel's wires"
)

// interactive adds what a person says of panel, LED and button. A press means nothing else meanwhile: a daemon that runs sees to
// that, and without one nothing else has the button.
func (x *checkup) interactive(ctx context.Context, found []finding) []finding {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	who := &person{make(chan string), make(chan bool, 64), x.stderr}
	look := x.throughDaemon
	if x.absent {
		look = x.directly
	}
	end, err := look(ctx, who)
	if err != nil {
		return append(found, finding{"look", skipped, oneLine(err)})
	}
	go who.read(x.stdin)
	panel := x.cfg.Display.Panel
	page := panel == "sim" // it has an LED and a button
	found = append(found,
		who.ask(ctx, panel != "none", "look", cardQuestion, cardMend),
		who.ask(ctx, page || x.cfg.LED.Pin != "", "led", "Does the LED blink?", "check led.pin, the LED's direction and its resistor"),
		who.press(ctx, page || panel == "terminal" || x.cfg.Button.Pin != ""))
	if err := end(); err != nil {
		return append(found, finding{"board", failed, oneLine(err)})
	}
	return found
}

// throughDaemon has the running daemon, which has the board open, show the test card and pass on the button's edges.
func (x *checkup) throughDaemon(ctx context.Context, who *person) (end func() error, err error) {
	edges, err := control.NewClient(x.cfg.Control.Socket).Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("paird does not show the test card: %w", err)
	}
	go func() {
		defer close(who.edges)
		for e, err := range edges {
			if err == nil {
				who.edges <- string(e) == control.ButtonDown
			}
		}
	}()
	return func() error { return nil }, nil
}

// directly opens the board, which no daemon has open.
func (x *checkup) directly(ctx context.Context, who *person) (end func() error, err error) {
	b, end, err := daemon.Look(ctx, x.cfg, quiet())
	if err != nil {
		return nil, fmt.Errorf("the test card cannot be shown: %w", err)
	}
	if b.URL != "" {
		fmt.Fprintln(x.stderr, "The panel is at", b.URL)
	}
	go func() {
		for {
			select {
			case e := <-b.Edges:
				who.edges <- e.Down // it holds more than a person presses meanwhile
			case <-ctx.Done():
				return
			}
		}
	}()
	return end, nil
}

// person is who stands before the board.
type person struct {
	answers chan string // closed when there are no more
	edges   chan bool   // of the button, true for down; closed when it is not watched any more
	says    io.Writer
}

// read passes on what a person types.
func (w *person) read(from io.Reader) {
	defer close(w.answers)
	for s := bufio.NewScanner(from); s.Scan(); {
		w.answers <- s.Text()
	}
}

const noneThere = "none configured"

// ask asks until the answer is yes or no; mend is what to do after a no.
func (w *person) ask(ctx context.Context, there bool, check, question, mend string) finding {
	if !there {
		return finding{check, skipped, noneThere}
	}
	for {
		fmt.Fprintf(w.says, "%s [y/n] ", question)
		select {
		case line, more := <-w.answers:
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "y", "yes":
				return finding{check, good, "seen"}
			case "n", "no":
				return finding{check, failed, "not seen: " + mend}
			}
			if more {
				continue
			}
		case <-ctx.Done():
		}
		return finding{check, skipped, "not answered"}
	}
}

// press asks for a press and waits for both of its edges.
func (w *person) press(ctx context.Context, there bool) finding {
	if !there {
		return finding{"press", skipped, noneThere}
	}
	was, first, last := up, nothing, nothing
	for len(w.edges) > 0 {
		was = w.edge(ctx)
	}
	fmt.Fprintln(w.says, "Press the button and let it go, within 30 s. Now that pairs and erases nothing.")
	if first = w.edge(ctx); first == down {
		last = w.edge(ctx)
	}
	switch {
	case first == gone || last == gone:
		return finding{"press", skipped, "paird ended the check: run it again"}
	case was == down || first == up:
		return finding{"press", failed, "the button counts as pressed while it is up: set button.active_low the other way, or see whether it sticks"}
	case first == nothing:
		return finding{"press", failed, "not seen: check button.pin, and the wires from that pin over the button to ground"}
	case last == nothing:
		return finding{"press", failed, "seen, but not its end: see whether the button sticks"}
	}
	return finding{"press", good, "seen, and its end"}
}

// edge is what the button did.
type edge int

const (
	nothing edge = iota // in time
	down
	up
	gone // it is not watched any more
)

// pressWithin is how long an edge is waited for.
const pressWithin = 30 * time.Second

func (w *person) edge(ctx context.Context) edge {
	select {
	case isDown, watched := <-w.edges:
		switch {
		case !watched:
			return gone
		case isDown:
			return down
		}
		return up
	case <-time.After(pressWithin):
		return nothing
	case <-ctx.Done():
		return gone
	}
}
