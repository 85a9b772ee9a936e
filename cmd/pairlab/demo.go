package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
	"github.com/paird/paird/cmd/pairlab/internal/page"
	"github.com/paird/paird/config"
)

// lab is everything that runs.
type lab struct {
	opt    options
	say    *teller
	dir    string        // holds the broker's files, and the device's unless --state is given
	panel  string        // origin of the simulator's page
	url    string        // of the page
	config config.Config // of the device

	provider *provider.Provider
	broker   *broker.Broker
	page     *page.Page
	servers  []*http.Server

	mu      sync.Mutex // guards journey, and keeps what is shown in the order in which it happened
	journey journey
}

// demo runs the lab until ctx ends.
func demo(ctx context.Context, o options, out io.Writer) (err error) {
	l, err := start(o, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	err = l.run(ctx, func() {
		fmt.Fprintf(out, "\n  Open %s in a browser.  Ctrl-C ends the lab.\n\n", l.url)
		if o.open {
			browse(ctx, l.url)
		}
	})
	if ctx.Err() != nil {
		l.say.line(time.Now(), "lab", "stopped")
	}
	return err
}

// run runs the device until ctx ends; ready is called once its panel can be seen.
func (l *lab) run(ctx context.Context, ready func()) error {
	return runDevice(ctx, l.config, l.say.writer("paird"), ready)
}

// start opens everything but the device. Whatever listens does so on loopback.
func start(o options, out io.Writer) (_ *lab, err error) {
	l := &lab{opt: o, say: newTeller(out)}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.dir, err = os.MkdirTemp("", "pairlab-"); err != nil {
		return nil, fmt.Errorf("temporary directory: %w", err)
	}
	pages, err := listenPage(o.listen)
	if err != nil {
		return nil, err
	}
	l.url = "http://" + pages.Addr().String() + "/"
	phone, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return nil, errors.Join(err, pages.Close())
	}
	if err := l.build(pages.Addr().String(), "http://"+phone.Addr().String()); err != nil {
		return nil, errors.Join(err, pages.Close(), phone.Close())
	}
	l.serve(phone, l.provider)
	l.serve(pages, l.page)
	l.show(l.journey)
	return l, nil
}

// build makes the parts, which know each other by their addresses.
func (l *lab) build(host, issuer string) error {
	panel, err := freeAddress()
	if err != nil {
		return err
	}
	l.panel = "http://" + panel
	if l.page, err = page.New(page.Options{Host: host, Device: l.panel, Phone: issuer}); err != nil {
		return err
	}
	if l.provider, err = provider.New(l.providerOptions(issuer, "http://"+host)); err != nil {
		return err
	}
	l.broker, err = broker.Start(broker.Options{
		Issuer: issuer, Audience: audience, Scope: scope, Keys: l.provider.Keys(), Root: topicRoot,
		Message: l.message, Observe: l.door,
	})
	if err != nil {
		return err
	}
	state := l.opt.state
	if state == "" {
		state = filepath.Join(l.dir, "device")
	}
	s := deviceSettings{state: state, issuer: issuer, broker: l.broker.URL(), panel: panel, size: l.opt.size}
	if l.config, err = s.parse(); err != nil {
		return err
	}
	return s.write()
}

func (l *lab) serve(ln net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	l.servers = append(l.servers, srv)
	go func() { _ = srv.Serve(ln) }() // ends with ErrServerClosed
}

// close ends what start began, in any state, and removes the temporary files.
func (l *lab) close() error {
	var errs []error
	for _, srv := range l.servers {
		errs = append(errs, srv.Close())
	}
	if l.broker != nil {
		errs = append(errs, l.broker.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(l.dir))...)
}
