package agent

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/gesture"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
)

// Edge is one debounced change of the button.
type Edge = gesture.Edge

// authorizer is the authorization server as the loops see it.
type authorizer interface {
	Begin(ctx context.Context) (deviceauth.Pending, error)
	Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error)
	Refresh(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error)
	Audience(ctx context.Context, t deviceauth.Token, r deviceauth.AudienceRequest) (audience, rotated deviceauth.Token, err error)
	Verify(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error)
	Revoke(ctx context.Context, t deviceauth.Token) error
}

// link is the connection to the broker as the linker sees it.
type link interface {
	Serve(ctx context.Context, c telemetry.Credentials, online func()) error
	Same(a, b telemetry.Credentials) bool
	Preconnect(ctx context.Context)
	Progress() uint64
	RunSampler(ctx context.Context, online <-chan struct{})
	Event(kind string, fields map[string]any)
	Acked() int
	Oversized() uint64
	Unretained() bool
}

// grants is where the grant is kept. Optional methods: Recovered() []string lists what was set aside, Health() error
// says what is wrong although the last operation succeeded, SetFloor(time.Time) error keeps the trusted time.
type grants interface {
	Load() (store.State, error)
	Intend(gen uint64) error
	ClearIntent() error
	Save(g store.Grant) (gen uint64, err error)
	Forget() error
	PutAside() error
	SaveAnswer(g store.Grant) error
	Answer() (g store.Grant, ok bool, err error)
	DropAnswer() error
	Pending() ([]byte, error)
	SavePending(b []byte) error
	MarkReset() error
	ResetMarked() (bool, error)
	Erase() error
}

// outbox is the telemetry queue as the agent sees it; the link drains it. Optional method: Quarantined() string
// names, once, a damaged file that was set aside.
type outbox interface {
	Bind(account string) (purged int, err error)
	PutContext(ctx context.Context, topic string, payload []byte) error
	Stats() queue.Stats
	Storage() error
	Erase() error
}

// trustedClock reports whether the time can be trusted.
type trustedClock interface {
	Set() bool
	Synchronised() bool
	Wait(ctx context.Context) error
}

// screener shows a screen without ever blocking.
type screener interface {
	Show(display.Screen)
	Wake()
}

// Options are what an Agent is made of. Nil or empty: Link (no broker), Screen (no panel), LED, Edges,
// Hook, Alive, Say. All else is required.
type Options struct {
	Version    string
	DeviceID   string
	DeviceName string

	Auth   authorizer
	Store  grants
	Queue  outbox
	Clock  trustedClock
	Link   link
	Inbox  inbox // nil: nothing is received
	Screen screener
	LED    func(on bool) error
	Edges  <-chan Edge
	Hook   func(event []byte)                    // must not block
	Alive  func()                                // called while all loops and Watch answer, every AliveEvery
	Say    func(line string)                     // gets the status in one line for people, when it changes
	Watch  map[string]func(context.Context) bool // parts beside the loops: does it answer before ctx ends
	Frame  func(display.Screen) ([]byte, error)

	AliveEvery time.Duration
	Bound      store.Binding // what the configuration names; TokenEndpoint empty where it is discovered
	BrokerURL  string
	Panel      control.Panel // Driver and Size; zero without a panel
	Settings   Settings      // of the boot partition
	StartAuto  bool          // start = "auto"
	Revoke     string        // auth.revoke: "auto" (also ""), "reset", "never"
	PairHold   time.Duration
	ResetHold  time.Duration // 0: no reset by button
	Spread     time.Duration // first connect, refresh after boot and reconnect wait rand(0, Spread)
	Audiences  map[string]deviceauth.AudienceRequest

	Rand func(d time.Duration) time.Duration // rand(0, d); nil: math/rand
	Log  *slog.Logger
}

// Agent is a device that pairs, keeps its grant and reports. It is a control.Backend.
type Agent struct {
	o      Options
	status *status
	events *stream

	pairRequests chan struct{} // a press, or `paird pair`
	resets       chan chan control.ResetResult
	keeper       chan *keeper  // holds the present keeper, one at a time
	ended        chan struct{} // closed when Run is over

	presenting, watching pulse       // of the panel's and the button's loop
	lines                chan string // the newest status in one line, for report
}

// New makes an Agent; nothing happens before Run.
func New(o Options) *Agent {
	if o.Rand == nil {
		o.Rand = func(d time.Duration) time.Duration { return rand.N(max(d, 1)) }
	}
	a := &Agent{
		o:            o,
		status:       newStatus(o),
		pairRequests: make(chan struct{}, 1),
		resets:       make(chan chan control.ResetResult),
		keeper:       make(chan *keeper, 1),
		ended:        make(chan struct{}),
		presenting:   make(pulse),
		watching:     make(pulse),
		lines:        make(chan string, 1),
	}
	a.events = newStream(o)
	return a
}
