//go:build real

package real

import (
	"crypto/tls"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/paird/paird/cmd/internal/e2e"
)

// phone is what the owner holds: it keeps cookies, follows links and sends the forms of the pages it gets.
type phone struct {
	t    *testing.T
	http *http.Client
}

func newPhone(t *testing.T, ca *e2e.Authority) *phone {
	jar := e2e.Must(cookiejar.New(nil))(t)
	return &phone{t, &http.Client{
		Jar: jar, Timeout: e2e.WaitLimit,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}},
	}}
}

// page is what came back: its text, and its forms.
type page struct {
	url   *url.URL
	text  string
	forms []form
}

// form is one form with the values that are in it; buttons are not.
type form struct {
	action string
	values url.Values
	fields []string // that a person fills in
}

// approve opens exactly this address, signs in and agrees to everything.
func (p *phone) approve(uri, name string) {
	p.t.Helper()
	at := p.open(uri)
	for range 10 {
		if strings.Contains(at.text, "Sign-in Success") {
			return
		}
		if len(at.forms) == 0 {
			break
		}
		at = p.send(at, 0, name, nil)
	}
	p.t.Fatalf("no success page after %s, but at %s:\n%s", uri, at.url, at.text)
}

// deny opens exactly this address and refuses on the page that asks whether this is the device in hand.
func (p *phone) deny(uri string) {
	p.t.Helper()
	at := p.send(p.open(uri), 0, "", nil) // the code that the address carries
	if len(at.forms) == 0 || !strings.Contains(at.text, "abort") {
		p.t.Fatalf("no page asks whether this is the device, but %s:\n%s", at.url, at.text)
	}
	at = p.send(at, 0, "", url.Values{"abort": {"yes"}})
	if !strings.Contains(at.text, "aborted") && !strings.Contains(at.text, "interrupted") {
		p.t.Fatalf("no page says that it was denied, but %s:\n%s", at.url, at.text)
	}
}

func (p *phone) open(uri string) page {
	p.t.Helper()
	return p.read(e2e.Must(p.http.Get(uri))(p.t))
}

// send fills the free fields of a form with the name and sends it with what is added.
func (p *phone) send(at page, i int, name string, add url.Values) page {
	p.t.Helper()
	f := at.forms[i]
	values := url.Values{}
	maps.Copy(values, f.values)
	for _, field := range f.fields {
		values.Set(field, name)
	}
	maps.Copy(values, add)
	target := e2e.Must(at.url.Parse(f.action))(p.t)
	return p.read(e2e.Must(p.http.PostForm(target.String(), values))(p.t))
}

func (p *phone) read(resp *http.Response) page {
	p.t.Helper()
	defer resp.Body.Close()
	text := string(e2e.Must(io.ReadAll(resp.Body))(p.t))
	root := e2e.Must(html.Parse(strings.NewReader(text)))(p.t)
	at := page{url: resp.Request.URL, text: text}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			at.forms = append(at.forms, readForm(n))
		}
	}
	return at
}

func readForm(n *html.Node) form {
	f := form{action: attr(n, "action"), values: url.Values{}}
	for field := range n.Descendants() {
		if field.Type != html.ElementNode || field.Data != "input" || attr(field, "name") == "" {
			continue
		}
		if kind := attr(field, "type"); kind == "text" || kind == "password" {
			f.fields = append(f.fields, attr(field, "name"))
		} else {
			f.values.Add(attr(field, "name"), attr(field, "value"))
		}
	}
	return f
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
