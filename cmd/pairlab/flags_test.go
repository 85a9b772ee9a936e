package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	o, err := demoFlags(nil, &bytes.Buffer{})
	if err != nil || o != (options{size: "128x64", lifetime: time.Minute}) {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	for in, want := range map[string]string{"localhost:9": "127.0.0.1:9", ":9": "127.0.0.1:9", "127.0.0.1:0": "127.0.0.1:0"} {
		if o, err := demoFlags([]string{"--listen", in}, &bytes.Buffer{}); err != nil || o.listen != want {
			t.Errorf("--listen %s: %q, %v", in, o.listen, err)
		}
	}
}

// Exit code 2, and one line that says what to do.
func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"demo", "now"}, {"demo", "--nope"},
		{"demo", "--listen", "0.0.0.0:80"}, {"demo", "--listen", "192.168.0.1:80"}, {"demo", "--listen", "8080"},
		{"demo", "--lifetime", "1s"}, {"demo", "--lifetime", "2500ms"},
		{"demo", "--panel-size", "huge"}, {"demo", "--panel-size", "1x1"},
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
