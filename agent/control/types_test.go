package control

import (
	"encoding/json"
	"testing"
	"time"
)

// The wire form, to the key.
func TestStatusJSON(t *testing.T) {
	refreshed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		status Status
		want   string
	}{
		{Status{Version: "1", Device: Device{"id", "name"}, State: StateUnpaired},
			`{"version":"1","device":{"id":"id","name":"name"},"state":"unpaired","clock":{"synchronised":false}}`},
		{Status{
			Version: "1", Device: Device{"id", "name"}, State: StatePairing,
			Pairing: &Pairing{"WDJB-MJHT", "https://a.example/d", "https://a.example/d?user_code=WDJB-MJHT", 870, 5},
			Grant:   &Grant{"sub", "Alice", "openid", 3500, refreshed},
			Broker:  &Broker{BrokerRefused, "mqtts://b.example", "not authorized", 4, true},
			Queue:   &Queue{1, 2, 3}, Panel: &Panel{"sim", "128x64", true, ""}, Clock: Clock{true},
			Problem: &Problem{"broker_auth", "x"}, Problems: []Problem{{"broker_auth", "x"}},
		}, `{"version":"1","device":{"id":"id","name":"name"},"state":"pairing",` +
			`"pairing":{"user_code":"WDJB-MJHT","verification_uri":"https://a.example/d","verification_uri_complete":"https://a.example/d?user_code=WDJB-MJHT","expires_in":870,"interval":5},` +
			`"grant":{"subject":"sub","name":"Alice","scope":"openid","expires_in":3500,"refreshed":"2026-01-02T03:04:05Z"},` +
			`"broker":{"state":"refused","url":"mqtts://b.example","error":"not authorized","oversized":4,"unretained":true},` +
			`"queue":{"messages":1,"bytes":2,"dropped":3},"panel":{"driver":"sim","size":"128x64","ok":true},"clock":{"synchronised":true},` +
			`"problem":{"code":"broker_auth","detail":"x"},"problems":[{"code":"broker_auth","detail":"x"}]}`},
	} {
		got, err := json.Marshal(test.status)
		if err != nil || string(got) != test.want {
			t.Errorf("got  %s %v\nwant %s", got, err, test.want)
		}
	}
}
