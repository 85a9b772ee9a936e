package store

import "time"

// Binding says whose grant it is: a refresh token is never sent to another issuer, client or endpoint.
// It is sealed with the grant, so that no file in the clear decides where a token goes.
type Binding struct {
	Issuer             string `json:"issuer,omitempty"`
	ClientID           string `json:"client_id"`
	TokenEndpoint      string `json:"token_endpoint"`
	RevocationEndpoint string `json:"revocation_endpoint,omitempty"` // RFC 7009; empty: the server has none, or it is not known
	UserinfoEndpoint   string `json:"userinfo_endpoint,omitempty"`   // OpenID Connect Core 5.3; empty likewise
}

// Grant is what pairing gave this device.
type Grant struct {
	Binding
	AccessToken  string         `json:"access_token,omitempty"`
	TokenType    string         `json:"token_type,omitempty"`
	RefreshToken string         `json:"refresh_token,omitempty"`
	IDToken      string         `json:"id_token,omitempty"`
	Scope        string         `json:"scope,omitempty"`
	Expiry       time.Time      `json:"expiry,omitzero"` // of the access token; zero: not known
	Refreshed    time.Time      `json:"refreshed"`       // when the tokens came
	Lifetime     time.Duration  `json:"lifetime,omitempty"`
	Subject      string         `json:"subject,omitempty"`
	Name         string         `json:"name,omitempty"`
	Claims       map[string]any `json:"claims,omitempty"`

	// Pairing names the pairing this grant came from, by a digest of its device code; refreshes keep it. It stands for the
	// account where the server gives no subject.
	Pairing string `json:"pairing,omitempty"`
}

// State is what the store knows.
type State struct {
	Grant    *Grant // nil: not paired
	Gen      uint64 // counts up with each Save and Forget; 0 on a new device
	Intent   bool   // a refresh of Gen had begun and its outcome is unknown: retry once, at once
	Previous *Grant // one generation back, if kept: what it takes to revoke it, no access token beside a refresh token
}

// A record is one generation of the grant.
type record struct {
	gen   uint64
	grant *Grant // nil: forgotten
}

// essence is the part of the grant that goes into a slot, without what the refresh token can renew.
// Where there is no refresh token it is all of it.
func essence(g *Grant) *Grant {
	if g == nil || g.RefreshToken == "" {
		return g
	}
	e := *g
	e.AccessToken, e.IDToken, e.Expiry = "", "", time.Time{}
	return &e
}
