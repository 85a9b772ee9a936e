package provider

import (
	"net/http"
	"net/url"
)

const (
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantRefresh = "refresh_token"
)

// authMethods are the client authentications of every endpoint (RFC 8414 section 2).
var authMethods = []string{"none", "client_secret_basic", "client_secret_post"}

// metadata answers both well-known locations: OpenID Connect Discovery 1.0 section 4 and RFC 8414
// section 3. There is no authorization endpoint: RFC 8414 section 2 requires it "unless no grant types
// are supported that use the authorization endpoint".
func (p *Provider) metadata(*http.Request) answer {
	return publicAnswer(http.StatusOK, map[string]any{
		"issuer":                                p.opt.Issuer,
		"device_authorization_endpoint":         p.opt.Issuer + "/device_authorization",
		"token_endpoint":                        p.opt.Issuer + "/token",
		"revocation_endpoint":                   p.opt.Issuer + "/revoke",
		"userinfo_endpoint":                     p.opt.Issuer + "/userinfo",
		"jwks_uri":                              p.opt.Issuer + "/jwks",
		"grant_types_supported":                 []string{grantDevice, grantRefresh},
		"response_types_supported":              []string{},
		"subject_types_supported":               []string{"public"},
		"code_challenge_methods_supported":      []string{methodS256},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{scopeOpenID, scopeProfile, scopeEmail, scopeOffline, scopeTelemetry},
		"claims_supported":                      []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "name", "preferred_username", "email"},

		"token_endpoint_auth_methods_supported":      authMethods,
		"revocation_endpoint_auth_methods_supported": authMethods,
	})
}

func (p *Provider) jwks(*http.Request) answer {
	return publicAnswer(http.StatusOK, p.keys.public())
}

func (p *Provider) verificationURI() string { return p.opt.Issuer + "/device" }

func (p *Provider) completeURI(userCode string) string {
	return p.verificationURI() + "?" + url.Values{"user_code": {userCode}}.Encode()
}
