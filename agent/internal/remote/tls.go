package remote

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paird/paird/agent/internal/oneline"
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

// oldVersion is how crypto/tls spells the alert protocol_version (RFC 8446 section 6). net/http hides its type.
const oldVersion = "remote error: tls: protocol version not supported"

// Untrusted says on one line why the host is not trusted over TLS and what to do; caFile is the key that names the authorities. It
// is "" where err is neither about the host's certificate nor about its version of TLS.
func Untrusted(host, caFile string, err error) string {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	unknown, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	misnamed, isMisnamed := errors.AsType[x509.HostnameError](err)
	const another = "the server needs another certificate"
	why, do := "", ""
	switch {
	case isInvalid && invalid.Reason == x509.Expired:
		why, do = invalid.Error(), "check this board's clock"
	case isInvalid:
		why, do = invalid.Error(), another
	case isUnknown:
		why, do = unknown.Error(), "set "+caFile
	case isMisnamed:
		why, do = misnamed.Error(), "check the address"
	case errors.Is(err, ErrWeakKey):
		why, do = ErrWeakKey.Error(), another
	case strings.Contains(err.Error(), oldVersion):
		why, do = "it speaks TLS 1.0 or 1.1 only", "it must offer TLS 1.2"
	default:
		return ""
	}
	return fmt.Sprintf("%s is not trusted (%s): %s", host, oneline.Clean(why, 170), do)
}
