package control

import (
	"slices"
	"strings"
	"sync"
)

// checkFilter refuses what is no topic filter (MQTT 3.1.1 section 4.7.1).
func checkFilter(filter string) error {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case level == "+", level == "#" && i == len(levels)-1:
		case level == "" || strings.ContainsAny(level, "+#\x00"):
			return &Error{Code: BadRequest, Message: "topic is no filter: + stands for one level, # as the last one for all below"}
		}
	}
	if len(filter) > maxTopic {
		return &Error{Code: BadRequest, Message: "topic is longer than 1024 bytes, shorten it"}
	}
	return nil
}

// matches reports whether topic matches filter (MQTT 3.1.1 section 4.7.1). "a/#" matches "a" too.
func matches(filter, topic string) bool {
	return overlap(strings.Split(filter, "/"), strings.Split(topic, "/"))
}

// overlap reports whether there is a topic that both filters match.
func overlap(a, b []string) bool {
	for i := 0; ; i++ {
		switch {
		case i < len(a) && a[i] == "#", i < len(b) && b[i] == "#":
			return true
		case i == len(a) || i == len(b):
			return len(a) == len(b)
		case a[i] != b[i] && a[i] != "+" && b[i] != "+":
			return false
		}
	}
}

// filters are those of the message streams that are open. No two overlap: a message is for one program, and a
// second one that reads the same messages would take them from the first.
type filters struct {
	mu   sync.Mutex
	open []string
}

// add opens a stream, unless the filter of another stream overlaps.
func (f *filters) add(filter string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, other := range f.open {
		if overlap(strings.Split(other, "/"), strings.Split(filter, "/")) {
			return false
		}
	}
	f.open = append(f.open, filter)
	return true
}

func (f *filters) remove(filter string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.open, filter)
	f.open = slices.Delete(f.open, i, i+1)
}
