//go:build real

package brokers

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/paird/paird/cmd/internal/e2e"
)

// issuer signs access tokens: JWTs with RS256 and the key id k1.
type issuer struct {
	key    *rsa.PrivateKey
	signer jose.Signer
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key := e2e.Must(rsa.GenerateKey(rand.Reader, 2048))(t)
	signer := e2e.Must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil))(t)
	return &issuer{key, signer}
}

// public is the key that brokers check with, in PEM.
func (i *issuer) public(t *testing.T) string {
	t.Helper()
	der := e2e.Must(x509.MarshalPKIXPublicKey(i.key.Public()))(t)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// claims are those of RFC 9068 that the brokers look at; RabbitMQ reads its permissions in scope.
type claims struct {
	jwt.Claims
	Scope []string `json:"scope"`
}

// token is good for life, and for what the scopes say.
func (i *issuer) token(t *testing.T, subject string, life time.Duration, scopes ...string) string {
	t.Helper()
	now := time.Now()
	token, err := jwt.Signed(i.signer).Claims(claims{jwt.Claims{
		Issuer: "https://login.example.com", Subject: subject, Audience: jwt.Audience{"rabbitmq"}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(life)),
	}, scopes}).Serialize()
	if err != nil {
		t.Error(err) // no Fatal: sessions ask for tokens, too
	}
	return token
}
