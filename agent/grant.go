package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
)

// grantOf is a token response that came at now, as the store keeps it.
func grantOf(t deviceauth.Token, now time.Time) store.Grant {
	return store.Grant{
		Binding: store.Binding{
			Issuer: t.Issuer, ClientID: t.ClientID, TokenEndpoint: t.TokenEndpoint,
			RevocationEndpoint: t.RevocationEndpoint, UserinfoEndpoint: t.UserinfoEndpoint,
		},
		AccessToken:  t.AccessToken,
		TokenType:    t.TokenType,
		RefreshToken: t.RefreshToken,
		IDToken:      t.IDToken,
		Scope:        t.Scope,
		Expiry:       t.Expiry,
		Refreshed:    now,
		Lifetime:     t.Lifetime,
		Subject:      t.Subject,
		Name:         t.Name,
		Claims:       t.Claims,
	}
}

func tokenOf(g store.Grant) deviceauth.Token {
	return deviceauth.Token{
		AccessToken:        g.AccessToken,
		TokenType:          g.TokenType,
		RefreshToken:       g.RefreshToken,
		IDToken:            g.IDToken,
		Verified:           true, // or a power cut came before its check; the next refresh brings another
		Scope:              g.Scope,
		Expiry:             g.Expiry,
		Lifetime:           g.Lifetime,
		Issuer:             g.Issuer,
		ClientID:           g.ClientID,
		TokenEndpoint:      g.TokenEndpoint,
		RevocationEndpoint: g.RevocationEndpoint,
		UserinfoEndpoint:   g.UserinfoEndpoint,
		Subject:            g.Subject,
		Name:               g.Name,
		Claims:             g.Claims,
	}
}

// account names whose grant it is, for the queue. Where the server names no subject each pairing counts as an
// account of its own.
func account(g store.Grant) string {
	if g.Subject == "" {
		return "pairing " + g.Pairing
	}
	return g.Issuer + " " + g.Subject
}

// pairingOf names a pairing by a digest of its device code, so that after a power cut it is known whether
// that code was used already.
func pairingOf(p deviceauth.Pending) string {
	sum := sha256.Sum256([]byte(p.DeviceCode))
	return hex.EncodeToString(sum[:16])
}

// renewed is the grant after a refresh of old that was answered by t. The subject stays that of the pairing: with a
// subject that the server names only later, the queue would count as another account's.
func renewed(old store.Grant, t deviceauth.Token, now time.Time) store.Grant {
	g := grantOf(t, now)
	g.Pairing, g.Subject = old.Pairing, old.Subject
	return g
}

func credentials(g store.Grant) telemetry.Credentials {
	return telemetry.Credentials{
		AccessToken: g.AccessToken,
		IDToken:     g.IDToken,
		Subject:     g.Subject,
		ClientID:    g.ClientID,
		Claims:      g.Claims,
		Account:     account(g),
		Expiry:      g.Expiry,
	}
}

// foreign reports whether g belongs to another issuer, client or token endpoint than the configuration
// names: such a grant is kept and never sent anywhere.
func foreign(g, configured store.Binding) bool {
	return g.Issuer != configured.Issuer || g.ClientID != configured.ClientID ||
		configured.TokenEndpoint != "" && g.TokenEndpoint != configured.TokenEndpoint
}
