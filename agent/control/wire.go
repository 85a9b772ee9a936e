package control

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// writeLimit bounds the sending of one answer or event.
const writeLimit = 10 * time.Second

// query reads the named parameters. Each may be there once; any other is refused.
func query(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &Error{Code: BadRequest, Message: "the query is malformed, escape its values"}
	}
	left := len(q)
	for _, name := range names {
		if len(q[name]) > 1 {
			return nil, &Error{Code: BadRequest, Message: name + " is there twice"}
		}
		if q.Has(name) {
			left--
		}
	}
	if left > 0 {
		return nil, &Error{Code: BadRequest, Message: "the query has a parameter that this call does not know"}
	}
	return q, nil
}

// minTTL is 60 s unless the caller says otherwise.
func minTTL(s string) (time.Duration, error) {
	if s == "" {
		return time.Minute, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, &Error{Code: BadRequest, Message: "min_ttl must be a duration up to 24h, such as 60s"}
	}
	return d, nil
}

func reply(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	write(w, status, "application/json", append(body, '\n'))
	return nil
}

func fail(w http.ResponseWriter, e *Error) {
	if e.Code == Busy {
		w.Header().Set("Retry-After", "1")
	}
	body, _ := json.Marshal(e) // two strings always marshal
	write(w, e.Code.status(), "application/json", append(body, '\n'))
}

// write sends the answer. A caller who does not read within writeLimit, or has closed the connection, gets none.
func write(w http.ResponseWriter, status int, kind string, body []byte) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeLimit)) // a recorder has none
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(body)
}
