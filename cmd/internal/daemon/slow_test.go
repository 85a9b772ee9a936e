package daemon

import (
	"testing"
	"time"
)

// TestSlowPaperDoesNotDelayTheEnd: a refresh of the panel takes 30 s, the end of the daemon 4 s at most.
func TestSlowPaperDoesNotDelayTheEnd(t *testing.T) {
	t.Parallel()
	r := start(t, "[display]\npanel = \"sim\"\n[sim]\nlisten = \"127.0.0.1:0\"\npanel = \"inkyphat\"\n")
	before := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(before); took > 4*time.Second {
		t.Errorf("the end took %v", took)
	}
}
