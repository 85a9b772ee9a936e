package boltfile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"

	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// A clean stop leaves a mark in the last sector of the meta page that is not in use, with a checksum of
// the rest of the file. bbolt writes its two meta pages in turn, by the number of the commit, so a cut while
// the mark is written can spoil only a page that bbolt does not need, and the next commit overwrites it.
const (
	cleanSize = 512
	cleanSign = "paird: clean stop"
)

// cleanAt is where the mark stands in meta page 0 or 1.
func cleanAt(page int) int { return page*pageSize + pageSize - cleanSize }

// Close closes the database and marks the file as cleanly stopped, which spares the next Open the
// probe. Without the mark nothing is lost, so only the closing itself can fail.
func Close(db *bolt.DB, dir *statedir.Dir, name string) error {
	var commit int
	marked := db.View(func(tx *bolt.Tx) error {
		commit = tx.ID()
		return nil
	}) == nil
	if err := db.Close(); err != nil {
		return err
	}
	if marked {
		_ = markClean(dir, name, 1-commit%2) // for the reason above
	}
	return nil
}

func markClean(dir *statedir.Dir, name string, page int) error {
	img, err := dir.ReadFile(name, sizeLimit)
	if err != nil || len(img) < 2*pageSize || isClean(img) {
		return err
	}
	f, err := dir.Open(name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	at := cleanAt(page)
	if err := dir.WriteAt(f, cleanMark(img, at), int64(at)); err != nil {
		return err
	}
	return dir.SyncFile(f)
}

// isClean reports whether the image is byte for byte what a clean stop left.
func isClean(img []byte) bool {
	if len(img) < 2*pageSize {
		return false
	}
	for page := range 2 {
		at := cleanAt(page)
		if bytes.Equal(img[at:at+cleanSize], cleanMark(img, at)) {
			return true
		}
	}
	return false
}

// cleanMark is the mark at that place: the sign and the CRC-32C of all other bytes.
func cleanMark(img []byte, at int) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(img[:at], table), table, img[at+cleanSize:])
	mark := append(make([]byte, 0, cleanSize), cleanSign...)
	return binary.BigEndian.AppendUint32(mark, sum)[:cleanSize]
}
