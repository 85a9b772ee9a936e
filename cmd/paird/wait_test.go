package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paird/paird/agent/control"
)

// ready waits until the daemon reported that to the service manager.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(labOf(ts).notify.await("READY=1"))
}

// await STATE waits until the daemon at $WORK/sock is in that state.
func await(ts *testscript.TestScript, _ bool, args []string) {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	c := control.NewClient(ts.MkAbs("sock"))
	events, err := c.Events(ctx) // first, so that nothing that follows the status is missed
	ts.Check(err)
	s, err := c.Status(ctx)
	ts.Check(err)
	if string(s.State) == args[0] {
		return
	}
	for _, err := range events {
		ts.Check(err)
		s, err = c.Status(ctx)
		ts.Check(err)
		if string(s.State) == args[0] {
			return
		}
	}
}

// notifySocket is the service manager's end of sd_notify(3).
type notifySocket struct{ *net.UnixConn }

func listenNotify(path string) (*notifySocket, error) {
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	return &notifySocket{c}, err
}

func (n *notifySocket) await(want string) error {
	if err := n.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	for b := make([]byte, 1024); ; {
		k, err := n.Read(b)
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", want, err)
		}
		if strings.Contains(string(b[:k]), want) {
			return nil
		}
	}
}
