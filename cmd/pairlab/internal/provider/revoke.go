package provider

// revoke ends a grant by its refresh token (RFC 7009). Access tokens are signed and short-lived and
// cannot be called back: section 2.2.1 has unsupported_token_type for that.
func (p *Provider) revoke(c *Client, form params) (any, *oauthError) {
	token := form["token"]
	if token == "" {
		return nil, bad("invalid_request", "token is missing")
	}
	if _, ok := p.keys.verify(token, p.opt.Issuer, p.opt.Now()); ok {
		return nil, bad("unsupported_token_type", "an access token ends by itself; revoke the refresh token")
	}
	g := p.grants.byToken[digestOf(token)]
	if g == nil {
		// Section 2.2: "invalid tokens do not cause an error response".
		return struct{}{}, nil
	}
	if g.client != c {
		// Section 2.1: the server "verifies whether the token was issued to the client making the
		// revocation request. If this validation fails, the request is refused".
		return nil, bad("invalid_request", "the token is not this client's")
	}
	p.grants.end(g)
	p.emit(Revoked, g.subjectMatter, g.user.Name)
	return struct{}{}, nil
}
