package config

import (
	"fmt"
	"slices"
	"time"
)

// require finds keys that must be set, and pairs of keys that no other package sees together.
func (c *Config) require(problem func(key, detail string)) {
	a := &c.Auth
	if a.Issuer == "" && (a.DeviceAuthorizationEndpoint == "" || a.TokenEndpoint == "") {
		problem("auth.issuer", "is missing, name the authorization server (or both auth.device_authorization_endpoint and auth.token_endpoint)")
	}
	if a.ClientID == "" {
		problem("auth.client_id", "is missing, name the client that is registered at the authorization server")
	}
	if c.Button.ResetHold != 0 && c.Button.ResetHold < c.Button.PairHold+time.Second {
		problem("button.reset_hold", "must be at least a second longer than button.pair_hold")
	}
	c.requireTokens(problem)
	c.requireSensors(problem)
}

func (c *Config) requireTokens(problem func(key, detail string)) {
	var names []string
	for i, t := range c.Tokens {
		at := fmt.Sprintf("token[%d]", i+1)
		switch {
		case t.Name == "":
			problem(at+".name", "is missing, `paird token NAME` asks for it")
		case slices.Contains(names, t.Name):
			problem(at+".name", fmt.Sprintf("%q is there twice, choose another name", t.Name))
		}
		if t.Resource == "" && len(t.Scopes) == 0 {
			problem(at+".resource", "is missing, set resource or scopes: without them it is the plain token")
		}
		names = append(names, t.Name)
	}
}

func (c *Config) requireSensors(problem func(key, detail string)) {
	for i, s := range c.Telemetry.Sensors {
		at := fmt.Sprintf("telemetry.sensor[%d]", i+1)
		switch {
		case s.Driver == "":
			problem(at+".driver", "is missing, name the sensor")
		case s.Driver == "file" && s.Path == "":
			problem(at+".path", `is missing, driver = "file" needs it`)
		case s.Driver == "exec" && len(s.Command) == 0:
			problem(at+".command", `is missing, driver = "exec" needs it`)
		case (s.Driver == "file" || s.Driver == "exec") && s.Metric == "":
			problem(at+".metric", fmt.Sprintf("is missing, driver = %q needs a name for what it reads", s.Driver))
		}
	}
}
