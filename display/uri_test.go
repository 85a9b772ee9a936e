package display

import (
	"testing"

	"golang.org/x/net/idna"
)

// turns checks that f makes of each text what stands beside it.
func turns(t *testing.T, f func(string) string, texts map[string]string) {
	t.Helper()
	for text, want := range texts {
		if got := f(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestASCIIURI(t *testing.T) {
	turns(t, ASCIIURI, map[string]string{
		"https://example.com/device?a=b":   "https://example.com/device?a=b",
		"https://bücher.example/gerät":     "https://xn--bcher-kva.example/ger%C3%A4t",
		"https://user@MÜLLER.de:8443/?q=ü": "https://user@xn--mller-kva.de:8443/?q=%C3%BC",
		"https://例え.テスト":                   "https://xn--r8jz45g.xn--zckzah",
		"https://ドメイン名例.example":           "https://xn--eckwd4c7cu47r2wf.example",
		"https://xn--bcher-kva.example/":   "https://xn--bcher-kva.example/",
		"https://a.example/x y\n":          "https://a.example/x%20y%0A",
		"gerät":                            "ger%C3%A4t",
		"https://a.example/\xff":           "https://a.example/%FF",
		"https://a b.example":              "https://a%20b.example",
		"https://ü\n.example":              "https://xn--%0A-dha.example",
	})
}

// FuzzPunycode compares with golang.org/x/net/idna.
func FuzzPunycode(f *testing.F) {
	for _, s := range []string{"bücher", "ü", "例え", "3年b組金八先生", "-> $1.00 <-é", "aαaβ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		want, err := idna.New(idna.StrictDomainName(false)).ToASCII(label)
		if err != nil || isASCII(label) || len(label) > 100 {
			return
		}
		for _, r := range label {
			if r == '.' || r == '。' || r == '．' || r == '｡' || r == '\ufffd' {
				return
			}
		}
		if got := "xn--" + punycode(label); got != want {
			t.Errorf("punycode(%q) = %q, want %q", label, got, want)
		}
	})
}

func TestUpperHost(t *testing.T) {
	turns(t, upperHost, map[string]string{
		"https://example.com/device?a=b": "https://EXAMPLE.COM/device?a=b",
		"https://u@example.com:80#x":     "https://u@EXAMPLE.COM:80#x",
		"https://example.com":            "https://EXAMPLE.COM",
		"no uri":                         "no uri",
		"":                               "",
	})
}

func TestReadable(t *testing.T) {
	turns(t, func(uri string) string { return readable(ASCIIURI(uri)) }, map[string]string{
		"https://example.com/device": "example.com/device",
		"HTTPS://example.com/":       "example.com",
		"http://localhost:8080/d":    "http://localhost:8080/d",
		"https://bücher.example/":    "xn--bcher-kva.example",
		"":                           "",
	})
}
