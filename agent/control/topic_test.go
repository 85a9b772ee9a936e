package control

import (
	"errors"
	"strings"
	"testing"
)

func TestValidTopic(t *testing.T) {
	for _, topic := range []string{"door/open", "a", "ünï/cødé", "status/door", "telemetry2", strings.Repeat("x", maxTopic)} {
		if err := ValidTopic(topic); err != nil {
			t.Errorf("%q: %v", topic, err)
		}
	}
	for _, topic := range []string{"", "/a", "a/", "a//b", "a/+", "#", "telemetry", "status", "event", "cmd", "cmd/result",
		"a\x00b", "a\nb", "\xff", strings.Repeat("x", maxTopic+1)} {
		if e, ok := errors.AsType[*Error](ValidTopic(topic)); !ok || e.Code != BadRequest {
			t.Errorf("%q is accepted", topic)
		}
	}
}
