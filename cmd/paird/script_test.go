package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// TestMain lets the scripts call this program as paird. What a real daemon of this machine has is out of
// their reach.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == probeArg {
		os.Exit((&program{}).start(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"paird": func() {
		os.Exit((&program{
			stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
			config: os.Getenv("WORK") + "/etc.toml", socket: os.Getenv("WORK") + "/run.sock",
			usual: os.Getenv("WORK") + "/etc.toml", factory: os.Getenv("WORK") + "/conf.d", boot: []string{os.Getenv("WORK") + "/boot/paird.toml"},
		}).start(os.Args[1:]))
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails":    fails,
			"exits":    exits,
			"fill":     fill,
			"decide":   decide,
			"token":    token,
			"leaks":    leaks,
			"samecode": samecode,
			"await":    await,
			"asked":    asked,
			"revoked":  revoked,
			"large":    large,
			"ready":    ready,
			"keys":     keys,
			"pixels":   pixels,
		},
	})
}

// lab is what the commands of one script share.
type lab struct {
	auth   *providertest.Server
	notify *notifySocket
}

type labKey struct{}

func setup(e *testscript.Env) error {
	t := e.T().(testing.TB)
	l := &lab{auth: providertest.New(t, nil)}
	var err error
	if l.notify, err = listenNotify(e.WorkDir + "/notify"); err != nil {
		return err
	}
	e.Defer(func() { l.notify.Close() })
	e.Values[labKey{}] = l
	e.Setenv("ISSUER", l.auth.URL)
	e.Setenv("BROKER", strings.TrimPrefix(l.auth.URL, "http://")) // it listens, and that is all doctor asks
	e.Setenv("NOTIFY_SOCKET", e.WorkDir+"/notify")
	e.Setenv("XDG_STATE_HOME", e.WorkDir+"/home")
	e.Setenv("GORACE", "atexit_sleep_ms=10") // a second for each command otherwise
	return nil
}
