package telemetry

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

func TestForgetClearsWhatIsRetained(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.HomeAssistant, o.Metrics = "homeassistant", []string{"uptime"} })
		s := b.serve(t, token)
		<-s.online
		if got, want := b.broker.Topics(), []string{"homeassistant/device/dev1/config", "paird/dev1/about", "paird/dev1/status"}; !slices.Equal(got, want) {
			t.Errorf("retained are %q, want %q", got, want)
		}
		if err := s.stop(ErrForget); !errors.Is(err, ErrForget) {
			t.Error(err)
		}
		if got := b.broker.Topics(); len(got) != 0 {
			t.Errorf("after a reset %q are retained", got)
		}
		if _, wills := b.broker.Ends(); wills != 0 {
			t.Error("the will was published")
		}
	})
}

func TestStopIsQuickWhateverTheBrokerDoes(t *testing.T) {
	for name, script := range map[string]brokertest.Script{"well": {}, "silent": {Silent: true}, "stalled": {Stalled: true}, "connection kept open": {KeepsOpen: true}} {
		for _, cause := range []error{errors.New("SIGTERM"), ErrSwap, ErrForget} {
			t.Run(name+" "+cause.Error(), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					b := newBench(t, nil)
					s := b.serve(t, token)
					<-s.online
					synctest.Wait()
					b.broker.Script(script)
					for range 2 * windowSize {
						b.queue.Put("n", []byte("x"))
					}
					time.Sleep(time.Second)
					at := time.Now()
					if err := s.stop(cause); !errors.Is(err, cause) {
						t.Error(err)
					}
					limit := 1900 * time.Millisecond
					if cause == ErrSwap || cause == ErrForget {
						limit += swapLimit
					}
					if took := time.Since(at); took > limit {
						t.Errorf("took %v", took)
					}
					b.broker.Script(brokertest.Script{})
					b.broker.Kick()
					time.Sleep(time.Minute)
				})
			})
		}
	}
}

func TestSessionEndsWithItsToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		short := token
		short.Expiry = time.Now().Add(time.Minute)
		at := time.Now()
		s := b.serve(t, short)
		<-s.online
		err := <-s.result
		if took := time.Since(at); took > time.Minute || took < 58*time.Second || !errors.Is(err, ErrTokenOver) {
			t.Errorf("%v after %v", err, took)
		}
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "offline" {
			t.Errorf("status is %q", status)
		}
		s = b.serve(t, Credentials{AccessToken: "tok", Expiry: time.Now().Add(time.Minute)})
		<-s.online
		time.Sleep(59 * time.Second)
		b.broker.Kick()
		if e := failure(t, <-s.result); e.Kind != BrokerAuth {
			t.Errorf("closed by the broker at the expiry: %v", e)
		}
	})
}

func TestExpiredTokenIsNotShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		old := token
		old.Expiry = time.Now()
		if err := b.Serve(t.Context(), old, func() {}); !errors.Is(err, ErrTokenOver) || len(b.broker.Connects()) != 0 {
			t.Errorf("%v, after %d CONNECTs", err, len(b.broker.Connects()))
		}
	})
}

// A refusal of a token that ended meanwhile is no refusal of the login.
func TestTokenEndsDuringTheConnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.broker.Script(brokertest.Script{Connack: func(brokertest.Connect) byte { time.Sleep(2 * time.Second); return 5 }})
		short := token
		short.Expiry = time.Now().Add(time.Second)
		if err := b.Serve(t.Context(), short, func() {}); !errors.Is(err, ErrTokenOver) {
			t.Error(err)
		}
	})
}

func TestExpiryIsNothingToASessionWithoutToken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Password = "{client_id}" })
		s := b.serve(t, Credentials{ClientID: "printer", Expiry: time.Now().Add(time.Minute)})
		<-s.online
		time.Sleep(time.Hour)
		s.stop(nil)
	})
}

func TestNoSecretInErrorsAndLogs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, logged := recorder()
		b := newBench(t, func(o *Options) {
			o.ClientID, o.Username, o.Log = "{claim:email}", "{access_token}", log
		})
		secret := Credentials{AccessToken: "s3cr3t", Claims: map[string]any{"email": "alice@example.com"}}
		var all []string
		for _, script := range []brokertest.Script{{Down: true}, {Silent: true}, {Publish: func(brokertest.Message) brokertest.Verdict { return brokertest.Close }}} {
			b.broker.Script(script)
			all = append(all, failure(t, b.Serve(t.Context(), secret, func() {})).Error())
		}
		all = append(all, logged()...)
		for _, line := range all {
			if strings.Contains(line, "s3cr3t") || strings.Contains(line, "alice") {
				t.Errorf("logged %q", line)
			}
		}
		b.broker.Kick()
	})
}
