package agent

import (
	"errors"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// asks makes the lab's device ask about new settings; each reply goes to replies.
func asks(replies chan Reply, fails error) func(*lab) {
	return func(l *lab) {
		l.o.Settings = Settings{Screen: display.Settings{State: display.Ask, Server: "as"}, Answer: func(r Reply) error {
			replies <- r
			return fails
		}}
	}
}

// showing checks what the panel shows.
func (l *lab) showing(want display.Screen) {
	l.Helper()
	if s, _ := l.panel.now(); s != want {
		l.Errorf("after %v the panel shows %#v, want %#v", time.Since(l.began), s, want)
	}
}

var asked = display.Settings{State: display.Ask, Server: "as"}

// A short press says yes, one that is held no, none in two minutes neither. The device goes on serving meanwhile, and a press
// that answers pairs and resets nothing.
func TestSettingsQuestion(t *testing.T) {
	for _, test := range []struct {
		name string
		held time.Duration // 0: no press
		want Reply
	}{{"press", click, Yes}, {"hold", 3 * time.Second, No}, {"long hold", 12 * time.Second, No}, {"nothing", 0, Silence}} {
		t.Run(test.name, func(t *testing.T) {
			replies := make(chan Reply, 9)
			bubble(t, setups(paired(0, nil), asks(replies, nil)), func(l *lab) {
				l.pass(time.Minute)
				l.showing(asked)
				l.Shown(asked)
				l.pass(2 * time.Second)
				if test.held > 0 {
					l.press(test.held)
				} else {
					l.pass(askFor - 3*time.Second)
					l.showing(asked)
					l.pass(2 * time.Second)
				}
				if len(replies) != 1 || <-replies != test.want {
					t.Errorf("not answered once, by %d", test.want)
				}
				l.showing(display.Online{Sent: 7})
				l.press(click)
				l.pass(5 * time.Minute)
				l.is(control.StatePaired, "")
				if len(replies) != 0 {
					t.Error("answered again")
				}
			})
		})
	}
}

// A press that cannot have been meant for the question does not answer it: before it is on the glass, or at the same moment.
func TestPressBeforeTheQuestion(t *testing.T) {
	replies := make(chan Reply, 9)
	bubble(t, setups(paired(0, nil), asks(replies, nil)), func(l *lab) {
		l.press(click)
		l.Shown(asked)
		l.press(click)
		if l.pass(time.Second); len(replies) != 0 {
			t.Fatal("answered")
		}
		l.button <- Edge{Down: true, At: time.Now()}
		l.pass(askFor)
		l.showing(asked) // a press that began in time is waited for
		l.button <- Edge{At: time.Now()}
		if r := <-replies; r != No {
			t.Errorf("a press of two minutes is %d", r)
		}
	})
}

// The question of a factory reset is answered first, and a code that is on the panel stays there.
func TestSettingsQuestionGivesWay(t *testing.T) {
	replies := make(chan Reply, 9)
	bubble(t, setups(paired(0, nil), asks(replies, nil)), func(l *lab) {
		l.Shown(asked)
		if err := l.Pair(l.Context()); err != nil {
			t.Fatal(err)
		}
		l.pass(2 * time.Second)
		l.is(control.StatePairing, "")
		if s, _ := l.panel.now(); s == (display.Screen)(asked) {
			t.Error("the question hides the code")
		}
		l.press(click)
		if len(replies) != 0 {
			t.Error("answered while the code was on the panel")
		}
	})
}

func TestSettingsThatCannotBeKept(t *testing.T) {
	replies := make(chan Reply, 9)
	bubble(t, setups(paired(0, nil), asks(replies, errors.New("no space left on device"))), func(l *lab) {
		l.Shown(asked)
		l.pass(2 * time.Second)
		l.press(click)
		l.is(control.StatePaired, "storage")
	})
}

// What came of the settings is said for some seconds, before a code; a press ends it and begins to pair.
func TestSettingsNotice(t *testing.T) {
	notice := display.Settings{State: display.Taken, Line: 3}
	says := func(l *lab) { l.o.Settings.Screen = notice }
	bubble(t, setups(says, auto), func(l *lab) {
		l.showing(notice)
		l.pass(noticeFor)
		l.is(control.StatePairing, "")
		if s, _ := l.panel.now(); s == (display.Screen)(notice) {
			t.Error("still there")
		}
	})
	bubble(t, says, func(l *lab) {
		l.showing(notice)
		l.press(click)
		l.pass(time.Second)
		l.is(control.StatePairing, "")
	})
	bubble(t, says, func(l *lab) {
		l.pass(noticeFor)
		l.showing(display.Press{})
		l.pass(time.Hour)
		l.showing(display.Press{})
	})
}
