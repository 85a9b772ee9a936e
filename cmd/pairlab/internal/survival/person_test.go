package survival

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"

	"github.com/paird/paird/cmd/internal/provider"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]+)">`)

// approve waits for a code and approves it as Alice, with a browser.
func (l *lab) approve() {
	l.Helper()
	var codes []provider.Pending
	l.wait("a code", func() bool { return l.events[provider.CodeIssued] > 0 })
	if codes = l.provider.Pending(); len(codes) != 1 {
		l.Fatalf("%d codes wait", len(codes))
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		l.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	page := l.read(browser.Get(codes[0].VerificationURIComplete))
	page = l.read(browser.PostForm(l.issuer+"/signin", form(page, "username", "alice", "password", "alice")))
	l.read(browser.PostForm(l.issuer+"/consent", form(page, "decision", "approve")))
	l.wait("the device fetches its tokens", func() bool { return l.events[provider.Tokens] == 1 })
}

// form is what the page hides in its forms, and the pairs.
func form(page string, pairs ...string) url.Values {
	f := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		f.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (l *lab) read(resp *http.Response, err error) string {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.Fatalf("%s: %s, %v", resp.Request.URL.Path, resp.Status, err)
	}
	return string(body)
}
