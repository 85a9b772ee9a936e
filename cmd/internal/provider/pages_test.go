package provider

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// RFC 8628 section 6.1: "the server should strip dashes and other punctuation that it added for
// readability" and "the user's input should be uppercased before a comparison".
func TestCodeIsTypedFreely(t *testing.T) {
	l := newLab(t, nil)
	code := l.begin().str("user_code")
	alice := l.person().signIn("alice", "wonder")
	for _, typed := range []string{
		strings.ToLower(code),
		strings.ReplaceAll(code, "-", ""),
		"  " + strings.ReplaceAll(code, "-", " ") + ".",
		strings.ReplaceAll(code, "-", "\u2013"),
	} {
		alice.open(l.url+"/device").enter(typed).wants(http.StatusOK, "/consent", code)
	}
}

// Eight letters of section 6.1's base 20, evenly.
func TestUserCodes(t *testing.T) {
	seen := map[rune]int{}
	for range 2000 {
		code := newUserCode()
		if len(code) != 9 || code[4] != '-' || len(normalize(code)) != codeLetters {
			t.Fatalf("code %q", code)
		}
		for _, r := range normalize(code) {
			seen[r]++
		}
	}
	for _, r := range alphabet { // 800 each, give or take 28: ten deviations never happen
		if seen[r] < 520 || seen[r] > 1080 {
			t.Errorf("letter %c comes %d times of 16000", r, seen[r])
		}
	}
}

func TestNormalizeIsIdempotent(t *testing.T) {
	if err := quick.Check(func(s string) bool { return normalize(normalize(s)) == normalize(s) }, nil); err != nil {
		t.Error(err)
	}
}

// Section 3.3.1: "The server SHOULD display the "user_code" to the user and ask them to verify that it
// matches the "user_code" being displayed on the device".
func TestCompleteURI(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	alice := l.person().open(begun.str("verification_uri_complete"))
	alice.wants(http.StatusOK, "/signin", "Sign in")
	alice.submit("/signin", "username", "alice", "password", "wonder")
	alice.wants(http.StatusOK, "/consent", `id="shown_code" class="code">`+begun.str("user_code"))
	alice.decide("approve").wants(http.StatusOK, "/done", "approved")
}

// Section 5.1: "it is recommended that the server rate-limit user code attempts."
func TestGuessingIsLimited(t *testing.T) {
	l := newLab(t, nil)
	code := l.begin().str("user_code")
	alice := l.person().signIn("alice", "wonder")
	for range maxFailures - 1 {
		alice.enter("BBBB-BBBB").wants(http.StatusBadRequest, "/device", "not known")
		l.pass(time.Minute)
	}
	alice.open(l.url+"/device?user_code=CCCC-CCCC").wants(http.StatusBadRequest, "/device", "not known")
	alice.enter(code).wants(http.StatusTooManyRequests, "/device", "Try again in 6 min.")
	alice.open(l.url+"/device?user_code="+code).wants(http.StatusTooManyRequests, "/device", "Too many wrong codes")

	// Another browser does not help, another account is not hindered.
	l.person().signIn("alice", "wonder").enter(code).wants(http.StatusTooManyRequests, "/device", "Too many wrong codes")
	l.person().signIn("bob", "builder").enter(code).wants(http.StatusOK, "/consent", code)

	l.pass(6 * time.Minute)
	code = l.begin().str("user_code")
	alice.enter(code).wants(http.StatusOK, "/consent", code)
}

func TestPasswordsAreLimited(t *testing.T) {
	l := newLab(t, nil)
	alice := l.person()
	for range maxFailures {
		alice.signIn("alice", "wrong").wants(http.StatusForbidden, "/signin", "do not match")
	}
	alice.signIn("alice", "wonder").wants(http.StatusTooManyRequests, "/signin", "Too many attempts")
	l.pass(failureWindow)
	alice.signIn("alice", "wonder").wants(http.StatusOK, "/device", "Type the code")
}

// A form without the token of its session, or from another site, does nothing.
func TestForgedForms(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	alice := l.person().signIn("alice", "wonder").enter(begun.str("user_code"))
	page := alice.HTML
	alice.submit("/consent", "decision", "approve", "csrf", "guessed").wants(http.StatusForbidden, "/consent", "start again")
	alice.HTML = page
	form := e2e.Form(page, "decision", "approve")
	r, err := http.NewRequestWithContext(t.Context(), "POST", l.url+"/consent", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	alice.see(alice.Client.Do(r)).wants(http.StatusForbidden, "/consent", "another site")
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "authorization_pending")

	r.Body, _ = r.GetBody()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	alice.see(alice.Client.Do(r)).wants(http.StatusOK, "/done", "approved")
}

