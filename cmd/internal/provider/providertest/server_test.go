package providertest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/paird/paird/cmd/internal/provider"
)

func post(t *testing.T, s *Server, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	form.Set("client_id", "printer")
	res, err := http.PostForm(s.URL+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var fields map[string]any
	_ = json.NewDecoder(res.Body).Decode(&fields) // a 503 has none
	return res.StatusCode, fields
}

// What the tests that use this server rely on: decisions before and after the request, and secrets that are found.
func TestServer(t *testing.T) {
	s := New(t, nil)
	begin := func() map[string]any {
		_, fields := post(t, s, "/device_authorization", url.Values{"scope": {"openid offline_access print"}})
		<-s.Asked()
		return fields
	}
	poll := func(begun map[string]any) (int, map[string]any) {
		return post(t, s, "/token", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {begun["device_code"].(string)},
		})
	}
	early := begin()
	if _, fields := poll(early); fields["error"] != "authorization_pending" {
		t.Errorf("without a decision: %v", fields)
	}
	s.Always(provider.Approve)
	for _, begun := range []map[string]any{early, begin()} {
		status, tokens := poll(begun)
		if status != http.StatusOK {
			t.Fatalf("approved: %d %v", status, tokens)
		}
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			if text := "x" + tokens[name].(string) + "y"; s.Leak(text, false) == "" {
				t.Errorf("%s is not known as a secret", name)
			}
		}
	}
	code := early["user_code"].(string)
	if s.Leak(code, true) == "" || s.Leak(code, false) != "" || s.Leak("harmless", true) != "" {
		t.Error("user codes and secrets are mixed up")
	}
	s.Always(provider.Deny)
	if _, fields := poll(begin()); fields["error"] != "access_denied" {
		t.Errorf("denied: %v", fields)
	}
	s.Unavailable()
	if status, _ := post(t, s, "/device_authorization", url.Values{}); status != http.StatusServiceUnavailable {
		t.Errorf("unavailable: %d", status)
	}
	s.Wait()
	begin() // the request that got 503 counts too
	if s.Count(provider.Tokens) != 2 || s.Count(provider.CodeIssued) != 4 {
		t.Errorf("events %v", s.count)
	}
}
