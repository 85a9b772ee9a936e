package deviceauth

import "testing"

// rules are those of this package, and the sentences of the standards, each with the proof beside it.
var rules = []struct {
	says  string
	proof func(*testing.T)
}{
	// How a request looks.
	{`POST forms, Accept: application/json, no parameter twice, empty omitted`, proveForms},
	{`always client_id in the body and scope`, proveClientIDAndScope},
	{`RFC 8628 3.4: grant_type REQUIRED. Value MUST be set to "urn:ietf:params:oauth:grant-type:device_code"`, proveGrantType},
	{`RFC 8628 3.1: All requests from the device MUST use the Transport Layer Security (TLS) protocol`, proveTLSOnly},
	{`where the secret goes is configuration, never a probe`, proveNeverProbed},
	{`RFC 9700 / RFC 6750: never a token in a URL`, proveNothingInURLs},
	{`RFC 8707 2: its value MUST be an absolute URI, it MUST NOT include a fragment component`, proveResourceForm},
	{`resource goes on the device authorization and on each token request, audience on the first only`, proveResourceEverywhere},

	// What is shown.
	{`codes and URIs verbatim; unknown fields ignored`, proveVerbatim},
	{`RFC 8628 3.2: if no value is provided, clients MUST use 5 as the default`, proveDefaultInterval},
	{`RFC 8628 3.3: the "device_code" is not intended for the end user directly`, proveErrorsKeepSecrets},

	// When to poll.
	{`wait from the response, not from the request`, proveWaitFromAnswer},
	{`RFC 8628 3.5: slow_down: the interval MUST be increased by 5 seconds for this and all subsequent requests`, proveSlowDown},
	{`slow_down is for good: a resumed session knows it`, proveSlowDownIsKept},
	{`RFC 8628 3.5: on a connection timeout, clients MUST unilaterally reduce their polling frequency`, proveBackOff},
	{`RFC 8628 3.5: the client MUST wait at least the number of seconds specified by the "interval" parameter`, proveInterval},
	{`time-outs, resets, 429 and 5xx during polling: never give up before expiry`, proveSurvives},
	{`honour Retry-After`, proveRetryAfter},
	{`expiry by the device's own monotonic clock`, proveExpiry},
	{`failures are reported while they last, and their end once`, proveFailuresReported},

	// How a session ends.
	{`RFC 8628 3.5: an error response with any other error code: it MUST stop polling`, proveStops},
	{`never send a device code again after a 200 that is a token response`, proveNotAgain},
	{`a truncated or foreign 200 is a server fault and polling goes on`, proveForeign200},
	{`the pending session is kept, so that a reboot resumes it`, proveResume},
	{`never resumed under another configuration`, proveForeignSession},
	{`nothing is verified before the clock is set`, proveClock},

	// Tokens.
	{`token_type without case; missing scope = as asked; missing refresh token on refresh = keep the old`, proveTokenDefaults},
	{`RFC 6749 7.1: MUST NOT use an access token if it does not understand the token type`, proveTokenType},
	{`RFC 6749 5.1: a narrower scope is honoured`, proveNarrowerScope},
	{`a refresh token goes only to where it came from`, proveRefreshStaysHome},
	{`RFC 9700 4.14: public clients survive rotation`, proveRotation},
	{`a refresh works when the metadata does not`, proveRefreshWithoutMetadata},

	// Key-bound grants.
	{`use_dpop_nonce = repeat at once with the nonce, at the first poll`, proveNonceAtFirstPoll},
	{`use_dpop_nonce = repeat at once with the nonce, at the last poll`, proveNonceAtLastPoll},
	{`RFC 9449 8.2: the client MUST use the new nonce value supplied for the next token request`, proveNewNonce},
	{`RFC 9449 4.2: typ dpop+jwt, jwk, jti, htm, htu without query, iat`, proveProof},
	{`dpop on refuses a bearer token`, proveBearerRefused},
	{`dpop auto where the metadata lists ES256`, proveDPoPAuto},
	{`PKCE auto where the metadata lists S256`, provePKCE},

	// Who it is.
	{`RFC 8414 3.3: the issuer value returned MUST be identical`, proveIssuer},
	{`OIDC 3.1.3.7: iss, aud, azp, signature, exp, iat`, proveIDToken},
	{`OIDC 12.2: its sub Claim Value MUST be the same`, proveSameSubject},
	{`Wait and Refresh return before the ID token is verified; refused at a refresh, the rotated tokens are there`, proveRefreshedIDToken},
	{`an ID token that cannot be checked is ignored`, proveUncheckedIDToken},
	{`the name is the first of name, preferred_username, email, sub, without control characters`, proveName},

	// The end of a grant.
	{`RFC 7009 2.2: 200 also for an invalid token`, proveRevokeUnknown},
	{`RFC 7009 2.2.1: 503: the client must assume the token still exists and may retry`, proveRevokeRetry},
	{`revocation is best effort and says what came of it`, proveRevokeSays},

	// HTTP.
	{`every request has a time limit`, proveTimeLimit},
	{`bodies are bounded (64 KiB)`, proveBodyLimit},
	{`POST follows no redirect; GET follows only https to the same host`, proveRedirects},
	{`a captive portal is recognised and named`, provePortal},
	{`User-Agent: paird/VERSION`, proveUserAgent},
	{`errors never contain device codes, tokens or URI queries`, proveErrorsKeepSecrets},
}

func TestRules(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.says, rule.proof)
	}
}
