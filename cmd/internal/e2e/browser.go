package e2e

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// Browser is a person's: it keeps cookies, and the page in view.
type Browser struct {
	t      testing.TB
	Client *http.Client
	Status int // of the page in view
	Path   string
	HTML   string
	Header http.Header
}

// NewBrowser makes a browser; a nil transport is the usual one.
func NewBrowser(t testing.TB, transport http.RoundTripper) *Browser {
	t.Helper()
	return &Browser{t: t, Client: &http.Client{Jar: Must(cookiejar.New(nil))(t), Transport: transport}}
}

// Visit opens a page.
func (b *Browser) Visit(uri string) {
	b.t.Helper()
	b.See(b.Client.Get(uri))
}

// Submit posts what the page in view hides in its forms, and the pairs.
func (b *Browser) Submit(uri string, pairs ...string) {
	b.t.Helper()
	b.See(b.Client.PostForm(uri, Form(b.HTML, pairs...)))
}

// See takes an answer into view.
func (b *Browser) See(resp *http.Response, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	b.HTML = string(Must(io.ReadAll(resp.Body))(b.t))
	b.Status, b.Path, b.Header = resp.StatusCode, resp.Request.URL.Path, resp.Header
}

// Event is the data of the next server-sent event of that name; ok is false where the stream ended before one came.
func Event(lines *bufio.Scanner, name string) (data string, ok bool) {
	event := ""
	for lines.Scan() {
		switch field, value, _ := strings.Cut(lines.Text(), ": "); {
		case field == "event":
			event = value
		case field == "data" && event == name:
			return value, true
		}
	}
	return "", false
}
