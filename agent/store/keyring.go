package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
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
	minCredential  = 16      // bytes; systemd-creds makes what it is given, so a short one is a mistake
	maxCredential  = 1 << 20 // bytes; systemd's own limit
	dataKeySize    = 32      // AES-256

	// usedName is an empty file which says that this store was sealed with a credential. A store that a key file
	// seals is then not this device's own.
	usedName = "key.credential"
)

// A ring is the data key as it is stored: wrapped, with what is needed to know the key that opens it.
type ring struct {
	Provider string `json:"provider"`
	KeyID    string `json:"key_id"`
	Device   string `json:"device"` // digest of the device's id, to say so if it has changed
	Wrapped  []byte `json:"wrapped"`
}

// A keyring finds the key that wraps the data key: systemd's credential, or a file in the state directory.
type keyring struct {
	o   Options
	dir *statedir.Dir
}

// make makes a data key and wraps it.
func (k keyring) make() (*ring, *sealer, error) {
	p, err := k.choose("")
	if err != nil {
		return nil, nil, err
	}
	switch p.name() {
	case sourceFile:
		err = k.makeKeyFile()
	case sourceCredential:
		err = k.markUsed()
	}
	if err != nil {
		return nil, nil, err
	}
	return k.wrapNew(p)
}

// wrapNew makes a data key and wraps it with the key of p.
func (k keyring) wrapNew(p keyProvider) (*ring, *sealer, error) {
	id, err := p.keyID()
	if ofDisk(err) {
		return nil, nil, err
	}
	if err != nil {
		return nil, nil, &SealError{Provider: p.name(), Reason: err.Error()}
	}
	dataKey := make([]byte, dataKeySize)
	rand.Read(dataKey)
	wrapped, err := p.wrap(dataKey, ringLocation().aad(k.o.Device))
	if err != nil {
		return nil, nil, err
	}
	s, err := newSealer(dataKey, k.o.Device)
	return &ring{Provider: p.name(), KeyID: id, Device: digest(k.o.Device), Wrapped: wrapped}, s, err
}

// unwrap returns a sealer with the data key, or a *SealError that says what is missing.
func (k keyring) unwrap(r *ring) (*sealer, error) {
	fail := func(format string, args ...any) (*sealer, error) {
		return nil, &SealError{Provider: r.Provider, Reason: fmt.Sprintf(format, args...)}
	}
	p, err := k.choose(r.Provider)
	if err != nil {
		return nil, err
	}
	id, err := p.keyID()
	switch {
	case ofDisk(err):
		return nil, err
	case err != nil:
		return fail("%v; bring the key back, or pair again", err)
	case id != r.KeyID:
		return fail("key %s is another than the one that sealed it (%s, not %s); bring that back, or pair again", p.name(), id, r.KeyID)
	case digest(k.o.Device) != r.Device:
		return fail("it belongs to a device of another id; set device.id back, or pair again")
	}
	dataKey, err := p.unwrap(r.Wrapped, ringLocation().aad(k.o.Device))
	if ofDisk(err) {
		return nil, err
	}
	if err != nil {
		return fail("the wrapped key is damaged; pair again")
	}
	return newSealer(dataKey, k.o.Device)
}

// ofDisk reports an error that says nothing about the key: the disk did not give the file, or it is not safe to
// use.
func ofDisk(err error) bool {
	_, errno := errors.AsType[syscall.Errno](err)
	_, unsafe := errors.AsType[*statedir.UnsafeError](err)
	return unsafe || errno && !errors.Is(err, fs.ErrNotExist)
}

// digest stands for a device's id in the clear without revealing it.
func digest(device string) string {
	sum := sha256.Sum256([]byte("paird device\x00" + device))
	return hex.EncodeToString(sum[:8])
}

