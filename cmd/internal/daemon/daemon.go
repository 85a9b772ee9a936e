package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/hooks"
	"github.com/paird/paird/agent/inbox"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// Options are what a daemon needs besides its configuration.
type Options struct {
	Version  string
	Built    time.Time       // the clock's floor; zero: none
	Terminal io.Writer       // for panel = "terminal"
	Panels   []hal.PanelInfo // a product's own panels, beside those of hal.Panels
	Probe    []string        // program and arguments that probe a database file in a process of their own; nil: none
	Boot     Takeover        // what came of the boot partition's file
	Ready    func()          // called once everything is open; may be nil
	Log      *slog.Logger
}

// device is one daemon's parts, in the order in which they are made.
type device struct {
	cfg    config.Config
	o      Options
	who    Device
	store  *store.Store
	queue  *queue.Queue
	inbox  *inbox.Inbox // nil where no program receives messages
	clock  *clock.Clock
	board  *hal.Board
	socket net.Listener
	hooks  *hooks.Runner
	panel  *display.Presenter // nil without a panel
	agent  *agent.Agent
	frames display.Geometry
	beside sync.WaitGroup
	stop   context.CancelCauseFunc
}

// ErrSettings: the owner has taken over other settings. The configuration is to be loaded again.
var ErrSettings = errors.New("new settings were taken over from the boot partition")

// Run runs the device until ctx ends. Its error says what could not be opened, or is ErrSettings.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	d := &device{cfg: WithBoard(cfg), o: o, who: Identify(cfg)}
	defer d.close()
	if err := d.listen(); err != nil {
		return err
	}
	if err := d.openState(); err != nil {
		return err
	}
	if err := os.Remove(LoginFile(cfg.Device.StateDir)); err == nil {
		d.o.Log.Info("the grant of an earlier login is now this daemon's")
	}
	if err := d.openBoard(ctx); err != nil {
		return err
	}
	ctx, d.stop = context.WithCancelCause(ctx)
	defer d.beside.Wait()
	defer d.stop(nil)
	if err := d.makeAgent(ctx); err != nil {
		return err
	}
	return d.run(ctx)
}

// listen takes the socket, first of all: a second daemon is refused at once.
func (d *device) listen() error {
	var err error
	d.socket, err = control.Listen(d.cfg.Control.Socket)
	if errors.Is(err, control.ErrInUse) {
		return fmt.Errorf("%w: stop it first, or give this one a control.socket and a device.state_dir of its own", err)
	}
	if err != nil {
		return fmt.Errorf("%w: correct its folder, or set control.socket", err)
	}
	return nil
}

// openState opens what is kept on the disk.
func (d *device) openState() error {
	if err := d.who.keep(d.cfg); err != nil {
		d.o.Log.Warn("this board has no serial number, and the id made up for it could not be kept: set device.id", "err", err)
	}
	var err error
	from := stored(d.cfg, d.who.ID, d.o)
	d.store, err = store.Open(from)
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w: stop the paird that owns %s first", err, d.cfg.Device.StateDir)
	case err != nil:
		return fmt.Errorf("state directory %s: %w", d.cfg.Device.StateDir, err)
	}
	floor := d.o.Built
	if saved, err := d.store.Floor(); err == nil && saved.After(floor) {
		floor = saved
	}
	d.clock = clock.New(clock.Options{Floor: floor})
	q := queueOptions(d.cfg)
	q.Now, q.Log, q.OnGap, q.Probe = d.stamp, d.o.Log, d.gap, probe(d.o)
	if d.queue, err = queue.Open(q); err != nil || !receives(d.cfg) {
		return err
	}
	in := inboxOptions(d.cfg)
	in.Log = d.o.Log
	d.inbox, err = inbox.Open(in)
	return err
}

// gap puts a loss of the queue into the one event stream. Next calls it, and so the agent is there.
func (d *device) gap(dropped, from, to uint64) {
	d.agent.Emit(string(control.EventGap), map[string]any{"dropped": dropped, "from_seq": from, "to_seq": to})
}

