package survival

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/pairlab/internal/provider"
)

// search looks for secrets in places, and remembers where it found one.
type search struct {
	given  func() map[string]string // kind by value
	looked map[string]int           // bytes by place
	found  []string
}

// spellings are the ways in which a secret might stand somewhere.
func spellings(secret string) []string {
	all := []string{
		secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if parts := strings.Split(secret, "."); len(parts) == 3 {
		all = append(all, parts[1], parts[2]) // of a JWT: what it says and what proves it; all share the header
	}
	return all
}

// in looks into one place. User codes are meant to be seen, but not in a log.
func (s *search) in(place string, content []byte, codesToo bool) {
	s.looked[place] += len(content)
	for secret, kind := range s.given() {
		if kind == "user_code" && !codesToo {
			continue
		}
		for _, form := range spellings(secret) {
			if bytes.Contains(content, []byte(form)) {
				s.found = append(s.found, fmt.Sprintf("%s in %s", kind, place))
				break
			}
		}
	}
}

// canary runs a device and looks at all that a stranger may get hold of.
type canary struct {
	*search
	*device
	mu     sync.Mutex
	events bytes.Buffer // the event stream, as it came
}

// follow keeps what the event stream of this life says.
func (c *canary) follow(l *life) {
	c.Helper()
	events, err := l.Events(c.Context())
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
func (c *canary) look(l *life) {
	c.Helper()
	c.files("state directory", c.state)
	c.file("log", c.log.Name(), true)
	c.file("panel", c.path("panel.png"), false)
	proc := filepath.Join("/proc", strconv.Itoa(l.cmd.Process.Pid))
	c.file("command line", filepath.Join(proc, "cmdline"), true)
	c.file("environment", filepath.Join(proc, "environ"), true)
	for _, path := range []string{"/v1/status", "/v1/screen.png"} {
		c.in(path, c.get(path), false)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in("/v1/events", c.events.Bytes(), true)
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

// get asks the control socket as a stranger would.
func (c *canary) get(path string) []byte {
	c.Helper()
	transport := &http.Transport{DialContext: c.dial, DisableKeepAlives: true}
	return []byte(c.read((&http.Client{Transport: transport}).Get("http://paird" + path)))
}

// What the provider gave away is nowhere to be read: not while a code waits, not when paired, not after
// refreshes, messages, kills and damage, and not when the device has stopped.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	lab := newLab(t, 2*time.Second)
	d := newDevice(lab, "", "")
	d.section("[display]\npanel = \"png\"\n[png]\nfile = %q\n", d.path("panel.png"))
	c := &canary{search: &search{given: lab.observer.given, looked: map[string]int{}}, device: d}
	l := d.start()
	c.follow(l)
	lab.wait("a code", func() bool { return lab.events[provider.CodeIssued] == 1 })
	l.await("the code", pairing)
	c.look(l)
	d.approve()
	l.await("online", online)
	c.look(l)
	d.refreshed(2)
	c.look(l)
	l.kill()
	l = d.start()
	c.follow(l)
	d.refreshed(1)
	c.look(l)
	l.stop()
	c.damageAll()
	l = d.start()
	c.follow(l)
	d.refreshed(1)
	c.look(l)
	l.stop()
	c.files("state directory", d.state)
	c.file("log", d.log.Name(), true)
	c.verdict()
}

// damageAll makes recovery talk about everything.
func (c *canary) damageAll() {
	c.Helper()
	for _, file := range []string{"tokens.db", "queue.db", "metadata.json"} {
		if err := rewrite(func(b []byte) []byte { return b[:len(b)/2] })(filepath.Join(c.state, file)); err != nil {
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

// The search finds each kind in each spelling, and a user code where it must not be.
func TestSearchFinds(t *testing.T) {
	given := map[string]string{"aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbb.cccccccccccccccc": "access_token", "KXRT/9QPZ": "refresh_token", "WDJB-MJHT": "user_code"}
	for secret, kind := range given {
		for _, form := range spellings(secret) {
			s := &search{given: func() map[string]string { return given }, looked: map[string]int{}}
			s.in("log", []byte("level=INFO "+form+"\n"), true)
			if len(s.found) == 0 {
				t.Errorf("%s as %q is not found", kind, form)
			}
		}
	}
	s := &search{given: func() map[string]string { return given }, looked: map[string]int{}}
	if s.in("panel", []byte("WDJB-MJHT"), false); len(s.found) > 0 {
		t.Errorf("a code on the panel is no secret: %v", s.found)
	}
}
