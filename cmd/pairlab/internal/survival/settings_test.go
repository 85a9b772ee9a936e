package survival

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/display"
)

// owner is the person who holds the card and stands before the simulated board.
type owner struct {
	*device
	page string // of the simulator
	card string // the file on the boot partition
}

// newOwner has a device without issuer and client: they are on the card.
func newOwner(t *testing.T) *owner {
	t.Helper()
	l := newLab(t, time.Hour)
	free := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	o := &owner{page: free.Addr().String(), card: filepath.Join(t.TempDir(), "paird.toml")}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	sections := fmt.Sprintf("[auth]\nparams = { device_name = \"{device_name}\", device_id = \"{device_id}\" }\n[display]\npanel = \"sim\"\n[sim]\nopen = true\nlisten = %q\n[button]\npair_hold = \"500ms\"\n[mqtt]\nspread = \"0s\"\n[log]\nformat = \"text\"\n", o.page)
	o.device = &device{e2e.NewDevice(t, "", sections), l}
	t.Setenv("PAIRD_BOOT", o.card)
	return o
}

// writes puts settings on the card, with that topic.
func (o *owner) writes(topic string) {
	o.Helper()
	text := fmt.Sprintf("\ufeff[auth]\nissuer = %q\nclient_id = \"printer\"\nscopes = [%q]\n[mqtt]\nurl = %q\ntopic = \"paird/dev1/%s\"\n[hooks]\non_event = [\"/bin/true\"]\n",
		o.issuer, strings.Join(scopes, `", "`), o.broker.URL(), topic)
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\"`, `"`), "\n", "\r\n")
	if err := os.WriteFile(o.card, []byte(text), 0o644); err != nil {
		o.Fatal(err)
	}
}

// press presses the button.
func (o *owner) press(hold time.Duration) {
	o.Helper()
	r, err := http.Post(fmt.Sprintf("http://%s/press?hold=%s", o.page, hold), "", nil)
	if err != nil {
		o.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusNoContent {
		o.Fatal(r.Status)
	}
}

// sees waits until the panel shows a screen.
func (o *owner) sees(s display.Screen) {
	o.Helper()
	want := display.Render(s, display.Geometry{Width: 128, Height: 64, Name: "Kitchen printer"})
	for limit, look := time.After(e2e.WaitLimit), time.Tick(20*time.Millisecond); ; {
		if same(o.panel(), want) {
			return
		}
		select {
		case <-look:
		case <-limit:
			o.Fatalf("the panel does not show %#v\n%s", s, o.Journal())
		}
	}
}

// panel is its picture; nil while there is none.
func (o *owner) panel() image.Image {
	r, err := http.Get("http://" + o.page + "/panel.png")
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return m
}

func same(got, want image.Image) bool {
	if got == nil || got.Bounds() != want.Bounds() {
		return false
	}
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			a, _, _, _ := got.At(x, y).RGBA()
			if b, _, _, _ := want.At(x, y).RGBA(); a != b {
				return false
			}
		}
	}
	return true
}

// online waits until messages come below a topic.
func (o *owner) online(topic string) {
	o.Helper()
	o.wait("a message below "+topic, func() bool { return len(o.arrived["paird/dev1/"+topic+"/telemetry"]) > 0 })
}

// kept is what the device keeps of the card.
func (o *owner) kept() string {
	text, _ := os.ReadFile(filepath.Join(o.State, "boot.toml"))
	return string(text)
}

// The real program takes the card's settings over while it is not paired. Once it is, it asks on the panel: a press says yes and
// the device goes on with them, without a restart; a press that is held says no, for good. A reset erases them.
func TestSettingsFromTheCard(t *testing.T) {
	o := newOwner(t)
	o.writes("one")
	o.Start()
	o.sees(display.Settings{State: display.Taken, Line: 9})
	o.press(100 * time.Millisecond)
	o.approve()
	o.Await("paired", e2e.Paired)
	o.online("one")
	o.Stop()

	question := display.Settings{State: display.Ask, Server: strings.TrimPrefix(o.issuer, "http://")}
	before := o.kept()
	o.writes("two")
	o.Start()
	o.sees(question)
	o.online("one")
	<-time.After(1100 * time.Millisecond) // a press that comes too soon after the question does not answer it
	o.press(600 * time.Millisecond)
	o.Process.AwaitText(t, "does not want the settings")
	if o.kept() != before {
		t.Error("taken over against the owner's will")
	}
	o.Stop()
	o.Start()
	o.Await("paired", e2e.Paired)
	if o.Process.Count("new settings on the boot partition") > 0 {
		t.Error("asked again")
	}
	o.Stop()

	o.writes("three")
	o.Start()
	o.sees(question)
	<-time.After(1100 * time.Millisecond)
	o.press(100 * time.Millisecond)
	o.sees(display.Settings{State: display.Taken, Line: 9})
	o.online("three")
	o.Await("paired still", e2e.Paired)
	if !strings.Contains(o.kept(), "three") || !strings.Contains(o.Do("config", "print"), `topic = "paird/dev1/three"  # boot: `) {
		t.Errorf("kept:\n%s", o.kept())
	}

	o.Do("reset", "--yes")
	if o.kept() != "" {
		t.Error("a reset leaves the settings")
	}
	o.Stop()
}
