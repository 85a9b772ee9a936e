package sim

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed page.html
var page string

// policy lets the page run its own style and script and nothing else, and be framed by pages of this
// machine only.
var policy = "default-src 'none'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'" +
	"; style-src " + hashOf("style") + "; script-src " + hashOf("script") +
	"; frame-ancestors http://127.0.0.1:* http://localhost:*"

// hashOf returns the source expression of the page's only element of that name (CSP level 3, section 2.3.1).
func hashOf(element string) string {
	_, rest, _ := strings.Cut(page, "<"+element+">")
	body, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(body))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(page)) // a client that went away needs no page
}