// choose returns the provider named stored, which has sealed the store, or the one to begin with if nothing is sealed.
func (k keyring) choose(stored string) (keyProvider, error) {
	source := k.o.KeySource
	switch {
	case source == "" || source == sourceAuto:
		var err error
		if source, err = k.automatic(stored); err != nil {
			return nil, err
		}
	case source == sourceCredential && stored == sourceFile && k.hasCredential():
		source = stored // to be opened once more, and then sealed with the credential
	}
	if stored != "" && source != stored {
		return nil, &SealError{Provider: stored, Reason: fmt.Sprintf(
			"it was sealed with key %q, the configuration says %q; set secrets.key back, or pair again", stored, source)}
	}
	return k.provider(source)
}

func (k keyring) provider(source string) (keyProvider, error) {
	switch source {
	case sourceCredential:
		return secretProvider{k.credential, source}, nil
	case sourceFile:
		return secretProvider{k.keyFile, source}, nil
	}
	return nil, &SealError{Provider: source, Reason: fmt.Sprintf("this paird has no key provider %q; install the one that sealed it", source)}
}

// automatic is what was used before, else the credential if the service manager passed one, or has
// passed one before.
func (k keyring) automatic(stored string) (string, error) {
	if stored != "" {
		return stored, nil
	}
	used, err := k.usedCredential()
	if used || k.hasCredential() {
		return sourceCredential, err
	}
	return sourceFile, err
}

func (k keyring) hasCredential() bool {
	_, err := k.credential()
	return k.o.CredentialsDir != "" && !errors.Is(err, fs.ErrNotExist)
}

// credential reads the secret that systemd passed (LoadCredentialEncrypted=paird-key).
func (k keyring) credential() ([]byte, error) {
	if k.o.CredentialsDir == "" {
		return nil, errors.New("the service manager passed no credentials: is LoadCredentialEncrypted=paird-key in the unit?")
	}
	dir, err := statedir.Open(filepath.Clean(k.o.CredentialsDir), nil)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	b, err := dir.ReadFile(credentialName, maxCredential)
	if err == nil && len(b) < minCredential {
		return nil, fmt.Errorf("the credential %s has %d bytes, %d are the least", credentialName, len(b), minCredential)
	}
	return b, err
}

var errKeySize = errors.New("the key file is damaged")

// keyFile reads the key file.
func (k keyring) keyFile() ([]byte, error) {
	b, err := k.dir.ReadFile(keyFileName, maxCredential)
	if err == nil && len(b) != keyFileSize {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", errKeySize, len(b), keyFileSize)
	}
	return b, err
}

// makeKeyFile makes sure of a key file where nothing has been sealed yet. What stands there and is no
// key is set aside.
func (k keyring) makeKeyFile() error {
	_, err := k.keyFile()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errKeySize) || errors.Is(err, statedir.ErrNotOurs):
		if _, err := k.dir.SetAside(keyFileName); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	secret := make([]byte, keyFileSize)
	rand.Read(secret)
	return k.dir.WriteFile(keyFileName, secret)
}

// markUsed makes durable that a credential seals this store.
func (k keyring) markUsed() error {
	if used, err := k.usedCredential(); err != nil || used {
		return err
	}
	return k.dir.WriteFile(usedName, nil)
}

// usedCredential reports whether a credential has sealed this store.
func (k keyring) usedCredential() (bool, error) {
	if k.dir == nil { // there is no state directory yet
		return false, nil
	}
	return k.dir.Exists(usedName)
}

// refuseDowngrade refuses a store that a key file seals where a credential had sealed one before: it is older, or
// another account has put it there.
func (k keyring) refuseDowngrade(r *ring, slots *slotPair) error {
	if r.Provider != sourceFile {
		return nil
	}
	used, err := k.usedCredential()
	if err != nil {
		return err
	}
	for _, sl := range slots.two {
		used = used || sl.gen > 0 && sl.payload.Ring.Provider == sourceCredential
	}
	if !used {
		return nil
	}
	return &SealError{Provider: r.Provider, Reason: "a key file seals it, although a credential has sealed this device's grant before: " +
		"put the files of this device back, or pair again"}
}