// Signing in changes the session's id: one planted beforehand is worth nothing.
func TestSessionIsRenewedAtSignIn(t *testing.T) {
	l := newLab(t, nil)
	alice := l.person().open(l.url + "/device")
	site, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	before := alice.Client.Jar.Cookies(site)
	alice.submit("/signin", "username", "alice", "password", "wonder").wants(http.StatusOK, "/device", "Type the code")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(site, before)
	mallory := l.person()
	mallory.Client.Jar = jar
	mallory.open(l.url+"/device").wants(http.StatusOK, "/signin", "Sign in")
}

func TestSignOutAndSessionEnd(t *testing.T) {
	l := newLab(t, nil)
	alice := l.person().signIn("alice", "wonder")
	alice.submit("/signout").wants(http.StatusOK, "/signin", "Sign in")
	alice.signIn("alice", "wonder").wants(http.StatusOK, "/device", "Alice")
	l.pass(sessionLifetime)
	alice.open(l.url+"/device").wants(http.StatusOK, "/signin", "Sign in")
}

// Who comes second to a code, or too late, or with a form for another device, decides nothing.
func TestStaleConsent(t *testing.T) {
	l := newLab(t, nil)
	first, second := l.begin(), l.begin()
	alice := l.person().signIn("alice", "wonder").enter(first.str("user_code"))
	bob := l.person().signIn("bob", "builder").enter(first.str("user_code"))
	alice.decide("deny")
	bob.decide("approve").wants(http.StatusBadRequest, "/consent", "no longer valid")
	l.wantError(l.poll(first.str("device_code")), http.StatusBadRequest, "access_denied")

	bob.open(second.str("verification_uri_complete"))
	form := bob.HTML
	bob.open(l.begin().str("verification_uri_complete"))
	bob.HTML = form
	bob.decide("approve").wants(http.StatusOK, "/device", "Type the code")
	l.wantError(l.poll(second.str("device_code")), http.StatusBadRequest, "authorization_pending")

	bob.open(second.str("verification_uri_complete"))
	l.pass(10 * time.Minute)
	bob.decide("approve").wants(http.StatusBadRequest, "/consent", "no longer valid")
}

func TestPagesForbidScriptsAndStrangeFrames(t *testing.T) {
	for ancestor, want := range map[string]string{"": "frame-ancestors 'none'", "http://127.0.0.1:8080": "frame-ancestors http://127.0.0.1:8080"} {
		l := newLab(t, func(o *Options) {
			if ancestor != "" {
				o.FrameAncestors = []string{ancestor}
			}
		})
		alice := l.person().open(l.url + "/device")
		csp := alice.Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(csp, want) || !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
			t.Errorf("policy %q", csp)
		}
		if alice.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Error("a user code may leak by Referer")
		}
	}
}

// What a device says of itself is shown as text and nothing else.
func TestDeviceNameIsHarmless(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin("device_name", "<script>alert(1)</script>\u202e\x00", "device_id", "d")
	alice := l.person().signIn("alice", "wonder").enter(begun.str("user_code"))
	alice.wants(http.StatusOK, "/consent", "&lt;script&gt;alert(1)&lt;/script&gt;</p>")
}

func TestPending(t *testing.T) {
	l := newLab(t, nil)
	first := l.begin("device_name", "one")
	l.pass(time.Minute)
	second := l.begin("device_name", "two")
	if p := l.p.Pending(); len(p) != 2 || p[1].UserCode != second.str("user_code") || p[1].Device != "two" {
		t.Fatalf("pending %v", p)
	}
	l.person().signIn("alice", "wonder").enter(second.str("user_code")).decide("approve")
	if p := l.p.Pending(); len(p) != 1 || p[0].VerificationURIComplete != first.str("verification_uri_complete") {
		t.Errorf("pending %v", p)
	}
	l.pass(9 * time.Minute)
	if p := l.p.Pending(); len(p) != 0 {
		t.Errorf("pending %v", p)
	}
}

// "Not you?" keeps the scanned code: the next user goes on with it.
func TestSignOutKeepsTheCode(t *testing.T) {
	l := newLab(t, nil)
	code := l.begin().str("user_code")
	p := l.person().signIn("alice", "wonder").enter(code)
	p.submit("/signout").wants(http.StatusOK, "/signin", "Sign in")
	p.open(l.url+"/consent").wants(http.StatusOK, "/signin", "Sign in") // the browser's Back
	p.submit("/signin", "username", "bob", "password", "builder").wants(http.StatusOK, "/consent", code)
	p.wants(http.StatusOK, "/consent", "Bob")
}
