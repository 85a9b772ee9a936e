package telemetry

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

func TestCommands(t *testing.T) {
	long := strings.Repeat("x", maxCommandID+1)
	for _, c := range []struct{ payload, want string }{
		{`{"id":"7","command":"identify"}`, `{"id":"7","ok":true}`},
		{` {"command":"identify","extra":[1]} `, `{"ok":true}`},
		{`{"id":"8","command":"report"}`, `{"id":"8","ok":true}`},
		{`{"id":"9","command":"interval","seconds":60}`, `{"id":"9","ok":true}`},
		{`{"id":"10","command":"reset"}`, `{"id":"10","ok":false,"error":"not_allowed","message":"mqtt.commands does not list it"}`},
		{`{"id":"11","command":"interval"}`, `{"id":"11","ok":false,"error":"bad_request","message":"seconds must be from 1 to 86400"}`},
		{`{"id":"12","command":"interval","seconds":-1}`, `{"id":"12","ok":false,"error":"bad_request","message":"seconds must be from 1 to 86400"}`},
		{`{"id":"13"}`, `{"id":"13","ok":false,"error":"bad_request","message":"the command is missing"}`},
		{`{"id":"` + long + `","command":"identify"}`, `{"ok":false,"error":"bad_request","message":"an id has at most 64 bytes"}`},
		{`{"id":7,"command":"identify"}`, `{"ok":false,"error":"bad_request","message":"send {\"id\":\"text\",\"command\":\"name\"}"}`},
		{`[]`, `{"ok":false,"error":"bad_request","message":"send {\"id\":\"text\",\"command\":\"name\"}"}`},
		{`null`, `{"ok":false,"error":"bad_request","message":"send {\"id\":\"text\",\"command\":\"name\"}"}`},
		{``, `{"ok":false,"error":"bad_request","message":"send {\"id\":\"text\",\"command\":\"name\"}"}`},
		{`{"id":"14","command":"identify"} {}`, `{"ok":false,"error":"bad_request","message":"send {\"id\":\"text\",\"command\":\"name\"}"}`},
		{strings.Repeat("[", maxCommand+1), `{"ok":false,"error":"bad_request","message":"a command has at most 4096 bytes"}`},
	} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, func(o *Options) {
				o.Commands, o.Metrics = []string{"identify", "report", "interval"}, []string{"uptime"}
			})
			s := b.serve(t, token)
			<-s.online
			b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: c.payload})
			synctest.Wait()
			got := b.broker.On("paird/dev1/cmd/result")
			if len(got) != 1 || got[0].Payload != c.want || got[0].QoS != 1 || got[0].Retain {
				t.Errorf("%.80s was answered %+v, want %s", c.payload, got, c.want)
			}
			s.stop(nil)
		})
	}
}

func TestCommandIsDoneOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		done := 0
		b := newBench(t, func(o *Options) { o.Commands, o.Identify = []string{"identify"}, func() { done++ } })
		cmd := brokertest.Message{Topic: "paird/dev1/cmd", Payload: `{"id":"7","command":"identify"}`}
		kept := cmd
		kept.Retain, kept.Payload = true, `{"id":"6","command":"identify"}`
		b.broker.Publish(kept)
		for range 2 {
			s := b.serve(t, token)
			<-s.online
			b.broker.Publish(cmd)
			synctest.Wait()
			b.broker.Publish(cmd)
			synctest.Wait()
			s.stop(ErrSwap)
		}
		if got := b.broker.On("paird/dev1/cmd/result"); len(got) != 4 || done != 1 {
			t.Errorf("done %d times, answered %+v; the retained one is not to be obeyed", done, got)
		}
	})
}

func TestCommandsAreLimited(t *testing.T) {
	bubble(t, func(t *testing.T) {
		done := 0
		b := newBench(t, func(o *Options) { o.Commands, o.Identify = []string{"identify"}, func() { done++ } })
		s := b.serve(t, token)
		<-s.online
		for i := range 500 {
			b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: fmt.Sprintf(`{"id":"%d","command":"identify"}`, i)})
			synctest.Wait()
		}
		answers := map[string]int{}
		for _, m := range b.broker.On("paird/dev1/cmd/result") {
			var r result
			if err := json.Unmarshal([]byte(m.Payload), &r); err != nil {
				t.Fatal(err)
			}
			answers[r.Error]++
		}
		if done != 5 || answers[""] != 5 || answers["rate_limited"] != 15 {
			t.Errorf("done %d, answers %v", done, answers)
		}
		time.Sleep(time.Minute)
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: `{"id":"400","command":"identify"}`})
		synctest.Wait()
		if done != 6 {
			t.Error("a command that was limited is refused without end")
		}
		s.stop(nil)
	})
}

func TestReportThatFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Commands = []string{"report"} })
		s := b.serve(t, token)
		<-s.online
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: `{"id":"1","command":"report"}`})
		synctest.Wait()
		if got := b.broker.On("paird/dev1/cmd/result"); len(got) != 1 || got[0].Payload != `{"id":"1","ok":false,"error":"failed","message":"there is nothing to report"}` {
			t.Errorf("answered %+v", got)
		}
		s.stop(nil)
	})
}

func TestRememberedIDsAreBounded(t *testing.T) {
	c := newCommander([]string{"identify"})
	now := time.Now()
	for i := range 1000 {
		now = now.Add(time.Minute)
		_, run := c.receive(fmt.Appendf(nil, `{"id":"%d","command":"identify"}`, i), now)
		c.done(run, nil)
	}
	if len(c.ids) != rememberedIDs || len(c.given) != rememberedIDs {
		t.Errorf("%d ids, %d answers", len(c.ids), len(c.given))
	}
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{`{"id":"7","command":"identify"}`, `{"command":"interval","seconds":1e999}`, `{"id":null}`, "{", "\xff", `{"seconds":NaN}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c := newCommander([]string{"identify", "interval"})
		answer, run := c.receive(payload, time.Now())
		if (answer == nil) == (run == nil) {
			t.Fatalf("answer %q, run %v", answer, run)
		}
		if run != nil {
			if run.Command != "identify" && run.Command != "interval" {
				t.Fatalf("%q is to be run", run.Command)
			}
			answer = c.done(run, nil)
		}
		var r result
		if err := json.Unmarshal(answer, &r); err != nil || r.OK != (run != nil) || r.OK == (r.Error != "") {
			t.Fatalf("answer %q", answer)
		}
	})
}
