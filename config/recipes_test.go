package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// recipe is what a file of the folder recipes must keep saying: each check holds a fact of that service
// which pairing, or the broker, fails without.
type recipe struct {
	name   string
	broker bool
	shares string // what revoking one refresh token ends besides it; "": nothing known
	checks map[string]func(Config) bool
}

var recipes = []recipe{
	{name: "github", checks: map[string]func(Config) bool{
		"has no discovery": func(c Config) bool {
			return c.Auth.Issuer == "" && c.Auth.DeviceAuthorizationEndpoint == "https://github.com/login/device/code" &&
				c.Auth.TokenEndpoint == "https://github.com/login/oauth/access_token"
		},
		"knows no OpenID scopes": func(c Config) bool { return lacks(c, "openid") && lacks(c, "offline_access") },
	}},
	{name: "google", shares: "the other devices of the person", checks: map[string]func(Config) bool{
		"wants the secret in the body": func(c Config) bool { return c.Auth.ClientAuth == "post" && c.Auth.ClientSecretFile != "" },
		"refuses offline_access":       func(c Config) bool { return lacks(c, "offline_access") && !lacks(c, "openid") },
		"has an issuer without slash":  func(c Config) bool { return c.Auth.Issuer == "https://accounts.google.com" },
	}},
	{name: "entra", checks: map[string]func(Config) bool{
		"is named by the tenant's GUID": func(c Config) bool { return tenant.MatchString(c.Auth.Issuer) },
		"is a public client":            public,
		"gives tokens for one API":      func(c Config) bool { return count(c, "api://") == 1 && c.Auth.Audience == "" },
	}},
	{name: "auth0", shares: "the other devices of the person", checks: map[string]func(Config) bool{
		"refuses a secret":              public,
		"needs the audience":            func(c Config) bool { return c.Auth.Audience != "" },
		"ends its issuer with a slash":  func(c Config) bool { return strings.HasSuffix(c.Auth.Issuer, ".auth0.com/") },
		"refreshes with offline_access": offline,
	}},
	{name: "okta", checks: map[string]func(Config) bool{
		"has a custom authorization server": func(c Config) bool { return strings.Contains(c.Auth.Issuer, ".okta.com/oauth2/") },
		"refreshes with offline_access":     offline,
	}},
	{name: "keycloak", shares: "the other devices of the person", checks: map[string]func(Config) bool{
		"names the realm":    func(c Config) bool { return strings.Contains(c.Auth.Issuer, "/realms/") },
		"may insist on PKCE": func(c Config) bool { return c.Auth.PKCE == "on" },
		"is a public client": public,
	}},
	{name: "logto", shares: "the other devices of the person", checks: map[string]func(Config) bool{
		"gives a JWT for a resource":    func(c Config) bool { return len(c.Auth.Resource) == 1 },
		"refreshes with offline_access": offline,
		"is a public client":            public,
	}},
	{name: "zitadel", checks: map[string]func(Config) bool{
		"has an issuer without slash":   func(c Config) bool { return !strings.HasSuffix(c.Auth.Issuer, "/") },
		"takes the audience as a scope": func(c Config) bool { return count(c, "urn:zitadel:iam:org:project:id:") == 1 },
		"refreshes with offline_access": offline,
	}},
	{name: "hydra", checks: map[string]func(Config) bool{
		"wants Basic": func(c Config) bool { return c.Auth.ClientAuth == "basic" && c.Auth.ClientSecretFile != "" },
	}},
	{name: "dex", checks: map[string]func(Config) bool{
		"wants the secret in the body": func(c Config) bool { return c.Auth.ClientAuth == "post" && c.Auth.ClientSecretFile != "" },
		"has a client for each device": func(c Config) bool { return c.Auth.ClientID != "printer" },
	}},
	{name: "authelia", checks: map[string]func(Config) bool{
		"is a public client": public, "refreshes with offline_access": offline,
	}},
	{name: "oidc-provider", shares: "the other devices of the person", checks: map[string]func(Config) bool{
		"gives a JWT for a resource": func(c Config) bool { return len(c.Auth.Resource) == 1 },
		"binds no token for MQTT":    func(c Config) bool { return c.Auth.DPoP == "off" },
	}},
	{name: "glewlwyd", checks: map[string]func(Config) bool{
		"has an issuer with a path":     func(c Config) bool { return strings.HasSuffix(c.Auth.Issuer, "/api/oidc") },
		"wants a scope":                 func(c Config) bool { return len(c.Auth.Scopes) > 0 },
		"gives a refresh token unasked": func(c Config) bool { return lacks(c, "offline_access") },
	}},
	{name: "better-auth", checks: map[string]func(Config) bool{
		"has no discovery": func(c Config) bool {
			return c.Auth.Issuer == "" && strings.HasSuffix(c.Auth.TokenEndpoint, "/device/token")
		},
		"refreshes nothing": func(c Config) bool { return lacks(c, "offline_access") },
	}},
	{name: "rabbitmq", broker: true, checks: map[string]func(Config) bool{
		"lets publish and listen": func(c Config) bool {
			return count(c, "rabbitmq.write:*/amq.topic/paird.") == 1 && count(c, "rabbitmq.configure:*/mqtt-subscription-") == 1 &&
				count(c, "rabbitmq.read:") == 2
		},
		"keeps devices apart": func(c Config) bool {
			open := func(s string) bool { return strings.HasPrefix(s, "rabbitmq.") && !strings.Contains(s, "{device_id}") }
			return !slices.ContainsFunc(c.Auth.Scopes, open) && c.Auth.Params["device_id"] == "{device_id}"
		},
		"reads the password": password,
	}},
	{name: "emqx", broker: true, checks: map[string]func(Config) bool{
		"reads the password": password, "knows the subject": func(c Config) bool { return c.MQTT.Username == "{sub}" },
	}},
	{name: "hivemq", broker: true, checks: map[string]func(Config) bool{"reads the password": password}},
	{name: "nats", broker: true, checks: map[string]func(Config) bool{
		"reads the password":           password,
		"has no dot or space in topic": func(c Config) bool { return !strings.ContainsAny(c.MQTT.Topic, ". ") },
	}},
	{name: "mosquitto", broker: true, checks: map[string]func(Config) bool{
		"reads the password":      password,
		"wants sub as user name":  func(c Config) bool { return c.MQTT.Username == "{sub}" },
		"has no rights of itself": func(c Config) bool { return c.MQTT.CertFile == "" },
	}},
	{name: "aws-iot", broker: true, checks: map[string]func(Config) bool{
		"has a preset":               func(c Config) bool { return c.MQTT.Preset == "aws-custom-auth" && len(c.MQTT.ALPN) == 0 },
		"names the authorizer":       func(c Config) bool { return strings.Contains(c.MQTT.Username, "?x-amz-customauthorizer-name=") },
		"leaves port 443 to presets": func(c Config) bool { return strings.HasSuffix(c.MQTT.URL, ".amazonaws.com") },
	}},
	{name: "thingsboard", broker: true, checks: map[string]func(Config) bool{
		"reads the user name":          func(c Config) bool { return c.MQTT.Preset == "username-token" },
		"has its topic":                func(c Config) bool { return c.MQTT.Topic+"/telemetry" == "v1/devices/me/telemetry" },
		"knows no commands and no tag": func(c Config) bool { return len(c.MQTT.Commands) == 0 && c.MQTT.HomeAssistant == "" },
	}},
	{name: "homeassistant", broker: true, checks: map[string]func(Config) bool{
		"discovers": func(c Config) bool { return c.MQTT.HomeAssistant == "homeassistant" && c.Telemetry.Format == "json" },
		"keeps its password in a file": func(c Config) bool {
			return c.MQTT.PasswordFile != "" && c.MQTT.Username != "" && c.MQTT.Preset == ""
		},
	}},
}

