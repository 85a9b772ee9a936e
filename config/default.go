package config

import (
	"image"
	"time"
)

const (
	half   = 500 * time.Millisecond
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// Default is the Config of an empty file. The issuer and the client are missing.
func Default() Config {
	return Config{
		Device: Device{StateDir: "/var/lib/paird"},
		Auth: Auth{
			ClientAssertionAudience: "issuer",
			Scopes:                  []string{"openid", "offline_access"}, Resource: []string{}, PKCE: "auto", DPoP: "off", Start: "button", Revoke: "auto",
		},
		Display: Display{Panel: "none", Size: image.Pt(128, 64), Bus: "I2C1", Address: 0x3C, ColumnOffset: -1, Language: "en"},
		Sim:     Sim{Listen: "127.0.0.1:8628"},
		Button:  Button{ActiveLow: true, PairHold: 3 * second, ResetHold: 10 * second},
		MQTT: MQTT{
			ClientID: "{device_id}", Username: "{device_id}", Password: "{access_token}", Topic: "paird/{device_id}",
			Commands: []string{"identify", "report"}, KeepAlive: 30 * second, Spread: 5 * second, ALPN: []string{},
		},
		Telemetry: Telemetry{
			Interval: 30 * second, Format: "json",
			Metrics: []string{"cpu_temp", "load", "memory", "disk", "uptime", "wifi"},
		},
		Queue:   Queue{MaxBytes: 16 << 20, MaxAge: 7 * day, Sync: "group", KeepFree: 8 << 20},
		Secrets: Secrets{Key: "auto"},
		Control: Control{
			Socket: "/run/paird/paird.sock", Status: []string{"*"}, Publish: []string{"group:paird"},
			Subscribe: []string{"group:paird"}, Token: []string{"group:paird"}, Pair: []string{}, Reset: []string{},
		},
		Hooks: Hooks{OnEvent: []string{}},
		Log:   Log{Level: "info", Format: "auto"},
	}
}

// defaultSensor is a [[telemetry.sensor]] without keys.
func defaultSensor() Sensor { return Sensor{Bus: "I2C1", Shunt: 0.1, Scale: 1, Command: []string{}} }

// defaultToken is a [[token]] without keys.
func defaultToken() Token { return Token{Scopes: []string{}} }
