package remote

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
)

// minRSABits is the least length of an RSA key that is trusted (CA/Browser Forum Baseline Requirements 6.1.5).
const minRSABits = 2048

// ErrWeakKey is a server's certificate chain with an RSA key below 2048 bits.
var ErrWeakKey = errors.New("a certificate has an RSA key below 2048 bits")

// StrongKeys is for tls.Config.VerifyConnection: it refuses a server all of whose verified chains have an
// RSA key below 2048 bits, which crypto/tls takes.
func StrongKeys(state tls.ConnectionState) error {
	weak := func(c *x509.Certificate) bool {
		key, ok := c.PublicKey.(*rsa.PublicKey)
		return ok && key.N.BitLen() < minRSABits
	}
	for _, chain := range state.VerifiedChains {
		if !slices.ContainsFunc(chain, weak) {
			return nil
		}
	}
	return ErrWeakKey
}
