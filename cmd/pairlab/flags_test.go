package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	o, err := demoFlags(nil, &bytes.Buffer{})
	if err != nil || o != (options{
		host: loopback, size: "128x64", language: "en", lifetime: time.Minute, refresh: 30 * 24 * time.Hour, ttl: 5 * time.Minute,
		grants: "separate", rotation: "on", grace: 30 * time.Second,
	}) {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	for in, want := range map[string]string{"localhost:9": "9", ":9": "9", "127.0.0.1:0": "0"} {
		if o, err := demoFlags([]string{"--listen", in}, &bytes.Buffer{}); err != nil || o.host != loopback || o.port != want {
			t.Errorf("--listen %s: %q %q, %v", in, o.host, o.port, err)
		}
	}
}

// Exit code 2, and one line that says what to do.
func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"fleet", "now"}, {"fleet", "-n", "0"}, {"fleet", "--processes", "-1"}, {"fleet", "-n", "2", "--processes", "3"}, {"fleet", "--scenarios", "boot"}, {"fleet", "--scenarios", "pairing,war"},
		{"fleet", "--issuer", "https://as.example"}, {"fleet", "--interval", "0s"}, {"demo", "now"}, {"demo", "--nope"},
		{"demo", "--listen", "0.0.0.0:80"}, {"demo", "--listen", "192.168.0.1:80"}, {"demo", "--listen", "8080"},
		{"demo", "--lifetime", "1s"}, {"demo", "--lifetime", "2500ms"},
		{"demo", "--panel-size", "huge"}, {"demo", "--panel-size", "1x1"},
		{"demo", "--panel", "cinema"}, {"demo", "--panel", "terminal"}, {"demo", "--language", "xx"},
		{"demo", "--ttl", "1s"}, {"demo", "--refresh-lifetime", "1s"}, {"demo", "--ttl", "90500ms"}, {"demo", "--grace", "-1s"},
		{"demo", "--grants", "some"}, {"demo", "--rotation", "sometimes"}, {"demo", "--listen", "127.0.0.1"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != exitUsage || errs.Len() == 0 || out.Len() > 0 {
			t.Errorf("%v: exit %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"demo", "-h"}, &errs, &errs); code != exitDone || !strings.Contains(errs.String(), "-lifetime") {
		t.Errorf("help: exit %d, %q", code, errs.String())
	}
}
