package telemetry

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// faultyOptions are changes of options without a fault, and the fault that Check then finds; "": none.
var faultyOptions = map[string]struct {
	change func(*Options)
	want   string
}{
	"sound":               {func(o *Options) {}, ""},
	"off":                 {func(o *Options) { o.URL = "" }, ""},
	"loopback":            {func(o *Options) { o.URL = "mqtt://127.8.8.8:1883" }, ""},
	"loopback name":       {func(o *Options) { o.URL = "ws://localhost/mqtt" }, ""},
	"loopback six":        {func(o *Options) { o.URL = "mqtt://[::1]" }, ""},
	"clear":               {func(o *Options) { o.URL = "mqtt://b.example" }, "in the clear"},
	"clear web":           {func(o *Options) { o.URL = "ws://10.0.0.1" }, "in the clear"},
	"almost loopback":     {func(o *Options) { o.URL = "mqtt://localhost.example" }, "in the clear"},
	"scheme":              {func(o *Options) { o.URL = "https://b.example" }, "starts with https://"},
	"no address":          {func(o *Options) { o.URL = "b.example:8883" }, "is no address"},
	"no host":             {func(o *Options) { o.URL = "mqtts://:8883" }, "is no address"},
	"password in it":      {func(o *Options) { o.URL = "mqtts://u:p@b.example" }, "name or password"},
	"path":                {func(o *Options) { o.URL = "mqtts://b.example/x" }, "has a path"},
	"web path":            {func(o *Options) { o.URL = "wss://b.example/x?y=z" }, ""},
	"plain with ca":       {func(o *Options) { o.URL, o.CAFile = "mqtt://localhost", "x" }, ""}, // a warning of the daemon's
	"plain with cert":     {func(o *Options) { o.URL, o.CertFile, o.KeyFile = "mqtt://localhost", "x", "y" }, "mqtt.url: has no TLS"},
	"plain with alpn":     {func(o *Options) { o.URL, o.ALPN = "mqtt://localhost", []string{"mqtt"} }, "mqtt.url: has no TLS"},
	"token as client id":  {func(o *Options) { o.ClientID = "x{access_token}" }, "mqtt.client_id: has a token"},
	"ID token, likewise":  {func(o *Options) { o.ClientID = "{id_token}" }, "mqtt.client_id: has a token"},
	"half a pair":         {func(o *Options) { o.CertFile = "x" }, "mqtt.cert_file: goes together"},
	"half a pair, too":    {func(o *Options) { o.KeyFile = "x" }, "mqtt.cert_file: goes together"},
	"header host":         {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"Host": "z"} }, "mqtt.headers: "},
	"header of WebSocket": {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"Sec-WebSocket-Key": "z"} }, "mqtt.headers: "},
	"odd header name":     {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"x-Y9.!#$%&'*+^_`|~": "z"} }, ""},
	"long device id":      {func(o *Options) { o.DeviceID = strings.Repeat("x", 65) }, "device.id: "},
	"no device id":        {func(o *Options) { o.DeviceID = "" }, "device.id: "},
	"device id of others": {func(o *Options) { o.DeviceID = "Zoë" }, "device.id: "},
	"headers":             {func(o *Options) { o.Headers = map[string]string{"X": "y"} }, "mqtt.headers: go with"},
	"bearer":              {func(o *Options) { o.Preset = "ws-bearer" }, "ws-bearer"},
	"preset":              {func(o *Options) { o.Preset = "magic" }, `"magic" is unknown`},
	"aws in the clear":    {func(o *Options) { o.URL, o.Preset = "mqtt://localhost", "aws-custom-auth" }, "needs mqtts"},
	"two passwords":       {func(o *Options) { o.Password, o.PasswordFile = "x", "/x" }, "mqtt.password_file: goes without"},
	"password of preset":  {func(o *Options) { o.Preset, o.PasswordFile = "password-jwt", "/x" }, "mqtt.password_file: goes without"},
	"password file":       {func(o *Options) { o.PasswordFile = "/x" }, ""},
	"file and token name": {func(o *Options) { o.Preset, o.PasswordFile = "username-token", "/x" }, ""},
	"file without a name": {func(o *Options) { o.Username, o.PasswordFile = "", "/x" }, "mqtt.username: is empty"},
	"username":            {func(o *Options) { o.Username = "" }, "mqtt.username: is empty"},
	"no login":            {func(o *Options) { o.Username, o.Password = "", "" }, ""},
	"placeholder":         {func(o *Options) { o.Password = "{acces_token}" }, "mqtt.password: has the unknown placeholder {acces_token}"},
	"client id":           {func(o *Options) { o.ClientID = "{x}" }, "mqtt.client_id: has the unknown"},
	"header":              {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"X": "{y}"} }, "mqtt.headers.X: has the unknown"},
	"header name":         {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"X: y": "z"} }, "mqtt.headers: "},
	"header of its own":   {func(o *Options) { o.URL, o.Headers = "wss://b.example", map[string]string{"upgrade": "z"} }, "mqtt.headers: "},
	"NUL":                 {func(o *Options) { o.ClientID = "a\x00" }, "NUL"},
	"topic":               {func(o *Options) { o.Topic = "a/{sub}" }, "mqtt.topic: has the placeholder {sub}"},
	"topic wildcard":      {func(o *Options) { o.Topic = "a/#" }, "wildcard"},
	"topic slash":         {func(o *Options) { o.Topic = "/a" }, "empty level"},
	"topic of the broker": {func(o *Options) { o.Topic = "$SYS" }, "starts with $"},
	"prefix":              {func(o *Options) { o.HomeAssistant = "home/+" }, "mqtt.home_assistant: has a wildcard"},
	"prefix and senml":    {func(o *Options) { o.HomeAssistant, o.Format = "h", "senml" }, "mqtt.home_assistant: reads JSON only"},
	"device id":           {func(o *Options) { o.DeviceID = "a/b" }, "device.id"},
	"command":             {func(o *Options) { o.Commands = []string{"identify", "reset"} }, `"reset"`},
	"format":              {func(o *Options) { o.Format = "xml" }, `"xml" is unknown`},
	"metric":              {func(o *Options) { o.Metrics = []string{"cpu"} }, `"cpu"`},
	"interval":            {func(o *Options) { o.Interval = time.Millisecond }, "telemetry.interval"},
	"keep alive":          {func(o *Options) { o.KeepAlive = time.Millisecond }, "mqtt.keep_alive"},
}

func TestCheck(t *testing.T) {
	sound := Options{URL: "mqtts://b.example", DeviceID: "dev1", Username: "{device_id}", Password: "{access_token}"}
	for name, c := range faultyOptions {
		o := sound
		c.change(&o)
		errs := Check(o)
		err := errors.Join(errs...)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (len(errs) != 1 || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want one error with %q", name, errs, c.want)
		}
		if _, made := New(o, newFakeQueue()); (made == nil) != (err == nil && o.URL != "") {
			t.Errorf("%s: New says %v", name, made)
		}
	}
}
