package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"
)

// options of `pairlab demo`.
type options struct {
	listen   string        // host:port of the page; "" for 127.0.0.1:8080 or, if that is taken, any port
	size     string        // of the panel
	state    string        // the device's directory; "" for one that is removed at the end
	lifetime time.Duration // of access tokens
	open     bool          // show the page in a browser
}

func demoFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("pairlab demo", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.listen, "listen", "", "loopback `address` of the page (default 127.0.0.1:8080, or a free port if that is taken)")
	f.StringVar(&o.size, "panel-size", "128x64", "`size` of the simulated panel, such as 250x122")
	f.StringVar(&o.state, "state", "", "`directory` that keeps the device's files; the servers forget, so pair again after a restart (default: a temporary one, removed at the end)")
	f.DurationVar(&o.lifetime, "lifetime", time.Minute, "how long an access token is good, whole seconds; short ones show refreshes")
	f.BoolVar(&o.open, "open", false, "open the page in a browser")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(f.Args())
}

func (o *options) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("demo: unexpected argument %q", rest[0])
	}
	if o.lifetime < 2*time.Second || o.lifetime%time.Second != 0 {
		return fmt.Errorf("--lifetime %s: give whole seconds, at least 2s", o.lifetime)
	}
	s := deviceSettings{state: "/", issuer: "http://" + loopback, broker: "mqtt://" + loopback, panel: loopback + ":0", size: o.size}
	if _, err := s.parse(); err != nil {
		return fmt.Errorf("--panel-size %s: %w", o.size, err)
	}
	if o.state != "" {
		var err error
		if o.state, err = filepath.Abs(o.state); err != nil {
			return fmt.Errorf("--state: %w", err)
		}
	}
	if o.listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil || (host != loopback && host != "localhost" && host != "") {
		return fmt.Errorf("--listen %s: give a port on 127.0.0.1, such as 127.0.0.1:8080; the lab is for this machine only", o.listen)
	}
	o.listen = net.JoinHostPort(loopback, port)
	return nil
}
