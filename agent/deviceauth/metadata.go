package deviceauth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paird/paird/agent/internal/oneline"
)

// Metadata is what a server says of itself (RFC 8414 section 2, OpenID Connect Discovery section 3), as far as
// this client asks. Its JSON form is that of the standards.
type Metadata struct {
	Issuer                      string   `json:"issuer"`
	DeviceAuthorizationEndpoint string   `json:"device_authorization_endpoint,omitempty"`
	TokenEndpoint               string   `json:"token_endpoint,omitempty"`
	RevocationEndpoint          string   `json:"revocation_endpoint,omitempty"`
	UserinfoEndpoint            string   `json:"userinfo_endpoint,omitempty"`
	JWKSURI                     string   `json:"jwks_uri,omitempty"`
	GrantTypes                  []string `json:"grant_types_supported,omitempty"`
	Scopes                      []string `json:"scopes_supported,omitempty"`
	ClientAuth                  []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	PKCE                        []string `json:"code_challenge_methods_supported,omitempty"`
	DPoP                        []string `json:"dpop_signing_alg_values_supported,omitempty"`
	IDTokenAlgs                 []string `json:"id_token_signing_alg_values_supported,omitempty"`
}

// issuerError is metadata of another issuer than the configured one.
type issuerError struct{ want, got string }

func (e *issuerError) Error() string {
	got, _, _ := strings.Cut(e.got, "?")
	return fmt.Sprintf("the metadata is of issuer %s, not %s: set issuer exactly as the server spells it", legal(oneline.Clean(got, 200)), e.want)
}

// parseMetadata reads a metadata document. RFC 8414 section 3.3: "The "issuer" value returned MUST be identical
// to the authorization server's issuer identifier value".
func parseMetadata(body []byte, issuer string) (Metadata, error) {
	f, err := parseFields(body)
	if err != nil {
		return Metadata{}, err
	}
	m := Metadata{
		Issuer:                      f.str("issuer"),
		DeviceAuthorizationEndpoint: f.str("device_authorization_endpoint"),
		TokenEndpoint:               f.str("token_endpoint"),
		RevocationEndpoint:          f.str("revocation_endpoint"),
		UserinfoEndpoint:            f.str("userinfo_endpoint"),
		JWKSURI:                     f.str("jwks_uri"),
		GrantTypes:                  f.strs("grant_types_supported"),
		Scopes:                      f.strs("scopes_supported"),
		ClientAuth:                  f.strs("token_endpoint_auth_methods_supported"),
		PKCE:                        f.strs("code_challenge_methods_supported"),
		DPoP:                        f.strs("dpop_signing_alg_values_supported"),
		IDTokenAlgs:                 f.strs("id_token_signing_alg_values_supported"),
	}
	if m.Issuer == "" {
		return Metadata{}, errNoFields
	}
	if m.Issuer != issuer {
		return Metadata{}, &issuerError{want: issuer, got: m.Issuer}
	}
	if _, err := endpointURL(m.UserinfoEndpoint); err != nil { // without it there is no name, and nothing else is lost
		m.UserinfoEndpoint = ""
	}
	return m, m.checkEndpoints()
}

func (m Metadata) checkEndpoints() error {
	for name, e := range map[string]string{
		"device_authorization_endpoint": m.DeviceAuthorizationEndpoint,
		"token_endpoint":                m.TokenEndpoint,
		"revocation_endpoint":           m.RevocationEndpoint,
		"jwks_uri":                      m.JWKSURI,
	} {
		if e == "" {
			continue
		}
		if _, err := endpointURL(e); err != nil {
			return fmt.Errorf("%s in the metadata: %w", name, err)
		}
	}
	return nil
}

// with puts the endpoints that are configured by hand over those of the metadata.
func (m Metadata) with(cfg Config) Metadata {
	m.DeviceAuthorizationEndpoint = cmp.Or(cfg.DeviceAuthorizationEndpoint, m.DeviceAuthorizationEndpoint)
	m.TokenEndpoint = cmp.Or(cfg.TokenEndpoint, m.TokenEndpoint)
	m.RevocationEndpoint = cmp.Or(cfg.RevocationEndpoint, m.RevocationEndpoint)
	m.JWKSURI = cmp.Or(cfg.JWKSURI, m.JWKSURI)
	return m
}

// complete reports whether the device flow can run.
func (m Metadata) complete() bool {
	return m.DeviceAuthorizationEndpoint != "" && m.TokenEndpoint != ""
}

// pkce decides whether the flow has a code challenge.
func (m Metadata) pkce(mode string) bool {
	return mode == "on" || mode == "auto" && slices.Contains(m.PKCE, "S256")
}

// dpop decides whether a new grant is bound to the device's key.
func (m Metadata) dpop(mode string) bool {
	return mode == "on" || mode == "auto" && slices.Contains(m.DPoP, "ES256")
}

// metadataURLs are where an issuer's metadata may be: OpenID Connect Discovery section 4.1 appends to the path,
// RFC 8414 section 3.1 inserts before it; RFC 8414 section 5 also names the last one.
func metadataURLs(issuer string) []string {
	issuer = strings.TrimSuffix(issuer, "/") // both: "any terminating "/" MUST be removed"
	scheme, rest, _ := strings.Cut(issuer, "://")
	host, path, _ := strings.Cut(rest, "/")
	if path != "" {
		path = "/" + path
	}
	root := scheme + "://" + host + "/.well-known/"
	urls := []string{issuer + "/.well-known/openid-configuration", root + "oauth-authorization-server" + path}
	if path != "" {
		urls = append(urls, root+"openid-configuration"+path)
	}
	return urls
}
