package control

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// metrics gives the status as numbers, in the text format of Prometheus (version 0.0.4). The account and the code are
// not among them.
func (h *handler) metrics(w http.ResponseWriter, r *http.Request) error {
	if _, err := query(r); err != nil {
		return err
	}
	write(w, http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", []byte(metricsOf(h.backend.Status(), h.backend.Counts())))
	return nil
}

// metricsOf is s in that format, and how often each event happened. What does not apply to the device is absent, but each event
// and each problem has its line.
func metricsOf(s Status, events map[EventType]uint64) string {
	var b strings.Builder
	metric := func(kind, name, about string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, kind)
	}
	number := func(kind, name, about string, value int64) {
		metric(kind, name, about)
		b.WriteString(name + " " + strconv.FormatInt(value, 10) + "\n")
	}
	metric("gauge", "paird_info", "The version of paird; always 1.")
	fmt.Fprintf(&b, "paird_info{version=%q} 1\n", s.Version)
	number("gauge", "paird_paired", "Whether there is a grant.", asNumber(s.Grant != nil))
	number("gauge", "paird_pairing", "Whether a code is shown.", asNumber(s.Pairing != nil))
	number("gauge", "paird_clock_synchronised", "Whether the time was set since the boot.", asNumber(s.Clock.Synchronised))
	if g := s.Grant; g != nil {
		number("gauge", "paird_token_refreshed_timestamp_seconds", "When the tokens came, since 1970.", g.Refreshed.Unix())
		number("gauge", "paird_token_expires_in_seconds", "What is left of the access token; 0: over or not known.", int64(g.ExpiresIn))
	}
	if k := s.Broker; k != nil {
		number("gauge", "paird_broker_online", "Whether there is a session with the broker.", asNumber(k.State == BrokerOnline))
		number("counter", "paird_broker_oversized_total", "Messages of the broker that were too large, since the start.", int64(k.Oversized))
	}
	if q := s.Queue; q != nil {
		number("gauge", "paird_queue_messages", "Records that wait for the broker.", int64(q.Messages))
		number("gauge", "paird_queue_bytes", "Their topics and payloads.", q.Bytes)
		number("counter", "paird_queue_dropped_total", "Records dropped since the queue was made.", int64(q.Dropped))
	}
	if n := s.Panel; n != nil {
		number("gauge", "paird_panel_ok", "Whether the panel draws.", asNumber(n.OK))
	}
	metric("counter", "paird_events_total", "How often each event happened, since the start.")
	for _, kind := range slices.Sorted(maps.Keys(Routes())) {
		fmt.Fprintf(&b, "paird_events_total{type=%q} %d\n", string(kind), events[kind])
	}
	has := map[ProblemCode]bool{}
	for _, p := range s.Problems {
		has[p.Code] = true
	}
	metric("gauge", "paird_problem", "Whether there is this problem.")
	for _, code := range Problems() {
		fmt.Fprintf(&b, "paird_problem{code=%q} %d\n", string(code), asNumber(has[code]))
	}
	return b.String()
}

func asNumber(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
