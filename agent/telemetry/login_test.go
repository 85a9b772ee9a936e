package telemetry

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSameLogin(t *testing.T) {
	a := Credentials{AccessToken: "a", IDToken: "i", Subject: "s", ClientID: "c", Claims: map[string]any{"plan": "p"}, Expiry: noon}
	b := a
	b.AccessToken, b.Expiry = "b", noon.Add(time.Hour)
	for name, c := range map[string]struct {
		change func(*Options)
		same   bool
	}{
		"token":         {func(o *Options) {}, false},
		"static":        {func(o *Options) { o.Username, o.Password = "lamp", "static" }, true},
		"claim":         {func(o *Options) { o.Username, o.Password = "{claim:plan}", "{sub}" }, true},
		"header":        {func(o *Options) { o.URL, o.Preset = "wss://b.example", "ws-bearer" }, false},
		"client id":     {func(o *Options) { o.ClientID, o.Username, o.Password = "{claim:plan}", "{access_token}", "static" }, false},
		"no such claim": {func(o *Options) { o.Username, o.Password = "{claim:none}", "static" }, false},
	} {
		l := newBench(t, c.change)
		if l.Same(a, b) != c.same {
			t.Errorf("%s: Same is %v", name, !c.same)
		}
		if !c.same && name != "no such claim" && !l.Same(a, a) {
			t.Errorf("%s: not the same as itself", name)
		}
	}
}

// A token's end that was read from a file is a wall time; a running session keeps to the monotonic clock.
func TestTokenEndIsMonotonic(t *testing.T) {
	now := time.Now()
	wall := Credentials{Expiry: now.Add(time.Hour).Round(0)}
	if end := newBench(t, nil).tokenEnd(wall, now); end.Sub(now) != time.Hour || !strings.Contains(end.String(), " m=") {
		t.Errorf("the session ends at %v", end)
	}
	static := newBench(t, func(o *Options) { o.Password = "static" })
	if end := static.tokenEnd(wall, now); !end.IsZero() {
		t.Errorf("a session without a token ends at %v", end)
	}
}

func TestExpand(t *testing.T) {
	c := Credentials{AccessToken: "at", IDToken: "it", Subject: "su", ClientID: "ci", Claims: map[string]any{
		"s": "text", "n": float64(12), "big": json.Number("12345678901234567890"), "b": true, "o": map[string]any{}, "l": []any{"x"}, "{": "brace",
	}}
	for template, want := range map[string]string{
		"": "", "plain": "plain", "{access_token}|{id_token}|{sub}|{client_id}|{device_id}": "at|it|su|ci|dev1",
		"{claim:s}-{claim:n}-{claim:big}-{claim:b}": "text-12-12345678901234567890-true",
		"{device_id}?x-amz-customauthorizer-name=a": "dev1?x-amz-customauthorizer-name=a", "a}b": "a}b",
	} {
		if got, err := expand(template, c.values("dev1")); err != nil || got != want {
			t.Errorf("%q became %q, %v", template, got, err)
		}
	}
	for template, want := range map[string]string{
		"{token}": "unknown placeholder {token}", "{": "without its }", "{}": "unknown", "{claim:}": "unknown", "{claim:missing}": "does not have",
		"{claim:o}": "neither text nor", "{claim:l}": "neither text nor", "{ACCESS_TOKEN}": "unknown",
	} {
		if got, err := expand(template, c.values("dev1")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q became %q, %v", template, got, err)
		}
	}
}

func TestPresets(t *testing.T) {
	type want struct{ username, password, authorization, alpn, port string }
	for preset, w := range map[string]want{
		"":                {"dev1", "at", "", "", "8883"},
		"password-jwt":    {"dev1", "at", "", "", "8883"},
		"username-token":  {"at", "", "", "", "8883"},
		"aws-custom-auth": {"dev1", "at", "", "mqtt", "443"},
		"ws-bearer":       {"dev1", "", "Bearer at", "", "443"},
	} {
		o := Options{URL: "mqtts://b.example", DeviceID: "dev1", Preset: preset, Username: "{device_id}", Password: "{access_token}"}
		if preset == "ws-bearer" {
			o.URL = "wss://b.example"
		}
		l, err := New(o, newFakeQueue())
		if err != nil {
			t.Fatal(err)
		}
		id, err := l.login(Credentials{AccessToken: "at"})
		got := want{id.username, id.password, id.header.Get("Authorization"), strings.Join(l.o.ALPN, ","), l.at.port}
		if err != nil || got != w {
			t.Errorf("%s: %+v, %v, want %+v", preset, got, err, w)
		}
	}
	own := Options{Preset: "username-token", Username: "{sub}", Password: "{id_token}", ALPN: []string{"x"}}
	own.applyPreset()
	if own.Username != "{sub}" || own.Password != "{id_token}" || own.ALPN[0] != "x" {
		t.Errorf("a preset replaced what was written: %+v", own)
	}
}

// A password file is read for each session, and its text is no template.
func TestPasswordFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	l, err := New(Options{URL: "mqtts://b.example", DeviceID: "dev1", Username: "{device_id}", Password: "{access_token}", PasswordFile: path}, newFakeQueue())
	if err != nil {
		t.Fatal(err)
	}
	if l.usesToken() {
		t.Error("the session ends with a token that it does not use")
	}
	for _, c := range []struct{ text, password, fault string }{
		{"secret\r\n", "secret", ""},
		{"{access_token} with {braces", "{access_token} with {braces", ""},
		{" blanks stay \n\n", " blanks stay ", ""},
		{"\n", "", "mqtt.password_file: is empty"},
		{"a\x00b", "a\x00b", "NUL"},
		{strings.Repeat("x", 1<<16), strings.Repeat("x", 1<<16), "mqtt.password_file: becomes 65536 bytes"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := l.login(Credentials{AccessToken: "at"})
		if id.username != "dev1" || id.password != c.password || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%.20q: %.20q, %v", c.text, id.password, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	err = l.Serve(t.Context(), Credentials{}, func() {})
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Misconfigured || !strings.Contains(e.Detail, "mqtt.password_file: open ") {
		t.Errorf("without the file: %v", err)
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"{access_token}", "{claim:x}", "{{sub}}", "}{", "{device_id", "a{sub}b{claim:{}c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, template string) {
		c := Credentials{AccessToken: "{sub}", Claims: map[string]any{"x": "{access_token}"}}
		got, err := expand(template, c.values("dev1"))
		_, checked := expand(template, anyValue("dev1"))
		if err == nil && checked != nil {
			t.Fatalf("%q expands but does not pass the check: %v", template, checked)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") && !strings.Contains(template, "\n") {
				t.Fatalf("error %q", err)
			}
			return
		}
		if !strings.Contains(template, "{") && got != template {
			t.Fatalf("%q became %q", template, got)
		}
	})
}