var tenant = regexp.MustCompile(`^https://login\.microsoftonline\.com/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/v2\.0$`)

func lacks(c Config, scope string) bool { return !slices.Contains(c.Auth.Scopes, scope) }

func offline(c Config) bool { return !lacks(c, "offline_access") }

func public(c Config) bool {
	return (c.Auth.ClientAuth == "" || c.Auth.ClientAuth == "none") && c.Auth.ClientSecretFile == "" && c.Auth.ClientKeyFile == ""
}

func password(c Config) bool {
	return c.MQTT.Preset == "password-jwt" && c.MQTT.Password == "{access_token}"
}

// count is how many scopes begin so.
func count(c Config, prefix string) (n int) {
	for _, s := range c.Auth.Scopes {
		if strings.HasPrefix(s, prefix) {
			n++
		}
	}
	return n
}

func TestRecipes(t *testing.T) {
	for _, r := range recipes {
		t.Run(r.name, func(t *testing.T) {
			text, err := os.ReadFile("recipes/" + r.name + ".toml")
			if err != nil {
				t.Fatal(err)
			}
			c := parse(t, string(text))
			if c.Auth.ClientID == "" || c.Auth.Issuer == "" && c.Auth.TokenEndpoint == "" {
				t.Error("names no server or no client")
			}
			if r.broker != (c.MQTT.URL != "") {
				t.Errorf("mqtt.url = %q", c.MQTT.URL)
			}
			for what, holds := range r.checks {
				if !holds(c) {
					t.Errorf("%s %s, and the recipe does not say so", r.name, what)
				}
			}
			for _, line := range []string{"\n# On the panel: ", "\n# How long it may be off: "} {
				if !r.broker && !strings.Contains(string(text), line) {
					t.Errorf("has no line %q", line)
				}
			}
			if len(r.shares) > 0 && !strings.Contains(string(text), "\n# Revoking ") {
				t.Error("does not say what revoking ends there")
			}
			for _, wrong := range untidy(string(text)) {
				t.Error(wrong)
			}
		})
	}
}

