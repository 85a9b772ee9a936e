package deviceauth

import (
	"strings"
	"testing"
	"time"
)

func proveDefaultInterval(t *testing.T) {
	p, _, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"u","verification_uri":"https://x.example"}`), time.Now())
	if err != nil || p.Interval != 5*time.Second {
		t.Errorf("got %v, %v", p.Interval, err)
	}
}

func mustFields(t *testing.T, body string) fields {
	t.Helper()
	f, err := parseFields([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDeviceNumbers(t *testing.T) {
	for _, tt := range []struct {
		members          string
		interval, expire time.Duration
		notes            int
	}{
		{`"interval":5,"expires_in":600`, 5 * time.Second, 10 * time.Minute, 0},
		{`"interval":"7","expires_in":"900"`, 7 * time.Second, 15 * time.Minute, 0},
		{`"interval":2.5,"expires_in":1e2`, 2500 * time.Millisecond, 100 * time.Second, 0},
		{`"interval":0,"expires_in":-1`, 5 * time.Second, time.Second, 2},
		{`"interval":-7`, 5 * time.Second, 10 * time.Minute, 2},
		{`"interval":1e300,"expires_in":1e300`, time.Hour, time.Hour, 2},
		{`"interval":1e999,"expires_in":"99999999999999999999999999"`, time.Hour, time.Hour, 2},
		{`"interval":0.001,"expires_in":0`, time.Second, time.Second, 2},
		{`"interval":null,"expires_in":"soon"`, 5 * time.Second, 10 * time.Minute, 1},
		{`"interval":[5],"expires_in":{"a":1}`, 5 * time.Second, 10 * time.Minute, 1},
		{`"interval":"NaN","expires_in":"Inf"`, 5 * time.Second, time.Hour, 1},
		{`"interval":true,"expires_in":3600`, 5 * time.Second, time.Hour, 0},
	} {
		now := time.Now()
		p, notes, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"u","verification_uri":"https://x.example",`+tt.members+`}`), now)
		if err != nil || p.Interval != tt.interval || p.ExpiresIn != tt.expire || len(notes) != tt.notes || p.Issued != now {
			t.Errorf("%s: interval %v, expires_in %v, notes %q, %v", tt.members, p.Interval, p.ExpiresIn, notes, err)
		}
	}
}

func TestDeviceRefusesAndSaysWhich(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, tt := range []struct{ body, says string }{
		{`{}`, "device_code is missing"},
		{`{"device_code":7,"user_code":"u","verification_uri":"https://x.example"}`, "device_code is missing"},
		{`{"device_code":"` + strings.Repeat("x", 9000) + `","user_code":"u","verification_uri":"https://x.example"}`, "device_code has 9000 bytes"},
		{`{"device_code":"d","verification_uri":"https://x.example"}`, "user_code is missing"},
		{`{"device_code":"d","user_code":"\u0000\u202e\u200b","verification_uri":"https://x.example"}`, "user_code is missing"},
		{`{"device_code":"d","user_code":"` + long + `","verification_uri":"https://x.example"}`, "user_code has 3000 characters"},
		{`{"device_code":"d","user_code":"u"}`, "verification_uri is missing"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/` + long + `"}`, "verification_uri has"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/\u202egnp"}`, "verification_uri has characters"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/\r\nX: y"}`, "verification_uri has characters"},
		{`{"device_code":"d","user_code":"u","verification_uri":"HTTP://x.example/"}`, "verification_uri: scheme is not https"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https:///x"}`, "verification_uri: no host"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example","verification_uri_complete":"ftp://x.example/"}`, "verification_uri_complete: scheme"},
	} {
		_, _, err := parseDevice(mustFields(t, tt.body), time.Now())
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.60s: got %v, want %q", tt.body, err, tt.says)
		}
	}
}

// "A user_code is shown as spelled, control and format characters dropped, at most 64 characters"
func TestUserCodeIsCleaned(t *testing.T) {
	p, _, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"WD\u0007JB\u202e-MJHT\u200d","verification_uri":"http://localhost:9/x"}`), time.Now())
	if err != nil || p.UserCode != "WDJB-MJHT" {
		t.Errorf("got %q, %v", p.UserCode, err)
	}
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		body string
		ok   bool
	}{
		{`{"a":1}`, true}, {" \n{\"a\":1}\n", true}, {"\xef\xbb\xbf{}", true}, {`a=1&b=2`, true}, {`a=%7E`, true},
		{``, false}, {`null`, false}, {`[1]`, false}, {`"a=b"`, false}, {`{"a":`, false}, {`{"a":1}{"b":2}`, false},
		{`<html>a=b</html>`, false}, {`hello`, false}, {`a=%zz`, false}, {`a=1 b=2`, false},
	} {
		if _, err := parseFields([]byte(tt.body)); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.body, err)
		}
	}
	f := mustFields(t, `{"Error":"x","error":"y","n":null}`)
	if f.str("error") != "y" || f.str("ERROR") != "" || f.str("n") != "" {
		t.Error("names are exact, null is absent")
	}
}
