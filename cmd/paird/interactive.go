package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paird/paird/agent/control"
)

// The question about the test card.
const (
	cardQuestion = "Look at the panel (e-paper takes up to 45 s): a frame along all four edges, a mark in each corner, the filled one " +
		"at the top left, and the size in the middle. Is it all there, and upright?"
	cardMend = "check display.panel, display.size and display.rotate, and the panel's wires"
)

// interactive adds what a person says of panel, LED and button. A press means nothing else meanwhile: the daemon, which has the
// board open, sees to that, and so it has to run.
func (x *checkup) interactive(ctx context.Context, found []finding) []finding {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	edges, err := control.NewClient(x.cfg.Control.Socket).Check(ctx)
	if err != nil {
		return append(found, finding{"look", skipped, "paird has to run for this, and to allow it: " + oneLine(err)})
	}
	who := &person{make(chan string), make(chan bool, 64), x.stderr}
	go who.read(x.stdin)
	go func() {
		defer close(who.edges)
		for e, err := range edges {
			if err == nil {
				who.edges <- string(e) == control.ButtonDown
			}
		}
	}()
	panel := x.cfg.Display.Panel
	page := panel == "sim" // it has an LED and a button
	return append(found,
		who.ask(ctx, panel != "none", "look", cardQuestion, cardMend),
		who.ask(ctx, page || x.cfg.LED.Pin != "", "led", "Does the LED blink?", "check led.pin, the LED's direction and its resistor"),
		who.press(ctx, page || panel == "terminal" || x.cfg.Button.Pin != ""))
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