// Each file in the folder has its row above.
func TestRecipesAreAllTried(t *testing.T) {
	files, _ := filepath.Glob("recipes/*.toml")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		if !slices.ContainsFunc(recipes, func(r recipe) bool { return r.name == name }) {
			t.Errorf("%s is not in the table of this test", file)
		}
	}
}

func TestRecipesThatAreUntidy(t *testing.T) {
	head := "# A server.\n#\n# At the server: a client.\n#\n# Limits\n# - On the panel: a QR\n"
	if got := untidy(head); len(got) != 0 {
		t.Errorf("a tidy one: %q", got)
	}
	for _, text := range []string{
		strings.TrimPrefix(head, "# A"), head + "\tx = 1\n", head + "x = 1 \n", head + "\n", head + "x = 1",
		strings.Replace(head, "Limits", "Notes", 1), head + strings.Repeat("# x\n", 50), head + "# " + strings.Repeat("x", 120) + "\n",
		head + "key = \"GOCSPX-1234567890\"\n", head + "token = \"eyJhbGciOi\"\n", head + "-----BEGIN PRIVATE KEY-----\n",
		head + "client_id = \"" + strings.Repeat("a1", 20) + "\"\n",
	} {
		if len(untidy(text)) == 0 {
			t.Errorf("passes as tidy:\n%s", text)
		}
	}
}

// secret is what keys and tokens of these services look like; placeholders are words, hosts and counted-up digits.
var secret = regexp.MustCompile(`eyJ|GOCSPX-|gh[opsu]_|AKIA|-----BEGIN|[A-Za-z0-9+/]{40}`)

// untidy says what keeps a recipe from being short, complete and safe to copy.
func untidy(text string) (wrong []string) {
	add := func(bad bool, what string) {
		if bad {
			wrong = append(wrong, what)
		}
	}
	lines := strings.Split(text, "\n")
	add(!strings.HasPrefix(text, "# "), "has no header comment")
	add(!strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n"), "does not end with one newline")
	add(len(lines) > 56, "is longer than 55 lines")
	add(!strings.Contains(text, "\n# Limits\n"), "does not say its limits")
	for _, line := range lines {
		add(strings.Contains(line, "\t") || strings.TrimRight(line, " ") != line, "has a tab or trailing blanks: "+line)
		add(len(line) > 118, "has a long line: "+line)
		add(secret.MatchString(line), "looks like a secret: "+line)
	}
	return wrong
}
