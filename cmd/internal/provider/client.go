package provider

import (
	"crypto/subtle"
	"mime"
	"net/http"
	"net/url"
)

// params are the fields of a form, each once and none empty.
type params map[string]string

// oauthError is an error response (RFC 6749 section 5.2).
type oauthError struct {
	status      int
	code        string
	description string
}

func (e *oauthError) answer() answer {
	a := jsonAnswer(e.status, map[string]string{"error": e.code, "error_description": e.description})
	if e.status == http.StatusUnauthorized {
		// RFC 6749 section 5.2: the server "MUST ... include the "WWW-Authenticate" response header
		// field matching the authentication scheme used by the client".
		a.header.Set("WWW-Authenticate", `Basic realm="pairlab"`)
	}
	return a
}

func bad(code, description string) *oauthError {
	return &oauthError{http.StatusBadRequest, code, description}
}

func unknownClient() *oauthError {
	return &oauthError{http.StatusUnauthorized, "invalid_client", "unknown client or wrong secret"}
}

// endpoint reads and authenticates a request of a client before h sees it.
func (p *Provider) endpoint(h func(*Client, params) (any, *oauthError)) func(*http.Request) answer {
	return func(r *http.Request) answer {
		form, oerr := formOf(r)
		if oerr != nil {
			return oerr.answer()
		}
		client, oerr := p.authenticate(r, form)
		if oerr != nil {
			return oerr.answer()
		}
		v, oerr := h(client, form)
		if oerr != nil {
			return oerr.answer()
		}
		return jsonAnswer(http.StatusOK, v)
	}
}

// formOf obeys RFC 6749 section 3.2: "Parameters sent without a value MUST be treated as if they were
// omitted from the request. [...] Request and response parameters MUST NOT be included more than
// once." Only `resource` may repeat (RFC 8707 section 2); here one is enough.
func formOf(r *http.Request) (params, *oauthError) {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != "application/x-www-form-urlencoded" {
		return nil, bad("invalid_request", "send a form (application/x-www-form-urlencoded)")
	}
	form := params{}
	for k, v := range r.PostForm {
		if len(v) > 1 {
			return nil, bad("invalid_request", "parameter given more than once")
		}
		if v[0] != "" {
			form[k] = v[0]
		}
	}
	return form, nil
}

// authenticate knows `none`, `client_secret_basic` and `client_secret_post`.
func (p *Provider) authenticate(r *http.Request, form params) (*Client, *oauthError) {
	id, secret := form["client_id"], form["client_secret"]
	if user, pass, ok := r.BasicAuth(); ok {
		// RFC 6749 section 2.3: "The client MUST NOT use more than one authentication method in each
		// request."
		if secret != "" {
			return nil, bad("invalid_request", "more than one client authentication")
		}
		user, err1 := url.QueryUnescape(user) // section 2.3.1: both are form-encoded first
		pass, err2 := url.QueryUnescape(pass)
		if err1 != nil || err2 != nil || (id != "" && id != user) {
			return nil, unknownClient()
		}
		id, secret = user, pass
	} else if r.Header.Get("Authorization") != "" {
		return nil, unknownClient()
	}
	c := p.clients[id]
	if c == nil || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return nil, unknownClient()
	}
	return c, nil
}
