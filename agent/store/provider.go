package store

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/paird/paird/agent/internal/boltfile"
)

// The sources of the key, as in the configuration.
const (
	sourceAuto       = "auto"
	sourceCredential = "credential"
	sourceFile       = "file"
)

const (
	credentialName = "paird-key"
	keyFileName    = "key"
	keyFileSize    = 32
	minCredential  = 16 // bytes; systemd-creds makes what it is given, so a short one is a mistake
)

// A keyProvider wraps the data key, which seals everything else. One that keeps its secret in a chip
// (TPM 2.0, the OTP of a Pi) fits in here: it need never hand the secret out.
type keyProvider interface {
	name() string
	keyID() (string, error) // tells one secret from another and gives neither away
	wrap(dataKey, aad []byte) ([]byte, error)
	unwrap(wrapped, aad []byte) ([]byte, error)
	protection() string
}

// choose returns the provider for what was sealed by stored, or, if nothing was, the one to begin
// with. It never goes over to another one by itself.
func (o Options) choose(stored string) (keyProvider, error) {
	source := o.KeySource
	if source == "" || source == sourceAuto {
		source = o.automatic(stored)
	}
	if stored != "" && source != stored {
		return nil, &SealError{Provider: stored, Reason: fmt.Sprintf(
			"it was sealed with key %q, the configuration says %q; set secrets.key back, or pair again", stored, source)}
	}
	switch source {
	case sourceCredential:
		return secretProvider{o.credential, source}, nil
	case sourceFile:
		return secretProvider{o.keyFile, source}, nil
	}
	return nil, &SealError{Provider: source, Reason: fmt.Sprintf("this paird has no key provider %q; install the one that sealed it", source)}
}

// automatic is what was used before, else the credential if the service manager passed one.
func (o Options) automatic(stored string) string {
	if stored != "" {
		return stored
	}
	if o.CredentialsDir != "" {
		if _, err := os.Stat(filepath.Join(o.CredentialsDir, credentialName)); err == nil {
			return sourceCredential
		}
	}
	return sourceFile
}

// credential reads the secret that systemd passed (LoadCredentialEncrypted=paird-key).
func (o Options) credential() ([]byte, error) {
	if o.CredentialsDir == "" {
		return nil, errors.New("the service manager passed no credentials: is LoadCredentialEncrypted=paird-key in the unit?")
	}
	b, err := os.ReadFile(filepath.Join(o.CredentialsDir, credentialName))
	if err == nil && len(b) < minCredential {
		return nil, fmt.Errorf("the credential %s has %d bytes, %d are the least", credentialName, len(b), minCredential)
	}
	return b, err
}

var errKeySize = errors.New("the key file is damaged")

// keyFile reads the key file.
func (o Options) keyFile() ([]byte, error) {
	b, err := os.ReadFile(o.path(keyFileName))
	if err == nil && len(b) != keyFileSize {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", errKeySize, len(b), keyFileSize)
	}
	return b, err
}

// makeKeyFile makes sure of a key file where nothing has been sealed yet. What stands there and is no
// key is set aside.
func (o Options) makeKeyFile() error {
	path := o.path(keyFileName)
	_, err := o.keyFile()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errKeySize) || errors.Is(err, syscall.EISDIR):
		if _, err := boltfile.SetAside(path, o.Disk); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	secret := make([]byte, keyFileSize)
	rand.Read(secret)
	return o.Disk.WriteFile(path, secret)
}

// A secretProvider wraps with a key derived from a secret that somebody stores for us.
type secretProvider struct {
	secret func() ([]byte, error)
	source string
}

func (p secretProvider) name() string { return p.source }

func (p secretProvider) keyID() (string, error) {
	secret, err := p.secret()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte("paird key id\x00"), secret...))
	return hex.EncodeToString(sum[:8]), nil
}

func (p secretProvider) wrap(dataKey, aad []byte) ([]byte, error) {
	key, err := p.wrappingKey()
	if err != nil {
		return nil, err
	}
	return sealWith(key, dataKey, aad)
}

func (p secretProvider) unwrap(wrapped, aad []byte) ([]byte, error) {
	key, err := p.wrappingKey()
	if err != nil {
		return nil, err
	}
	return openWith(key, wrapped, aad)
}

func (p secretProvider) wrappingKey() ([]byte, error) {
	secret, err := p.secret()
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, secret, nil, "paird data key wrapping 1", dataKeySize)
}

func (p secretProvider) protection() string {
	if p.source == sourceCredential {
		return "key from the systemd credential paird-key: as safe as what sealed it; by a TPM the card alone tells a thief nothing, the whole board and root do; by the host key on the same card the card tells everything"
	}
	return "key file beside the data (0600): no protection if the card or the board is stolen, nor against root; other users of this system are kept out"
}
