package deviceauth

import (
	"crypto"
	"log/slog"
	"net/http"
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
	ClientKey    crypto.Signer // for private_key_jwt: RSA of 2048 bits or more, ECDSA or Ed25519

	// ClientAssertionAudience is the aud of the assertions of private_key_jwt: issuer, the one value that newer servers
	// insist on, or token_endpoint (Hydra); "": issuer. Without an Issuer it is the token endpoint.
	ClientAssertionAudience string

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
	OnWait   func(*Error)  // Wait met a failure and goes on; nil when the failures are over
	OnChange func(Pending) // Wait changed what a resumed session must know: the server slowed it down
	Log      *slog.Logger  // nil: no log
}

// MetadataCache keeps the server's metadata across restarts, so that a refresh works when the
// metadata does not. Load's error means that there is none.
type MetadataCache interface {
	Load() ([]byte, error)
	Save([]byte) error
}

// withDefaults fills in what the zero value means.
func (c Config) withDefaults() Config {
	if c.ClientAuth == "" {
		c.ClientAuth = "none"
		if c.ClientSecret != "" {
			c.ClientAuth = "basic"
		}
	}
	if c.ClientAssertionAudience == "" {
		c.ClientAssertionAudience = "issuer"
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
