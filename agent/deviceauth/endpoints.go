package deviceauth

import (
	"cmp"
	"context"
)

// sealed puts the endpoints that go with a grant onto its token.
func (c *Client) sealed(t Token) Token {
	m, _ := c.metadata.got()
	t.RevocationEndpoint = sealedEndpoint(t.RevocationEndpoint, c.cfg.RevocationEndpoint, m.RevocationEndpoint)
	t.UserinfoEndpoint = sealedEndpoint(t.UserinfoEndpoint, "", m.UserinfoEndpoint)
	return t
}

// sealedEndpoint is an endpoint that goes with a grant. Only the issuer's metadata may replace the one that is sealed
// with the grant already.
func sealedEndpoint(sealed, configured, fetched string) string {
	if sealed == "" || sealed == configured {
		return cmp.Or(configured, fetched)
	}
	return cmp.Or(fetched, sealed)
}

// sender sends one request to endpoint.
type sender func(endpoint string) (oauthResponse, error)

// relocating sends a request to endpoint. Where that is not found, it asks once for the metadata again, at once, and
// sends the request to the endpoint that of finds in it.
func (c *Client) relocating(ctx context.Context, endpoint string, of func(Metadata) string, send sender) (oauthResponse, error) {
	r, err := send(endpoint)
	if err != nil || !r.notFound() {
		return r, err
	}
	if now := c.metadata.relocated(ctx, endpoint, of); now != "" {
		return send(now)
	}
	return r, nil
}

// relocated asks for metadata again after nothing was found at endpoint, and returns where it is now. It is "" where
// the metadata does not say otherwise, or where the endpoint is configured.
func (s *metadataSource) relocated(ctx context.Context, endpoint string, of func(Metadata) string) string {
	if s.cfg.byHand() || of(s.configured()) == endpoint {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	if _, err := s.ask(ctx); err != nil {
		s.cfg.Log.Warn("an endpoint is not found, and metadata is not available", "endpoint", withoutQuery(endpoint), "error", err)
		return ""
	}
	m, _ := s.got()
	if of(m) == endpoint {
		return ""
	}
	return of(m)
}

// The endpoints, for relocating and relocated.
func deviceEndpoint(m Metadata) string     { return m.DeviceAuthorizationEndpoint }
func tokenEndpoint(m Metadata) string      { return m.TokenEndpoint }
func revocationEndpoint(m Metadata) string { return m.RevocationEndpoint }
func jwksURI(m Metadata) string            { return m.JWKSURI }
