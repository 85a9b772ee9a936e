package deviceauth

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// service is how one authorization server talks, from recordings and documents.
type service struct {
	name   string
	edit   func(*Config) // nil: discovery, public client
	device wire
	polls  []wire
	code   string          // the user code as shown
	uri    string          // verification_uri as shown
	kind   Kind            // how Wait ends, "" for a token
	gaps   []time.Duration // between the codes and the polls
	token  func(Token) bool
}

func byHand(edit ...func(*Config)) func(*Config) {
	return func(c *Config) {
		c.Issuer, c.DeviceAuthorizationEndpoint, c.TokenEndpoint = "", deviceURL, tokenURL
		for _, e := range edit {
			e(c)
		}
	}
}

const (
	usualDevice = `{"device_code":"dc-secret","user_code":"FSJM-HVGW","verification_uri":"https://as.example/device",` +
		`"verification_uri_complete":"https://as.example/device?user_code=FSJM-HVGW","expires_in":600`
	s5  = 5 * time.Second
	s10 = 10 * time.Second
)

func isBearer(t Token) bool { return t.TokenType == "Bearer" && t.AccessToken == "at-1" }

var services = []service{
	{
		name:   "oidc-provider and Logto name no interval",
		device: says(200, usualDevice+`}`), polls: []wire{pending(), says(200, tokenJSON)},
		code: "FSJM-HVGW", uri: "https://as.example/device", gaps: []time.Duration{s5, s5}, token: isBearer,
	}, {
		name:   "oidc-provider denies",
		device: says(200, usualDevice+`}`), polls: []wire{says(400, `{"error":"access_denied","error_description":"End-User aborted interaction"}`)},
		kind: Denied,
	}, {
		name:   "oidc-provider knows the code no more",
		device: says(200, usualDevice+`}`), polls: []wire{says(400, `{"error":"invalid_grant","error_description":"grant request is invalid"}`)},
		kind: Expired,
	}, {
		name: "Glewlwyd slows down and says bearer",
		device: says(200, `{"device_code":"dc-secret","user_code":"X1YA-QJWH","verification_uri":"https://as.example/device",`+
			`"verification_uri_complete":"https://as.example/device?code=X1YA-QJWH","expires_in":600,"interval":5}`),
		polls: []wire{says(400, `{"error":"slow_down"}`), says(400, `{"error":"authorization_pending"}`), says(200, tokenJSON)},
		code:  "X1YA-QJWH", gaps: []time.Duration{s5, s10, s10}, token: isBearer,
	}, {
		name: "Glewlwyd runs out", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(400, `{"error":"expired_token"}`)}, kind: Expired,
	}, {
		name: "Zitadel", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{pending(), says(200, `{"access_token":"at-1","token_type":"Bearer","refresh_token":"rt-1","expires_in":300,"scope":"openid offline_access"}`)},
		gaps:  []time.Duration{s5, s5}, token: isBearer,
	}, {
		name: "Dex before 2025 is pending with 401", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(401, `{"error":"authorization_pending"}`), says(400, `{"error":"slow_down"}`), says(200, tokenJSON)},
		gaps:  []time.Duration{s5, s5, s10}, token: isBearer,
	}, {
		name: "Dex is pending with 400 and leaves the scope out", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{pending(), says(200, tokenJSON)},
		token: func(t Token) bool { return t.Scope == "openid offline_access" },
	}, {
		name: "Dex does not know the code", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(400, `{"error":"invalid_request","error_description":"Invalid device code."}`)}, kind: Expired,
	}, {
		name: "Hydra has codes where case counts and a stray Header",
		device: says(200, `{"device_code":"ory_dc_secret","user_code":"P4MVUaU7","verification_uri":"https://as.example/oauth2/device/verify",`+
			`"verification_uri_complete":"https://as.example/oauth2/device/verify?user_code=P4MVUaU7","expires_in":600,"interval":5,"Header":null}`),
		polls: []wire{pending(), says(200, `{"access_token":"at-1","token_type":"bearer","refresh_token":"rt-1","expires_in":3599,"scope":"openid offline_access"}`)},
		code:  "P4MVUaU7", token: isBearer,
	}, {
		name: "GitHub answers 200 to errors and names the new interval", edit: byHand(),
		device: says(200, `{"device_code":"dc-secret","user_code":"WDJB-MJHT","verification_uri":"https://as.example/login/device","expires_in":899,"interval":5}`),
		polls: []wire{
			says(200, `{"error":"authorization_pending","error_description":"The authorization request is still pending."}`),
			says(200, `{"error":"slow_down","error_description":"Too many requests","interval":20}`),
			says(200, `{"access_token":"at-1","token_type":"bearer","scope":"repo,gist"}`),
		},
		gaps:  []time.Duration{s5, s5, 20 * time.Second},
		token: func(t Token) bool { return t.Scope == "repo gist" && t.Expiry.IsZero() && t.RefreshToken == "" },
	}, {
		name: "GitHub answers forms", edit: byHand(),
		device: says(200, `device_code=dc-secret&expires_in=899&interval=5&user_code=WDJB-MJHT&verification_uri=https%3A%2F%2Fas.example%2Flogin%2Fdevice`,
			"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
		polls: []wire{
			says(200, `error=authorization_pending&error_description=pending&error_uri=x`, "Content-Type", "application/x-www-form-urlencoded"),
			says(200, `access_token=at-1&scope=&token_type=bearer`, "Content-Type", "application/x-www-form-urlencoded"),
		},
		code: "WDJB-MJHT", uri: "https://as.example/login/device", gaps: []time.Duration{s5, s5}, token: isBearer,
	}, {
		name: "GitHub does not know the code", edit: byHand(), device: says(200, deviceJSON),
		polls: []wire{says(200, `{"error":"incorrect_device_code"}`)}, kind: Expired,
	}, {
		name: "GitHub has the flow switched off", edit: byHand(), device: says(200, deviceJSON),
		polls: []wire{says(200, `{"error":"device_flow_disabled"}`)}, kind: Misconfigured,
	}, {
		name: "GitHub spells expiry the other way", edit: byHand(), device: says(200, deviceJSON),
		polls: []wire{says(200, `{"error":"token_expired"}`)}, kind: Expired,
	}, {
		name: "Google says verification_url, 428 and 403",
		edit: func(c *Config) { c.ClientAuth, c.ClientSecret = "post", "s3cret" },
		device: says(200, `{"device_code":"4/4-GMMhmHCXhWEzkobqIHGG_EnNYYsAkukHspeYUk9E8","user_code":"GQVQ-JKEC",`+
			`"verification_url":"https://www.google.com/device","expires_in":1800,"interval":5}`),
		polls: []wire{
			says(428, `{"error":"authorization_pending","error_description":"Precondition Required"}`),
			says(403, `{"error":"slow_down","error_description":"Forbidden"}`),
			says(200, `{"access_token":"at-1","expires_in":3920,"scope":"openid","token_type":"Bearer","refresh_token":"1//x"}`),
		},
		code: "GQVQ-JKEC", uri: "https://www.google.com/device", gaps: []time.Duration{s5, s5, s10}, token: isBearer,
	}, {
		name: "Google denies with 403", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(403, `{"error":"access_denied","error_description":"Forbidden"}`)}, kind: Denied,
	}, {
		name: "Entra sends a message and its own names",
		device: says(200, `{"user_code":"B3QLZ9TPN","device_code":"BAQABIQEAAAD","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,`+
			`"message":"To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code B3QLZ9TPN to authenticate."}`),
		polls: []wire{
			says(400, `{"error":"authorization_pending","error_description":"AADSTS70016: pending","error_codes":[70016],"timestamp":"2000-01-01 00:00:00Z"}`),
			says(400, `{"error":"authorization_declined","error_description":"AADSTS70019"}`),
		},
		code: "B3QLZ9TPN", uri: "https://microsoft.com/devicelogin", kind: Denied,
	}, {
		name: "Entra ends a code early", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(400, `{"error":"bad_verification_code","error_description":"AADSTS70018"}`)}, kind: Expired,
	}, {
		name:   "Entra sends strings for numbers, as its v1 does",
		device: says(200, `{"user_code":"B3QLZ9TPN","device_code":"x","verification_url":"https://microsoft.com/devicelogin","expires_in":"900","interval":"7"}`),
		polls:  []wire{says(200, `{"token_type":"Bearer","scope":"user_impersonation","expires_in":"3599","ext_expires_in":"3599","access_token":"at-1","refresh_token":"r"}`)},
		gaps:   []time.Duration{7 * time.Second},
		token:  func(t Token) bool { return t.Lifetime == 3599*time.Second && t.Scope == "user_impersonation" },
	}, {
		name: "Auth0 is pending with 403 and slows down with 429",
		device: says(200, `{"device_code":"Ag_EE","user_code":"QTZL-MCBW","verification_uri":"https://as.example/activate","expires_in":900,"interval":5,`+
			`"verification_uri_complete":"https://as.example/activate?user_code=QTZL-MCBW"}`),
		polls: []wire{
			says(403, `{"error":"authorization_pending","error_description":"User has yet to authorize device code."}`),
			says(429, `{"error":"slow_down","error_description":"You are polling faster than the specified interval of 5 seconds."}`),
			says(200, tokenJSON),
		},
		gaps: []time.Duration{s5, s5, s10}, token: isBearer,
	}, {
		name: "Auth0 runs out with 403", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(403, `{"error":"expired_token","error_description":"The device_code is expired"}`)}, kind: Expired,
	}, {
		name: "Auth0 has forgotten the code", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(403, `{"error":"invalid_grant","error_description":"Invalid or expired device code."}`)}, kind: Expired,
	}, {
		name: "Okta",
		device: says(200, `{"device_code":"1a521d9f","user_code":"HMBSRJRC","verification_uri":"https://as.example/activate",`+
			`"verification_uri_complete":"https://as.example/activate?user_code=HMBSRJRC","expires_in":600,"interval":5}`),
		polls: []wire{pending(), says(200, tokenJSON)}, code: "HMBSRJRC", token: isBearer,
	}, {
		name: "Keycloak had an interval of 600 s", device: says(200, usualDevice+`0,"interval":600}`),
		polls: []wire{says(200, tokenJSON)}, gaps: []time.Duration{10 * time.Minute}, token: isBearer,
	}, {
		name: "Keycloak reports a negative lifetime", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(200, `{"access_token":"at-1","token_type":"Bearer","expires_in":-5,"refresh_expires_in":0,"not-before-policy":0,"session_state":"x"}`)},
		token: func(t Token) bool { return t.Expiry.IsZero() && t.Lifetime == 0 },
	}, {
		name: "Keycloak purged the code", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(400, `{"error":"invalid_grant","error_description":"Device code not valid"}`)}, kind: Expired,
	}, {
		name: "Authelia has an interval of 10 s", device: says(200, usualDevice+`,"interval":10}`),
		polls: []wire{pending(), says(200, tokenJSON)}, gaps: []time.Duration{s10, s10}, token: isBearer,
	}, {
		name: "Hydra stays pending after a denial and past the end", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{pending()}, kind: Expired,
	}, {
		name: "a secret client that is refused", device: says(200, usualDevice+`,"interval":5}`),
		polls: []wire{says(401, `{"error":"invalid_client"}`, "WWW-Authenticate", `Basic realm="x"`)}, kind: Misconfigured,
	},
}

