package deviceauth

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// reply is an OAuth answer taken apart.
type reply struct {
	answer
	fields  fields // nil where the body is none
	refusal refusal
}

// ok reports a success that has the named member. RFC 6749 section 5.1 says 200; servers that answer errors with
// 200 (GitHub) put an error into it.
func (r reply) ok(member string) bool {
	return r.status == http.StatusOK && r.refusal.code == "" && r.fields.str(member) != ""
}

// request sends form to endpoint with client authentication.
func (c *Client) request(ctx context.Context, endpoint string, form url.Values, header http.Header) (reply, error) {
	sent := maps.Clone(form) // an assertion is good for one request
	if err := c.authenticate(sent, header); err != nil {
		return reply{}, err
	}
	a, err := c.post(ctx, endpoint, sent, header)
	if err != nil {
		return reply{}, err
	}
	r := reply{answer: a}
	if len(a.body) <= bodyLimit {
		r.fields, _ = parseFields(a.body) // what is no answer is judged by its status
	}
	r.refusal = parseRefusal(r.fields, a.header, sent)
	return r, nil
}

// tokenRequest sends form to the token endpoint, with a DPoP proof if the grant is bound. RFC 9449 section 8:
// "use_dpop_nonce" is answered by the same request with the server's nonce, at once and once.
func (c *Client) tokenRequest(ctx context.Context, endpoint string, form url.Values, bound bool) (reply, error) {
	r, err := c.provenRequest(ctx, endpoint, form, bound)
	if err != nil || !bound || !c.keepNonce(endpoint, r.header) || r.refusal.code != "use_dpop_nonce" {
		return r, err
	}
	r, err = c.provenRequest(ctx, endpoint, form, bound)
	if err == nil {
		c.keepNonce(endpoint, r.header)
	}
	return r, err
}

func (c *Client) provenRequest(ctx context.Context, endpoint string, form url.Values, bound bool) (reply, error) {
	header := http.Header{}
	if bound {
		if err := c.prove(header, endpoint); err != nil {
			return reply{}, err
		}
	}
	return c.request(ctx, endpoint, form, header)
}

// join makes a scope of its parts, each once.
func join(lists ...[]string) string {
	seen := map[string]bool{}
	var all []string
	for _, list := range lists {
		for _, s := range list {
			if !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return strings.Join(all, " ")
}
