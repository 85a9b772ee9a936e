package daemon_test

import (
	"context"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bench"
)

// TestCodeSoonAfterThePress: on every panel the code can be read one full refresh and a second after the press at the latest, and
// it takes one refresh. The panel showed the press screen for an hour, so that e-paper sleeps.
func TestCodeSoonAfterThePress(t *testing.T) {
	tested := 0
	for _, p := range hal.Panels() {
		if p.Controller == "" { // sim, png, terminal; inky is one of the others
			continue
		}
		for _, size := range p.Sizes {
			tested++
			t.Run(p.Name+" "+size.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { codeAfterPress(t, p, size) })
			})
		}
	}
	if tested < 30 {
		t.Errorf("only %d panels", tested)
	}
}

func codeAfterPress(t *testing.T, p hal.PanelInfo, size image.Point) {
	g, err := bench.New(p.Name, size, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hal.Open(t.Context(), g.Options(p, size))
	if err != nil || b.Fault != nil {
		t.Fatal(err, b.Fault)
	}
	defer b.Close()
	shown := make(chan display.Screen, 100)
	presenter := display.NewPresenter(b.Panel, daemon.Geometry(config.Config{}, b), display.PresenterOptions{
		OnShow: func(s display.Screen) { shown <- s }, OnError: func(err error) { t.Error(err) },
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- presenter.Run(ctx) }()
	presenter.Show(display.Press{})
	time.Sleep(time.Hour)
	before := g.Refreshes()
	press := time.Now()
	presenter.Wake()
	presenter.Show(display.Starting{}) // until the server has answered
	time.Sleep(200 * time.Millisecond)
	code := display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", Left: 5 * time.Minute}
	presenter.Show(code)
	for s := range shown {
		if s == code {
			break
		}
	}
	if took := time.Since(press); took > p.Refresh+time.Second {
		t.Errorf("the code can be read after %v; a full refresh takes %v", took, p.Refresh)
	}
	if n := g.Refreshes() - before; p.Paper && n != 1 {
		t.Errorf("%d refreshes", n)
	}
	stop()
	<-ended
}