// "accept `verification_url`, numbers as strings, form-encoded answers, 200/401/403/428/429 with an `error`"
func TestServices(t *testing.T) {
	for _, sv := range services {
		t.Run(sv.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { sv.run(t) })
		})
	}
}

func (sv service) run(t *testing.T) {
	s := newServer(t).on(deviceURL, sv.device).on(tokenURL, sv.polls...)
	var c *Client
	if sv.edit == nil {
		c = s.client()
	} else {
		c = s.client(sv.edit)
	}
	start := time.Now()
	p := begin(t, c)
	if sv.code != "" && p.UserCode != sv.code || sv.uri != "" && p.VerificationURI != sv.uri {
		t.Errorf("shows %q and %q, want %q and %q", p.UserCode, p.VerificationURI, sv.code, sv.uri)
	}
	tok, err := c.Wait(t.Context(), p)
	if sv.kind != "" {
		wantKind(t, err, sv.kind)
	} else if err != nil || !sv.token(tok) {
		t.Fatalf("got %+v, %v", tok, err)
	}
	polls := s.to(tokenURL)
	if sv.gaps != nil && !slices.Equal(gaps(start, polls), sv.gaps) {
		t.Errorf("polls after %v, want %v", gaps(start, polls), sv.gaps)
	}
	for _, poll := range polls {
		if poll.form.Get("device_code") != p.DeviceCode {
			t.Errorf("polled with %q, want %q verbatim", poll.form.Get("device_code"), p.DeviceCode)
		}
	}
}

