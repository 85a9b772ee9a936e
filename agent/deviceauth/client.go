package deviceauth

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Client runs the device side of RFC 8628 for one client at one authorization server. Its methods may be
// called at the same time.
type Client struct {
	cfg      Config
	http     *httpClient
	oauth    *requester
	metadata *metadataSource
	keys     *keySet
}

// New returns a Client for cfg, which must pass Check. It reads no file and sends nothing: what is wrong with a file of
// certificates is an error of each request, Kind Misconfigured.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(append(Check(cfg), cfg.errNoKey())...); err != nil {
		return nil, err
	}
	if cfg.HTTP == nil {
		cfg.HTTP = NewTransport("")
	}
	return newClient(cfg), nil
}

// newClient puts the parts together. cfg has its defaults.
func newClient(cfg Config) *Client {
	h := &httpClient{
		client:    &http.Client{Transport: cfg.HTTP, CheckRedirect: checkRedirect},
		userAgent: "paird/" + cfg.Version,
		log:       cfg.Log,
	}
	return &Client{
		cfg:  cfg,
		http: h,
		oauth: &requester{
			httpClient: h,
			auth:       newClientAuth(cfg),
			dpop:       &dpop{key: cfg.DPoPKey, nonces: map[string]string{}},
		},
		metadata: &metadataSource{cfg: cfg, http: h},
		keys:     &keySet{http: h},
	}
}

// Thumbprint is the RFC 7638 thumbprint of the key that grants are bound to (RFC 9449 section 6), "" if none is:
// DPoP is off, or the key cannot be had.
func (c *Client) Thumbprint() string {
	if c.cfg.DPoP == "off" {
		return ""
	}
	return c.oauth.dpop.thumbprint()
}

// checkClock refuses everything that a clock decides while the clock is not set: certificates, ID tokens, proofs.
func (c Config) checkClock(op string) error {
	if c.ClockSet() {
		return nil
	}
	return &Error{Kind: ClockUnset, Op: op, Detail: "the clock is not set: wait for network time, or set it"}
}

// logClamped logs what a response had that was not taken as it was.
func (c Config) logClamped(op string, notes []string) {
	for _, n := range notes {
		c.Log.Warn("value clamped", "op", op, "detail", n)
	}
}

// Pending is a device authorization in progress (RFC 8628 section 3.2). It marshals to JSON so that
// the daemon can keep it, sealed, and go on with the same code after a reboot. DeviceCode and
// CodeVerifier are secrets and never shown.
type Pending struct {
	DeviceCode              string        `json:"device_code"`
	UserCode                string        `json:"user_code"` // as the server spells it
	VerificationURI         string        `json:"verification_uri"`
	VerificationURIComplete string        `json:"verification_uri_complete,omitempty"`
	Interval                time.Duration `json:"interval"`   // least time between a response and the next poll
	ExpiresIn               time.Duration `json:"expires_in"` // from Issued, clamped to 1 s .. 1 h
	Issued                  time.Time     `json:"issued"`     // carries the monotonic clock within one process
	CodeVerifier            string        `json:"code_verifier,omitempty"`
	Bound                   bool          `json:"bound,omitempty"`  // the grant is to be bound to the DPoP key
	Issuer                  string        `json:"issuer,omitempty"` // what the session is bound to: never
	ClientID                string        `json:"client_id"`        // resumed under another configuration
	TokenEndpoint           string        `json:"token_endpoint"`
}

// Deadline is when the codes stop being valid.
func (p Pending) Deadline() time.Time { return p.Issued.Add(p.ExpiresIn) }

// Token is a token response (RFC 6749 section 5.1, RFC 8628 section 3.5) with what its ID token says.
type Token struct {
	AccessToken  string
	TokenType    string // "Bearer" or "DPoP", in this spelling
	RefreshToken string // empty where the server gives none
	Scope        string // as granted; as asked where the server does not say

	// IDToken is as the server sent it; empty where it sent none. Until Verified nothing may be done with it. Verified
	// means that Verify has done its work: an ID token that is still there was checked.
	IDToken  string
	Verified bool

	// Expiry is when the access token ends, with the monotonic clock of the response's arrival; zero
	// where the server does not say.
	Expiry   time.Time
	Lifetime time.Duration // expires_in; zero where the server does not say

	// What the grant is bound to: its tokens are sent nowhere else. Metadata that the bound issuer gives over TLS may
	// replace the endpoints, the configuration may not.
	Issuer             string // the configured issuer, empty with endpoints by hand
	ClientID           string
	TokenEndpoint      string
	RevocationEndpoint string // empty where none is known
	UserinfoEndpoint   string // empty where none is known

	Subject string         // `sub` of the last verified ID token, or empty
	Name    string         // first of name, preferred_username, email, sub; cleaned of control characters
	Claims  map[string]any // of the last verified ID token, for {claim:x}
}

// Metadata asks the server for its metadata and returns it with the configured endpoints put over it. It
// always asks, so that what is wrong is seen; the other methods also take what is known already.
func (c *Client) Metadata(ctx context.Context) (Metadata, error) { return c.metadata.ask(ctx) }
