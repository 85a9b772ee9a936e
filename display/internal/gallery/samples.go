package main

import (
	"time"

	"github.com/paird/paird/display"
)

// sample is a screen with a name.
type sample struct {
	name   string
	screen display.Screen
}

// samples are the screens as they look in daily use, and some that are hard to set.
func samples() []sample {
	const plain = "https://example.com/device"
	return []sample{
		{"starting", display.Starting{Version: "1.0.0"}},
		{"clock", display.Clock{}},
		{"press", display.Press{}},
		{"press denied", display.Press{Problem: "denied"}},
		{"press expired", display.Press{Problem: "expired"}},
		{"pairing", display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: plain,
			VerificationURIComplete: plain + "?user_code=WDJB-MJHT", Left: 15 * time.Minute}},
		{"pairing plain", display.Pairing{UserCode: "GLMC-QDDJ", VerificationURI: "https://infinyon-cloud.us.auth0.com/activate",
			VerificationURIComplete: "https://infinyon-cloud.us.auth0.com/activate?user_code=GLMC-QDDJ-and-more", Left: 15 * time.Minute}},
		{"pairing digits", display.Pairing{UserCode: "019450730", VerificationURI: "https://microsoft.com/devicelogin", Left: time.Minute}},
		{"pairing ungrouped", display.Pairing{UserCode: "ABCDEFGHJKLMNPQRSTUV", VerificationURI: plain, Left: time.Minute}},
		{"pairing long", display.Pairing{UserCode: "ABCDE-FGHJK-LMNPQ-RSTUV", VerificationURI: plain, Left: time.Minute}},
		{"pairing long uri", display.Pairing{UserCode: "WDJB-MJHT",
			VerificationURI: "https://login.a-rather-long-company-name.example.com/oauth2/device/v1/activate?tenant=0123456789abcdef"}},
		{"paired", display.Paired{Account: "Alice"}},
		{"paired long", display.Paired{Account: "maximiliane.mustermann@example.com"}},
		{"online", display.Online{Account: "Alice", Sent: 1432}},
		{"online queued", display.Online{Account: "Zoë Strauß", Sent: 1432, Queued: 17}},
		{"no network", display.Problem{Code: "no_network", Queued: 12}},
		{"captive portal", display.Problem{Code: "captive_portal"}},
		{"tls", display.Problem{Code: "tls", Detail: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"}},
		{"broker auth", display.Problem{Code: "broker_auth"}},
		{"holding", display.Holding{Left: 2 * time.Second}},
		{"holding pair", display.Holding{Action: "pair", Left: 6 * time.Second}},
		{"holding reset", display.Holding{Action: "reset"}},
		{"confirm reset", display.ConfirmReset{Left: 9 * time.Second}},
		{"wiped", display.Wiped{}},
		{"wiped unrevoked", display.Wiped{Unrevoked: true}},
		{"settings wrong", display.Settings{State: display.Wrong, Line: 12}},
		{"settings taken", display.Settings{State: display.Taken}},
		{"settings partly", display.Settings{State: display.Taken, Line: 12}},
		{"settings left", display.Settings{State: display.Left, Line: 12}},
		{"settings", display.Settings{State: display.Ask, Server: "auth.example.com"}},
		{"identify", display.Identify{ID: "b8-27-eb-12-34-56"}},
		{"test card", display.TestCard{Panel: "ssd1306", Version: "1.0.0"}},
	}
}

// panels are the sizes of the panels sold.
func panels() []display.Geometry {
	return []display.Geometry{
		{Width: 128, Height: 32, Name: deviceName},
		{Width: 128, Height: 64, Name: deviceName},
		{Width: 128, Height: 128, Name: deviceName},
		{Width: 200, Height: 200, Name: deviceName, Paper: true},
		{Width: 212, Height: 104, Name: deviceName, Paper: true, Accent: true},
		{Width: 250, Height: 122, Name: deviceName, Paper: true},
		{Width: 296, Height: 128, Name: deviceName, Paper: true},
		{Width: 400, Height: 300, Name: deviceName, Paper: true, Accent: true},
	}
}

const deviceName = "Kitchen printer"
