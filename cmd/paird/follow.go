package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paird/paird/agent/control"
)

// following is a pairing that a command stays with until its outcome.
type following struct {
	command string // login or pair
	paired  string // what to say besides, once it is paired
	status  func() control.Status
	events  <-chan []byte
	look    func(control.Status) error // each second; an error ends it
}

// stay prints how a pairing goes: the code, each second how long it is good, and the outcome. ended reports that the events
// ended before there was one.
func (p *program) stay(f following) (ended bool, err error) {
	defer p.line()
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		done := false
		select {
		case <-each.C:
			s := f.status()
			p.left(s.Pairing)
			err = f.look(s)
			done = err != nil
		case e, more := <-f.events:
			if !more {
				return true, nil
			}
			done, err = p.happened(f, e)
		}
		if done {
			return false, err
		}
	}
}

// happened reports whether e ends the pairing, and how.
func (p *program) happened(f following, e []byte) (done bool, err error) {
	var event struct{ Type control.EventType }
	if json.Unmarshal(e, &event) != nil {
		return false, nil // an event that cannot be read ends nothing
	}
	switch event.Type {
	case control.EventPairing:
		if code := f.status().Pairing; code != nil && code.UserCode != "" {
			p.showCode(*code)
		}
	case control.EventPaired:
		text := "Paired"
		if g := f.status().Grant; g != nil && g.Name != "" {
			text += " as " + g.Name
		}
		p.line()
		_, err := fmt.Fprintln(p.stdout, strings.TrimSpace(text+". "+f.paired))
		return true, err
	case control.EventDenied:
		return true, &exit{exitDenied, errors.New("the request was denied: run `paird " + f.command + "` to ask again")}
	case control.EventExpired:
		return true, errors.New("the code ran out before it was approved: run `paird " + f.command + "` again")
	}
	return false, nil
}

// explainOnce says what keeps a code away, once. What only a person can put right is an error, and ends a login.
func (p *program) explainOnce(problem *control.Problem, known map[string]bool) error {
	if problem == nil || known[problem.Detail] {
		return nil
	}
	err := errors.New(problem.Detail)
	switch problem.Code {
	case control.ProblemDenied, control.ProblemExpired, control.ProblemBrokerAuth, control.ProblemBroker, control.ProblemPanel:
		return nil // these do not
	case control.ProblemConfig:
		return &exit{exitUsage, err}
	case control.ProblemTLS:
		return err
	}
	known[problem.Detail] = true
	p.warn(err)
	return nil
}

// warn prints what does not end the command.
func (p *program) warn(err error) {
	p.line()
	fmt.Fprintln(p.stderr, "paird:", oneLine(err))
}
