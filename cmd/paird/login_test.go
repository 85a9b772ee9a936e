package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
)

// TestExplainOnce: each problem is printed once, and ends with what only a person can put right.
func TestExplainOnce(t *testing.T) {
	var out strings.Builder
	p := &program{stderr: &out}
	known := map[string]bool{"of before": true}
	for _, problem := range []*control.Problem{
		nil, {Code: "no_network", Detail: "no answer"}, {Code: "no_network", Detail: "no answer"},
		{Code: "denied", Detail: "denied"}, {Code: "expired", Detail: "expired"}, {Code: "config", Detail: "of before"},
		{Code: "broker", Detail: "broker"}, {Code: "broker_auth", Detail: "token"}, {Code: "panel", Detail: "panel"},
	} {
		if err := p.explainOnce(problem, known); err != nil {
			t.Errorf("%+v ends it: %v", problem, err)
		}
	}
	if out.String() != "paird: no answer\n" {
		t.Errorf("printed %q", &out)
	}
	if err := p.explainOnce(&control.Problem{Code: "config", Detail: "unknown client"}, known); p.report(err) != exitUsage {
		t.Errorf("a config problem: %v", err)
	}
}

// TestHappened ends with an outcome, and with nothing else.
func TestHappened(t *testing.T) {
	paired := control.Status{Grant: &control.Grant{Name: "Alice"}, Pairing: &control.Pairing{ExpiresIn: int(time.Minute.Seconds())}}
	for event, want := range map[string]struct {
		done bool
		code int
	}{
		`{"type":"pairing"}`: {false, 0}, `{"type":"paired"}`: {true, 0}, `{"type":"denied"}`: {true, 3},
		`{"type":"expired"}`: {true, 1}, `{"type":"else"}`: {false, 0}, `nonsense`: {false, 0},
	} {
		p := &program{stdout: io.Discard, stderr: io.Discard}
		done, err := p.happened(following{command: "login", status: func() control.Status { return paired }}, []byte(event))
		if done != want.done || p.report(err) != want.code {
			t.Errorf("%s: %v, %v", event, done, err)
		}
	}
}

// TestPrintedURIs are ASCII: a host in another script can look like one that the user trusts.
func TestPrintedURIs(t *testing.T) {
	s := control.Status{Pairing: &control.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://bücher.example/gerät"}}
	const want = "https://xn--bcher-kva.example/ger%C3%A4t"
	var login, pair strings.Builder
	(&program{stdout: &login}).showCode(*s.Pairing)
	shown := following{command: "pair", status: func() control.Status { return s }}
	if _, err := (&program{stdout: &pair}).happened(shown, []byte(`{"type":"pairing"}`)); err != nil {
		t.Fatal(err)
	}
	for command, printed := range map[string]string{"login": login.String(), "pair": pair.String(), "status": summary(s, pressOrPair)} {
		if !strings.Contains(printed, want) || strings.Contains(printed, "ü") {
			t.Errorf("%s prints %q", command, printed)
		}
	}
}
