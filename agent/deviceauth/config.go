package deviceauth

import (
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Config says whose client this is and how it talks. ClientID is required, and an Issuer or both
// DeviceAuthorizationEndpoint and TokenEndpoint; everything else has a default.
type Config struct {
	Issuer string // https, exactly as the server's metadata spells it

	// Endpoints by hand. With the first two set there is no discovery at all; without an Issuer and
	// a JWKSURI beside them an ID token cannot be checked and is ignored.
	DeviceAuthorizationEndpoint, TokenEndpoint string
	RevocationEndpoint, JWKSURI                string

	ClientID     string
	ClientAuth   string        // none, basic, post or private_key_jwt; "": basic with a secret, else none
	ClientSecret string        // for basic and post
	ClientKey    crypto.Signer // for private_key_jwt: RSA, ECDSA or Ed25519

	Scopes    []string
	Audience  string   // of the device authorization request only (Auth0)
	Resources []string // RFC 8707, of the device authorization and of each token request

	// FurtherScopes and FurtherResources are asked for at the device authorization only: what
	// Client.Audience shall be able to get later.
	FurtherScopes, FurtherResources []string

	PKCE string // auto, on or off; "": auto, which means where the metadata lists S256
	DPoP string // auto, on or off; "": off; auto means where the metadata lists ES256

	// DPoPKey gives the P-256 key that lives with the grant. It is called whenever a proof is needed
	// and not before, and must give the same key for as long as the grant lives.
	DPoPKey func() (crypto.Signer, error)

	Params map[string]string // further parameters of the device authorization request, already expanded

	HTTP    http.RoundTripper // nil: NewTransport("")
	Version string            // for User-Agent: paird/VERSION
	Cache   MetadataCache     // nil: metadata is not kept across restarts

	ClockSet func() bool   // nil: the clock is always right
	OnWait   func(*Error)  // Wait met trouble and goes on; nil when the trouble is over
	OnChange func(Pending) // Wait changed what a resumed session must know: the server slowed it down
	Log      *slog.Logger  // nil: no log
}

// MetadataCache keeps the server's metadata across restarts, so that a refresh works when the
// metadata does not. Load's error means that there is none.
type MetadataCache interface {
	Load() ([]byte, error)
	Save([]byte) error
}

// reserved are the parameters that Params must not repeat: RFC 6749 section 3.2, "Request and response
// parameters MUST NOT be included more than once."
var reserved = []string{
	"client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource",
	"code_challenge", "code_challenge_method", "grant_type", "device_code", "refresh_token",
}

// withDefaults fills in what the zero value means.
func (c Config) withDefaults() Config {
	if c.ClientAuth == "" {
		c.ClientAuth = "none"
		if c.ClientSecret != "" {
			c.ClientAuth = "basic"
		}
	}
	if c.PKCE == "" {
		c.PKCE = "auto"
	}
	if c.DPoP == "" {
		c.DPoP = "off"
	}
	if c.ClockSet == nil {
		c.ClockSet = func() bool { return true }
	}
	if c.OnWait == nil {
		c.OnWait = func(*Error) {}
	}
	if c.OnChange == nil {
		c.OnChange = func(Pending) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check refuses a Config that cannot work. It runs after withDefaults.
func (c Config) check() error {
	if c.ClientID == "" {
		return errors.New("client id is missing: register this device at the server and set it")
	}
	if c.Issuer == "" && !c.byHand() {
		return errors.New("issuer is missing: set it, or both the device authorization and the token endpoint")
	}
	return errors.Join(c.checkURLs(), c.checkClient(), c.checkModes(), c.checkRequests())
}

// byHand reports whether endpoints replace discovery altogether.
func (c Config) byHand() bool { return c.DeviceAuthorizationEndpoint != "" && c.TokenEndpoint != "" }

func (c Config) checkURLs() error {
	if c.Issuer != "" {
		// RFC 8414 section 2: "a URL that uses the "https" scheme and has no query or fragment components"
		if u, err := endpointURL(c.Issuer); err != nil || u.RawQuery != "" || u.ForceQuery {
			return fmt.Errorf("issuer %s is no https URL without query and fragment", withoutQuery(c.Issuer))
		}
	}
	for _, e := range []string{c.DeviceAuthorizationEndpoint, c.TokenEndpoint, c.RevocationEndpoint, c.JWKSURI} {
		if e == "" {
			continue
		}
		if _, err := endpointURL(e); err != nil {
			return fmt.Errorf("endpoint %s: %w", withoutQuery(e), err)
		}
	}
	return nil
}

func (c Config) checkClient() error {
	switch {
	case !slices.Contains([]string{"none", "basic", "post", "private_key_jwt"}, c.ClientAuth):
		return fmt.Errorf("client authentication %q is none of none, basic, post, private_key_jwt", c.ClientAuth)
	case (c.ClientAuth == "basic" || c.ClientAuth == "post") && c.ClientSecret == "":
		return fmt.Errorf("client authentication %s needs a client secret", c.ClientAuth)
	case c.ClientAuth == "private_key_jwt" && (c.ClientKey == nil || signatureAlgorithm(c.ClientKey) == ""):
		return errors.New("client authentication private_key_jwt needs an RSA, ECDSA or Ed25519 key")
	}
	return nil
}

func (c Config) checkModes() error {
	for name, v := range map[string]string{"pkce": c.PKCE, "dpop": c.DPoP} {
		if v != "auto" && v != "on" && v != "off" {
			return fmt.Errorf("%s %q is none of auto, on, off", name, v)
		}
	}
	if c.DPoP != "off" && c.DPoPKey == nil {
		return fmt.Errorf("dpop %s needs a key", c.DPoP)
	}
	return nil
}

func (c Config) checkRequests() error {
	for _, r := range slices.Concat(c.Resources, c.FurtherResources) {
		if err := checkResource(r); err != nil {
			return err
		}
	}
	for _, s := range slices.Concat(c.Scopes, c.FurtherScopes) {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fmt.Errorf("scope %q is empty or has a character that RFC 6749 section 3.3 forbids", s)
		}
	}
	for name := range c.Params {
		if slices.Contains(reserved, name) || name == "audience" && c.Audience != "" {
			return fmt.Errorf("parameter %s has its own key in the configuration", name)
		}
	}
	return nil
}

// checkResource obeys RFC 8707 section 2: "Its value MUST be an absolute URI ... The URI MUST NOT include
// a fragment component."
func checkResource(r string) error {
	if u, err := url.Parse(r); err != nil || !u.IsAbs() || strings.Contains(r, "#") {
		return fmt.Errorf("resource %s is no absolute URI without fragment", withoutQuery(r))
	}
	return nil
}