func (d *device) stamp() queue.Stamp {
	s := queue.Stamp{Boot: d.clock.BootID(), Mono: d.clock.Monotonic()}
	if d.clock.Set() {
		s.Wall = time.Now()
	}
	return s
}

// openBoard opens panel, button and LED. Only `display.required` makes a missing panel fatal.
func (d *device) openBoard(ctx context.Context) error {
	hw := Hardware(d.cfg, d.who.Name, d.o.Terminal, d.o.Log)
	hw.More = d.o.Panels
	var err error
	d.board, err = hal.Open(ctx, hw)
	if err == nil && d.board.Fault != nil && d.cfg.Display.Required {
		err = d.board.Fault
	}
	if err != nil {
		return fmt.Errorf("board: %w", err)
	}
	if d.board.PinFault != nil {
		d.o.Log.Warn("trying again", "err", d.board.PinFault)
	}
	if d.board.URL != "" {
		d.o.Log.Info("simulated panel", "url", d.board.URL)
	}
	d.frames = display.Geometry{Width: 128, Height: 64, Name: d.who.Name, Language: d.cfg.Display.Language}
	if d.board.Panel == nil {
		return nil
	}
	d.frames = Geometry(d.cfg, d.board)
	d.frames.Name = d.who.Name
	d.panel = display.NewPresenter(d.board.Panel, d.frames, display.PresenterOptions{
		Log: d.o.Log, OnError: func(err error) { d.agent.PanelTrouble(err) }, OnShow: func(s display.Screen) { d.agent.Shown(s) },
	})
	return nil
}

// panelTime is how long the end of the daemon waits for the panel's last picture. Colour paper would take 45 s.
const panelTime = 3 * time.Second

// run runs everything until ctx ends, and ends the panel last, so that it shows the last state.
func (d *device) run(ctx context.Context) error {
	who := controlOptions(d.cfg)
	who.Log = d.o.Log
	api := control.Handler(d.agent, who)
	drawing, undraw := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		undraw()
		time.AfterFunc(panelTime, d.board.Interrupt)
	}()
	d.beside.Go(func() { d.giveBack(ctx) })
	d.beside.Go(func() { d.board.AwaitPins(ctx, d.agent.PinTrouble) })
	d.beside.Go(func() { d.board.WatchPanel(ctx, d.agent.PanelTrouble) })
	d.beside.Go(func() { _ = d.hooks.Run(ctx) })
	d.beside.Go(func() {
		if err := control.Serve(ctx, d.socket, api); err != nil {
			d.o.Log.Error("control socket", "err", err)
		}
	})
	if d.panel != nil {
		d.beside.Go(func() { _ = d.panel.Run(drawing) })
	}
	d.o.Log.Info("running", "version", d.o.Version, "device", d.who.ID, "state_dir", d.cfg.Device.StateDir)
	if d.o.Ready != nil {
		d.o.Ready()
	}
	notify(sd.SdNotifyReady, readyLimit)
	err := d.agent.Run(ctx)
	if errors.Is(context.Cause(ctx), ErrSettings) {
		return ErrSettings // it runs again at once: it does not stop
	}
	notify(sd.SdNotifyStopping, notifyLimit)
	return err
}

// close closes what was opened, the disk last.
func (d *device) close() {
	if d.socket != nil {
		if err := d.socket.Close(); !errors.Is(err, net.ErrClosed) { // its server has closed it already
			d.closed("socket", err)
		}
	}
	if d.board != nil {
		d.closed("board", d.board.Close())
	}
	if d.inbox != nil {
		d.closed("inbox", d.inbox.Close())
	}
	if d.queue != nil {
		d.closed("queue", d.queue.Close())
	}
	if d.store != nil {
		d.closed("store", d.store.Close())
	}
}

func (d *device) closed(what string, err error) {
	if err != nil {
		d.o.Log.Warn("closing", "what", what, "err", err)
	}
}

// trouble passes on what a poll met.
func (d *device) trouble(e *deviceauth.Error) {
	if e == nil {
		d.agent.WaitTrouble("", "")
		return
	}
	d.agent.WaitTrouble(string(e.Kind), e.Error())
}
