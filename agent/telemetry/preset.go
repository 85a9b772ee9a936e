package telemetry

import (
	"maps"
	"strings"
)

// The defaults of mqtt.username and mqtt.password: a preset replaces them, and nothing else that
// somebody wrote.
const (
	plainUsername = "{device_id}"
	plainPassword = "{access_token}"
)

// preset is a usual way to hand a token to a broker.
type preset struct {
	username, password string
	header             string // value of Authorization
	alpn               string
	port               string // for mqtts:// without one
}

func presetNamed(name string) (preset, bool) {
	switch name {
	case "":
		return preset{}, true
	case "password-jwt": // EMQX, HiveMQ, RabbitMQ, ClearBlade: the name is for the logs
		return preset{username: plainUsername, password: plainPassword}, true
	case "username-token": // ThingsBoard, go-auth
		return preset{username: "{access_token}"}, true
	case "aws-custom-auth": // the default authorizer; another one is named in mqtt.username
		// "Devices [...] must connect on port 443 and pass the ALPN protocol name value of mqtt" (AWS
		// IoT developer guide, custom authentication).
		return preset{username: plainUsername, password: plainPassword, alpn: "mqtt", port: "443"}, true
	case "ws-bearer": // RFC 6750 section 2.1 on the WebSocket handshake
		return preset{username: plainUsername, header: "Bearer {access_token}"}, true
	}
	return preset{}, false
}

func (o *Options) applyPreset() {
	p, known := presetNamed(o.Preset)
	if o.Preset == "" || !known {
		return
	}
	replace(&o.Username, plainUsername, p.username)
	replace(&o.Password, plainPassword, p.password)
	if p.alpn != "" && len(o.ALPN) == 0 {
		o.ALPN = []string{p.alpn}
	}
	if p.header != "" && !hasAuthorization(o.Headers) {
		headers := map[string]string{"Authorization": p.header}
		maps.Copy(headers, o.Headers)
		o.Headers = headers
	}
}

func replace(field *string, standard, value string) {
	if *field == "" || *field == standard {
		*field = value
	}
}

func hasAuthorization(headers map[string]string) bool {
	for name := range headers {
		if strings.EqualFold(name, "Authorization") {
			return true
		}
	}
	return false
}