// What Begin makes of answers without codes.
func TestServicesRefuseToBegin(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer wire
		kind   Kind
	}{
		{"oidc-provider, Hydra, Google: unknown client", says(401, `{"error":"invalid_client"}`), Misconfigured},
		{"Glewlwyd: unknown client", says(403, `{"error":"unauthorized_client"}`), Misconfigured},
		{"Zitadel: unknown client", says(500, `{"error":"server_error","error_description":"not found"}`), Server},
		{"Glewlwyd: no scope", says(400, `{"error":"invalid_scope"}`), Misconfigured},
		{"GitHub: flow switched off", says(200, `{"error":"device_flow_disabled"}`), Misconfigured},
		{"GitHub: unknown client", says(404, `{"error":"Not Found"}`), Misconfigured},
		{"Google: quota", says(403, `{"error_code":"rate_limit_exceeded"}`), Server},
		{"Auth0: too many", says(429, `{"error":"too_many_requests"}`), Server},
		{"Keycloak: PKCE is mandatory", says(400, `{"error":"invalid_request","error_description":"Missing parameter: code_challenge_method"}`), Misconfigured},
		{"Entra: needs a secret", says(401, `{"error":"invalid_client","error_description":"AADSTS7000218: x"}`), Misconfigured},
		{"a proxy's page", says(502, "<html>Bad Gateway</html>", "Content-Type", "text/html"), Server},
		{"nothing", says(200, ""), Server},
		{"half an answer", says(200, deviceJSON[:40]), Server},
		{"a sign-in page", says(200, "<!DOCTYPE html><title>Hotel</title>", "Content-Type", "text/html"), CaptivePortal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newServer(t).on(deviceURL, tt.answer).client().Begin(t.Context())
			wantKind(t, err, tt.kind)
		})
	}
}
