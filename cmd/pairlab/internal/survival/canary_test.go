package survival

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// canary runs a device and looks at all that a stranger may get hold of.
type canary struct {
	*search
	*device
	mu     sync.Mutex
	events bytes.Buffer // the event stream, as it came
}

// follow keeps what the event stream of this life says.
func (c *canary) follow() {
	c.Helper()
	events, err := c.Events(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	go func() {
		for e, err := range events {
			if err != nil {
				return
			}
			c.mu.Lock()
			c.events.Write(e)
			c.mu.Unlock()
		}
	}()
}

// look searches everything as it is at this moment.
func (c *canary) look() {
	c.Helper()
	c.files("state directory", c.State)
	c.in("log", []byte(c.Journal()), true)
	c.file("panel", c.path("panel.png"), false)
	proc := filepath.Join("/proc", strconv.Itoa(c.Process.Cmd.Process.Pid))
	c.file("command line", filepath.Join(proc, "cmdline"), true)
	if os.Geteuid() == 0 {
		c.file("environment", filepath.Join(proc, "environ"), true)
	} else if _, err := os.ReadFile(filepath.Join(proc, "environ")); !errors.Is(err, fs.ErrPermission) {
		c.Errorf("another process of the daemon's user reads its environment: %v", err)
	}
	for _, path := range []string{"/v1/status", "/v1/screen.png"} {
		c.in(path, c.get(path), false)
	}
	for _, args := range [][]string{{"doctor"}, {"status"}, {"status", "--json"}, {"config", "print"}} {
		c.in("paird "+strings.Join(args, " "), c.paird(args...), false)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in("/v1/events", c.events.Bytes(), false) // this user may pair, so the code is not kept from it
}

func (c *canary) file(place, path string, codesToo bool) {
	c.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	c.in(place, content, codesToo)
}

// files searches all files below dir, also those that go while it looks.
func (c *canary) files(place, dir string) {
	c.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var content []byte
			content, err = os.ReadFile(path)
			c.in(place, content, true)
			c.in(place, []byte(path), true)
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	if err != nil {
		c.Fatal(err)
	}
}

// paird is what a command prints, on standard error too.
func (c *canary) paird(args ...string) []byte {
	c.Helper()
	out, err := exec.CommandContext(c.Context(), e2e.Program("paird"), append(args, "--config", c.Config)...).CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		c.Fatal(err)
	}
	return out
}

// get asks the control socket as a stranger would.
func (c *canary) get(path string) []byte {
	c.Helper()
	transport := &http.Transport{DialContext: c.Dial, DisableKeepAlives: true}
	return []byte(c.read((&http.Client{Transport: transport}).Get("http://paird" + path)))
}

func (l *lab) read(resp *http.Response, err error) string {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.Fatalf("%s: %s, %v", resp.Request.URL.Path, resp.Status, err)
	}
	return string(body)
}

// What the provider gave away is nowhere to be read: not while a code waits, not when paired, not after
// refreshes, messages, kills and damage, and not when the device has stopped.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	lab := newLab(t, 2*time.Second)
	d := newDevice(lab, "", "")
	d.Section("[display]\npanel = \"png\"\n[png]\nfile = %q\n", d.path("panel.png"))
	c := &canary{search: &search{given: lab.observer.given, looked: map[string]int{}}, device: d}
	d.Start()
	c.follow()
	lab.wait("a code", func() bool { return lab.events[provider.CodeIssued] == 1 })
	d.Await("the code", e2e.Pairing)
	c.look()
	d.approve()
	d.Await("online", e2e.Online)
	c.look()
	d.refreshed(2)
	c.look()
	c.control()
	d.Process.Kill()
	d.Start()
	c.follow()
	d.refreshed(1)
	c.look()
	d.Stop()
	c.damageAll()
	d.Start()
	c.follow()
	d.refreshed(1)
	c.look()
	d.Stop()
	c.files("state directory", d.State)
	c.in("log", []byte(d.Journal()), true)
	c.verdict()
}

// control is the one place where a token has to be: programs that may ask for it get it, and the search sees it.
func (c *canary) control() {
	c.Helper()
	s := &search{given: c.given, looked: map[string]int{}}
	if s.in("/v1/token", c.get("/v1/token?min_ttl=0s"), true); len(s.found) != 1 {
		c.Errorf("the search finds %q where an access token is", s.found)
	}
}

// damageAll makes recovery report everything.
func (c *canary) damageAll() {
	c.Helper()
	for _, file := range []string{"tokens.db", "queue", "metadata.json"} {
		if err := rewrite(func(b []byte) []byte { return b[:len(b)/2] })(c.stateFile(file)); err != nil {
			c.Fatal(err)
		}
	}
}

// verdict fails for what was found, and where there was nothing to find or nowhere to look.
func (c *canary) verdict() {
	c.Helper()
	for _, f := range c.found {
		c.Errorf("found %s", f)
	}
	kinds := map[string]int{}
	for _, kind := range c.given() {
		kinds[kind]++
	}
	for kind, least := range map[string]int{"device_code": 1, "user_code": 1, "access_token": 5, "refresh_token": 5, "id_token": 5} {
		if kinds[kind] < least {
			c.Errorf("only %d of kind %s to look for", kinds[kind], kind)
		}
	}
	for place, bytes := range c.looked {
		if bytes == 0 {
			c.Errorf("nothing to look at: %s", place)
		}
	}
	c.Logf("looked for %v in %v bytes", kinds, c.looked)
}
