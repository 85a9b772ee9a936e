package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paird/paird/cmd/internal/provider"
)

// fails CODE LINES COMMAND... checks for that exit code, and so many lines of error, each by paird.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[2], args[3:]...)
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, not %s", code, args[0])
	}
	text := ts.ReadFile("stderr")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" || strconv.Itoa(len(lines)) != args[1] {
		ts.Fatalf("not %s lines of error: %q", args[1], text)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "paird: ") || labOf(ts).auth.Leak(line, false) != "" {
			ts.Fatalf("a bad line: %q", line)
		}
	}
}

// exits CODE COMMAND... checks for that exit code, and no error printed: what is on standard output says
// all.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		code = e.ExitCode()
	}
	if text := ts.ReadFile("stderr"); strconv.Itoa(code) != args[0] || text != "" {
		ts.Fatalf("exit code %d, not %s: %q", code, args[0], text)
	}
}

// fill FILE... puts the variables in.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		text := os.Expand(ts.ReadFile(file), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

func labOf(ts *testscript.TestScript) *lab { return ts.Value(labKey{}).(*lab) }

// decide approve|deny|expire|wait|unavailable is what the authorization server does from now on.
func decide(ts *testscript.TestScript, _ bool, args []string) {
	auth := labOf(ts).auth
	switch args[0] {
	case "approve":
		auth.Always(provider.Approve)
	case "deny":
		auth.Always(provider.Deny)
	case "expire":
		auth.Always(provider.Expire)
	case "wait":
		auth.Wait()
	case "unavailable":
		auth.Unavailable()
	default:
		ts.Fatalf("decide %s", args[0])
	}
}

// token FILE [SCOPE] checks that a file is one access token and no more, with that scope if it is given.
func token(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	if labOf(ts).auth.Leak(text, false) != text {
		ts.Fatalf("no token: %q", text)
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(text+"..", ".")[1])
	ts.Check(err)
	var claims struct{ Scope string }
	ts.Check(json.Unmarshal(body, &claims))
	if len(args) > 1 && claims.Scope != args[1] {
		ts.Fatalf("a token for %q", claims.Scope)
	}
}

// samecode FILE FILE checks for the same user code in both.
func samecode(ts *testscript.TestScript, _ bool, args []string) {
	code := regexp.MustCompile(`[A-Z]{4}-[A-Z]{4}`)
	before, after := code.FindString(ts.ReadFile(args[0])), code.FindString(ts.ReadFile(args[1]))
	if before == "" || before != after {
		ts.Fatalf("the code was %q and is %q", before, after)
	}
}

// leaks FILE checks, negated, that no token and no code is in a file.
func leaks(ts *testscript.TestScript, neg bool, args []string) {
	if secret := labOf(ts).auth.Leak(ts.ReadFile(args[0]), true); (secret != "") == neg {
		ts.Fatalf("%s has the secret %q", args[0], secret)
	}
}

// asked waits until the server was asked for a code.
func asked(ts *testscript.TestScript, _ bool, _ []string) {
	select {
	case <-labOf(ts).auth.Asked():
	case <-time.After(10 * time.Second):
		ts.Fatalf("no code was asked for")
	}
}

// revoked checks that a grant was revoked.
func revoked(ts *testscript.TestScript, _ bool, _ []string) {
	if labOf(ts).auth.Count(provider.Revoked) == 0 {
		ts.Fatalf("no grant was revoked")
	}
}

// large N writes N bytes to the file large.
func large(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("large"), bytes.Repeat([]byte("x"), n), 0o600))
}

// keys FILE WANT... checks that the JSON object in a file has exactly these keys, in dotted form.
func keys(ts *testscript.TestScript, _ bool, args []string) {
	var v map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	got := flat("", v)
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(args[1:])); !slices.Equal(got, want) {
		ts.Fatalf("keys\n%s\nnot\n%s", got, want)
	}
}

func flat(prefix string, v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			names = append(names, flat(strings.TrimPrefix(prefix+"."+k, "."), one)...)
		}
		return names
	case []any:
		if len(v) > 0 {
			return flat(prefix+"[]", v[0])
		}
	}
	return []string{prefix}
}

// pixels FILE WxH COLOURS checks for a picture of that size with at most so many colours, and more than
// one.
func pixels(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	im, err := png.Decode(f)
	ts.Check(err)
	size := im.Bounds().Size()
	if got := fmt.Sprintf("%dx%d", size.X, size.Y); got != args[1] {
		ts.Fatalf("%s is %s", args[0], got)
	}
	seen := map[[3]uint32]bool{}
	for y := range size.Y {
		for x := range size.X {
			r, g, b, _ := im.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	if most, _ := strconv.Atoi(args[2]); len(seen) < 2 || len(seen) > most {
		ts.Fatalf("%s has %d colours", args[0], len(seen))
	}
}
