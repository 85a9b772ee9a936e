package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
	"github.com/paird/paird/cmd/pairlab/internal/page"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// lab is everything that runs.
type lab struct {
	opt      options
	journal  *journal
	dir      string         // temporary; holds the device's files unless --state is given
	origin   string         // of all pages
	settings deviceSettings // of the device
	config   config.Config  // the same, parsed

	provider *provider.Provider
	broker   *broker.Broker
	page     *page.Page
	server   *http.Server

	mu    sync.Mutex // guards the rest, and keeps what is shown in the order in which it happened
	scene scene
	code  page.Code // on the panel
}

// demo runs the lab until ctx ends.
func demo(ctx context.Context, o options, out io.Writer) (err error) {
	l, err := start(o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	err = l.run(ctx, func() {
		fmt.Fprint(out, l.welcome())
		if o.open {
			browse(ctx, l.url())
		}
	})
	if ctx.Err() != nil {
		l.journal.line(time.Now(), "lab", "stopped")
	}
	return err
}

func (l *lab) url() string { return l.origin + labPath }

// welcome is what the terminal says once the device runs.
func (l *lab) welcome() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Open %s/ in a browser.  Ctrl-C ends the lab.\n", l.origin)
	if l.opt.lan {
		b.WriteString("  Warning: everyone on this network can use this lab and its accounts; a browser warns once of its certificate.\n\n")
		b.WriteString(display.TerminalQR(l.url()))
	}
	b.WriteString("\n  In another terminal:\n")
	for _, command := range []string{"status", "token", "publish door/open yes", "pair --wait", "reset --yes"} {
		fmt.Fprintf(&b, "    paird %s --config %s\n", command, l.settings.file())
	}
	b.WriteString("\n")
	return b.String()
}

// run runs the device until ctx ends; ready is called once its panel can be seen.
func (l *lab) run(ctx context.Context, ready func()) error {
	ctx, stop := context.WithCancel(ctx)
	var follower sync.WaitGroup
	defer follower.Wait()
	defer stop()
	follower.Go(func() { l.followDevice(ctx) })
	return runDevice(ctx, l.config, l.journal.writer("paird"), ready)
}

// start opens everything but the device.
func start(o options, out io.Writer) (_ *lab, err error) {
	l := &lab{opt: o, journal: newJournal(out)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.dir, err = os.MkdirTemp("", "pairlab-"); err != nil {
		return nil, fmt.Errorf("temporary directory: %w", err)
	}
	if runtime.GOOS == "windows" {
		if err := hasSockets(l.dir, net.Listen); err != nil {
			return nil, err
		}
	}
	ln, err := listen(o.host, o.port)
	if err != nil {
		return nil, err
	}
	if err := l.build(ln); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return l, nil
}

// hasSockets fails where Windows is too old for Unix sockets, or is not one: the lab's page and the commands reach the device
// by its own.
func hasSockets(dir string, listen func(network, address string) (net.Listener, error)) error {
	l, err := listen("unix", filepath.Join(dir, "probe.sock"))
	if err != nil {
		return fmt.Errorf("the demo needs Unix sockets, which Windows has since version 10 1803: %w", err)
	}
	return l.Close()
}

// build makes the parts, which know each other by their addresses.
func (l *lab) build(ln net.Listener) (err error) {
	secure, err := l.certificate()
	if err != nil {
		return err
	}
	host := ln.Addr().String()
	l.origin = "http://" + host
	if secure != nil {
		l.origin = "https://" + host
	}
	l.page = page.New()
	secret, err := l.secret()
	if err != nil {
		return err
	}
	o := l.opt.provider(l.origin, secret)
	o.Observe = l.pairing
	if l.provider, err = provider.New(o); err != nil {
		return err
	}
	if err := l.buildDevice(); err != nil {
		return err
	}
	l.serve(ln, secure, front(host, l.page, simulator(l.settings.sim), l.provider))
	l.show()
	return nil
}

// buildDevice starts the broker and writes the configuration of the device, which then only has to be run.
func (l *lab) buildDevice() (err error) {
	l.broker, err = broker.Start(broker.Options{
		Issuer: l.origin, Audience: audience, Scope: scope, Keys: l.provider.Keys(), Root: topicRoot,
		Message: l.message, Observe: l.admission,
	})
	if err != nil {
		return err
	}
	s := &l.settings
	s.issuer, s.broker, s.panel, s.size, s.language = l.origin, l.broker.URL(), l.opt.panel, l.opt.plainSize(), l.opt.language
	if s.sim, err = freeAddress(); err != nil {
		return err
	}
	if s.state = l.opt.state; s.state == "" {
		s.state = filepath.Join(l.dir, "device")
	}
	if l.config, err = s.parse(); err != nil {
		return err
	}
	return s.write()
}

// certificate is nil without --lan.
func (l *lab) certificate() (*tls.Config, error) {
	if !l.opt.lan {
		return nil, nil
	}
	l.settings.caFile = filepath.Join(l.dir, "ca.pem")
	cert, err := newCertificate(net.ParseIP(l.opt.host), l.settings.caFile)
	if err != nil {
		return nil, fmt.Errorf("certificate of the lab: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}, nil
}

// secret makes the client a confidential one where refresh tokens do not rotate: RFC 9700 section 2.2.2 requires that of
// public clients.
func (l *lab) secret() (string, error) {
	if l.opt.rotation != "off" {
		return "", nil
	}
	secret := rand.Text()
	l.settings.secret = filepath.Join(l.dir, "client-secret")
	if err := os.WriteFile(l.settings.secret, []byte(secret), 0o600); err != nil {
		return "", fmt.Errorf("client secret: %w", err)
	}
	return secret, nil
}

// close ends what start began, in any state, and removes the temporary files.
func (l *lab) close() error {
	var errs []error
	if l.server != nil {
		errs = append(errs, l.server.Close())
	}
	if l.broker != nil {
		errs = append(errs, l.broker.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(l.dir))...)
}
