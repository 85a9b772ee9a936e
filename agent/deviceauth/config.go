package deviceauth

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Config describes the client and its server. ClientID is required, and an Issuer or both
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

	// DPoPKey gives the P-256 key that belongs to the grant. It is called whenever a proof is needed
	// and not before, and must give the same key for as long as the grant lives.
	DPoPKey func() (crypto.Signer, error)

	Params map[string]string // further parameters of the device authorization request, already expanded

	HTTP    http.RoundTripper // nil: NewTransport("")
	Version string            // for User-Agent: paird/VERSION
	Cache   MetadataCache     // nil: metadata is not kept across restarts

	ClockSet func() bool            // nil: the clock is always right
	Draws    func(text string) bool // whether the panel can show a text whole; nil: it can
	OnWait   func(*Error)           // Wait met a failure and goes on; nil when the failures are over
	OnChange func(Pending)          // Wait changed what a resumed session must know: the server slowed it down
	Log      *slog.Logger           // nil: no log
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
	if c.Draws == nil {
		c.Draws = func(string) bool { return true }
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

// Check lists everything in cfg that cannot work at any server. Each error begins with the key of the
// configuration that it is about: "auth.issuer: ...".
func Check(cfg Config) []error {
	cfg = cfg.withDefaults()
	var all []error
	add := func(key, format string, args ...any) {
		all = append(all, fmt.Errorf("auth."+key+": "+format, args...))
	}
	cfg.checkServer(add)
	cfg.checkClient(add)
	cfg.checkModes(add)
	cfg.checkRequests(add)
	return all
}

// addFault adds a fault: the key below auth, what is wrong and what to do.
type addFault func(key, format string, args ...any)

// byHand reports whether endpoints replace discovery altogether.
func (c Config) byHand() bool { return c.DeviceAuthorizationEndpoint != "" && c.TokenEndpoint != "" }

func (c Config) checkServer(add addFault) {
	switch {
	case c.Issuer == "" && !c.byHand():
		add("issuer", "is missing, name the authorization server (or both auth.device_authorization_endpoint and auth.token_endpoint)")
	case strings.ContainsAny(c.Issuer, "?#"):
		// RFC 8414 section 2: "a URL that uses the "https" scheme and has no query or fragment components"
		add("issuer", "an issuer has neither ? nor # (RFC 8414), give the address alone")
	case c.Issuer != "":
		checkURL(add, "issuer", c.Issuer)
	}
	for _, e := range []struct{ key, url string }{
		{"device_authorization_endpoint", c.DeviceAuthorizationEndpoint}, {"token_endpoint", c.TokenEndpoint},
		{"revocation_endpoint", c.RevocationEndpoint}, {"jwks_uri", c.JWKSURI},
	} {
		if e.url != "" {
			checkURL(add, e.key, e.url)
		}
	}
}

// checkURL refuses an address that requests must not go to, in the words of the configuration.
func checkURL(add addFault, key, s string) {
	_, err := endpointURL(s)
	if err == nil {
		return
	}
	u, _ := url.Parse(s)
	switch {
	case u == nil || u.Hostname() == "" || u.Opaque != "":
		add(key, "is no address, write https://host.example")
	case u.User != nil:
		add(key, "has a name or password in it, remove them")
	case u.Scheme == "http":
		add(key, "http:// would send tokens in the clear, use https:// (http:// is for this machine only)")
	case u.Scheme != "https":
		add(key, "starts with %s://, use https://", u.Scheme)
	default:
		add(key, "%v", err)
	}
}

func (c Config) checkClient(add addFault) {
	if c.ClientID == "" {
		add("client_id", "is missing, name the client that is registered at the authorization server")
	}
	if a := c.ClientAssertionAudience; a != "issuer" && a != "token_endpoint" {
		add("client_assertion_audience", "%q is not known, write one of issuer, token_endpoint", a)
	}
	secret, key := c.ClientAuth == "basic" || c.ClientAuth == "post", c.ClientAuth == "private_key_jwt"
	switch {
	case !secret && !key && c.ClientAuth != "none":
		add("client_auth", "%q is not known, write one of none, basic, post, private_key_jwt", c.ClientAuth)
		return
	case secret && c.ClientSecret == "":
		add("client_secret_file", "is missing, client_auth = %q needs it", c.ClientAuth)
	case !secret && c.ClientSecret != "":
		add("client_secret_file", "is not used with client_auth = %q, remove one of them", c.ClientAuth)
	}
	switch {
	case key && c.ClientKey == nil:
		add("client_key_file", `is missing, client_auth = "private_key_jwt" needs it`)
	case key && weakKey(c.ClientKey.Public()):
		add("client_key_file", "is an RSA key below %d bits, make a longer one or an ECDSA key on P-256", minRSABits)
	case key && signatureAlgorithm(c.ClientKey) == "":
		add("client_key_file", "is of a kind that cannot sign here, give an RSA, ECDSA or Ed25519 key")
	case !key && c.ClientKey != nil:
		add("client_key_file", `is used with client_auth = "private_key_jwt" only, set that or remove it`)
	}
}

func (c Config) checkModes(add addFault) {
	for _, mode := range []struct{ key, value string }{{"pkce", c.PKCE}, {"dpop", c.DPoP}} {
		if !slices.Contains([]string{"auto", "on", "off"}, mode.value) {
			add(mode.key, "%q is not known, write one of auto, on, off", mode.value)
		}
	}
}

// errNoKey: a configuration is checked before there is a device with a key, so this is none of Check's.
func (c Config) errNoKey() error {
	if c.DPoP != "off" && c.DPoPKey == nil {
		return errors.New("auth.dpop: " + c.DPoP + " needs a key")
	}
	return nil
}

func (c Config) checkRequests(add addFault) {
	for _, r := range slices.Concat(c.Resources, c.FurtherResources) {
		if err := checkResource(r); err != nil {
			add("resource", "%w", err)
		}
	}
	for _, s := range slices.Concat(c.Scopes, c.FurtherScopes) {
		if !scopeToken(s) {
			add("scopes", "%q does not fit, write one scope in each item (RFC 6749 section 3.3)", s)
		}
	}
	for name := range c.Params {
		if name == "" || slices.Contains(reserved, name) || name == "audience" && c.Audience != "" {
			add("params", "%q is sent by paird itself, use the key of [auth] for it", name)
		}
	}
}

// checkResource obeys RFC 8707 section 2: "Its value MUST be an absolute URI ... The URI MUST NOT include
// a fragment component."
func checkResource(r string) error {
	if u, err := url.Parse(r); err != nil || !u.IsAbs() || strings.Contains(r, "#") {
		return fmt.Errorf("%q is no resource, write an absolute URI without # (RFC 8707)", withoutQuery(r))
	}
	return nil
}

// reserved are the parameters that Params must not repeat: RFC 6749 section 3.2, "Request and response
// parameters MUST NOT be included more than once."
var reserved = []string{
	"client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource",
	"code_challenge", "code_challenge_method", "code_verifier", "grant_type", "device_code", "refresh_token",
}

// minRSABits is the least length of an RSA key that is trusted. RFC 7518 section 3.3: "A key of size 2048 bits or larger
// MUST be used with these algorithms."
const minRSABits = 2048

// weakKey reports an RSA key below minRSABits.
func weakKey(key crypto.PublicKey) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && public.N.BitLen() < minRSABits
}
