package daemon

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// Authorization is the client of cfg's authorization server. key gives the device's key for DPoP and may
// be nil where nothing is bound.
func Authorization(cfg config.Config, d Device, version string, key func() ([]byte, error), log *slog.Logger) (deviceauth.Config, error) {
	a := cfg.Auth
	secret, err := readSecret(a.ClientSecretFile)
	if err != nil {
		return deviceauth.Config{}, fmt.Errorf("auth.client_secret_file: %w", err)
	}
	signer, err := readKey(a.ClientKeyFile)
	if err != nil {
		return deviceauth.Config{}, fmt.Errorf("auth.client_key_file: %w", err)
	}
	c := deviceauth.Config{
		Issuer:                      a.Issuer,
		DeviceAuthorizationEndpoint: a.DeviceAuthorizationEndpoint,
		TokenEndpoint:               a.TokenEndpoint,
		RevocationEndpoint:          a.RevocationEndpoint,
		JWKSURI:                     a.JWKSURI,
		ClientID:                    a.ClientID,
		ClientAuth:                  a.ClientAuth,
		ClientSecret:                secret,
		ClientKey:                   signer,
		ClientAssertionAudience:     a.ClientAssertionAudience,
		Scopes:                      a.Scopes,
		Audience:                    a.Audience,
		Resources:                   a.Resource,
		PKCE:                        a.PKCE,
		DPoP:                        a.DPoP,
		DPoPKey:                     func() (crypto.Signer, error) { return parseKey(key()) },
		Params:                      expand(a.Params, d),
		HTTP:                        deviceauth.NewTransport(a.CAFile),
		Version:                     version,
		Draws:                       display.Draws,
		Cache:                       deviceauth.FileCache(cfg.Device.StateDir),
		Log:                         log,
	}
	for _, t := range cfg.Tokens {
		c.FurtherScopes = append(c.FurtherScopes, t.Scopes...)
		if t.Resource != "" {
			c.FurtherResources = append(c.FurtherResources, t.Resource)
		}
	}
	return c, nil
}

// bound is the binding of a grant that fits the configuration.
func bound(cfg config.Config) store.Binding {
	return store.Binding{Issuer: cfg.Auth.Issuer, ClientID: cfg.Auth.ClientID, TokenEndpoint: cfg.Auth.TokenEndpoint}
}

func audiences(cfg config.Config) map[string]deviceauth.AudienceRequest {
	m := map[string]deviceauth.AudienceRequest{}
	for _, t := range cfg.Tokens {
		m[t.Name] = deviceauth.AudienceRequest{Resource: t.Resource, Scopes: t.Scopes}
	}
	return m
}

// expand fills in what [auth.params] may name.
func expand(params map[string]string, d Device) map[string]string {
	r := strings.NewReplacer("{device_name}", d.Name, "{device_id}", d.ID)
	out := make(map[string]string, len(params))
	for k, v := range params {
		out[k] = r.Replace(v)
	}
	return out
}

// readSecret reads a secret without its trailing newline; "" names none.
func readSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	return strings.TrimRight(string(b), "\r\n"), err
}

// readKey reads a private key in PKCS#8 PEM; "" names none.
func readKey(path string) (crypto.Signer, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("not a PEM file: give a private key in PKCS#8")
	}
	return parseKey(block.Bytes, nil)
}

func parseKey(der []byte, err error) (crypto.Signer, error) {
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("a key that cannot sign")
	}
	return signer, nil
}
