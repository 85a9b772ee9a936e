package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// TestInteractive asks for a look and a press at the simulated panel of a running daemon, and without one. The device is not
// paired, and the press begins no pairing.
func TestInteractive(t *testing.T) {
	auth, dir := providertest.New(t, nil), t.TempDir()
	text := fmt.Sprintf("[device]\nstate_dir = %q\n[auth]\nissuer = %q\nclient_id = \"x\"\n[control]\nsocket = %q\n"+
		"[display]\npanel = \"sim\"\n[sim]\nlisten = \"127.0.0.1:0\"\nopen = true\n", dir+"/state", auth.URL, dir+"/sock")
	if err := os.WriteFile(dir+"/paird.toml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	lookAndPress(t, dir, "")
	if _, err := os.Stat(dir + "/state"); err == nil {
		t.Error("without a daemon, the state directory was made")
	}
	lookAndPress(t, dir, runDaemon(t, dir+"/paird.toml"))
	s, err := control.NewClient(dir + "/sock").Status(t.Context())
	if err != nil || s.State != control.StateUnpaired || s.Problem != nil {
		t.Errorf("after the press: %+v %v", s, err)
	}
}

// lookAndPress is `paird doctor --interactive`. page is that of the daemon's panel; without a daemon the command says it.
func lookAndPress(t *testing.T, dir, page string) {
	t.Helper()
	other, tty := terminalPair(t)
	seen := make(chan string)
	go replies(other, page, seen)
	var out strings.Builder
	doctor := program{config: dir + "/paird.toml", configGiven: true, stdin: tty, stdout: &out, stderr: tty}
	if code := doctor.main(t.Context(), []string{"doctor", "--interactive"}); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	fmt.Fprintln(tty, "the end")
	if asked := <-seen; strings.Count(asked, "[y/n]") != 3 {
		t.Errorf("asked: %s", asked)
	}
	for _, want := range []string{"ok   look      seen\n", "FAIL led       not seen: check led.pin", "ok   press     seen, and its end\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

// replies is the person: an answer that is none, yes for the panel, no for the LED, and a press as long as one that pairs.
func replies(terminal *os.File, page string, seen chan<- string) {
	answers := map[string]string{"upright? [y/n] ": "maybe\n", "upright? [y/n] maybe\r\nLook": "y\n", "blink? [y/n] ": "no\n"}
	var all strings.Builder
	pressed := false
	for b := make([]byte, 4096); !strings.Contains(all.String(), "the end"); {
		n, err := terminal.Read(b)
		all.Write(b[:n])
		if err != nil && err != io.EOF {
			break
		}
		for question, answer := range answers {
			if strings.Contains(all.String(), question) {
				delete(answers, question)
				io.WriteString(terminal, answer)
			}
		}
		if m := regexp.MustCompile(`The panel is at (\S+)`).FindStringSubmatch(all.String()); m != nil {
			page = m[1]
		}
		if strings.Contains(all.String(), "Press the button") && !pressed {
			resp, err := http.Post(page+"press?hold=3100ms", "", nil)
			if err == nil {
				resp.Body.Close()
			}
			pressed = true
		}
	}
	seen <- all.String()
}

// runDaemon runs `paird run` until the test ends, and returns its page.
func runDaemon(t *testing.T, config string) (page string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	p := program{config: config, configGiven: true, stdout: io.Discard, stderr: w}
	ended := make(chan int)
	go func() { ended <- p.main(ctx, []string{"run"}) }()
	t.Cleanup(func() {
		go io.Copy(io.Discard, r)
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("run: exit %d", code)
		}
	})
	var log strings.Builder
	for b := make([]byte, 4096); ; {
		n, err := r.Read(b)
		log.Write(b[:n])
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`"simulated panel","url":"([^"]+)"`).FindStringSubmatch(log.String())
		if m != nil && strings.Contains(log.String(), `"running"`) {
			go io.Copy(io.Discard, r)
			return m[1]
		}
	}
}

// TestPress says of each way a button can behave what it is and what to do. The last edge comes after all others.
func TestPress(t *testing.T) {
	const open, ends = true, false
	for name, c := range map[string]struct {
		before, after []bool
		watched       bool
		want          string
	}{
		"pressed":               {nil, []bool{true, false}, open, "seen, and its end"},
		"presses before":        {[]bool{true, false}, []bool{true, false}, open, "seen, and its end"},
		"no press":              {nil, nil, open, "not seen: check button.pin"},
		"sticks after":          {nil, []bool{true}, open, "seen, but not its end"},
		"sticks before":         {[]bool{true}, nil, open, "set button.active_low the other way"},
		"the wrong way":         {nil, []bool{false, true}, open, "set button.active_low the other way"},
		"the wrong way, opened": {[]bool{true}, []bool{false, true}, open, "set button.active_low the other way"},
		"the daemon stops":      {nil, nil, ends, "run it again"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &person{edges: make(chan bool, 64), says: io.Discard}
				for _, down := range c.before {
					w.edges <- down
				}
				time.AfterFunc(time.Second, func() {
					for _, down := range c.after {
						w.edges <- down
					}
					if !c.watched {
						close(w.edges)
					}
				})
				if got := w.press(t.Context(), true); !strings.Contains(got.Detail, c.want) || (got.Result == good) != (c.want == "seen, and its end") {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// TestUnanswered: a question without an answer, and what is not there, is skipped.
func TestUnanswered(t *testing.T) {
	w := &person{answers: make(chan string), says: io.Discard}
	close(w.answers)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, got := range []finding{
		w.ask(t.Context(), true, "look", "?", ""), (&person{says: io.Discard}).ask(ctx, true, "look", "?", ""),
		w.ask(t.Context(), false, "look", "?", ""), w.press(t.Context(), false), (&person{says: io.Discard}).press(ctx, true),
	} {
		if got.Result != skipped {
			t.Errorf("%+v", got)
		}
	}
}
