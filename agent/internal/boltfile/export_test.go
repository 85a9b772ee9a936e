package boltfile

// NewestRoot is the number of the root page of the newest commit.
func NewestRoot(img []byte) uint64 {
	metas, err := parseMetas(img)
	if err != nil {
		panic(err)
	}
	return metas[0].root
}

// Verify checks an image as Open does, without a probe.
func Verify(img []byte) error {
	_, err := Options{}.check(img)
	return err
}
